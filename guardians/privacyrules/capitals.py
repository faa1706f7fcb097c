"""Runs of words in capitals, and what the lists know of each word: where names, places and organisations are found.

A text that is written without any capitals is read as if each of its words had one; then only what the lists are sure
of counts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from guardians.privacyrules import gazetteer
from guardians.privacyrules.names import LOWER, ORGANISATION, PARTICLE, STOP, UPPER, listed
from guardians.privacyrules.sightings import matches

WORD = rf"[{UPPER}](?:\.|[{UPPER}{LOWER}]{{0,30}}(?:['-][{UPPER}{LOWER}]{{1,30}}){{0,2}})"
CAPITAL = re.compile(rf"[{UPPER}]")
RUN = re.compile(rf"(?<![\w@/.+-])(?<!\w'){WORD}(?![\w@])(?: (?:{PARTICLE}[ -]){{0,2}}{WORD}(?![\w@])){{0,9}}")
PARTS = re.compile(r"[^ ]+")
PARTICLES = listed("van der den von de la los del della da dos di du ter ten bin ibn bint al el le af zu")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a run, without a possessive: its place, its lower-case form, and what the lists know of it.

    Attributes:
        common: a word of the language, a title, a month or the like.
        first, last, place: it is in the list of first names, last names or places.
        owning: it has a possessive, so a name ends with it.
        organisation: a name that holds it is an organisation's, a place's or a heading.
    """

    start: int
    end: int
    text: str
    lower: str
    common: bool
    first: bool
    last: bool
    place: bool
    organisation: bool
    owning: bool

    @property
    def initial(self) -> bool:
        return len(self.lower.rstrip(".")) == 1

    @property
    def particle(self) -> bool:
        return self.text in PARTICLES

    @property
    def shouted(self) -> bool:
        return len(self.text) > 1 and self.text.isupper()

    @property
    def strange(self) -> bool:
        """Tell whether no list knows the word, so that it can only be a name or a term of some trade."""
        return not (self.common or self.first or self.last or self.place or self.organisation or self.initial)


@dataclass(frozen=True, slots=True)
class Run:
    """Words in capitals with nothing but spaces and particles between them."""

    words: tuple[Word, ...]

    @property
    def start(self) -> int:
        return self.words[0].start

    @property
    def end(self) -> int:
        return self.words[-1].end


@dataclass(frozen=True, slots=True)
class Capitals:
    """A folded text with its runs of capitals.

    Attributes:
        text: as the runs were found in it; titled when it has no capitals of its own.
        plain: the text has no capitals, so each word was given one.
    """

    text: str
    runs: Sequence[Run]
    plain: bool


def capitals(text: str, *, known: bool = True) -> Capitals:
    """Return a text with its runs, or without them where nobody asks what the lists know."""
    plain = not CAPITAL.search(text)
    written = titled(text) if plain else text
    return Capitals(written, tuple(runs(written)) if known else (), plain)


def titled(text: str) -> str:
    """Return a text with a capital at the beginning of each word; of the same length."""
    return re.sub(rf"(?<![\w'])[{LOWER}]", lambda found: found.group().upper(), text)


def runs(text: str) -> Iterator[Run]:
    for found in matches(RUN, text, CAPITAL):
        words = tuple(word_at(part, found.start()) for part in PARTS.finditer(found.group()))
        yield Run(words)


def word_at(part: re.Match[str], offset: int) -> Word:
    text = part.group()
    bare = text.removesuffix("'s").removesuffix("'S")
    lower = bare.lower()
    known = knowledge(lower)
    return Word(part.start() + offset, part.start() + offset + len(bare), bare, lower, *known, owning=bare != text)


@lru_cache(maxsize=8192)
def knowledge(lower: str) -> tuple[bool, bool, bool, bool, bool]:
    """Return whether a word is common, a first name, a last name, a place, of an organisation."""
    parts = lower.split("-")
    first = lower in gazetteer.first_names or (len(parts) == 2 and all(p in gazetteer.first_names for p in parts))
    last = lower in gazetteer.last_names or (len(parts) == 2 and all(p in gazetteer.last_names for p in parts))
    common = lower in gazetteer.words or lower in STOP or lower.partition("'")[0] in STOP
    return common, first, last or patronymic(lower), lower in gazetteer.places, lower in ORGANISATION


# What family names end in, in languages where most do.
ENDINGS = (
    "sson", "dottir", "ovic", "evic", "escu", "idis", "opoulos", "enko", "chuk", "ovsky", "owski", "ewski", "owska",
    "ewska", "ova", "eva", "ov", "ev", "czyk", "wicz", "shvili", "yan", "kova", "sen", "strom", "qvist", "quist",
    "mann", "inen", "oglu", "czak", "ić", "ic",
)  # fmt: skip
ENDING_LEAST = 6


def patronymic(lower: str) -> bool:
    return len(lower) >= ENDING_LEAST and lower.endswith(ENDINGS) and lower not in gazetteer.words
