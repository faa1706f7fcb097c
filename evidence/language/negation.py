"""Negations in a sentence, and the words each of them denies."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from evidence.language.lexicon import AUXILIARIES, CLAUSE_WORDS, EMPHATIC, NEGATORS, words
from evidence.language.text import Kind, Token

REACH = 25
ENDS = CLAUSE_WORDS - words("therefore")
BREAKS = frozenset(";:()—")
# "without" and "lack of" deny what they stand before and not the rest of the clause.
NARROW = words("without lack lacks lacked lacking nor avoid avoids avoided avoiding")
# These deny what they are followed by: "yet to appear", "declined to sign".
BEFORE_TO = words("""
    yet decline declines declined declining fail fails failed failing refuse refuses refused refusing neglect neglects
    neglected neglecting omit omits omitted omitting cease ceases ceased
""")
# These say that what was done is done no longer: "stopped producing".
ENDING = words("stop stops stopped quit quits cease ceases ceased discontinue discontinues discontinued")
# What stands behind one of these is left out of what is said: "everyone except Anna", "all meals excluding breakfast".
EXCEPTING = words("except excepting excluding excludes excluded barring unlike")
# The same in several words; the last of them stands before what is left out.
EXCEPTIONS = (
    ("other", "than"), ("apart", "from"), ("aside", "from"), ("exception", "of"), ("exclusion", "of"), ("save", "for"),
    ("instead", "of"), ("rather", "than"), ("contrast", "to"), ("contrast", "with"),
)  # fmt: skip
ALL_BUT = words("all every each everyone everybody everything any anyone anybody anything none nobody nothing no")
NARROW_REACH = 4
TOO_REACH = 4
# Words that end what says that something is left out.
EXCEPTERS = EXCEPTING | {last for _, last in EXCEPTIONS} | words("but bar")


@dataclass(frozen=True, slots=True)
class Negation:
    """The token that denies, and the tokens denied: ``at < i < end``. ``excepts``: it leaves them out of a whole."""

    at: int
    end: int
    excepts: bool = False

    def denies(self, at: int) -> bool:
        return self.at < at < self.end


def is_negator(folded: str) -> bool:
    return folded in NEGATORS or folded.replace("'", "") in NEGATORS or folded.endswith("n't")


def find(tokens: Sequence[Token], taken: AbstractSet[int]) -> tuple[Negation, ...]:
    """Return the negations in a sentence. Tokens of bounds ("no more than") are taken and deny nothing."""
    found = []
    for at, token in enumerate(tokens):
        if token.kind is not Kind.WORD or at in taken:
            continue
        following = tokens[at + 1].folded if at + 1 < len(tokens) else ""
        if excepts(tokens, at):
            end = scope_end(tokens, at, reach=NARROW_REACH)
            verb = next((place for place in range(at + 1, end) if tokens[place].folded in AUXILIARIES), end)
            found.append(Negation(at, verb, excepts=True))
        elif after_too(tokens, at) or denies_after(tokens, at, following):
            found.append(Negation(at, scope_end(tokens, at, reach=NARROW_REACH if token.folded in NARROW else REACH)))
    return tuple(found)


def denies_after(tokens: Sequence[Token], at: int, following: str) -> bool:
    """Tell whether a word denies what it is followed by: "not", "failed to", the "to" of "too small to"."""
    folded = tokens[at].folded
    if following in EMPHATIC and folded != "no":
        return False
    return is_negator(folded) or before_to(tokens, at) or (folded in ENDING and following.endswith("ing"))


def only_denies(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether a word says nothing but that something is denied or left out."""
    following = tokens[at + 1].folded if at + 1 < len(tokens) else ""
    return before_to(tokens, at) or tokens[at].folded in EXCEPTING or (tokens[at].folded, following) in EXCEPTIONS


def before_to(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether a verb only says that what follows was not done: "failed to appear", but not "failed the test"."""
    return tokens[at].folded in BEFORE_TO and at + 1 < len(tokens) and tokens[at + 1].folded == "to"


def after_too(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether a token is the "to" of "too small to see"."""
    if tokens[at].folded != "to":
        return False
    return any(token.folded == "too" for token in tokens[max(0, at - TOO_REACH) : max(0, at - 1)])


def excepts(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether what follows a token is left out of a whole: "every state but Malta"."""
    folded = tokens[at].folded
    if folded not in EXCEPTERS:
        return False
    before = [token.folded for token in tokens[max(0, at - NARROW_REACH) : at]]
    following = tokens[at + 1].folded if at + 1 < len(tokens) else ""
    if folded in EXCEPTING or (before and (before[-1], folded) in EXCEPTIONS):
        return following not in {"that", "when", "if"}
    return folded in {"but", "bar"} and not ALL_BUT.isdisjoint(before) and tokens[at - 1].kind is Kind.WORD


def scope_end(tokens: Sequence[Token], at: int, *, reach: int) -> int:
    last = min(len(tokens), at + 1 + reach)
    for place in range(at + 1, last):
        if tokens[place].text in BREAKS or tokens[place].folded in ENDS:
            return place
        if tokens[place].text == "," and place + 1 < last and tokens[place + 1].folded in {"but", "and", "or"}:
            return place if tokens[place + 1].folded != "or" else last
        if place > at + 1 and tokens[place].folded in {"but", "than", "nor"}:
            return place
    return last
