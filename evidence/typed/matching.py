"""Which word of a claim is which word of a sentence, and what stands in the place of the words that are not found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.lexicon import DEMONYM_ENDINGS
from evidence.language.reading import FULL, HALF, READINGS_KEPT, Reading

STEM_LETTERS = 5
# Two forms of one word begin with the same letters, so many at least.
BEGINNING = 3
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
        slots: missing word -> the first and last-plus-one source word between the pairs to its left and right.
    """

    claim: Reading
    source: Reading
    pairs: dict[int, int]
    back: dict[int, int]
    missing: tuple[int, ...]
    slots: dict[int, tuple[int, int]]

    def spare(self, place: int) -> bool:
        return place not in self.back

    def found(self, token: int) -> int | None:
        """Return the source token that is paired with a claim token."""
        place = self.claim.word_at.get(token)
        pair = self.pairs.get(place) if place is not None else None
        return self.source.words[pair].at if pair is not None else None


@dataclass(frozen=True, slots=True)
class Forms:
    """Where in a reading other forms of a word can stand, by places among the words.

    Attributes:
        beginnings: how each word's key begins.
        places: how keys begin -> the words whose keys begin so.
        acronyms: the words that may be written for several.
    """

    beginnings: tuple[str, ...]
    places: dict[str, list[int]]
    acronyms: tuple[int, ...]


@lru_cache(maxsize=READINGS_KEPT)
def forms(reading: Reading) -> Forms:
    beginnings = tuple(word.key[:BEGINNING] for word in reading.words)
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, beginning in enumerate(beginnings):
        places[beginning].append(place)
    acronyms = tuple(place for place, at in enumerate(reading.starts) if is_acronym(reading.tokens[at].text))
    return Forms(beginnings, dict(places), acronyms)


def match(claim: Reading, source: Reading) -> Matching:
    """Pair the words of a claim with those of a sentence: by key, then by likeness; beside their neighbours' pairs."""
    pairs = dict(only(claim, source))
    back = {at: place for place, at in pairs.items()}
    ahead = following(pairs, end=len(claim.words))
    expected: int | None = None
    unfound = []
    for place, word in enumerate(claim.words):
        best = pairs.get(place)
        if best is None:
            right = ahead[place]
            beside = [expected] if expected is not None else []
            beside += [pairs[right] - (right - place)] if right is not None else []
            best = nearest(source.places.get(word.key, ()), back, beside)
        if best is None:
            unfound.append(place)
        else:
            pairs[place], back[best] = best, place
            expected = best + 1
    for place, likely in likenesses(claim, unfound[:LIKENED], source):
        found = alike(claim, place, source, [at for at in likely if at not in back]) if place not in pairs else None
        if found is not None:
            pair_up(claim, place, source, found, pairs=pairs, back=back)
    missing = tuple([place for place in unfound if place not in pairs])
    return Matching(claim, source, pairs, back, missing, slots(missing, pairs, back, end=len(source.words)))


def only(claim: Reading, source: Reading) -> Iterator[tuple[int, int]]:
    """Yield the words that stand once on each side, with each other."""
    for key, places in claim.places.items():
        there = source.places.get(key, ())
        if len(places) == 1 == len(there):
            yield places[0], there[0]


def following(pairs: Mapping[int, int], *, end: int) -> list[int | None]:
    """Return for each of ``end`` words the next one that has a pair."""
    found: list[int | None] = [None] * end
    near = None
    for place in range(end - 1, -1, -1):
        found[place] = near
        near = place if place in pairs else near
    return found


def nearest(places: Iterable[int], used: Mapping[int, int], expected: Sequence[int]) -> int | None:
    """Return the free place nearest to where one of its neighbours expects it; None when none is free."""
    free = [at for at in places if at not in used]
    return min(free, key=lambda at: min((abs(at - one) for one in expected), default=0), default=None)


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


def likenesses(claim: Reading, places: Iterable[int], source: Reading) -> Iterator[tuple[int, Iterable[int]]]:
    """Yield claim words with the source words that can be other forms of them at all, in order."""
    ours, theirs = forms(claim), forms(source)
    for place in places:
        if place in ours.acronyms:
            yield place, range(len(source.words))
        elif theirs.acronyms:
            yield place, sorted({*theirs.acronyms, *theirs.places.get(ours.beginnings[place], ())})
        elif ours.beginnings[place] in theirs.places:
            yield place, theirs.places[ours.beginnings[place]]


def alike(claim: Reading, place: int, source: Reading, likely: Iterable[int]) -> int | None:
    """Return the first of the likely source words that is another form of a claim's word; None when none is."""
    word = claim.words[place]
    for at in likely:
        if (
            kin(word.key, source.words[at].key)
            or spells_at(claim, place, source, at)
            or spells_at(source, at, claim, place)
        ):
            return at
    return None


def kin(one: str, other: str) -> bool:
    """Tell whether two keys are forms of one word, such as Libya and Libyan, haematology and haematologist."""
    if one[:BEGINNING] != other[:BEGINNING]:
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


def is_acronym(letters: str) -> bool:
    return 2 <= len(letters) <= 6 and letters.isupper() and letters.isalpha()


def spells(letters: str, reading: Reading, place: int) -> bool:
    if not is_acronym(letters):
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
    low, high = matching.slots[place]
    if high - low > SLOT:
        return None
    least = HALF if light else FULL
    for at in range(low, high):
        if at not in matching.back and matching.source.weights[at] >= least:
            return at
    return None


def slots(
    missing: Sequence[int], pairs: dict[int, int], back: dict[int, int], *, end: int
) -> dict[int, tuple[int, int]]:
    """Return the slot of each missing word, of ``end`` source words; neighbours have the same."""
    found: dict[int, tuple[int, int]] = {}
    for place in missing:
        if place - 1 in found:
            found[place] = found[place - 1]
            continue
        after = place + 1
        while after <= missing[-1] and after not in pairs:
            after += 1
        found[place] = slot(pairs.get(place - 1), pairs.get(after), back, end=end)
    return found


def slot(left: int | None, right: int | None, back: dict[int, int], *, end: int) -> tuple[int, int]:
    """Return the range of source words between two pairs; spare ones beside the only pair; empty without any."""
    if left is not None and right is not None:
        return left + 1, right
    if right is not None:
        low = right
        while low > max(0, right - SLOT) and low - 1 not in back:
            low -= 1
        return low, right
    if left is None:
        return 0, 0
    high = left + 1
    while high < min(end, left + 1 + SLOT) and high not in back:
        high += 1
    return left + 1, high
