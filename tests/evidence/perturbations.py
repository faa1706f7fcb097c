"""Single-detail edits of true sentences, each of a named kind, and restatements that keep what they say."""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edit = Callable[[str, str, random.Random], str | None]

NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\w-])")


def table(text: str) -> dict[str, str]:
    """Read "old > new; old > new"."""
    return {old: new for pair in text.split("; ") for old, new in [pair.split(" > ")]}


UNITS = table(
    "mg > g; g > mg; hours > days; days > hours; minutes > hours; months > weeks; years > months; ml > l; IU/kg > IU; "
    "mg/kg > g/kg; units > litres; °C > °F; % > mg"
)
BOUNDS = table(
    "below > above; above > below; more than > less than; less than > more than; at least > at most; "
    "no more than > no less than; or more > or less; or higher > or lower; or lower > or higher"
)
DIRECTIONS = {"before": "after", "after": "before"}
ANTONYMS = table("high > low; low > high; first > last; normal > abnormal; started > stopped; stopped > started")
FORCE = {"must": "may", "may": "must"}
AMOUNT = {"every": "some", "Every": "Some", "each": "some", "all": "some", "never": "sometimes"}
NAMES = re.compile(
    r"\b(?:apixaban|edoxaban|rivaroxaban|dabigatran|warfarin|enoxaparin|fondaparinux|idarucizumab|andexanet alfa|"
    r"protamine|heparin|tranexamic acid|Northgate|Eastfield|duty haematologist|chief pharmacist|ward doctor)\b",
    re.IGNORECASE,
)
DENIED = {" must not ": " must ", " is not ": " is ", " are not ": " are ", " does not ": " does ", "No ": "A "}
RESTATED = table(
    "2 > two; 3 > three; 4 > four; 5 > five; 6 > six; 7 > seven; 8 > eight; 10 > ten; 12 > twelve; "
    "no more than > at most; at least > no less than; Every > Each; every > each"
)


@dataclass(frozen=True, slots=True)
class Edited:
    """A sentence that is no longer what its source says."""

    kind: str
    text: str


def value(found: re.Match[str]) -> float:
    return float(found.group().replace(",", ""))


def put(text: str, place: re.Match[str], new: str) -> str:
    return text[: place.start()] + new + text[place.end() :]


def number(text: str, _: str, dice: random.Random) -> str | None:
    found = list(NUMBER.finditer(text))
    if not found:
        return None
    place = dice.choice(found)
    new = dice.choice([value(place) * 2 + 1, value(place) + 1, value(place) * 10])
    return put(text, place, f"{new:g}")


def borrowed(text: str, document: str, dice: random.Random) -> str | None:
    """Put a number from elsewhere in the document in the place of one of the sentence."""
    found = list(NUMBER.finditer(text))
    here = {value(place) for place in found}
    others = sorted({other.group() for other in NUMBER.finditer(document) if value(other) not in here})
    return put(text, dice.choice(found), dice.choice(others)) if found and others else None


def exchanged(text: str, _: str, dice: random.Random) -> str | None:
    """Let two numbers of the sentence change places."""
    pairs = [(one, two) for one, two in pairwise(NUMBER.finditer(text)) if value(one) != value(two)]
    if not pairs:
        return None
    one, two = dice.choice(pairs)
    return put(put(text, two, one.group()), one, two.group())


def entity(text: str, document: str, dice: random.Random) -> str | None:
    """Put a name from the same document in the place of one of the sentence."""
    found = list(NAMES.finditer(text))
    here = {place.group().casefold() for place in found}
    others = sorted({name.casefold() for name in NAMES.findall(document)} - here)
    return put(text, dice.choice(found), dice.choice(others)) if found and others else None


def negation(text: str, _: str, __: random.Random) -> str | None:
    for old, new in DENIED.items():
        if old in text:
            return text.replace(old, new, 1)
    found = re.search(r" (is|are|was|were|must|may) ", text)
    plain = not re.search(r"\b(?:no|never|none|nobody)\b", text, re.IGNORECASE)
    return text[: found.end()] + "not " + text[found.end() :] if found and plain else None


def words(table: Mapping[str, str]) -> Edit:
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(table, key=len, reverse=True)))})(?!\w)")

    def edit(text: str, _: str, dice: random.Random) -> str | None:
        found = list(pattern.finditer(text))
        place = dice.choice(found) if found else None
        return put(text, place, table[place.group()]) if place else None

    return edit


EDITS: dict[str, Edit] = {
    "number": number,
    "borrowed number": borrowed,
    "exchanged numbers": exchanged,
    "entity": entity,
    "negation": negation,
    "unit": words(UNITS),
    "bound": words(BOUNDS),
    "direction": words(DIRECTIONS),
    "antonym": words(ANTONYMS),
    "modality": words(FORCE),
    "quantifier": words(AMOUNT),
}


def edits(text: str, document: str, *, seed: int) -> Iterator[Edited]:
    """Yield one edit of each kind that the sentence allows."""
    for kind, edit in EDITS.items():
        changed = edit(text, document, random.Random(f"{seed}:{kind}:{text}"))  # noqa: S311 - repeatable, not secret
        if changed is not None and changed != text:
            yield Edited(kind, changed)


def all_edits(documents: Sequence[tuple[str, Sequence[str]]], *, seed: int) -> list[Edited]:
    """Return the edits of every sentence of (document, sentences); what some document says is left out: it is true."""
    true = {sentence for _, sentences in documents for sentence in sentences}
    found = [one for text, sentences in documents for sentence in sentences for one in edits(sentence, text, seed=seed)]
    return [one for one in found if one.text not in true]


def restated(text: str) -> str:
    """Return the sentence with its numbers and bounds in other words, which says the same."""
    pattern = "|".join(map(re.escape, sorted(RESTATED, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.,/×-])(?:{pattern})(?![\w.,/%-])(?! [A-Z])", lambda m: RESTATED[m.group()], text)
