"""Names in a text, as capitals show them: enough to put one in the place of another."""

import re
from dataclasses import dataclass

from benchmarks.judging import lists

RUN = re.compile(r"(?<![\w-])[A-Z][\w'’&-]*(?:\s(?:of|de|van|von|the|du|la)(?=\s[A-Z])|\s[A-Z][\w'’&-]*)*")
# Capitals that begin a sentence or stand for no name.
PLAIN = lists.words("""
    the a an in on at by for from to of with and but or as it its he his she her they their this that these those there
    i we you our your after before during since until while when where although because however also both one two three
    some many most all part following despite according upon under over between among through if not no mr mrs dr ms
    sir lrb rrb lsb rsb who what which later then only former initially instead originally within about each every
    several other another along like per via once more than early late
""")
TIMES = frozenset(word.casefold() for word in (*lists.MONTHS, *lists.DAYS))
DEMONYM = re.compile(r"(?:ese|ish|[^aeiou]ian|ican|nch|tch|eek)$")
PLACE = re.compile(
    r"\b(?:City|County|River|Lake|Island|Islands|Mountain|Street|Park|State|States|Kingdom|California|York|England|France|"
    r"London|Germany|India|Canada|Australia|Mexico|Texas|Japan|China|Spain|Italy|Ireland|Scotland|Europe|Africa|Asia)\b"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name and where it stands in its text."""

    text: str
    start: int
    end: int


def names_in(text: str) -> list[Name]:
    """Return the names of a text, in order; months, weekdays, and words that only begin a sentence are none."""
    return [name for place in RUN.finditer(text) for name in [trimmed(place)] if name is not None]


def trimmed(place: re.Match[str]) -> Name | None:
    """Return a run of capitals without the plain words and the times it begins or ends with; None if none are left."""
    start, words = place.start(), place.group().split(" ")
    while words and is_plain(words[0]):
        start += len(words.pop(0)) + 1
    while words and is_plain(words[-1]):
        words.pop()
    text = " ".join(words)
    text = re.sub(r"['’]s?$", "", text)
    return Name(text, start, start + len(text)) if len(text) > 2 and not any(map(is_time, words)) else None


def is_plain(word: str) -> bool:
    return word.casefold() in PLAIN or is_time(word)


def is_time(word: str) -> bool:
    return word.casefold() in TIMES


def shape(name: Name) -> tuple[int, bool, bool, bool]:
    """Return what names must share to stand for each other: length, and whether they look like people or places."""
    words = name.text.split()
    return min(len(words), 3), bool(DEMONYM.search(name.text)), bool(PLACE.search(name.text)), name.text.isupper()


def same_kind(one: Name, other: Name) -> bool:
    return shape(one) == shape(other) and one.text.casefold() != other.text.casefold()
