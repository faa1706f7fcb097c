"""Where somebody lives: street and number, flat, town, country and postal code as one place.

A number before words in capitals is no address yet. It is one where a word says so (Street, -gasse, rue, Suite),
where a postal code closes it, or where "address" or "lives at" stands before it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardians.privacyrules import gazetteer
from guardians.privacyrules.capitals import Capitals
from guardians.privacyrules.names import LOWER, UPPER, listed
from guardians.privacyrules.shapes import is_cued, words
from guardians.privacyrules.sightings import Sighting, holds, matches
from guardians.privacyrules.streetwords import (
    BOX,
    BRITISH,
    COMPOUND,
    NAME,
    NUMBER,
    ORDINAL,
    POSTCODE,
    SMALL,
    SMALL_TYPE,
    TYPES,
    UNIT,
    WORD,
)

HEAD = r"(?<![\w.,/#$£€:-])(?<!\d )"
# Number first, and a second number after the name where the custom is to write it there.
NUMBERED = re.compile(rf"{HEAD}(?:{NUMBER},? ){{1,3}}(?:(?:{BOX})|{NAME}(?: {NUMBER}\.?)?)")
# A name first: the number has to follow, or a word for streets to end it.
NAMED = re.compile(
    rf"(?<![\w.-])(?:{SMALL_TYPE} )?{WORD}(?: (?:{WORD}|{SMALL}|{ORDINAL})){{0,5}}(?: {SMALL_TYPE})?"
    rf",? (?:n[o.]{{1,2}} ?)?{NUMBER}"
)
BOXED = re.compile(rf"(?<!\w)(?:{BOX})(?!\w)")
LAST_NUMBER = re.compile(r"(?<=[\w.,'] )\d{1,5}")
NAME_LIMIT = 70
FLAT = re.compile(rf"(?<!\w)(?:{UNIT})(?:,|\b) ?(?=\d)")
CORNER = re.compile(
    rf"(?<!\w)(?i:(?:the )?corner of) (?:[\w.'-]{{1,30}} ){{1,7}}(?i:and)"
    rf" (?:(?:{WORD}|{SMALL}|{NUMBER}) ){{0,5}}(?:{WORD}|{NUMBER})"
)
MILITARY = re.compile(
    r"(?<!\w)(?:USS|USCGC|USNS|USNV|PSC|CMR|Unit|U[a-z]{2,4}|Psc|Cmr) [\w ,]{1,30}\n?,? ?"
    r"[AFD][Pp][Oo] A[AEPaep] \d{5}(?!\w)"
)
MARKED = (
    (BOXED, ("box", "post", "apartado"), "box", 0.8),
    (CORNER, ("corner of",), "corner", 0.92),
    (MILITARY, ("po a",), "military", 0.85),
)
ALONE = frozenset({"street", "road", "avenue", "lane", "boulevard"})
ON_STREET = re.compile(r"(?i:\b(?:on|at|of|in|to|near|off|along)) $")
SEPARATOR = re.compile(r"[\s,;>?|*\\]{1,8}")
TAIL_UNIT = re.compile(UNIT)
TAIL_CODE = re.compile(POSTCODE)
TAIL_TOWN = re.compile(rf"(?:\d{{3,5}} )?{WORD}(?:[ -](?:(?:{SMALL}) )?{WORD}){{0,6}}(?!\w)")
CLOSED = re.compile(r"[ \t]*(?:$|[\n.,;!?)>|])", re.MULTILINE)
CODE_FIRST = re.compile(rf"(?:[A-Z]{{1,2}}-)?\d{{3,5}}(?: \d{{2}})? [{UPPER}][{LOWER}]")
ADDRESS = re.compile(
    r"(?i:\b(?:address(?:es)?(?: (?:is|to|with|of \w+ is|are|at|the same))?|lives? at|living at|lived at"
    r"|resid(?:es|ing) at|located at|(?:office|shop|store|home)s? (?:is|are) at"
    r"|(?:sent|deliver(?:ed)?|ship(?:ped)?|mail(?:ed)?|return|taxi|ride|cab|send(?: it| them| a new one)?) to"
    r"|arrived at|meet me at|here (?:it|they) (?:is|are)|moved to))[:\s]{1,12}$"
)
# "Table 3 Royal Drive": a number that belongs to the word before it.
COUNTED = re.compile(
    r"(?:table|figure|fig\.?|section|chapter|phase|step|stage|grade|page|unit|ward|type|part|volume|vol\.?|no\.?|version|top)\s$",
    re.IGNORECASE,
)
MONTHS = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
MONTH = re.compile(rf"\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTHS}\b")
MONTH_FIRST = re.compile(rf"(?:.* )?{MONTHS}\.? \d")
HOME = words(r"post ?code|zip(?: code)?|address|live[sd]?(?: at| in)?|living at|resides? at|home")
CODE_CUE = words(r"zip|zip ?code|post(?:al)? ?code|postleitzahl|plz|pin ?code|code postal|cap")
POSTCODE_ALONE = re.compile(rf"(?<!\w)(?:{BRITISH})(?!\w)")
CODE_ALONE = re.compile(r"(?<![\w.,/-])\d{4,6}(?:-\d{3,4})?(?![\w-])(?![.,]\d)")
STEPS = 7
# Above the names that stand in an address.
SURE, LIKELY = 0.9, 0.87


@dataclass(frozen=True, slots=True)
class Tail:
    """What follows a street: where it ends, and what in it speaks for an address.

    Attributes:
        proven: there is a flat or a postal code.
        placed: there is a town or a country of the list.
    """

    end: int
    proven: bool
    placed: bool


def seen(found: Capitals, *, sure: bool = False) -> Iterator[Sighting]:
    """Yield the addresses of a text: numbered, named and boxed streets with all that belongs to them.

    Args:
        sure: without streets whose number is not said, which lead to nobody.
    """
    text = found.text
    for line in matches(NUMBERED, text):
        if not is_counted(text, line.start()) and not MONTH.match(line.group()):
            yield from judged(text, flat_start(text, line.start()), line, numbered=True)
    for line in named(text):
        yield from judged(text, line.start(), line, numbered=False)
    lowered = text.lower()
    for pattern, marks, rule, score in MARKED:
        if holds(lowered, marks):
            for line in pattern.finditer(text):
                end = tail(text, line.end(), loose=False).end
                yield Sighting(f"privacy.street.{rule}", "STREET_ADDRESS", line.start(), end, score)
    if not sure:
        yield from alone(found)
    yield from codes(text, lowered)


def alone(found: Capitals) -> Iterator[Sighting]:
    """Yield the streets without a number that something is said to be in."""
    for run in found.runs:
        ends = [word.end for word in run.words[1:] if word.lower in ALONE]
        if ends and ON_STREET.search(found.text[max(0, run.start - 6) : run.start]):
            yield Sighting("privacy.street.alone", "STREET_ADDRESS", run.start, ends[-1], 0.5)


def named(text: str) -> Iterator[re.Match[str]]:
    """Yield the streets whose number comes last: looked for before each number that a word for streets is before."""
    for number in LAST_NUMBER.finditer(text):
        begin = max(0, number.start() - NAME_LIMIT)
        if any(is_type(part) for part in text[begin : number.start()].split()[-7:]):
            lines = (line for line in NAMED.finditer(text, begin, number.end() + 8) if line.end() >= number.end())
            line = next(lines, None)
            if line and has_type(line.group(), named=True) and not MONTH_FIRST.match(line.group()):
                yield line


def is_type(part: str) -> bool:
    lower = part.lower().strip(",")
    return lower in TYPES or lower.rstrip(".") in TYPES or COMPOUND.fullmatch(lower) is not None


def codes(text: str, lowered: str) -> Iterator[Sighting]:
    """Yield postal codes that stand alone after a word for them."""
    for pattern, cue in ((POSTCODE_ALONE, HOME), (CODE_ALONE, CODE_CUE)):
        if cue.search(lowered):
            for code in pattern.finditer(text):
                if is_cued(cue, lowered, code.start()):
                    yield Sighting("privacy.postcode", "STREET_ADDRESS", code.start(), code.end(), 0.7, cued=True)


def is_counted(text: str, start: int) -> bool:
    return COUNTED.search(text[max(0, start - 10) : start]) is not None


def flat_start(text: str, start: int) -> int:
    """Return where a flat that stands before a street begins: "Flat 3, 12 High Street"."""
    before = text[max(0, start - 24) : start]
    flats = [flat for flat in FLAT.finditer(before + "1") if flat.end() == len(before)]
    return start - len(before) + flats[0].start() if flats else start


def judged(text: str, start: int, line: re.Match[str], *, numbered: bool) -> Iterator[Sighting]:
    typed = has_type(line.group(), named=not numbered)
    announced = ADDRESS.search(text[max(0, start - 40) : start]) is not None
    rest = tail(text, line.end(), loose=typed or announced)
    placed = numbered and rest.placed and line.group().rstrip(".")[-1].isdigit()
    if typed or rest.proven or announced or placed:
        yield Sighting("privacy.street", "STREET_ADDRESS", start, rest.end, SURE if typed or rest.proven else LIKELY)


def has_type(line: str, *, named: bool) -> bool:
    """Tell whether a line holds a word for streets: at an end of its name, or as the end of a compound."""
    if BOXED.search(line):
        return True
    parts = [part.strip(",").lower() for part in line.split()]
    parts = [part for part in parts if not part[0].isdigit()]
    if not parts:
        return False
    if any(COMPOUND.fullmatch(part) and part not in gazetteer.words for part in parts):
        return True
    if named:
        return len(parts) > 1 and (parts[0] in TYPES_FIRST or parts[-1] in TYPES_LAST)
    return len(parts) > 1 and any(part.rstrip(".") in TYPES or part in TYPES for part in (parts[0], *parts[1:]))


TYPES_LAST = listed(
    "strasse stasse str. allee platz weg gasse ulica utca ut u. ter vei veien vej gata gatan gade tee iela gatve trg"
    " kalea enparantza sokak street road avenue lane"
)
TYPES_FIRST = listed(
    "calle avenida plaza paseo via viale piazza corso rua ul. ulica rue camino carrer carrera travessa praca largo c/"
    " trg ul os. avenue boulevard place"
)


def tail(text: str, start: int, *, loose: bool) -> Tail:
    """Return what of flat, town, country and postal code follows a street, in any order.

    Args:
        loose: the street is sure, so a town on a line or between commas of its own belongs to it.
    """
    place, end, proven, coded, placed = start, start, False, False, False
    for _ in range(STEPS):
        gap = SEPARATOR.match(text, place)
        if gap is None:
            break
        unit = TAIL_UNIT.match(text, gap.end())
        code = None if unit or coded or CODE_FIRST.match(text, gap.end()) else TAIL_CODE.match(text, gap.end())
        strong = unit or (code if code and (proven or loose or place > start) else None)
        if strong:
            place = end = strong.end()
            proven, coded = True, coded or code is not None
            continue
        town = TAIL_TOWN.match(text, gap.end())
        if town is None or (place == start and gap.group() == " " and not has_type(town.group(), named=False)):
            break
        if is_word(town.group()):
            break
        place = town.end()
        # What is only likely to belong to it does so where something surer follows.
        listed = town.group().lower().lstrip("0123456789 ") in gazetteer.places
        placed = placed or listed
        if listed or ((proven or loose) and CLOSED.match(text, place)):
            end = place
    return Tail(end, proven, placed)


def is_word(town: str) -> bool:
    """Tell whether what would be a town begins with a common word, as a sentence does."""
    first = re.split(r"[ '-]", town, maxsplit=1)[0].lower()
    return first in gazetteer.words and town.lower() not in gazetteer.places and first not in gazetteer.places
