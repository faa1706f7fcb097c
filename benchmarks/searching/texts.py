"""A corpus with the words of real web pages, and claims that were made from some of its passages."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.judging import items
from evidence.passages import LEAST, MOST

SEED = 8
# Half of a passage's words are of one page, so that passages have topics and a claim has near misses.
OF_PAGE = 0.5


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim and the places of the passages that hold the sentences it was made from."""

    text: str
    gold: frozenset[int]


@dataclass(frozen=True, slots=True)
class Texts:
    """Passages as they stand on the pages, and their claims."""

    pages: tuple[tuple[str, ...], ...]
    passages: tuple[str, ...]
    claims: tuple[Claim, ...]


def read(folder: Path) -> Texts:
    """Return the web pages of WiCE dev as passages.

    Raises:
        DataError: the folder does not hold them.
    """
    path = folder / items.WICE
    pages, passages, claims = [], [], []
    for row in items.lines(path):
        sentences: list[str] = [str(sentence) for sentence in items.field(row, "evidence", path)]
        pages.append(tuple(sentences))
        places = []
        for sentence, new in zip(sentences, starts(sentences), strict=True):
            if new:
                passages.append(sentence)
            else:
                passages[-1] += f" {sentence}"
            places.append(len(passages) - 1)
        sets: list[list[int]] = items.field(row, "supporting_sentences", path)
        gold = frozenset(places[number] for numbers in sets for number in numbers)
        if gold:
            claims.append(Claim(str(items.field(row, "claim", path)), gold))
    return Texts(tuple(pages), tuple(passages), tuple(claims))


def starts(sentences: Sequence[str]) -> Iterator[bool]:
    """Yield for each sentence whether a passage begins with it: after LEAST characters, and before MOST."""
    size = MOST
    for sentence in sentences:
        new = size >= LEAST or size + len(sentence) > MOST
        yield new
        size = len(sentence) if new else size + 1 + len(sentence)


def resampled(texts: Texts, many: int) -> Iterator[str]:
    """Yield passages of words that are drawn from one page and from all, as often as they stand there."""
    chance: Any = random.Random(SEED)  # noqa: S311 - a benchmark
    words = [" ".join(page).split() for page in texts.pages]
    every = [word for page in words for word in page]
    lengths = [len(passage.split()) for passage in texts.passages]
    for _ in range(many):
        page = chance.choice(words)
        sources = [page if chance.random() < OF_PAGE else every for _ in range(chance.choice(lengths))]
        yield " ".join(chance.choice(source) for source in sources)
