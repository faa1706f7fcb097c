"""Words of orders that are written apart, so that no rule knows them: "i g n o r e", "ig-nore", "ig nore", "1gn0r3".

Only words of ``WORDS`` are put together again, and with separators inside also those that the text model knows. Put
together where no order was meant, they do no harm: a word alone is no order.
"""

import re
from collections.abc import Iterator
from functools import cache
from operator import add

from guardians.normal import Folded, edited
from guardians.safetyrules.textmodel import shipped

WORDS = frozenset(
    {
        "ignore", "disregard", "forget", "override", "bypass", "previous", "prior", "above",
        "earlier", "instruction", "instructions", "directives", "guidelines", "restrictions", "policies", "policy",
        "system", "prompt", "prompts", "assistant", "reveal", "password", "passwords", "credentials",
        "secret", "safety", "filters", "jailbreak", "unrestricted", "developer", "transfer", "delete",
        "approve", "forward", "upload", "user", "rules", "mention", "answer", "message",
    }
)  # fmt: skip
# Only inside a run of single letters, where their borders would be lost with the blanks.
SHORT = frozenset(
    {
        "all", "any", "and", "the", "you", "your", "are", "now", "not", "tell",
        "send", "mode", "must", "from", "with", "this", "that", "have", "been",
    }
)  # fmt: skip
# Shorter ones, put together from two words, could be two words.
PAIRED = frozenset(word for word in WORDS if len(word) >= 6)
LETTERS_FOR_SIGNS = tuple(str.maketrans("@013457$!|", f"ao{one}eastsi{one}") for one in "il")

LETTER = r"[a-z0-9@$!|]"
APART = re.compile(rf"(?<!{LETTER}){LETTER}{{1,16}}(?:(?:-\n|[-._*~/+]{{1,2}}){LETTER}{{1,16}}){{1,20}}")
DISGUISED = re.compile(rf"(?<!{LETTER})(?=[a-z]{{0,12}}[013457@$!|])(?=[013457@$!|]{{0,12}}[a-z]){LETTER}{{5,16}}")
SEPARATORS = re.compile(r"[-._*~/+\n]")
SIGN_BEFORE_LETTER = re.compile(r"[013457@$!|][a-z]")
SPELLED = re.compile(r"(?<![a-z0-9])(?:[a-z0-9] {1,3}){4,}[a-z0-9](?![a-z0-9])")
BORDER = re.compile(r" {2,}")
KNOWN, LONG = (
    re.compile("|".join(sorted(words, key=lambda word: (-len(word), word)))) for words in (WORDS | SHORT, WORDS)
)
TOKEN = re.compile(r"\S+")


def rejoined(folded: Folded) -> Folded:
    """Return a folded, lower-case text with the words of ``WORDS`` in one piece. Linear in its length."""
    for changes in (spelled, apart, paired):
        found = list(changes(folded.text))
        folded = edited(folded, found) if found else folded
    return folded


def spelled(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield runs of single letters that hold a known word. Two blanks are a border; else the words tell where it is."""
    for run in SPELLED.finditer(text):
        words = [KNOWN.sub(r" \g<0> ", word.replace(" ", "")) for word in BORDER.split(run.group())]
        if any(" " in word for word in words):
            yield run.start(), run.end(), " ".join(words)


def apart(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield words with separators inside, or with digits and signs for letters."""
    done = 0
    disguised = DISGUISED.finditer(text) if SIGN_BEFORE_LETTER.search(text) else ()
    for found in sorted([*APART.finditer(text), *disguised], key=lambda found: found.start()):
        word = known(found.group())
        if word and found.start() >= done:
            yield found.start(), found.end(), word
            done = found.end()


def known(written: str) -> str:
    """Return what is meant where a known word is split or disguised, or ''."""
    parts = SEPARATORS.split(written)
    bare = "".join(parts)
    if bare in lexicon() and not lexicon().issuperset(filter(None, parts)):
        return bare
    readings = (bare, *(bare.translate(table) for table in LETTERS_FOR_SIGNS))
    for reading in readings:
        word = LONG.search(reading)
        if word and word.group() not in written:
            return KNOWN.sub(r" \g<0> ", reading)
    return ""


@cache
def lexicon() -> frozenset[str]:
    """Return the words that the text model knows."""
    return frozenset().union(*(head.words for head in shipped().heads.values()))


def paired(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield known words that are written as two."""
    words = text.split()
    if PAIRED.isdisjoint(map(add, words, words[1:])):
        return
    before, done = None, 0
    for token in TOKEN.finditer(text):
        word = before.group() + token.group() if before else ""
        if before and word in PAIRED and before.start() >= done:
            yield before.start(), token.end(), word
            done = token.end()
        before = token
