"""Text as it is compared: normalised, cut into tokens, stemmed. Every offset points into the original text."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from evidence.language.lexicon import IRREGULAR, SYNONYMS

# A word may hold underscores but ends before them: in "must _not_ be given" the word is "not".
# Thousands are grouped by at most eight separators, so that a long run of groups is read once and not again from each.
# The look-ahead makes the groups atomic; possessive groups, which would too, are broken in CPython before 3.11.5.
TOKEN = re.compile(
    r"(?P<number>(?:\d{1,3}(?=((?:[,\u00a0]\d{3}){1,8}))\2(?!\d)|\d{1,3}(?: \d{3}){0,2}? 000(?!\d)|\d++)"
    r"(?:\.\d++)?(?:[eE][+-]?\d{1,6}(?!\w))?|\.\d++)"
    r"|(?P<word>[^\W\d_](?:[^\W_]|'(?=[^\W_])|_++(?=[^\W_]))*)"
    r"|(?P<mark>[^\w\s]|_)"
)
DECORATION = frozenset("*`#_\\")
GROUPING_SPACES = frozenset("\u00a0\u2007\u2009\u202f")
FOLDED = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4\u055a\uff07", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys(GROUPING_SPACES, "\u00a0"),
    "\u2014": "\u2014",
    "\u2215": "/",
    "\u2044": "/",
}
VOWELS = frozenset("aeiouy")
# Endings in the order they are tried, each with the least length of what must be left.
ENDINGS = (
    ("ation", 4), ("ating", 4), ("ated", 4), ("ate", 4), ("ement", 4), ("ment", 4),
    ("ness", 4), ("ical", 5), ("ible", 4), ("able", 4), ("ance", 5), ("ence", 5), ("ant", 5), ("ent", 5), ("ing", 3),
    ("ied", 3), ("ed", 3), ("ion", 4), ("ive", 5), ("ity", 5), ("al", 5), ("ic", 5), ("ly", 4), ("e", 3),
)  # fmt: skip
LAST = {last: [one for one in ENDINGS if one[0][-1] == last] for last in {ending[-1] for ending, _ in ENDINGS}}


class Kind(StrEnum):
    NUMBER = "NUMBER"
    WORD = "WORD"
    MARK = "MARK"


KINDS = {kind.value.lower(): kind for kind in Kind}
# The passages and sentences looked at last are asked for by ranking and by skimming: some 10 MB at most.
WORDS_KEPT = 2048


@dataclass(frozen=True, slots=True)
class Normal:
    """A normalised text; ``starts[i]`` and ``ends[i]`` are the original offsets of its i-th code point."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


@dataclass(frozen=True, slots=True)
class Token:
    """A number, word or mark. ``text`` is normalised, ``folded`` without case; offsets are the original text's."""

    kind: Kind
    text: str
    folded: str
    start: int
    end: int

    def touches(self, following: "Token") -> bool:
        return self.end == following.start


# What needs no folding as one piece, all else one by one.
RUNS = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")


@lru_cache(maxsize=4096)
def fold_character(character: str) -> str:
    """Return what one code point is compared as: nothing for invisible ones, plain digits for any script's digits."""
    if character in FOLDED:
        return FOLDED[character]
    category = unicodedata.category(character)
    if category == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    kind = unicodedata.decomposition(character).partition(">")[0]
    if kind == "<fraction":
        return f"{unicodedata.numeric(character):.4f}".lstrip("0").rstrip("0")
    plain = unicodedata.normalize("NFKC", character)
    return f"^{plain}" if kind == "<super" and plain.isdigit() else plain


def normalise(text: str) -> Normal:
    """Return the text with compatible characters folded, accents composed and invisible characters left out."""
    if text.isascii():
        return Normal(text, range(len(text)), range(1, len(text) + 1))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    raised = False
    for run in RUNS.finditer(text):
        index, character = run.start(), run.group()
        if character[0] < "\x80":
            out += character
            starts += range(index, run.end())
            ends += range(index + 1, run.end() + 1)
            raised = False
            continue
        piece = fold_character(character)
        if out and piece > "\u02ff" and unicodedata.combining(piece[0]):
            out[-1], ends[-1] = unicodedata.normalize("NFC", out[-1] + piece)[0], index + 1
            continue
        raised, piece = raise_once(piece, raised=raised)
        out += piece
        starts += [index] * len(piece)
        ends += [index + 1] * len(piece)
    return Normal("".join(out), starts, ends)


def raise_once(piece: str, *, raised: bool) -> tuple[bool, str]:
    """Return whether a superscript is going on, and the piece: of a run of raised digits the first has its mark."""
    if not piece.startswith("^") or len(piece) == 1:
        return False, piece
    return True, piece[1:] if raised else piece


def tokens(text: str, *, offset: int = 0) -> list[Token]:
    """Return the tokens of a text in their order, without Markdown decoration; ``offset`` is added to each place."""
    normal = normalise(text)
    starts, ends = normal.starts, normal.ends
    found = []
    for match in TOKEN.finditer(normal.text):
        token = match.group()
        kind = KINDS[match.lastgroup or ""]
        if kind is Kind.MARK and token in DECORATION:
            continue
        place = offset + starts[match.start()], offset + ends[match.end() - 1]
        found.append(Token(kind, token, token.casefold(), *place))
    return found


@lru_cache(maxsize=WORDS_KEPT)
def folded_words(text: str) -> Mapping[str, int]:
    """Return the words and numbers of a text without case, in the order they first stand there, each with how often."""
    plain = text if text.isascii() else normalise(text).text
    # The matches are enough: making a Token of each costs twice as much as all the rest.
    return Counter(m.group().casefold() for m in TOKEN.finditer(plain) if m.lastgroup != "mark")


AMERICAN = {"ise": "ize", "ised": "ized", "ising": "izing", "our": "or", "tre": "ter"}
BRITISH = tuple(AMERICAN)


def spelled(word: str) -> str:
    """Return a word in one of its spellings: haemoglobin and hemoglobin, authorise and authorize meet."""
    if len(word) > 5:
        word = word.replace("ae", "e").replace("oe", "e").replace("isation", "ization")
        if word.endswith(BRITISH):
            british = next(ending for ending in BRITISH if word.endswith(ending))
            return word[: -len(british)] + AMERICAN[british]
    return word


def singular(word: str) -> str:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def stem(folded: str) -> str:
    """Return what is common to a word's forms: "authorised", "authorises" and "authorisation" meet.

    Crude on purpose: it is used on both sides of a comparison, so only what it confuses matters.
    """
    word = folded.removesuffix("'s").rstrip("'")
    word = IRREGULAR.get(word, word)
    if len(word) < 4 or not word.isalpha():
        return word
    word = spelled(singular(word))
    word = IRREGULAR.get(word, word)
    for ending, least in LAST.get(word[-1:], ()):
        if word.endswith(ending):
            rest = word[: -len(ending)]
            if len(rest) >= least and not word.endswith("eed") and not VOWELS.isdisjoint(rest):
                word = rest + "y" if ending == "ied" else rest
                break
    if len(word) > 3 and word[-1] == "e":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


SAME = {stem(word): stem(first) for word, first in SYNONYMS.items()}


@lru_cache(maxsize=16384)
def key(folded: str) -> str:
    """Return what a word is compared by: its stem, or the stem of the first of its synonyms."""
    found = stem(folded)
    return SAME.get(found, found)
