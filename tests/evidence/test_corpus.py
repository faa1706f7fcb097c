"""The reference corpus in PostgreSQL: versions, passages, the search over them, and the border between workspaces."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Length

from audit import keys
from audit.actors import SYSTEM, Actor, ActorKind
from audit.errors import NotAllowed
from audit.fields import open_text
from audit.ids import new_id
from audit.models import Entry, Workspace
from audit.roles import Scope
from evidence import corpus, records
from evidence.models import Document, Passage, Source
from evidence.passages import DocumentError, DocumentTooLarge
from evidence.passages import Passage as Found
from tests.conftest import Person

pytestmark = pytest.mark.django_db

STOPPED = "Warfarin is stopped 5 days before surgery."
REVERSED = "Warfarin is reversed by prothrombin complex concentrate."


def added(person: Person, text: str = STOPPED, *, source: str = "Committee", title: str = "Stopping") -> Document:
    return corpus.add_document(source=source, title=title, text=text, actor=person.actor)


def found(workspace: Workspace, *texts: str, limit: int = 60) -> list[str]:
    return [passage.text for passage in corpus.candidates(workspace.pk, texts, limit=limit)]


def entries(workspace: Workspace) -> int:
    return Entry.objects.filter(chain=f"documents:{workspace.pk}").count()


def test_a_document_is_kept_with_its_passages_and_their_places(ada: Person) -> None:
    document = added(ada, f"# Stopping\n\n{STOPPED}\n\n" + f"{REVERSED} " * 30)
    passages = list(document.passages.order_by("ordinal"))
    assert len(passages) > 1
    assert [p.ordinal for p in passages] == list(range(len(passages)))
    assert all(document.text[p.start : p.end] == p.text for p in passages)
    assert {(p.origin, p.trusted, p.run) for p in passages} == {("Committee", True, None)}


def test_adding_a_document_leaves_an_entry_without_its_text(ada: Person, workspace: Workspace) -> None:
    document = added(ada)
    entry = Entry.objects.get(chain=f"documents:{workspace.pk}")
    assert document.sha256.encode() in bytes(entry.body)
    assert b"Warfarin" not in bytes(entry.body)


def test_the_same_text_again_changes_nothing(ada: Person, workspace: Workspace) -> None:
    first = added(ada)
    assert added(ada, f"\ufeff{STOPPED}").pk == first.pk
    assert (Document.objects.count(), Passage.objects.count(), entries(workspace)) == (1, 1, 1)


def test_a_changed_text_is_a_new_version_and_the_old_one_stays(ada: Person, workspace: Workspace) -> None:
    first, second = added(ada), added(ada, REVERSED)
    first.refresh_from_db()
    assert (first.version, first.current, first.text) == (1, False, STOPPED)
    assert (second.version, second.current) == (2, True)
    assert first.passages.count() == 1
    assert entries(workspace) == 2


def test_only_the_current_version_is_found(ada: Person, workspace: Workspace) -> None:
    added(ada)
    added(ada, REVERSED)
    assert found(workspace, "warfarin") == [REVERSED]


def test_a_text_that_comes_back_is_a_version_of_its_own(ada: Person) -> None:
    added(ada)
    added(ada, REVERSED)
    assert added(ada).version == 3


def test_one_title_of_two_sources_is_two_documents(ada: Person) -> None:
    assert added(ada).version == added(ada, REVERSED, source="Pharmacy").version == 1
    assert Document.objects.filter(current=True).count() == 2


def test_the_first_document_of_a_source_sets_its_trust(ada: Person) -> None:
    corpus.add_document(source="News", title="a", text=STOPPED, actor=ada.actor, trusted=False)
    second = corpus.add_document(source="News", title="b", text=REVERSED, actor=ada.actor, trusted=True)
    assert not second.source.trusted
    assert set(Passage.objects.values_list("trusted", flat=True)) == {False}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", DocumentError),
        ("---\ntitle: x\n---\n", DocumentError),
        ("a\x00b", DocumentError),
        ("a\ud800b", DocumentError),
        ("é" * 2_500_001, DocumentTooLarge),
    ],
)
def test_a_document_that_cannot_be_read_leaves_nothing_behind(
    ada: Person, workspace: Workspace, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        added(ada, text)
    assert (Source.objects.count(), entries(workspace)) == (0, 0)


def test_a_long_document_is_kept_in_short_passages(ada: Person) -> None:
    document = added(ada, "Warfarin is stopped. " * 10_000)
    longest = document.passages.annotate(size=Length("text")).order_by("-size").values_list("size", flat=True)[0]
    assert longest <= 900
    assert document.passages.count() > 200


def test_a_reviewer_may_not_add_documents(grace: Person) -> None:
    with pytest.raises(NotAllowed, match="documents:write is needed"):
        added(grace)
    assert Document.objects.count() == 0


def test_who_acts_in_no_workspace_adds_nothing() -> None:
    nobody = Actor(ActorKind.SYSTEM, SYSTEM.id, None, frozenset({Scope.DOCUMENTS_WRITE}))
    with pytest.raises(NotAllowed, match="acts in no workspace"):
        corpus.add_document(source="s", title="t", text=STOPPED, actor=nobody)


def test_the_passage_that_shares_most_words_comes_first(ada: Person, workspace: Workspace) -> None:
    added(ada, REVERSED, title="Reversing")
    added(ada, STOPPED)
    added(ada, "Blood is kept cold.", title="Blood")
    assert found(workspace, "When is warfarin stopped before surgery?") == [STOPPED, REVERSED]


def test_words_are_found_in_their_forms(ada: Person, workspace: Workspace) -> None:
    added(ada)
    assert found(workspace, "stopping surgeries") == [STOPPED]


def test_a_candidate_brings_what_the_gate_needs(ada: Person, workspace: Workspace) -> None:
    row = added(ada).passages.get()
    assert corpus.candidates(workspace.pk, ["warfarin"]) == (
        Found(str(row.pk), "Committee", STOPPED, row.sha256, trusted=True, title="Stopping", original=row.sha256),
    )


def test_a_passage_that_answers_two_texts_is_found_once(ada: Person, workspace: Workspace) -> None:
    added(ada)
    assert found(workspace, "warfarin", "surgery") == [STOPPED]


def test_the_last_of_many_texts_finds_its_passage_too(ada: Person, workspace: Workspace) -> None:
    for number in range(30):
        added(ada, f"Drug{number}x is stopped. Extra{number}.", title=f"Drug {number}")
    texts = [f"drug{number}x stopped" for number in range(30)]
    assert "Drug29x is stopped. Extra29." in found(workspace, *texts, limit=10)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the of and",
        "?!",
        "a & b | ! (c) :* <-> 'd' \\ '' \" ; --",
        "https://example.org/a?b=c&d='e f'",
        "%s %(x)s %%",
        "x" * 10_000,
        "word " * 20_000,
        " ".join(f"w{number}" for number in range(50_000)),
        "pre-operative O'Neil e-mail x@example.org 5.0 -7",
    ],
    ids=range(10),
)
def test_any_text_can_be_searched_for(ada: Person, workspace: Workspace, text: str) -> None:
    added(ada, "Something else entirely.")
    assert found(workspace, text) == []


def test_a_hyphenated_word_is_found(ada: Person, workspace: Workspace) -> None:
    added(ada, "The pre-operative nurse writes the date.")
    assert found(workspace, "Who is the pre-operative nurse?") == ["The pre-operative nurse writes the date."]


def test_a_workspace_finds_nothing_of_another(ada: Person, workspace: Workspace, mallory: Person) -> None:
    added(ada)
    added(mallory, REVERSED)
    assert found(workspace, "warfarin") == [STOPPED]
    assert [p.text for p in corpus.candidates(UUID(str(mallory.actor.workspace)), ["warfarin"])] == [REVERSED]


def test_a_source_of_the_same_name_elsewhere_is_another_source(ada: Person, mallory: Person) -> None:
    added(ada)
    corpus.add_document(source="Committee", title="Stopping", text=REVERSED, actor=mallory.actor, trusted=False)
    assert sorted(Source.objects.values_list("name", "trusted")) == [("Committee", False), ("Committee", True)]
    assert set(Document.objects.values_list("version", "current")) == {(1, True)}


def test_a_passage_of_a_run_is_sealed_and_never_found(workspace: Workspace) -> None:
    run = new_id()
    key = keys.create(workspace)
    sent = Found(str(new_id()), "s" * 300, STOPPED, "0" * 64, trusted=False)
    row = records.run_passage(run, sent, key=key)
    row.save()
    stored = Passage.objects.get(pk=sent.id)
    assert (stored.text, stored.run, stored.trusted, len(stored.origin), stored.end) == (
        "",
        run,
        False,
        200,
        len(STOPPED),
    )
    assert b"Warfarin" not in bytes(stored.text_sealed or b"")
    assert open_text(key, stored, "text_sealed") == STOPPED
    assert found(workspace, STOPPED) == []


def test_the_database_refuses_a_passage_of_a_run_in_clear() -> None:
    with pytest.raises(IntegrityError, match="in_clear_or_sealed"), transaction.atomic():
        Passage.objects.create(run=new_id(), text=STOPPED, text_sealed=b"x", sha256="0" * 64)


def test_the_candidates_of_many_texts_take_two_statements(
    ada: Person, workspace: Workspace, django_assert_num_queries: Any
) -> None:
    added(ada)
    added(ada, REVERSED, title="Reversing")
    with django_assert_num_queries(2):
        assert found(workspace, "reversed", "stopped", "reversed") == [REVERSED, STOPPED]
