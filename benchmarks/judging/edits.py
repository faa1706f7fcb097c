"""Changes of one detail that make a true claim false or unproven, class by class.

Each generator yields what it can change, in an order drawn from a seed, and nothing where it can change nothing.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.judging import lists
from benchmarks.judging.names import DEMONYM, Name, names_in, same_kind

WORD = re.compile(r"\w[\w'’-]*")
YEAR = re.compile(r"(?<![\w.,–-])(?:1[0-9]{3}|20[0-4]\d)(?![\w–-]|[.,]\d)")
DECADE = re.compile(r"\b(1[0-9]|20)(\d)0s\b")
DIGITS = re.compile(r"(?<![\w.,:/–-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w:/–-]|[.,]\d)")
SPELLED = re.compile(rf"\b(?:{'|'.join([*lists.CARDINALS, *lists.ORDINALS])})\b")
MONTH = re.compile(rf"\b(?:{'|'.join(lists.MONTHS)})\b")
DAY = re.compile(rf"\b(?:{'|'.join(lists.DAYS)})\b")
IN_DATE = re.compile(rf"(?:{'|'.join(lists.MONTHS)})\s*$|^\s*(?:{'|'.join(lists.MONTHS)})")
# After these a greater or lesser value may be true as well, or the number is part of a name.
OPEN = re.compile(
    r"(?:\b(?i:over|more than|at least|at most|about|around|nearly|almost|under|less than|fewer than|up to|top|by|"
    r"before|after|since|until|from|between|to|than|approximately|roughly|some|number|no\.|part|season|episode|volume|chapter|"
    r"position|district|route|every|late|early|mid)|[a-z]\s+[A-Z][\w'-]*|#)\s*$"
)
END = re.compile(r"\s*[.!?]?\s*$")
# Names a place or an event of another document: "at the Telluride Film Festival".
TAIL = re.compile(r"\b(?:in|at|during|after|for|from|under|near) (?:the |a |an )?[A-Z][^,.;:()\"\d]{5,45}$")


@dataclass(frozen=True, slots=True)
class Change:
    """A changed claim, and the words that were put in the place of others ("" where they were added)."""

    text: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Base:
    """A supported claim with its evidence, and what other documents offer to change it by."""

    claim: str
    evidence: str
    foreign: tuple[Name, ...] = ()
    tails: tuple[str, ...] = ()


Edit = Callable[[Base, random.Random], Iterator[Change]]


def put(text: str, start: int, end: int, new: str) -> Change:
    return Change(text[:start] + new + text[end:], text[start:end], new)


def mixed(found: Iterator[re.Match[str]], dice: random.Random) -> list[re.Match[str]]:
    places = list(found)
    dice.shuffle(places)
    return places


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(text)}


def pattern(words: Mapping[str, object] | Sequence[str]) -> re.Pattern[str]:
    """Return a pattern for whole words of a list, the longest first."""
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})(?![\w-])")


def worth(text: str) -> float:
    """Return the value of a number in digits or words."""
    known = {**lists.CARDINALS, **lists.ORDINALS}
    return float(known[text]) if text in known else float(text.replace(",", ""))


def is_ordinal(text: str) -> bool:
    return text in lists.ORDINALS


def numbers_in(text: str) -> list[re.Match[str]]:
    """Return the numbers of a text that are neither years nor parts of dates or names."""
    found = [*DIGITS.finditer(text), *SPELLED.finditer(text)]
    return [
        place
        for place in found
        if not YEAR.fullmatch(place.group())
        and not IN_DATE.search(text[: place.start()])
        and not IN_DATE.search(text[place.end() :])
    ]


def is_open(text: str, place: re.Match[str]) -> bool:
    return OPEN.search(text[: place.start()]) is not None


def stated(text: str) -> set[float]:
    """Return all values of a text, those in dates too."""
    return {worth(place.group()) for place in (*DIGITS.finditer(text), *SPELLED.finditer(text))}


def number(base: Base, dice: random.Random) -> Iterator[Change]:
    """Raise a number that the evidence holds to one that it does not."""
    known = stated(base.evidence)
    for place in mixed(iter(numbers_in(base.claim)), dice):
        old = worth(place.group())
        if old not in known or is_open(base.claim, place):
            continue
        for new in dice.sample([old + 1, old + 3, old * 2 + 1, old * 10], k=4):
            text = written(place.group(), new)
            if text is not None and new not in known and new > old:
                yield put(base.claim, place.start(), place.end(), text)


def written(like: str, value: float) -> str | None:
    """Return a number as one like it is written; None where the list of words ends before it."""
    for known in (lists.CARDINALS, lists.ORDINALS):
        if like in known:
            return next((word for word, worth_ in known.items() if worth_ == value), None)
    return f"{value:,.0f}" if "," in like else f"{value:g}" if value < 1e6 else f"{value:.0f}"


def number_borrowed(base: Base, dice: random.Random) -> Iterator[Change]:
    """Put another number of the evidence, or another year of it, in the place of one."""
    here, known = stated(base.claim), stated(base.evidence)
    for kind in (YEAR, None):
        find = kind.finditer if kind else numbers_in
        for place in mixed(iter(find(base.claim)), dice):
            if worth(place.group()) not in known or is_open(base.claim, place):
                continue
            others = {other.group() for other in find(base.evidence)}
            fitting = sorted(
                other
                for other in others
                if worth(other) not in here and is_ordinal(other) == is_ordinal(place.group()) and worth(other) != 0
            )
            dice.shuffle(fitting)
            for other in fitting:
                if kind or worth(other) > worth(place.group()):
                    yield put(base.claim, place.start(), place.end(), other)


def date(base: Base, dice: random.Random) -> Iterator[Change]:
    """Move a year, a decade, a month, a day of a month or a weekday to one that the evidence does not name."""
    known = stated(base.evidence)
    for place in mixed(YEAR.finditer(base.claim), dice):
        new = int(place.group()) + dice.choice([-11, -7, -3, -2, -1, 1, 2, 4, 9])
        if int(place.group()) in known and new not in known and not is_open(base.claim, place):
            yield put(base.claim, place.start(), place.end(), str(new))
    for place in DECADE.finditer(base.claim):
        new_decade = f"{place[1]}{(int(place[2]) + dice.choice([3, 5, 7])) % 10}0s"
        if place.group() in base.evidence and not is_open(base.claim, place):
            yield put(base.claim, place.start(), place.end(), new_decade)
    for kind, others in ((MONTH, lists.MONTHS), (DAY, lists.DAYS)):
        for place in mixed(kind.finditer(base.claim), dice):
            fitting = [other for other in others if other not in base.evidence and other not in base.claim]
            if place.group() in base.evidence and fitting and place.start() and not is_open(base.claim, place):
                yield put(base.claim, place.start(), place.end(), dice.choice(fitting))


def unit(base: Base, dice: random.Random) -> Iterator[Change]:
    """Give a value another unit, scale or currency."""
    valued = re.compile(
        rf"(?:\d|\b(?:{'|'.join(lists.CARDINALS)}))[ -]?({'|'.join(sorted(lists.UNITS, key=len, reverse=True))})"
        r"(?![\w])(?!-old| old)"
    )
    for place in mixed(valued.finditer(base.claim), dice):
        for new in dice.sample(lists.UNITS[place[1]], k=len(lists.UNITS[place[1]])):
            if place[1] in base.evidence and new not in base.evidence:
                yield put(base.claim, place.start(1), place.end(1), new)
    for place in mixed(re.finditer(r"(?<!\w)[$£€](?=\d)", base.claim), dice):
        new = dice.choice(lists.CURRENCIES[place.group()])
        if place.group() in base.evidence and new not in base.evidence:
            yield put(base.claim, place.start(), place.end(), new)


DENIED = {**lists.AUXILIARIES, **{past: (f"did not {bare[0]}", f"never {past}") for past, bare in lists.PASTS.items()}}
SUBORDINATE = re.compile(
    r"\b(?:who|whom|which|that|where|when|while|if|because|although|whose|after|before|since|until|by|for)\b|[,;:\"]",
    re.IGNORECASE,
)


def negation(base: Base, dice: random.Random) -> Iterator[Change]:
    """Deny the main verb, or take the denial out."""
    for place in mixed(pattern(lists.AFFIRMED).finditer(base.claim), dice):
        yield put(base.claim, place.start(), place.end(), lists.AFFIRMED[place.group()][0])
    if lists.HELD.search(base.claim):
        return
    verb = pattern(DENIED).search(base.claim)
    if verb is not None and is_main(base.claim[: verb.start()]):
        for new in dice.sample(DENIED[verb.group()], k=len(DENIED[verb.group()])):
            yield put(base.claim, verb.start(), verb.end(), new)


def is_main(before: str) -> bool:
    """Tell whether a verb after these words is the claim's own; "In 1986 , " may open the claim."""
    opening, comma, rest = before.partition(", ")
    own = rest if comma else opening
    return bool(before) and not SUBORDINATE.search(own) and not own.endswith((" got ", " and ", " to "))


def antonym(base: Base, dice: random.Random) -> Iterator[Change]:
    """Put the opposite in the place of a word that the evidence holds too."""
    known = words_of(base.evidence)
    for place in mixed(pattern(lists.OPPOSITES).finditer(base.claim), dice):
        for new in dice.sample(lists.OPPOSITES[place.group()], k=len(lists.OPPOSITES[place.group()])):
            if place.group() in known and new not in known and not lists.HELD.search(base.claim):
                yield put(base.claim, place.start(), place.end(), new)


def entity_foreign(base: Base, dice: random.Random) -> Iterator[Change]:
    """Put a name that is in neither in the place of one that the evidence holds."""
    known = words_of(base.evidence) | words_of(base.claim)
    for name in shuffled(names_in(base.claim), dice):
        if name.text not in base.evidence:
            continue
        fitting = [
            other.text for other in base.foreign if same_kind(name, other) and words_of(other.text).isdisjoint(known)
        ]
        if fitting:
            yield put(base.claim, name.start, name.end, dice.choice(fitting))


def entity_borrowed(base: Base, dice: random.Random) -> Iterator[Change]:
    """Put another name of the evidence in the place of one."""
    known = words_of(base.claim)
    for name in shuffled(names_in(base.claim), dice):
        fitting = sorted(
            {
                other.text
                for other in names_in(base.evidence)
                if same_kind(name, other) and words_of(other.text).isdisjoint(known)
                if not TITLED.search(other.text) and not side_by_side(name.text, other.text, base.evidence)
            }
        )
        if name.text in base.evidence and fitting and not BOTH.search(base.evidence):
            yield put(base.claim, name.start, name.end, dice.choice(fitting))


# Stand for a person who is named elsewhere, or are no name alone.
TITLED = re.compile(
    r"(?:^|\s)(?:Prime|Minister|President|Sir|Lady|Lord|Duke|Earl|King|Queen|Prince|Princess|Governor|Senator|Director|"
    r"Chairman|Bishop|Published|Updated|Season|Part|Award|Best|I|We|You)\b|-based$|-RRB-|-LRB-"
)
BOTH = re.compile(r"\b(?:both|respectively)\b")
BESIDE = lists.words("and or with the by as lrb rrb née born featuring starring ii jr")


def side_by_side(one: str, other: str, evidence: str) -> bool:
    """Tell whether only names and what joins them is between two names: what holds of one may hold of the other."""
    for left, right in ((one, other), (other, one)):
        gap = re.search(f"{re.escape(left)}(.{{0,90}}?){re.escape(right)}", evidence)
        if gap and all(word[0].isupper() or word in BESIDE for word in WORD.findall(gap[1])):
            return True
    return False


def shuffled(names: Sequence[Name], dice: random.Random) -> list[Name]:
    return dice.sample(names, k=len(names))


# What follows a name that is not an attribute of the next word: "the Texas law" is no law of Texas's doing.
CLOSED = re.compile(
    r"\s*(?:$|[.,;)\"]|(?:in|on|at|for|with|from|to|by|and|as|during|after|before|since|until|of|when|where)\b)"
)
OPENING = 14  # characters before the subject: "In 2019 ", "The "


def roles(base: Base, _: random.Random) -> Iterator[Change]:
    """Let the name that does something and the one it is done to change places."""
    found = names_in(base.claim)
    for left, right in pairwise(found[:2]):
        between = base.claim[left.end : right.start]
        if exchangeable(left, right, between, base):
            text = base.claim[: left.start] + right.text + between + left.text + base.claim[right.end :]
            yield Change(text, f"{left.text} … {right.text}", f"{right.text} … {left.text}")


def exchangeable(left: Name, right: Name, between: str, base: Base) -> bool:
    """Tell whether two names of a claim stand on the two sides of one verb that does not hold both ways."""
    return (
        left.start <= OPENING
        and words_of(left.text).isdisjoint(words_of(right.text))
        and 2 <= len(between.split()) <= 8
        and not lists.SYMMETRIC.search(between)
        and not any(DEMONYM.search(name.text) for name in (left, right))
        and CLOSED.match(base.claim[right.end :]) is not None
        and (left.text in base.evidence or right.text in base.evidence)
    )


ROUND = lists.words("about around approximately nearly almost")
VALUE = re.compile(rf"\s(?:[$£€]?\d|(?:{'|'.join(lists.CARDINALS)})\b)")
# What happens once, or at one place at a time, does so "solely" anyway.
ONCE = re.compile(
    r"\b(?:born|died|began|beg[iu]n|start\w*|originated|held|took place|founded|established|located|married|killed)\b"
)
SOLE_AT = re.compile(
    rf"(?<=[a-z](?:ed|es|ks|ns|ys|ds) )(?=(?:in|for|on|at) (?!(?:{'|'.join((*lists.MONTHS, *lists.DAYS))}))[A-Z])"
)


def force(base: Base, dice: random.Random) -> Iterator[Change]:
    """Make a claim say more than it may: all for some, must for may, only for also."""
    for place in mixed(pattern(lists.FORCES).finditer(base.claim), dice):
        if place.group() not in ROUND or VALUE.match(base.claim[place.end() :]):
            yield put(base.claim, place.start(), place.end(), dice.choice(lists.FORCES[place.group()]))
    if lists.HELD.search(base.claim):
        return
    for place in pattern(lists.SOLE).finditer("" if base.claim.startswith("There ") else base.claim):
        yield put(base.claim, place.start(), place.end(), lists.SOLE[place.group()][0])
    found = SOLE_AT.search(base.claim)
    if found and not ONCE.search(base.claim):
        yield put(base.claim, found.start(), found.start(), f"{dice.choice(lists.SOLELY)} ")


def detail(base: Base, dice: random.Random) -> Iterator[Change]:
    """Add where, why or how: from a template, and from a claim about something else."""
    known = words_of(base.evidence)
    end = END.search(base.claim)
    at = end.start() if end else len(base.claim)
    if base.claim[:at].endswith(('"', "”")):
        return
    foreign = [tail for tail in base.tails if not {word for word in words_of(tail) if len(word) > 4} & known]
    for source in dice.sample([lists.DETAILS, foreign], k=2):
        if source:
            yield put(base.claim, at, at, f" {dice.choice(source)}")


def tail_of(claim: str) -> str | None:
    """Return the prepositional phrase that a claim ends in, if it does."""
    end = END.search(claim)
    found = TAIL.search(claim[: end.start()] if end else claim)
    return found.group().strip() if found else None


CLASSES: dict[str, Edit] = {
    "number changed": number,
    "number from the same evidence": number_borrowed,
    "date changed": date,
    "unit changed": unit,
    "negation flipped": negation,
    "antonym": antonym,
    "entity from outside": entity_foreign,
    "entity from the same evidence": entity_borrowed,
    "roles swapped": roles,
    "quantifier or modality": force,
    "detail added": detail,
}
