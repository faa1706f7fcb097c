"""How each kind of personal data is masked: blotted out, shown in part, made a token, or made coarser."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never


class Way(StrEnum):
    """How a value is masked.

    REDACT: its kind stands for it, as in [EMAIL].
    PARTLY: what the custom of its kind leaves readable stays; of a kind without such a custom, nothing.
    PSEUDONYM: a token stands for it, which whoever has the key can open. The only way that can be taken back.
    GENERALISE: of a date the year stays, of an age the decade; of other kinds nothing.
    """

    REDACT = "redact"
    PARTLY = "partly"
    PSEUDONYM = "pseudonym"
    GENERALISE = "generalise"


class MaskingError(ValueError):
    """A masking policy that cannot be read; the message says what to write."""


@dataclass(frozen=True, slots=True)
class MaskingPolicy:
    """How each kind is masked.

    Attributes:
        ways: by kind.
        otherwise: of every other kind, those that nobody thought of included.
    """

    ways: Mapping[str, Way] = field(default_factory=dict)
    otherwise: Way = Way.PSEUDONYM

    def way(self, kind: str) -> Way:
        return self.ways.get(kind, self.otherwise)

    def digest(self) -> str:
        """Return SHA-256 of the policy, 64 hex digits."""
        stated = [*(f"{kind}={way}" for kind, way in sorted(self.ways.items())), f"*={self.otherwise}"]
        return hashlib.sha256("\n".join(stated).encode()).hexdigest()


PSEUDONYMS = MaskingPolicy()

YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d{2}(?!\d)")
YEARS = re.compile(r"\d{1,3}(?![ -]?(?:month|week|day))")
DATES = frozenset({"DATE_TIME", "DATE_OF_BIRTH"})
# PCI DSS 4.0.1, 3.4.1: at most the BIN and the last four digits may be shown. A BIN has six digits at least.
CARD_HEAD, TAIL, CARD_LEAST = 6, 4, 13
# 45 CFR 164.514(b)(2)(i)(C): ages over 89 are one category.
OLD = 89


def parse(setting: str) -> MaskingPolicy:
    """Return the policy that a setting writes as ``KIND=way`` pairs with commas between; ``*`` is every other kind.

    Raises:
        MaskingError: a pair has another form, or names no way.
    """
    ways: dict[str, Way] = {}
    for pair in filter(None, (part.strip() for part in setting.split(","))):
        kind, sign, way = pair.partition("=")
        if not sign or not kind or way not in set(Way):
            raise MaskingError(f"{pair[:60]!r} is no pair; write KIND=way, with a way of {', '.join(Way)}")
        ways[kind] = Way(way)
    otherwise = ways.pop("*", Way.PSEUDONYM)
    return MaskingPolicy(ways, otherwise)


def shown(value: str, kind: str, way: Way) -> str:
    """Return what stands for a value that is masked in a way that needs no key."""
    match way:
        case Way.REDACT:
            return blot(kind)
        case Way.PARTLY:
            return partly(value, kind)
        case Way.GENERALISE:
            return coarser(value, kind)
        case Way.PSEUDONYM:
            raise MaskingError("a pseudonym needs a key; guardians.redaction makes it")
    assert_never(way)


def blot(kind: str) -> str:
    return f"[{kind}]"


def partly(value: str, kind: str) -> str:
    """Return the BIN and last four digits of a card, the last four of an IBAN, or the domain of an e-mail address."""
    signs = sum(map(str.isalnum, value))
    match kind:
        case "CREDIT_CARD" if CARD_LEAST <= signs <= 19:
            return starred(value, head=CARD_HEAD)
        case "IBAN" if 15 <= signs <= 34:
            return starred(value, head=2)
        case "EMAIL" if value.count("@") == 1:
            return f"***{value[value.index('@') :]}"
        case _:
            return blot(kind)


def starred(value: str, *, head: int) -> str:
    """Return a value with all letters and digits but the first and the last four as stars."""
    places = [place for place, sign in enumerate(value) if sign.isalnum()]
    hidden = frozenset(places[head:-TAIL])
    return "".join("*" if place in hidden else sign for place, sign in enumerate(value))


def coarser(value: str, kind: str) -> str:
    if kind in DATES:
        year = YEAR.search(value)
        return year.group() if year else blot(kind)
    age = YEARS.search(value) if kind == "AGE" else None
    if age is None:
        return blot(kind)
    return f"over {OLD}" if int(age.group()) > OLD else f"{int(age.group()) // 10 * 10}s"
