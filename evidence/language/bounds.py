"""Words that set a bound on a number: at most, no sooner than, up to, 5 or more, never exceeds."""

from collections.abc import Sequence
from enum import StrEnum

from evidence.language.lexicon import words
from evidence.language.text import Token


class Bound(StrEnum):
    EXACT = "EXACT"
    ABOUT = "ABOUT"
    LEAST = "LEAST"
    MOST = "MOST"

    def turned(self) -> "Bound":
        return {Bound.LEAST: Bound.MOST, Bound.MOST: Bound.LEAST}.get(self, self)


UP = words("more greater higher older longer later faster larger heavier bigger taller hotter deeper warmer")
DOWN = words("less fewer lower younger shorter sooner earlier slower smaller lighter cheaper colder closer")
SINGLE = {
    **dict.fromkeys(words("above exceeding exceeds exceed exceeded surpassing surpassed topping > ≥ ⩾"), Bound.LEAST),
    **dict.fromkeys(words("below under beneath within < ≤ ⩽"), Bound.MOST),
    **dict.fromkeys(words("about approximately around roughly nearly almost circa ca c ~ ≈ some"), Bound.ABOUT),
}
PAIRS = {
    ("at", "least"): Bound.LEAST,
    ("minimum", "of"): Bound.LEAST,
    ("excess", "of"): Bound.LEAST,
    ("at", "most"): Bound.MOST,
    ("up", "to"): Bound.MOST,
    ("maximum", "of"): Bound.MOST,
    ("close", "to"): Bound.ABOUT,
    ("<", "="): Bound.MOST,
    (">", "="): Bound.LEAST,
}
AFTER = {
    **dict.fromkeys((*UP, "above", "over", "upwards"), Bound.LEAST),
    **dict.fromkeys((*DOWN, "below", "under"), Bound.MOST),
}
DENYING = words("no not never nor neither cannot")
REACH = 5


def bound_at(tokens: Sequence[Token], first: int, end: int, *, is_time: bool) -> tuple[Bound, tuple[int, int]]:
    """Return the bound on the number in tokens ``first`` to ``end``, and the tokens that the number takes with it."""
    last = end
    found, begin = before(tokens, first, is_time=is_time)
    if found is Bound.EXACT:
        found, last = after(tokens, end)
    return found, (begin, last)


def before(tokens: Sequence[Token], first: int, *, is_time: bool) -> tuple[Bound, int]:
    near = [token.folded for token in tokens[max(0, first - REACH) : first]]
    if not near:
        return Bound.EXACT, first
    # "below the 50 mg", "more than the 50 mg"
    if near[-1] in {"the", "a", "between"}:
        near, first = near[:-1], first - 1
    if len(near) >= 2 and near[-1] == "than" and near[-2] in UP | DOWN:
        found = Bound.LEAST if near[-2] in UP else Bound.MOST
        return denied(found, near[:-2], first - 2)
    pair = PAIRS.get((near[-2], near[-1])) if len(near) >= 2 else None
    if pair is not None:
        return denied(pair, near[:-2], first - 2) if near[-2] in {"<", ">"} else (pair, first - 2)
    if near and near[-1] == "over" and not is_time:
        return Bound.LEAST, first - 1
    single = SINGLE.get(near[-1]) if near else None
    return denied(single, near[:-1], first - 1) if single else (Bound.EXACT, first)


def denied(found: Bound, near: Sequence[str], first: int) -> tuple[Bound, int]:
    """Return the bound, turned round where it is denied: "no more than", "must not exceed"."""
    steps = 2 if near and near[-1] in {"be", "been"} else 1
    if found is not Bound.ABOUT and len(near) >= steps and near[-steps] in DENYING:
        return found.turned(), first - steps
    return found, first


def after(tokens: Sequence[Token], end: int) -> tuple[Bound, int]:
    following = [token.folded for token in tokens[end : end + 3]]
    if following[:1] == ["+"]:
        return Bound.LEAST, end + 1
    if len(following) >= 2 and following[0] in {"or", "and"} and following[1] in AFTER:
        return AFTER[following[1]], end + 2
    if following[:2] == ["at", "most"]:
        return Bound.MOST, end + 2
    if following[:2] == ["at", "least"]:
        return Bound.LEAST, end + 2
    return Bound.EXACT, end
