"""Sentences of a text, as spans of it: regular expressions, abbreviations and the marks of several scripts.

Every step looks at a bounded stretch around one full stop, so time grows with the length of the text and no faster.
"""

import re
from collections.abc import Iterator

from audit.spans import Span
from evidence.language.blocks import WORD, Shape, blocks, shown, trimmed
from evidence.language.grammar import (
    GERMAN_MONTHS,
    LETTERED,
    NAME_ENDINGS,
    NUMBERED,
    OTHER,
    STARTERS,
    TIMES,
    TITLES,
)
from evidence.language.lexicon import MONTHS, WEEKDAYS

CITATION = r"\[\^?\d{1,3}(?:[\s,;–-]{1,3}\d{1,3}){0,9}\](?:\([^()\s]{0,500}\))?|【[^】\n]{1,60}】"
# A full stop with the closing quotes, brackets and citation marks that belong to it; block quotes mark each line by >.
# Nothing can fail after the mark, so nothing is tried twice. Possessive groups are broken in CPython before 3.11.5.
STOP_MARK = re.compile(
    r"(?P<mark>[.!?…]++|[。！？｡।॥۔؟።។။]++)"
    r"(?P<close>[\"'”’»)\]}*_`」』）】]{0,6}+)"
    rf"(?P<cited>(?:[ \u00a0]?(?:{CITATION})){{0,9}})"
    r"(?P<gap>(?:\s|(?<=\n)>{1,9}+)*)"
)
# These end a sentence with or without white space.
ALWAYS = frozenset("。！？｡।॥۔؟።។။")
OPENING = "\"'“‘«(\\[¿¡*_`<—–「『（ -"
FOLLOWING = re.compile(rf"[{OPENING}]{{0,8}}+(?P<word>\w{{0,20}})")
QUOTES_AND_BRACKETS = frozenset("\"'”’»)]}」』）】")
INITIALS = re.compile(r"(?:[A-Za-z]{1,3}\.)+[A-Za-z]{1,3}")
VOWEL = re.compile(r"[aeiouyAEIOUY]")
ENUMERATOR = re.compile(r"(?:\d{1,3}|[a-h])")
# How far one look around a full stop reaches.
REACH = 200


def sentences(text: str) -> tuple[Span, ...]:
    """Return the spans of a text's sentences, in order and apart, without list marks and surrounding white space.

    The text may be Markdown or plain. Headings, HTML comments and what holds no letter or digit are no sentences; a
    table row is one. A sentence with a comment inside is two. Time is linear in the text's length.
    """
    text = shown(text)
    return tuple(
        span
        for block in blocks(text)
        if block.shape not in {Shape.HEADING, Shape.MARKS}
        for span in within(text, block.inner)
        if WORD.search(text, span.start, span.end)
    )


def within(text: str, span: Span) -> Iterator[Span]:
    """Yield the sentences of one block; together they hold everything in it but white space and enumerators."""
    start = span.start
    for stop in STOP_MARK.finditer(text, span.start, span.end):
        if stop.end() >= span.end:
            break
        if stop["gap"] and ENUMERATOR.fullmatch(text[start : min(stop.start(), start + 4)].strip()):
            start = stop.end()
        elif ends_sentence(text, start, stop, span.end):
            end = end_of(text, start, stop)
            yield trimmed(text, Span(start, end))
            start = stop.end() if stop["gap"] else end
    yield trimmed(text, Span(start, span.end))


def end_of(text: str, start: int, stop: re.Match[str]) -> int:
    """Return where a sentence ends: before a glued quotation mark that opens the next one, as in 'album."Walks'."""
    opens = stop["close"] == '"' and not stop["gap"] and text.count('"', start, stop.start()) % 2 == 0
    return stop.start("close") if opens else stop.start("gap")


def ends_sentence(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    """Tell whether the sentence that began at ``start`` is over at a full stop, question or exclamation mark."""
    mark = stop["mark"]
    if mark[-1] in ALWAYS:
        return True
    following = FOLLOWING.match(text, stop.end(), end)
    word = following["word"] if following else ""
    if not stop["gap"]:
        return is_glued(text, stop, word)
    lower = word[:1].islower()
    enclosed = not QUOTES_AND_BRACKETS.isdisjoint(stop["close"])
    if lower and (enclosed or mark.startswith(("..", "…"))):
        return False
    return mark != "." or not is_abbreviation(text, start, stop.start(), word)


def is_glued(text: str, stop: re.Match[str], word: str) -> bool:
    """Tell whether two sentences stand together without a space, as in "the century.First it was"."""
    if not word[:1].isupper() or len(stop["mark"]) > 1:
        return False
    if stop["cited"]:
        return True
    if not (word[1:2].islower() or (len(word) == 1 and text[stop.end() + 1 : stop.end() + 2] == " ")):
        return False
    before = text[max(0, stop.start() - REACH) : stop.start()].rsplit(None, 1)[-1:]
    after = text[stop.end() : stop.end() + REACH].split(None, 1)[:1]
    token = "".join(before) + "." + "".join(after)
    address = "://" in token or "@" in token or "/" in token or "\\" in token or token.lower().startswith("www.")
    last = "".join(before)[-2:]
    closes = bool(stop["close"]) or last.isdigit() or last[-1:] in QUOTES_AND_BRACKETS
    closes = closes or (len(last) == 2 and last.isalnum() and not last.isupper())
    return closes and not address and word.casefold() not in NAME_ENDINGS


def is_abbreviation(text: str, start: int, stop: int, following: str) -> bool:
    """Tell whether the full stop at ``stop`` belongs to the word before it and does not end the sentence."""
    words = text[max(start, stop - 40) : stop].split()
    if not words:
        return False
    word = words[-1].lstrip("([{\"'“‘*_`")
    known = word.casefold()
    digit = following[:1].isdigit()
    if known in TITLES:
        return True
    if known in NUMBERED and any(map(str.isdigit, following)):
        return True
    if known in OTHER or INITIALS.fullmatch(word):
        return not begins(following, after=known)
    if len(word) == 1 and word.isalpha():
        named = len(words) > 1 and words[-2].casefold().strip("(\"'“‘*_") in LETTERED
        return (
            not named
            and not digit
            and (word.isupper() or following[:1].islower())
            and following.casefold() not in STARTERS
        )
    if word.isdigit():
        return following.casefold() in GERMAN_MONTHS and following[:1].isupper()
    unit = len(words) > 1 and words[-2][-1:].isdigit()
    return following[:1].islower() and word.isalpha() and not VOWEL.search(word) and not unit


def begins(following: str, *, after: str) -> bool:
    """Tell whether a word is likely to begin a sentence after an abbreviation."""
    if not following[:1].isupper():
        return False
    word = following.casefold()
    if after in TIMES:
        return word not in WEEKDAYS and word not in MONTHS and not following.isupper()
    return word in STARTERS
