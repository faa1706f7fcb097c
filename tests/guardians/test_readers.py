"""A reader adds what a model finds; one that cannot be had is refused with a cure, one that fails abstains."""

import importlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from audit.stakes import Stakes
from guardians.guardian import Ballot, Basis, Material, Part, Piece, cast
from guardians.privacy import Coverage, Privacy
from guardians.privacyrules import readers
from guardians.privacyrules.readers import Found, NoReader, Reader, WindowReader
from guardians.privacyrules.sightings import Sighting

# A package that a folder stands in for, as spaCy's interface is documented: load(folder)(text).ents.
SPACY = """
import re
__version__ = "9"
class Entity:
    def __init__(self, found):
        self.label_, self.start_char, self.end_char = "PERSON", found.start(), found.end()
class Text:
    def __init__(self, text, word):
        self.ents = [Entity(found) for found in re.finditer(word, text)]
def load(folder):
    word = (folder / "word").read_text()
    return lambda text: Text(text, word)
"""


def words(text: str) -> Iterator[Found]:
    place = text.find("Quux")
    yield from [Found("PER", place, place + 4, 0.8), Found("MONEY", 0, 1, 0.9)] if place >= 0 else []


def refused(*_: object, **__: object) -> NoReturn:
    raise AssertionError("something was loaded or asked for")


def broken(text: str) -> Iterator[Found]:
    raise RuntimeError("out of memory")


def material(text: str) -> Material:
    return Material((Piece(Part.ANSWER, "answer", text),), {}, Stakes.LOW, "p")


def test_what_a_reader_finds_is_added_and_its_vote_says_so() -> None:
    reader: Reader = WindowReader("words 1", "words-1", words)
    text = "\u200bÉté Quux wrote to ada@example.org"
    vote = Privacy(Coverage.DIRECT, reader).review(material(text))
    assert [(f.kind, f.span.of(text)) for f in vote.findings if f.span] == [
        ("PERSON", "Quux"),
        ("EMAIL", "ada@example.org"),
    ]
    assert vote.basis is Basis.STATISTICAL
    assert vote.reason.endswith("; words 1")
    assert vote.version.endswith("+words-1")


def test_a_reader_that_fails_makes_the_guardian_abstain() -> None:
    guardian = Privacy(Coverage.DIRECT, WindowReader("broken 1", "broken-1", broken))
    assert cast(guardian, material("Nothing."), clock=lambda: 0).ballot is Ballot.ABSTAIN


def test_a_long_text_is_read_window_by_window() -> None:
    text = "word " * 700 + "Quux"
    parts = list(readers.windows(text))
    assert "".join(part for _, part in parts) == text
    assert max(len(part) for _, part in parts) <= readers.WINDOW
    assert [seen.start for seen in WindowReader("words 1", "words-1", words).seen(text)] == [3500]


def test_a_text_without_a_space_is_read_too() -> None:
    assert [len(part) for _, part in readers.windows("a" * 3000)] == [1200, 1200, 600]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("magic:/srv/model", "use one of spacy, gliner, presidio"),
        ("spacy:/srv/no/such/folder", "nothing is downloaded"),
        ("gliner:/srv/no/such/folder", "nothing is downloaded"),
        ("presidio:/srv/no/such/folder", "nothing is downloaded"),
        ("spacy", "nothing is downloaded"),
    ],
)
def test_a_reader_that_cannot_be_had_is_refused_with_a_cure(setting: str, told: str) -> None:
    with pytest.raises(NoReader, match=told):
        readers.made(setting)


@pytest.mark.parametrize("backend", ["spacy", "gliner", "presidio"])
def test_without_its_folder_no_package_is_loaded_and_no_socket_opened(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(readers, "import_module", refused)
    with pytest.raises(NoReader, match="nothing is downloaded"):
        readers.made(f"{backend}:{tmp_path / 'missing'}")


@pytest.mark.parametrize("backend", ["spacy", "gliner", "presidio"])
def test_a_missing_package_is_named(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("spacy", "gliner", "presidio_analyzer"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NoReader, match="pip install"):
        readers.made(f"{backend}:{tmp_path}")


def test_no_setting_names_no_reader() -> None:
    assert readers.made("") is None


def test_a_package_is_loaded_by_its_interface_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site" / "spacy-9.dist-info").mkdir(parents=True)
    (tmp_path / "site" / "spacy-9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: spacy\nVersion: 9\n"
    )
    (tmp_path / "site" / "spacy.py").write_text(SPACY)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "word").write_text("Wenceslas")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "spacy", raising=False)
    importlib.invalidate_caches()
    reader = readers.made(f"spacy:{tmp_path / 'model'}")
    assert reader is not None
    assert list(reader.seen("Good Wenceslas")) == [Sighting("reader.spacy", "PERSON", 5, 14, 0.7)]
    assert reader.name == "spacy 9"
