"""Negations in a sentence, and the words each of them denies."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from evidence.language.lexicon import CLAUSE_WORDS, EMPHATIC, NEGATORS, words
from evidence.language.text import Kind, Token

REACH = 25
ENDS = CLAUSE_WORDS - words("therefore")
BREAKS = frozenset(";:()—")
# "without" and "lack of" deny what they stand before and not the rest of the clause.
NARROW = words("without lack lacks lacked lacking nor avoid avoids avoided avoiding")
# These deny what they are followed by: "yet to appear", "declined to sign".
BEFORE_TO = words("yet decline declines declined declining")
NARROW_REACH = 4


@dataclass(frozen=True, slots=True)
class Negation:
    """The token that denies, and the tokens denied: ``at < i < end``."""

    at: int
    end: int

    def denies(self, at: int) -> bool:
        return self.at < at < self.end


def is_negator(folded: str) -> bool:
    return folded in NEGATORS or folded.replace("'", "") in NEGATORS or folded.endswith("n't")


def find(tokens: Sequence[Token], taken: AbstractSet[int]) -> tuple[Negation, ...]:
    """Return the negations in a sentence. Tokens of bounds ("no more than") are taken and deny nothing."""
    found = []
    for at, token in enumerate(tokens):
        following = tokens[at + 1].folded if at + 1 < len(tokens) else ""
        denies = is_negator(token.folded) or (token.folded in BEFORE_TO and following == "to")
        if token.kind is not Kind.WORD or at in taken or not denies:
            continue
        if following in EMPHATIC and token.folded != "no":
            continue
        found.append(Negation(at, scope_end(tokens, at)))
    return tuple(found)


def scope_end(tokens: Sequence[Token], at: int) -> int:
    reach = NARROW_REACH if tokens[at].folded in NARROW else REACH
    last = min(len(tokens), at + 1 + reach)
    for place in range(at + 1, last):
        if tokens[place].text in BREAKS or tokens[place].folded in ENDS:
            return place
        if tokens[place].text == "," and place + 1 < last and tokens[place + 1].folded in {"but", "and", "or"}:
            return place if tokens[place + 1].folded != "or" else last
        if place > at + 1 and tokens[place].folded in {"but", "than"}:
            return place
    return last
