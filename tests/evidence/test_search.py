"""Passages are found by their rarest words; what is counted and posted follows the documents in force."""

import importlib
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from audit.models import Workspace
from evidence import corpus, search
from evidence.models import Document, Posting, WordCount
from evidence.search import Word, chosen
from tests.conftest import Person


def words(**passages: int) -> list[Word]:
    counted = {"": 1_000_000, **passages}
    return [Word(count, text, number) for number, (text, count) in enumerate(counted.items())]


def test_the_rarest_words_select_and_the_frequent_ones_only_weigh() -> None:
    wanted = chosen(words(year=500_000, warfarin=30, blood=3_000))
    assert [(want.one, want.selects) for want in wanted] == [(2, True), (3, True), (1, False)]
    assert [want.weight for want in wanted] == sorted((want.weight for want in wanted), reverse=True)


def test_what_the_words_of_a_text_select_together_is_bounded() -> None:
    wanted = chosen(words(**{f"word{number}": 1_500 for number in range(9)}))
    assert sum(want.selects for want in wanted) * 1_500 <= search.LOOKED_AT


def test_words_that_are_all_frequent_select_in_pairs() -> None:
    wanted = chosen(words(year=500_000, first=400_000, people=300_000))
    assert [(want.one, want.other, want.selects) for want in wanted] == [(3, 2, True), (3, 1, True), (2, 1, True)]


def test_one_word_that_is_frequent_still_selects() -> None:
    assert [(want.one, want.other, want.selects) for want in chosen(words(year=500_000))] == [(1, 1, True)]


def test_a_long_text_is_looked_for_by_a_bounded_number_of_words() -> None:
    assert len(chosen(words(**{f"word{number}": 1 for number in range(2_000)}))) == search.WORDS


def test_a_text_without_words_wants_nothing() -> None:
    assert chosen(words()) == chosen([]) == []


def counts(workspace: Workspace) -> dict[str, int]:
    return dict(WordCount.objects.filter(workspace=workspace, passages__gt=0).values_list("word", "passages"))


def added(person: Person, title: str, text: str) -> Document:
    return corpus.add_document(source="Committee", title=title, text=text, actor=person.actor)


def found(workspace: Workspace, text: str) -> list[str]:
    return [passage.text for passage in corpus.candidates(workspace.pk, [text])]


@pytest.mark.django_db
def test_words_are_counted_by_the_documents_in_force(ada: Person, workspace: Workspace) -> None:
    added(ada, "a", "Warfarin is stopped.")
    added(ada, "b", "Warfarin is reversed.")
    assert counts(workspace) == {"": 2, "warfarin": 2, "stop": 1, "revers": 1}
    added(ada, "a", "Blood is kept.")
    assert counts(workspace) == {"": 2, "warfarin": 1, "revers": 1, "blood": 1, "kept": 1}
    assert Posting.objects.count() == 2


@pytest.mark.django_db
def test_words_are_counted_for_each_workspace_apart(ada: Person, mallory: Person, workspace: Workspace) -> None:
    added(ada, "a", "Warfarin is stopped.")
    before = counts(workspace)
    added(mallory, "a", "Warfarin is stopped.")
    assert counts(workspace) == before
    ours, theirs = Posting.objects.values_list("terms", flat=True)
    assert not set(ours) & set(theirs)


@pytest.mark.django_db
def test_of_passages_with_one_rare_word_the_one_with_more_frequent_words_comes_first(
    ada: Person, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 2)
    for number in range(5):
        added(ada, f"crowd {number}", f"Blood number {number} is stored.")
    added(ada, "a", "Idarucizumab is given here.")
    added(ada, "b", "Idarucizumab, blood stored.")
    assert found(workspace, "idarucizumab and stored blood") == [
        "Idarucizumab, blood stored.",
        "Idarucizumab is given here.",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["blood", "stored blood"])
def test_a_text_of_frequent_words_alone_still_finds_passages(
    ada: Person, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 2)
    for number in range(5):
        added(ada, f"crowd {number}", f"Blood number {number} is stored.")
    first = found(workspace, text)
    assert len(first) == 5
    assert found(workspace, text) == first


@pytest.mark.django_db
def test_frequent_words_that_no_passage_holds_together_find_those_of_the_rarest(
    ada: Person, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 1)
    for title, text in enumerate(["Blood alone.", "Blood again.", "Plasma here.", "Plasma there.", "More plasma."]):
        added(ada, str(title), text)
    assert sorted(found(workspace, "blood plasma")) == ["Blood again.", "Blood alone."]


@pytest.mark.django_db
def test_a_document_that_a_process_of_the_version_before_added_is_caught_up_with(
    ada: Person, workspace: Workspace
) -> None:
    old, kept = added(ada, "a", "Warfarin is stopped."), added(ada, "b", "Blood is kept.")
    Posting.objects.filter(passage__document=kept).delete()
    WordCount.objects.filter(word__in=["blood", "kept"]).delete()
    WordCount.objects.filter(word="").update(passages=1)
    Document.objects.filter(pk=old.pk).update(current=False)
    for _ in range(2):
        call_command("index_documents", verbosity=0)
        assert counts(workspace) == {"": 1, "blood": 1, "kept": 1}
        assert (found(workspace, "blood"), found(workspace, "warfarin")) == (["Blood is kept."], [])


@pytest.mark.django_db
def test_the_migration_counts_and_posts_as_adding_does(ada: Person, workspace: Workspace) -> None:
    added(ada, "a", "Warfarin is stopped.")
    added(ada, "a", "Warfarin is stopped early.")

    def state() -> Any:
        return counts(workspace), list(Posting.objects.values_list("passage", "workspace", "length", "terms"))

    known = state()
    Posting.objects.all().delete()
    WordCount.objects.all().delete()
    migration = importlib.import_module("evidence.migrations.0006_search_by_rare_words")
    with connection.cursor() as cursor:
        cursor.execute(migration.FILL)
    assert state() == known
