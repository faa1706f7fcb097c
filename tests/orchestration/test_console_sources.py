"""The pages of sources and documents: what they show, who may rate and add, and what the ledger keeps of it."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import canonical
from audit.models import Entry, Workspace
from audit.roles import Role
from evidence import corpus, library
from evidence.corpus import Rating
from evidence.models import Document, Source
from orchestration.console import documents, paging
from tests.conftest import Person, person
from tests.orchestration.looking import browser, clean, look, send

LIST = "/console/evidence/sources"
STOPPED = "Warfarin is stopped 5 days before surgery."
MOST_QUERIES = 18


@pytest.fixture
def document(ada: Person) -> Document:
    return corpus.add_document(source="Committee", title="Stopping", text=STOPPED, actor=ada.actor)


def page_of(source: Source) -> str:
    return f"{LIST}/{source.pk}"


def page_of_document(document: Document) -> str:
    return f"/console/evidence/documents/{document.pk}"


def wanted(trusted: str = "false", weight: str = "0.5", **more: str) -> dict[str, str]:
    return {"trusted": trusted, "weight": weight, "seen_trusted": "true", "seen_weight": "1.0", **more}


def rating() -> tuple[bool, float]:
    return Source.objects.values_list("trusted", "weight").get()


def test_a_source_is_listed_with_what_it_weighs_and_holds(grace: Person, document: Document) -> None:
    words = look(grace, LIST).words
    assert "Committee Trusted source 1: counts in full 1 1 Stopping v1" in words


def test_a_list_counts_only_so_far(grace: Person, document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "COUNTED", 0)
    assert "1: counts in full 0+ 0+" in look(grace, LIST).words


def test_sources_follow_each_other_without_a_gap(grace: Person, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LIMIT", 2)
    for name in ("A", "B", "C"):
        corpus.add_document(source=name, title="Stopping", text=STOPPED, actor=ada.actor)
    first = look(grace, LIST).text
    older = re.search(r'href="(\?after=[^"]+)">Older', first)
    assert older
    rest = look(grace, LIST + older.group(1).replace("&amp;", "&")).text
    assert re.findall(r"<bdi>([ABC])</bdi>", first + rest) == ["C", "B", "A"]


def test_a_document_says_how_it_was_read_and_where_its_passages_stand(grace: Person, document: Document) -> None:
    words = look(grace, page_of_document(document)).words
    assert f"Passage 1 0–{len(STOPPED)}" in words
    assert STOPPED in words
    assert "text/markdown" in words
    assert document.original_sha256[:12] in words


def test_reading_a_document_leaves_an_access_entry_that_names_it(grace: Person, document: Document) -> None:
    look(grace, page_of_document(document))
    entry = Entry.objects.get(type="text.read", actor=str(grace.actor))
    data = dict(canonical.parse(bytes(entry.body))["data"])
    assert data == {"fields": [f"document {document.pk}"], "via": "console"}


def test_a_version_that_was_superseded_leads_to_the_one_in_force(
    grace: Person, ada: Person, document: Document
) -> None:
    newer = corpus.add_document(source="Committee", title="Stopping", text="After 4 days.", actor=ada.actor)
    shown = look(grace, page_of_document(document))
    assert "Version 1 Superseded" in shown.words
    assert page_of_document(newer) in shown.text


def test_a_long_document_is_read_in_pages(grace: Person, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "PASSAGES", 2)
    text = "\n\n".join(f"# Part {n}\n\n" + "Warfarin is stopped. " * 30 for n in range(3))
    long = corpus.add_document(source="Committee", title="Long", text=text, actor=ada.actor)
    shown = look(grace, page_of_document(long)).text
    assert ('id="passage-2"' in shown, 'id="passage-3"' in shown, "?from=3" in shown) == (True, False, True)
    assert 'id="passage-3"' in look(grace, page_of_document(long), **{"from": "3"}).text


def test_nothing_of_another_workspace_is_there(mallory: Person, document: Document) -> None:
    assert "Committee" not in look(mallory, LIST).text
    assert look(mallory, page_of(document.source)).status == 404
    assert look(mallory, page_of_document(document)).status == 404
    assert send(mallory, page_of(document.source), **wanted(word="confirm")).status == 404
    assert rating() == (True, 1.0)
    assert not Entry.objects.filter(type="text.read").exists()


# Rating


def test_a_rating_is_asked_about_before_it_is_given(ada: Person, document: Document) -> None:
    shown = send(ada, page_of(document.source), **wanted())
    assert "Now trusted, weight 1: counts in full Afterwards untrusted, weight 0.5: two count as one" in shown.words
    assert rating() == (True, 1.0)


def test_a_rating_that_was_confirmed_stands_with_its_author_and_what_was_before(
    ada: Person, grace: Person, document: Document
) -> None:
    send(ada, page_of(document.source), **wanted(word="confirm"))
    assert rating() == (False, 0.5)
    words = look(grace, page_of(document.source)).words
    assert "Untrusted, weight 0.5: two count as one By ada" in words
    assert "Before: trusted, weight 1: counts in full" in words
    assert "Undo" not in words


def test_the_last_rating_can_be_undone_by_the_form_on_its_page(ada: Person, document: Document) -> None:
    address = page_of(document.source)
    send(ada, address, **wanted(word="confirm"))
    form = re.search(r"<ol.*?<form.*?</form>", look(ada, address).text, re.DOTALL)
    assert form
    fields = dict(re.findall(r'name="(\w+)" value="([\w.]+)"', form.group(0)))
    fields.pop("csrfmiddlewaretoken", None)
    send(ada, address, **fields, word="confirm")
    assert rating() == (True, 1.0)
    told = [one.after for one in library.ratings(document.source, limit=9)]
    assert told == [Rating(trusted=True, weight=1.0), Rating(trusted=False, weight=0.5)]


def test_a_rating_by_somebody_who_saw_another_one_is_refused(ada: Person, document: Document) -> None:
    corpus.rate_source(document.source_id, trusted=True, weight=0.25, actor=ada.actor)
    shown = send(ada, page_of(document.source), **wanted(word="confirm"))
    assert shown.status == 409
    assert "rated by somebody else meanwhile" in shown.words
    assert rating() == (True, 0.25)


@pytest.mark.parametrize("form", [wanted(weight="0.3"), wanted(trusted="maybe"), {}, wanted("true", "1.0")])
def test_a_rating_that_is_none_is_refused_on_the_page(ada: Person, document: Document, form: dict[str, str]) -> None:
    assert send(ada, page_of(document.source), **form).status == 400
    assert rating() == (True, 1.0)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.AUDITOR, Role.APPROVER])
def test_only_an_operator_rates_and_adds(workspace: Workspace, document: Document, role: Role) -> None:
    somebody = person("somebody", workspace, role)
    assert "Go on" not in look(somebody, page_of(document.source)).text
    assert send(somebody, page_of(document.source), **wanted(word="confirm")).status == 403
    assert "Add a document" not in look(somebody, LIST).text
    assert send(somebody, LIST, source="Mine", title="Mine", trusted="true").status == 403
    assert rating() == (True, 1.0)


def test_a_viewer_reads_sources_and_not_the_ledger(workspace: Workspace, ada: Person, document: Document) -> None:
    corpus.rate_source(document.source_id, trusted=True, weight=0.25, actor=ada.actor)
    shown = look(person("vera", workspace, Role.VIEWER), page_of(document.source))
    assert shown.status == 200
    assert "as the ledger has them" not in shown.words


# Adding


def add(who: Person, name: str, data: bytes, kind: str, **form: str) -> int:
    sent = {"source": "Library", "title": "Leaflet", "trusted": "false", **form}
    file = SimpleUploadedFile(name, data, content_type=kind)
    return clean(browser(who).post(LIST, {**sent, "file": file})).status_code  # type: ignore[arg-type]


def test_a_file_is_added_as_a_document_of_a_source(ada: Person) -> None:
    assert add(ada, "leaflet.txt", STOPPED.encode(), "text/plain", url="https://a.example/leaflet") == 302
    made = Document.objects.get()
    assert (made.text, made.host, made.source.trusted) == (STOPPED, "a.example", False)


@pytest.mark.parametrize(("data", "form"), [(b"\xff\xfe", {}), (b"x", {"source": ""}), (b"x", {"trusted": ""})])
def test_a_file_that_cannot_be_taken_is_refused_on_the_page(ada: Person, data: bytes, form: dict[str, str]) -> None:
    assert add(ada, "leaflet.txt", data, "text/plain", **form) == 400
    assert not Document.objects.exists()


# Bounds


def test_pages_of_the_corpus_ask_few_questions(ada: Person, grace: Person, document: Document) -> None:
    for n in range(8):
        corpus.add_document(source=f"Source {n}", title="Stopping", text=STOPPED, actor=ada.actor)
        corpus.add_document(source="Committee", title=f"Stopping {n}", text=STOPPED, actor=ada.actor)
    client = browser(grace)
    for address in (LIST, page_of(document.source), page_of_document(document)):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        assert len(asked) <= MOST_QUERIES, address
