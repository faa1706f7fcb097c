"""Readers: models of other projects that find personal data, added to the rules. Optional, and from a folder only.

``spacy:/folder``, ``gliner:/folder`` and ``presidio:/folder`` (a spaCy model again) name one. Nothing is imported
before a name is asked for, and nothing is ever downloaded.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from guardians.privacyrules.sightings import Sighting

NAME = "PROMETHEUS_PRIVACY_READER"
# What models call it, what Privacy calls it. What is not here, a language or a price, is nobody's.
KINDS: Mapping[str, str] = {
    "PERSON": "PERSON", "PER": "PERSON", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION",
    "LOCATION": "LOCATION", "ORG": "ORGANIZATION", "ORGANIZATION": "ORGANIZATION", "DATE": "DATE_TIME",
    "TIME": "DATE_TIME", "DATE_TIME": "DATE_TIME", "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE",
    "IP_ADDRESS": "IP", "IBAN_CODE": "IBAN", "CREDIT_CARD": "CREDIT_CARD", "US_SSN": "US_SSN", "US_ITIN": "US_ITIN",
    "US_PASSPORT": "PASSPORT", "US_DRIVER_LICENSE": "DRIVER_LICENSE", "US_BANK_NUMBER": "BANK_ACCOUNT",
    "UK_NHS": "UK_NHS", "UK_NINO": "UK_NINO", "CRYPTO": "CRYPTO_WALLET", "MEDICAL_LICENSE": "MEDICAL_LICENSE",
    "ADDRESS": "STREET_ADDRESS",
}  # fmt: skip
LABELS = ("person", "location", "organization", "address", "date")
LEAST, DEFAULT = 0.5, 0.7
# Models read no more words than this at once; so many characters hold fewer.
WINDOW = 1_200


class NoReader(ValueError):
    """A reader that cannot be had; the message says which, why, and what to do."""


class Reader(Protocol):
    """What finds personal data in a text beside the rules."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def seen(self, text: str) -> Iterator[Sighting]:
        """Yield sightings whose places are code points of the text as it was written. It may raise anything."""


@dataclass(frozen=True, slots=True)
class Found:
    """A model's finding in a window: its own label, where, and how sure it is (0 to 1)."""

    label: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class WindowReader:
    """A model that reads a text window by window.

    Attributes:
        name, version: the package with its version, and the hash of the folder's files by name and size.
    """

    name: str
    version: str
    read: Callable[[str], Iterator[Found]]

    def seen(self, text: str) -> Iterator[Sighting]:
        for start, window in windows(text):
            for found in self.read(window):
                kind = KINDS.get(found.label.upper())
                if kind and found.start < found.end:
                    score = min(1.0, max(0.0, found.score))
                    rule = f"reader.{self.name.partition(' ')[0]}"
                    yield Sighting(rule, kind, start + found.start, start + found.end, score)


def windows(text: str) -> Iterator[tuple[int, str]]:
    """Yield a text in windows that end at white space where there is any, each with its place."""
    start = 0
    while start < len(text):
        end = min(len(text), start + WINDOW)
        if end < len(text):
            space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
            end = space + 1 if space > start else end
        yield start, text[start:end]
        start = end


def made(setting: str) -> Reader | None:
    """Return the reader that a setting names, ``backend:/folder``; None for the empty one.

    Raises:
        NoReader: the backend is unknown, its packages are not installed, or the folder holds no model it can load.
    """
    if not setting:
        return None
    backend, _, path = setting.partition(":")
    folder = Path(path)
    if backend not in BACKENDS:
        raise NoReader(f"{NAME} is {setting[:60]!r}; use one of {', '.join(BACKENDS)}, as in spacy:/srv/model")
    if not path or not folder.is_dir():
        raise NoReader(
            f"{NAME} names the folder {path!r}, which is not there; put a model into it, nothing is downloaded"
        )
    packages, maker = BACKENDS[backend]
    try:
        read = maker(folder)
        told = f"{packages[0]} {version(packages[0])}"
    except (ImportError, PackageNotFoundError) as error:
        raise NoReader(f"{NAME} is {backend}; pip install {' '.join(packages)} first ({error})") from error
    except Exception as error:  # A model is a border: whatever it raises is told.
        raise NoReader(
            f"{NAME}: {backend} cannot load {path} ({type(error).__name__}); name a folder it wrote"
        ) from error
    return WindowReader(told, f"{backend}-{digest(folder)}", read)


def digest(folder: Path) -> str:
    """Return what tells one model from another: the hash of its files' names and sizes, 12 hex digits."""
    files = sorted(f"{path.relative_to(folder)} {path.stat().st_size}" for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256("\n".join(files).encode()).hexdigest()[:12]


def of_spacy(folder: Path) -> Callable[[str], Iterator[Found]]:
    pipeline: Any = import_module("spacy").load(folder)

    def read(text: str) -> Iterator[Found]:
        for entity in pipeline(text).ents:
            yield Found(entity.label_, entity.start_char, entity.end_char, DEFAULT)

    return read


def of_gliner(folder: Path) -> Callable[[str], Iterator[Found]]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    model: Any = import_module("gliner").GLiNER.from_pretrained(str(folder), local_files_only=True)

    def read(text: str) -> Iterator[Found]:
        for entity in model.predict_entities(text, list(LABELS), threshold=LEAST):
            yield Found(entity["label"], entity["start"], entity["end"], float(entity["score"]))

    return read


def of_presidio(folder: Path) -> Callable[[str], Iterator[Found]]:
    analyzer: Any = import_module("presidio_analyzer")
    suffixes: Any = import_module("tldextract")
    # Presidio's recognisers of e-mail and web addresses ask for the list of public suffixes, from the net unless told.
    suffixes.extract = suffixes.TLDExtract(suffix_list_urls=(), cache_dir=None)
    engine: Any = import_module("presidio_analyzer.nlp_engine").SpacyNlpEngine()
    engine.nlp = {"en": import_module("spacy").load(folder)}
    whole = analyzer.AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def read(text: str) -> Iterator[Found]:
        for entity in whole.analyze(text=text, language="en", score_threshold=LEAST):
            yield Found(entity.entity_type, entity.start, entity.end, float(entity.score))

    return read


BACKENDS: Mapping[str, tuple[tuple[str, ...], Callable[[Path], Callable[[str], Iterator[Found]]]]] = {
    "spacy": (("spacy",), of_spacy),
    "gliner": (("gliner",), of_gliner),
    "presidio": (("presidio-analyzer", "spacy"), of_presidio),
}
