"""Documents as files: over HTTP and by command, what is kept of how they were read, and what is refused."""

import hashlib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from audit import canonical
from audit.errors import NotAllowed
from audit.models import Entry, Workspace
from audit.roles import Scope
from evidence import corpus
from evidence.models import Document, Passage, Source
from tests.conftest import Person
from tests.evidence import papers
from tests.evidence.test_documents_api import STOPPED, URL, client_of, posted

pytestmark = pytest.mark.django_db

PDF = papers.pdf(STOPPED)
FORM = {"source": "Committee", "title": "Stopping warfarin"}
BOUNDARY = "multipart/form-data; boundary=x"


def sent(client: APIClient, data: bytes = PDF, kind: str = "application/pdf", **fields: Any) -> Any:
    file = SimpleUploadedFile("secret-name.bin", data, content_type=kind)
    return client.post(URL, FORM | {"file": file} | fields, format="multipart")


def page(body: str) -> corpus.File:
    return corpus.File(body.encode(), "text/html")


def add(person: Person, file: corpus.File) -> Document:
    return corpus.add_file(file, source="Committee", title="Page", actor=person.actor)


def entry(workspace: Workspace) -> bytes:
    return bytes(Entry.objects.filter(chain=f"documents:{workspace.pk}").latest("seq").body)


def test_a_file_is_kept_with_how_it_was_read(ada: Person) -> None:
    answer = sent(client_of(ada)).json()
    assert (answer["media_type"], answer["size"], answer["host"]) == ("application/pdf", len(PDF), "")
    assert answer["original_sha256"] == hashlib.sha256(PDF).hexdigest()
    assert answer["extractor"].startswith("pdf/1 pypdf ")
    assert Passage.objects.get().text == STOPPED


def test_a_text_says_how_it_was_read_too(ada: Person) -> None:
    answer = client_of(ada).post(URL, FORM | {"text": STOPPED}).json()
    assert (answer["media_type"], answer["extractor"], answer["size"]) == ("text/markdown", "text/1", len(STOPPED))


def test_the_ledger_says_how_a_file_was_read_and_nothing_of_what_it_says(ada: Person, workspace: Workspace) -> None:
    sent(client_of(ada))
    data = canonical.parse(entry(workspace))["data"]
    assert (data["media_type"], data["original"]) == ("application/pdf", hashlib.sha256(PDF).hexdigest())
    assert data["extractor"].startswith("pdf/1 pypdf ")
    assert b"Warfarin" not in entry(workspace)
    assert b"secret-name" not in entry(workspace)


def test_the_same_file_again_is_a_no_op_and_a_changed_one_a_new_version(ada: Person) -> None:
    client = client_of(ada)
    first, again = sent(client).json(), sent(client).json()
    changed = sent(client, papers.pdf("Warfarin is stopped 4 days before surgery.")).json()
    assert (first["id"], changed["version"]) == (again["id"], 2)
    assert Passage.objects.filter(document=first["id"]).count() == 1
    assert Document.objects.get(pk=first["id"]).text == STOPPED


def test_the_same_original_stays_what_it_was_although_the_extractor_is_another(ada: Person) -> None:
    first = add(ada, page("<p>A.</p>"))
    Document.objects.filter(pk=first.pk).update(extractor="html/0", sha256="0" * 64)
    assert add(ada, page("<p>A.</p>")).pk == first.pk


def test_another_file_with_the_same_text_says_nothing_new(ada: Person) -> None:
    assert add(ada, page("<p>A.</p>")).pk == add(ada, page("<p>A. </p>")).pk


def test_evidence_of_an_old_version_still_stands_where_it_stood(ada: Person) -> None:
    old = add(ada, page(f"<h1>Old</h1><p>{STOPPED}</p>"))
    add(ada, page("<p>Another text.</p>"))
    old.refresh_from_db()
    assert not old.current
    assert [old.text[p.start : p.end] for p in old.passages.all()] == [f"# Old\n\n{STOPPED}"]


def test_the_host_is_as_the_client_says_else_as_the_page_says(ada: Person) -> None:
    client = client_of(ada)
    body = b'<link rel="canonical" href="https://a.example/x"><p>A.</p>'
    assert sent(client, body, "text/html").json()["host"] == "a.example"
    body += b"<p>B.</p>"
    assert sent(client, body, "text/html", url="https://www.b.example/p?token=1").json()["host"] == "b.example"


def test_a_charset_of_the_part_is_obeyed(ada: Person) -> None:
    sent(client_of(ada), "Müller".encode("latin-1"), "text/plain; charset=iso-8859-1")
    assert Document.objects.get().text == "Müller"


def test_a_file_needs_the_scope_and_nothing_of_it_is_kept_without(ada: Person) -> None:
    assert sent(client_of(ada, Scope.DOCUMENTS_READ)).status_code == 403
    assert sent(APIClient()).status_code == 401
    assert Source.objects.count() == 0


def test_a_reviewer_may_not_add_a_file(grace: Person) -> None:
    with pytest.raises(NotAllowed, match="documents:write is needed"):
        add(grace, page("<p>A.</p>"))


def test_a_file_added_elsewhere_is_not_seen_here(ada: Person, mallory: Person) -> None:
    sent(client_of(mallory))
    assert client_of(ada).get(URL).json()["results"] == []
    assert sent(client_of(ada)).json()["version"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"kind": "application/msword"}, 415, "media type is 'application/msword'"),
        ({"kind": "text/plain"}, 400, "begins like a PDF; name its own type"),
        ({"data": b"Warfarin"}, 400, "does not begin with %PDF-"),
        ({"data": papers.encrypted(PDF)}, 400, "encrypted; save it without a password"),
        ({"data": b"", "kind": "text/plain"}, 400, "no word of text"),
        ({"data": b"a" * 5_000_001, "kind": "text/plain"}, 413, "5,000,001 bytes; at most 5,000,000 are taken"),
        ({"data": b"%PDF-" + b"a" * 20_000_000}, 413, "20,000,005 bytes; at most 20,000,000 are taken"),
        ({"data": b"%PDF-" + b"a" * 21_000_000}, 413, "at most 21,000,000 are taken: split the file"),
        ({"kind": "text/plain; charset=bz2", "data": b"a"}, 400, "charset is 'bz2'"),
        ({"trusted": "perhaps"}, 400, "trusted is 'perhaps'; send true or false"),
        ({"title": "two\nlines"}, 400, "title must be a text of one line"),
        ({"source": ""}, 400, "source must be a text of one line"),
        ({"source": ["a", "b"]}, 400, "source is there 2 times"),
        ({"owner": "mallory"}, 400, "'owner' is not a field"),
        ({"file": "text"}, 400, "file is missing"),
        ({"url": "javascript:alert(1)"}, 400, "url is no http or https address"),
    ],
    ids=range(16),
)
def test_a_file_that_cannot_be_taken_is_refused_with_the_cure(
    ada: Person, changes: dict[str, Any], status: int, says: str
) -> None:
    answer = sent(client_of(ada), **changes)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]
    assert Document.objects.count() == 0


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x\r\n\r\n\r\n--x--", b"a" * 1000, b'--x\r\nContent-Disposition: form-data; name="file'],
    ids=range(5),
)  # fmt: skip
@pytest.mark.parametrize("kind", [BOUNDARY, "multipart/form-data", f"{BOUNDARY}; charset=bz2"])
def test_a_form_that_is_none_is_refused(ada: Person, body: bytes, kind: str) -> None:
    answer = posted(client_of(ada), body, content_type=kind)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_a_form_of_too_many_fields_is_refused(ada: Person) -> None:
    fields: dict[str, Any] = {f"f{number}": "a" for number in range(1100)}
    answer = sent(client_of(ada), **fields)
    assert (answer.status_code, answer.json()["detail"]) == (400, "the form has too many fields; send one document")


def test_a_session_cannot_send_more_than_a_key(ada: Person) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ada.user)
    client.cookies["csrftoken"] = "a" * 32
    assert sent(client, b"%PDF-" + b"a" * 21_000_000).status_code == 413


# By command.


def run(*words: object) -> tuple[int, list[str], str]:
    out, err, status = StringIO(), StringIO(), 0
    try:
        call_command("add_documents", *map(str, words), stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(str(ended.code))
    return status, out.getvalue().splitlines(), err.getvalue()


@pytest.fixture
def folder(tmp_path: Path, workspace: Workspace) -> Path:
    (tmp_path / "guide.pdf").write_bytes(PDF)
    (tmp_path / "page.html").write_text("<p>Blood is kept cold.</p>", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    return tmp_path


OURS = ("--workspace", "northgate", "--source", "Committee")


def test_files_are_added_each_with_its_line_and_an_error_stops_no_other(folder: Path) -> None:
    paths = [folder / name for name in ("guide.pdf", "empty.txt", "none.md", "sheet.xlsx", "page.html")]
    status, lines, progress = run(*OURS, *paths)
    assert status == 1
    assert [line.partition(": ")[2][:28] for line in lines] == [
        "added as version 1", "failed: the document has 0 b", "failed: No such file or dire",
        "failed: .xlsx is not known; ", "added as version 1",
    ]  # fmt: skip
    assert "[3/5]" in progress
    assert "3 of 5 files were not taken" in progress
    assert set(Document.objects.values_list("title", flat=True)) == {"guide.pdf", "page.html"}


def test_files_that_are_known_are_unchanged_and_a_dry_run_writes_nothing(folder: Path) -> None:
    guide = folder / "guide.pdf"
    assert run(*OURS, "--dry-run", guide)[:2] == (0, [f"{guide}: would be added as version 1"])
    assert Source.objects.count() == 0
    assert run(*OURS, "--untrusted", "--url", "https://a.example/", guide)[0] == 0
    assert run(*OURS, "--dry-run", guide)[1] == run(*OURS, guide)[1] == [f"{guide}: unchanged"]
    guide.write_bytes(papers.pdf("Another text."))
    assert run(*OURS, "--dry-run", guide)[1] == [f"{guide}: would be added as version 2"]
    assert Document.objects.values_list("host", "source__trusted").get() == ("a.example", False)


def test_two_files_of_one_name_are_not_made_versions_of_each_other(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "guide.pdf").write_bytes(PDF)
    status, lines, _ = run(*OURS, folder / "guide.pdf", folder / "other" / "guide.pdf")
    assert (status, Document.objects.count()) == (1, 1)
    assert "another file is named 'guide.pdf' too" in lines[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--workspace", "nowhere", "--source", "a"), "no workspace 'nowhere'; there is: northgate"),
        (("--workspace", "northgate", "--source", " "), "--source must be a text of one line"),
        ((*OURS, "--url", "a.example"), "--url is no http or https address"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(folder: Path, words: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*words, folder / "guide.pdf")
    assert Document.objects.count() == 0
