"""Names of people that no cue announces: known first and last names in capitals, and their company in a list of names.

A name that is a word of the language too counts only beside another name, or where people are: "says", "asked".
"""

import re
from collections.abc import Iterator, Sequence

from guardians.privacyrules.capitals import Capitals, Run, Word
from guardians.privacyrules.names import listed
from guardians.privacyrules.sightings import Sighting

BEFORE = listed("""
    by say says said told asked ask asks named called starring meet met with know featuring feat. user: bot: about under
    than love loves loved married thank
""")
PHRASES = ("speak to", "talk to", "thanks to", "call me", "calls me")
AFTER = re.compile(
    r"(?:'s)? (?:said|says|told|asked|asks|shouted|spoke|lives?|lived|spent|wrote|thinks?|will be|called|replied|added"
    r"|is (?:a|an|the|very|so|from|my|our)|was (?:a|an|the|born|very|so)|has been|had|and I|listed|points? out"
    r"|explained|works?|worked|joined|loves?|likes?|died)\b|: ?[\"']"
)
LISTED = re.compile(r"(?:, | and | & |, and |/)")
FULL, HALF, SINGLE, COMPANY = 0.85, 0.7, 0.6, 0.55
# What a family name is followed by where it names a thing: "the Parkinson disease", "Wilson Street".
PRODUCT = re.compile(
    r"(?:'s)? (?:disease|syndrome|test|score|scale|method|theorem|laws?|effect|model|algorithm|cycle|principle"
    r"|constant|transform|filter|distribution|equation|chain|process)\b| \d{1,4}(?:\.\d{1,4})*(?=[.,;:)\]\n]|\Z)",
    re.IGNORECASE,
)


def seen(found: Capitals) -> Iterator[Sighting]:
    """Yield the names of a text's runs."""
    before: Sighting | None = None
    for run in found.runs:
        named = list(in_run(run, found, before))
        yield from named
        before = named[-1] if named else None


def in_run(run: Run, found: Capitals, before: Sighting | None) -> Iterator[Sighting]:
    """Yield the names in a run: each stretch of words that may be parts of one."""
    for words in stretches(run.words):
        following = next_word(run, words[-1])
        if following is not None and following.organisation:
            continue
        score = judged(words, found, beside=before)
        if score and not PRODUCT.match(found.text, words[-1].end):
            rule = "full" if len(words) > 1 else "single"
            before = Sighting(f"privacy.name.{rule}", "PERSON", words[0].start, words[-1].end, score)
            yield before


def next_word(run: Run, word: Word) -> Word | None:
    place = run.words.index(word) + 1
    return run.words[place] if place < len(run.words) else None


def stretches(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Yield the stretches between words that are part of no name, without particles at their ends."""
    part: list[Word] = []
    for word in words:
        if (word.common and not (word.first or word.last)) or word.organisation:
            yield from trimmed(part)
            part = []
        else:
            part.append(word)
            if word.owning:
                yield from trimmed(part)
                part = []
    yield from trimmed(part)


def trimmed(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    kept = list(words)
    while kept and (kept[-1].particle or kept[-1].initial):
        kept.pop()
    while kept and kept[0].particle and not (len(kept) > 1 and kept[-1].last):
        kept.pop(0)
    if kept:
        yield tuple(kept)


def judged(words: Sequence[Word], found: Capitals, *, beside: Sighting | None) -> float:
    """Return how sure it is that a stretch is somebody's name; 0 when it is none."""
    parts = [word for word in words if not (word.particle or word.initial)]
    if not parts or all(word.shouted and len(word.text) < 4 for word in parts):
        return 0.0
    if len(words) > 1 and len(parts) + sum(word.initial for word in words) > 1:
        return several(parts, found)
    return alone(parts[0], words, found, beside=beside)


def several(parts: Sequence[Word], found: Capitals) -> float:
    head, rest = parts[0], parts[1:]
    sure = [word for word in parts if (word.first or word.last) and not word.common]
    if not sure or (all(word.place for word in parts) and not (head.first and rest and rest[-1].last)):
        return HALF if found_in_company(parts, found) else 0.0
    if head.first and not head.common:
        return FULL if all(not word.common for word in rest) else HALF
    if head.first and rest and rest[-1].last:
        return HALF
    return SINGLE if not found.plain and len(parts) <= 3 and not head.common else 0.0


def found_in_company(parts: Sequence[Word], found: Capitals) -> bool:
    """Tell whether words that no list is sure of stand where people do."""
    if found.plain or any(word.common for word in parts) or len(parts) > 3:
        return False
    return bool(is_before(parts[0], found) or AFTER.match(found.text, parts[-1].end))


def is_before(word: Word, found: Capitals) -> bool:
    before = found.text[max(0, word.start - 24) : word.start].lower()
    if not before.endswith(" "):
        return False
    last = before.rsplit(maxsplit=1)[-1:]
    return bool(last) and (last[0] in BEFORE or last[0].startswith("ex-") or before.rstrip().endswith(PHRASES))


def alone(word: Word, words: Sequence[Word], found: Capitals, *, beside: Sighting | None) -> float:
    if len(word.lower) < 3 or (word.shouted and not found.plain):
        return 0.0
    if beside is not None and LISTED.fullmatch(found.text[beside.end : words[0].start]) and not found.plain:
        return COMPANY
    if word.first and not word.common and not (word.place and found.plain):
        return COMPANY if word.place else SINGLE
    if found.plain:
        return 0.0
    if word.last and not word.common and not word.place:
        return COMPANY
    named = word.first or word.last or word.strange
    return COMPANY if named and (AFTER.match(found.text, word.end) or is_before(word, found)) else 0.0
