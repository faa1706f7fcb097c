"""Places: towns, states and countries of the list, and what stands where somebody lives, comes from or goes to."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from guardians.privacyrules import gazetteer
from guardians.privacyrules.capitals import Capitals, Run, Word
from guardians.privacyrules.sightings import Sighting

LONGEST = 5
# So long at most is what is rather an abbreviation than a town, written in capitals alone.
SHORT = 5
# After these words even a place that no list knows is one.
STRONG = re.compile(
    r"(?i:\b(?:live[sd]? (?:in|near|at)|living in|(?:moved|moving|relocated)(?: here| there| back)? (?:to|from)"
    r"|gr[eo]w(?:n|s|ing)? up in|(?:was |were )?born in|originally from|based in|(?:arrived?|arriving|landed) (?:at|in)"
    r"|offices? in|(?:city|town|village|state|province|region|district) of|home city|hometown|visit(?:ed|ing|s)?"
    r"|i'?a?m in|i am in|travel(?:l?ed|l?ing|s)? to|trip to|fl(?:y|ew|ying) to|residing in|resides in"
    r"|residents? of|capital of|year in|from|where:|headquartered in|located in|street in)) $"
)
# After these a word that is a place and a name or a word besides is the place; of a first name after fewer of them.
WEAK = re.compile(r"(?i:\b(?:in|at|from|to|near|of|across|around|through|via|outside|leaving|left|reach(?:ed)?)|,) $")
WHERE = re.compile(r"(?i:\b(?:in|near|across|around|through|via|outside|leaving|left|reach(?:ed)?)) $")
STATES = frozenset({"republic", "kingdom", "commonwealth", "sultanate", "emirate", "principality", "duchy"})
OF = re.compile(r" of (?:the )?")
STATE, SURE, CUED, STRANGE = 0.78, 0.75, 0.65, 0.62


def seen(found: Capitals) -> Iterator[Sighting]:
    """Yield the places of a text's runs."""
    for run in found.runs:
        yield from in_run(run, found)
    for head, rest in pairwise(found.runs):
        if head.words[-1].lower in STATES and OF.fullmatch(found.text[head.end : rest.start]):
            yield Sighting("privacy.place.state", "LOCATION", head.words[-1].start, rest.words[0].end, STATE)


def in_run(run: Run, found: Capitals) -> Iterator[Sighting]:
    listed = list(of_list(run.words, found))
    yield from listed
    if not listed and not found.plain and is_strange(run.words) and is_after(STRONG, run.start, found):
        yield Sighting("privacy.place.cued", "LOCATION", run.start, run.end, STRANGE)


def is_after(cue: re.Pattern[str], start: int, found: Capitals) -> bool:
    return cue.search(found.text[max(0, start - 32) : start]) is not None


def is_strange(words: Sequence[Word]) -> bool:
    """Tell whether a run could be a place no list knows: no common word, no abbreviation, no first name first."""
    plain = [word for word in words if not word.particle]
    short = all(word.shouted and len(word.text) < SHORT for word in plain)
    return all(not (word.common or word.organisation or word.initial) for word in plain) and not (
        short or (plain[0].first and (len(plain) > 1 or not plain[0].place))
    )


def of_list(words: Sequence[Word], found: Capitals) -> Iterator[Sighting]:
    """Yield what the list knows, the longest names first."""
    place = 0
    while place < len(words):
        size = longest(words, place)
        if size:
            part = words[place : place + size]
            score = judged(part, words, place, found)
            if score:
                yield Sighting("privacy.place.listed", "LOCATION", part[0].start, part[-1].end, score)
        place += max(1, size)


def longest(words: Sequence[Word], place: int) -> int:
    for size in range(min(LONGEST, len(words) - place), 0, -1):
        if size == 1:
            return int(words[place].place)
        if " ".join(word.lower for word in words[place : place + size]) in gazetteer.places:
            return size
    return 0


def judged(part: Sequence[Word], words: Sequence[Word], place: int, found: Capitals) -> float:
    """Return how sure a listed place is; 0 where it is rather a name, a word, or part of something else."""
    if len(part) > 1:
        return SURE if not all(word.common for word in part) or is_after(WEAK, part[0].start, found) else 0.0
    word, alone = part[0], len(words) == 1
    if not alone and any(other.organisation or other.strange for other in words[place + 1 : place + 2]):
        return 0.0
    if not (word.first or word.last or word.common) and not word.shouted:
        return SURE if alone or not found.plain else CUED
    if word.common and found.plain:
        return 0.0
    cue = WHERE if word.first or (word.shouted and len(word.text) < SHORT) else WEAK
    return CUED if is_after(cue, word.start, found) and (alone or not found.plain) else 0.0
