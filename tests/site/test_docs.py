"""The documents say what the code says: names, paths, tests, settings, commands and messages that they quote exist."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from audit.roles import Scope
from evidence.verdicts import Outcome, Verdict
from guardians.guardian import Ballot
from orchestration.states import Decision, RunState

ROOT = settings.BASE_DIR
DOCS = ROOT / "docs"
APPS = ("prometheus_site", "orchestration", "evidence", "guardians", "audit")
ROOMS = (*APPS, "tests", "deploy", "docs", "templates", "static", ".ci")
WORDS = 600
# Read by the commands and the tests themselves, not by the settings.
ELSEWHERE = {
    "PROMETHEUS_DATA",
    "PROMETHEUS_TICKETS",
    "PROMETHEUS_BROWSER",
    "PROMETHEUS_CHAOS_SEED",
    "PROMETHEUS_THROW_AWAY",
}
BOASTS = r"(?i)\b(best|fastest|most secure|unmatched|revolutionary|world-class|blazing|cutting-edge|state-of-the-art)\b"
# What belongs to the place where something was written, not to the project.
FOREIGN = r"/work/(?:main|shared)|(?i:\bissues? #?\d+\b|#\d+ issues?\b|\bsession id of\b)"
MADE_LATER = ("deploy/secrets/",)
GUARANTEES = 12
TABLES = r"(?m)^\| (?:message|answer|fault) \|.*\n\|[-|]+\n((?:\|.*\n)+)"


@cache
def documents() -> tuple[Path, ...]:
    return (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md")))


@cache
def sources() -> tuple[Path, ...]:
    """Return every file of Python that is ours, without migrations."""
    found = [path for room in (*APPS, "tests") for path in sorted((ROOT / room).rglob("*.py"))]
    return (ROOT / "manage.py", ROOT / "run.py", *(path for path in found if "migrations" not in path.parts))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def in_documents(pattern: str) -> set[str]:
    return {found for path in documents() for found in re.findall(pattern, path.read_text(encoding="utf-8"))}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(text_of("README.md").split()) < WORDS


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_the_readme_does_not_boast(name: str) -> None:
    assert re.findall(BOASTS, text_of(name)) == []


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    relative = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if link and not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_anchor_is_a_heading(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s:]*)#([^)\s]+)\)", path.read_text(encoding="utf-8"))
    wrong = [anchor for target, anchor in links if anchor not in anchors(path.parent / target if target else path)]
    assert wrong == []


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", documents(), ids=named)
def test_every_path_that_a_document_names_exists(path: Path) -> None:
    quoted = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w./*-]*)`", path.read_text(encoding="utf-8"))
    assert [name for name in quoted if not name.startswith(MADE_LATER) and not list(ROOT.glob(name.rstrip("/")))] == []


def test_the_map_has_every_module_and_no_other() -> None:
    mapped = re.findall(r"(?m)^\| `([\w/]+\.py)` \| \S", text_of("docs/map.md"))
    tree = [named(path) for path in sources() if "tests" not in path.parts and path.name != "__init__.py"]
    assert sorted(mapped) == sorted(tree)


def test_the_map_has_every_room_of_the_tests() -> None:
    rooms = {f"tests/{path.name}/" for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert rooms == set(re.findall(r"(?m)^\| `(tests/\w+/)` \|", text_of("docs/map.md")))


@cache
def known_tests() -> frozenset[str]:
    return frozenset(
        f"{named(path)}::{node.name}"
        for path in sources()
        if path.name.startswith("test_")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def guarantees() -> list[str]:
    """Return the text of each guarantee, from its heading on."""
    return re.split(r"(?m)^## (?=\d+\. )", text_of("docs/guarantees.md"))[1:]


def test_every_guarantee_is_there_once() -> None:
    assert [int(text.partition(".")[0]) for text in guarantees()] == list(range(1, GUARANTEES + 1))


@pytest.mark.parametrize("number", range(1, GUARANTEES + 1))
def test_every_guarantee_names_tests_that_exist(number: int) -> None:
    ids = re.findall(r"`(tests/[\w/]+\.py::\w+)`", guarantees()[number - 1])
    assert ids
    assert set(ids) <= known_tests()


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("state", set(RunState)),
        ("decision", set(Decision)),
        ("verdict", set(Verdict)),
        ("outcome", set(Outcome)),
        ("ballot", set(Ballot)),
    ],
)
def test_the_glossary_gives_the_values_of_the_code(word: str, known: set[StrEnum]) -> None:
    row = re.search(rf"(?m)^\| \*\*{word}\*\* \|.*\|(.*)\|$", text_of("docs/glossary.md"))
    assert row is not None
    assert set(re.findall(r"\b[A-Z][A-Z_]+\b", row[1])) == {value.value for value in known}


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    terms = re.findall(r"(?m)^\*\*([A-Z][\w -]+?)\.?\*\*", text_of("docs/glossary.md"))
    assert [pair for pair in pairwise(map(str.casefold, terms)) if pair[0] > pair[1]] == []


def test_documents_name_only_settings_that_are_read() -> None:
    known = set(re.findall(r"\"([A-Z][A-Z_]+)\"", text_of("prometheus_site/settings.py"))) | ELSEWHERE
    quoted = in_documents(r"`((?:PROMETHEUS|OPENAI|DJANGO|DATABASE|REDIS)_[A-Z_]+?)(?:=\w*)?`")
    assert quoted <= known


def test_documents_name_only_scopes_that_can_be_given() -> None:
    quoted = in_documents(r"\b([a-z]+:(?:read|write|decide))\b")
    assert "approvals:decide" in quoted
    assert quoted <= set(Scope)


def test_documents_name_only_commands_that_exist() -> None:
    called = in_documents(r"(?:manage\.py|run\.py manage) ([a-z_]+)")
    assert "verify_ledger" in called
    assert called <= set(get_commands())


def test_documents_name_only_metrics_that_are_counted() -> None:
    code = text_of("orchestration/metrics.py") + text_of("prometheus_site/health.py")
    quoted = {name for name in in_documents(r"`(prometheus_[a-z_]+?)(?:\{\w+\})?`") if not (ROOT / name).exists()}
    assert quoted - {"prometheus_owner", "prometheus_app"} <= set(re.findall(r"prometheus_[a-z_]+", code))


@cache
def messages() -> tuple[str, ...]:
    """Return every text in the code, with an ellipsis for what is filled in."""
    nodes = (node for path in sources() if "tests" not in path.parts for node in ast.walk(ast.parse(path.read_text())))
    return tuple(template for node in nodes for template in template_of(node))


def template_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def quoted_messages() -> list[str]:
    """Return the messages in the tables of the page on trouble, without those of reasons that are put together."""
    tables = re.findall(TABLES, text_of("docs/troubleshooting.md"))
    return [message for table in tables for row in table.splitlines() for message in re.findall(r"`(.+?)`", first(row))]


def first(row: str) -> str:
    return row.split(" | ")[0]


@pytest.mark.parametrize("message", quoted_messages())
def test_every_message_in_the_page_on_trouble_is_one_of_ours(message: str) -> None:
    pieces = [re.escape(piece.strip()) for piece in message.split("…") if piece.strip()]
    assert any(re.search(".*".join(pieces), known, re.DOTALL) for known in messages())


@pytest.mark.parametrize("path", [path for path in (*documents(), *sources()) if path != Path(__file__)], ids=named)
def test_the_project_speaks_of_itself_alone(path: Path) -> None:
    assert re.findall(FOREIGN, path.read_text(encoding="utf-8")) == []
