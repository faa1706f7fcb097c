"""Which word of a claim is which word of a sentence, and what stands in the place of the words that are not found."""

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.language.lexicon import DEMONYM_ENDINGS
from evidence.language.reading import FULL, HALF, Reading, Word

STEM_LETTERS = 5
SLOT = 4
# A claim that misses more words than this is not about the sentence; their other forms are not looked for.
LIKENED = 30


@dataclass(frozen=True, slots=True)
class Matching:
    """Words of a claim paired with words of a sentence, by their places among the words.

    Attributes:
        pairs: claim word -> source word.
        back: source word -> claim word.
        missing: claim words without a pair, in order.
    """

    claim: Reading
    source: Reading
    pairs: dict[int, int]
    back: dict[int, int]
    missing: tuple[int, ...]

    def spare(self, place: int) -> bool:
        return place not in self.back

    def found(self, token: int) -> int | None:
        """Return the source token that is paired with a claim token."""
        place = place_of(self.claim.words, token)
        pair = self.pairs.get(place) if place is not None else None
        return self.source.words[pair].at if pair is not None else None


def place_of(words: tuple[Word, ...], token: int) -> int | None:
    """Return the place of the word that is token ``token``, by bisection."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if words[middle].at < token else (low, middle)
    return low if low < len(words) and words[low].at == token else None


def match(claim: Reading, source: Reading) -> Matching:
    """Pair the words of a claim with those of a sentence: by key, then by likeness; in order where it can be."""
    pairs: dict[int, int] = {}
    back: dict[int, int] = {}
    expected = 0
    for place, word in enumerate(claim.words):
        free = [at for at in source.places.get(word.key, ()) if at not in back]
        if free:
            best = min(free, key=lambda at: abs(at - expected))
            pairs[place], back[best] = best, place
            expected = best + 1
    for place in [place for place in range(len(claim.words)) if place not in pairs][:LIKENED]:
        found = next(alike(claim, place, source, back), None) if place not in pairs else None
        if found is not None:
            pair_up(claim, place, source, found, pairs=pairs, back=back)
    missing = tuple(place for place in range(len(claim.words)) if place not in pairs)
    return Matching(claim, source, pairs, back, missing)


def pair_up(
    claim: Reading, place: int, source: Reading, at: int, *, pairs: dict[int, int], back: dict[int, int]
) -> None:
    """Add a pair; an acronym is a pair of each of the words it is made of."""
    ours = len(source.tokens[source.words[at].at].text) if spells_at(source, at, claim, place) else 1
    theirs = len(claim.tokens[claim.words[place].at].text) if spells_at(claim, place, source, at) else 1
    for step in range(ours):
        pairs.setdefault(place + step, at)
    for step in range(theirs):
        back.setdefault(at + step, place)


def alike(claim: Reading, place: int, source: Reading, used: dict[int, int]) -> Iterator[int]:
    """Yield the free source words that are another form of a claim's word."""
    word = claim.words[place]
    for at, other in enumerate(source.words):
        if at not in used and (
            kin(word.key, other.key) or spells_at(claim, place, source, at) or spells_at(source, at, claim, place)
        ):
            yield at


def kin(one: str, other: str) -> bool:
    """Tell whether two keys are forms of one word, such as Libya and Libyan, haematology and haematologist."""
    if one[:3] != other[:3]:
        return False
    short, long = sorted((one, other), key=len)
    if len(short) >= 4 and long.startswith(short[:-1]) and demonym(short, long):
        return True
    common = 0
    while common < len(short) and short[common] == long[common]:
        common += 1
    return common >= max(STEM_LETTERS, len(short) - 1) and len(long) - common <= 4


def demonym(short: str, long: str) -> bool:
    return (
        long[len(short) :] in DEMONYM_ENDINGS if long.startswith(short) else long[len(short) - 1 :] in DEMONYM_ENDINGS
    )


def spells_at(short: Reading, place: int, long: Reading, at: int) -> bool:
    """Tell whether one word is written as the first letters of the words that begin at a place of the other."""
    return spells(short.tokens[short.words[place].at].text, long, at)


def spells(letters: str, reading: Reading, place: int) -> bool:
    if not (2 <= len(letters) <= 6 and letters.isupper() and letters.isalpha()):
        return False
    words = reading.words[place : place + len(letters)]
    return len(words) == len(letters) and all(
        reading.tokens[word.at].text[0].upper() == letter for word, letter in zip(words, letters, strict=True)
    )


def replaced(matching: Matching, place: int, *, light: bool = False) -> int | None:
    """Return the source word that stands where a missing word of the claim would stand; None when none does.

    The missing words between two pairs are held against the spare words between the same two in the source. Light
    words replace only where ``light`` says so.
    """
    low, high = slot(matching, place)
    if high - low > SLOT:
        return None
    least = HALF if light else FULL
    spare = (at for at in range(low, high) if matching.spare(at) and matching.source.words[at].weight >= least)
    return next(spare, None)


def slot(matching: Matching, place: int) -> tuple[int, int]:
    """Return the range of source words between the pairs to the left and right of a missing word; empty without any."""
    pairs = matching.pairs
    left = next((pairs[at] for at in range(place - 1, -1, -1) if at in pairs), None)
    right = next((pairs[at] for at in range(place + 1, len(matching.claim.words)) if at in pairs), None)
    if left is not None and right is not None:
        return left + 1, right
    if right is not None:
        low = right
        while low > max(0, right - SLOT) and matching.spare(low - 1):
            low -= 1
        return low, right
    high = low = left + 1 if left is not None else 0
    while left is not None and high < min(len(matching.source.words), low + SLOT) and matching.spare(high):
        high += 1
    return low, high
