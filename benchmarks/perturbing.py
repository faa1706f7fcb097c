"""True claims changed in one detail, class by class: python -m benchmarks.perturbing --data FOLDER --show CLASS N.

Fifteen of each class were read beside their evidence: at most one of a class is no error. Many would strike a reader as
odd ("BBC airs on Poldark"), which no measure here makes use of. The same folder gives the same suite.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from benchmarks.judging import items, lists
from benchmarks.judging.edits import CLASSES, Base, Change, tail_of
from benchmarks.judging.items import Item
from benchmarks.judging.names import Name, names_in
from evidence.language.lexicon import ANTONYMS, CONTRARIES

SEED = 7
WANTED = 120  # of a class: where people's claims give fewer, sentences of the documents are quoted and changed
A_BASE = 2  # changes of one class of one claim
A_DOCUMENT = 2  # sentences quoted from one document
AROUND = 2  # sentences on either side of a quoted one
SENTENCE = range(8, 36)  # words of a quoted sentence


@dataclass(frozen=True, slots=True)
class Perturbed:
    """A changed claim as an item that is not supported; ``quoted``: its base is a sentence of the evidence itself."""

    kind: str
    change: Change
    base: Item
    quoted: bool = False

    @property
    def item(self) -> Item:
        return replace(
            self.base, id=f"{self.base.id}/{self.kind}", claim=self.change.text, supported=False, label=self.kind
        )


@dataclass(frozen=True, slots=True)
class Suite:
    """Claims as they are, all supported, and what was made of them."""

    unchanged: tuple[Item, ...]
    changed: tuple[Perturbed, ...]

    def of(self, kind: str) -> list[Perturbed]:
        return [one for one in self.changed if one.kind == kind]


def bases(folder: Path) -> tuple[Item, ...]:
    """Return the supported claims of people: WiCE with the sentences that support them, FeverSymmetric as it is."""
    of_wice = [replace(item, evidence=item.gold) for item in items.wice(folder) if item.supported]
    return (*of_wice, *(item for item in items.fever(folder) if item.supported))


def quoted(folder: Path) -> Iterator[Item]:
    """Yield sentences of the documents of WiCE as claims, each with the sentences around it as its evidence."""
    for item in items.wice(folder):
        dice = random.Random(f"{SEED}:{item.id}")  # noqa: S311 - repeatable, not secret
        fitting = [place for place, text in enumerate(item.evidence) if is_sentence(text)]
        for place in sorted(dice.sample(fitting, k=min(A_DOCUMENT * 8, len(fitting)))):
            evidence = item.evidence[max(0, place - AROUND) : place + AROUND + 1]
            yield replace(
                item,
                id=f"{item.id}-quoted-{place}",
                claim=item.evidence[place],
                evidence=evidence,
                supported=True,
                label="quoted",
            )


def is_sentence(text: str) -> bool:
    return len(text.split()) in SENTENCE and text[0].isupper() and text.endswith(".") and '"' not in text


def suite(folder: Path) -> Suite:
    """Return the claims of a folder and their changes: the same folder gives the same suite."""
    unchanged = bases(folder)
    foreign = tuple(name for item in unchanged for name in names_in(item.claim))
    tails = tuple(tail for item in unchanged for tail in [tail_of(item.claim)] if tail)
    known = {plain(item.claim) for item in unchanged}
    sentences = list(quoted(folder))
    changed: list[Perturbed] = []
    for kind in CLASSES:
        found = list(made(kind, unchanged, foreign, tails, known))
        more = made(kind, sentences, foreign, tails, known, quotes=True) if len(found) < WANTED else iter(())
        changed += [*found, *islice(more, max(0, WANTED - len(found)))]
    return Suite(unchanged, tuple(changed))


def made(
    kind: str,
    found: Sequence[Item],
    foreign: tuple[Name, ...],
    tails: tuple[str, ...],
    known: set[str],
    *,
    quotes: bool = False,
) -> Iterator[Perturbed]:
    """Yield the changes of one class without those that say what another claim or the evidence says."""
    for item in found:
        base = Base(item.claim, " ".join(item.evidence), foreign, tails)
        dice = random.Random(f"{SEED}:{kind}:{item.id}")  # noqa: S311 - repeatable, not secret
        fitting = (change for change in CLASSES[kind](base, dice) if is_edit(change, base, known))
        yield from (Perturbed(kind, change, item, quotes) for change in islice(fitting, 1 if quotes else A_BASE))


def is_edit(change: Change, base: Base, known: set[str]) -> bool:
    """Tell whether a change says what neither the evidence nor another supported claim says in these words."""
    text = plain(change.text)
    return text not in known and text != plain(base.claim) and text not in plain(base.evidence)


def plain(text: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in text.casefold()).split())


def overlap() -> tuple[int, int]:
    """Return how many of the words that antonyms are made of the gate's own lexicon knows, and how many there are."""
    own = {word for old in lists.OPPOSITES for word in old.split()}
    return len(own & (ANTONYMS.keys() | CONTRARIES.keys())), len(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the development data")
    parser.add_argument("--show", nargs=2, metavar=("CLASS", "N"), help="print N items of a class to check by hand")
    asked = parser.parse_args()
    found = suite(asked.data)
    if asked.show is None:
        counted(found)
    else:
        show(found, asked.show[0], int(asked.show[1]))


def counted(found: Suite) -> None:
    quotes = Counter(one.kind for one in found.changed if one.quoted)
    print(f"unchanged: {len(found.unchanged)}")
    for kind, number in Counter(one.kind for one in found.changed).items():
        print(f"{kind}: {number}, of quoted sentences {quotes[kind]}")
    known, all_ = overlap()
    print(f"opposites: {all_} words, of which the lexicon has {known}")


def show(found: Suite, kind: str, number: int) -> None:
    if kind not in CLASSES:
        sys.exit(f"perturbing: {kind!r} is no class; there are {', '.join(map(repr, CLASSES))}")
    fitting = found.of(kind)
    chosen = random.Random(SEED).sample(fitting, k=min(number, len(fitting)))  # noqa: S311 - repeatable, not secret
    for one in chosen:
        print(f"{one.base.id}: {one.change.was!r} -> {one.change.now!r}")
        print(f"  was: {one.base.claim}\n  now: {one.change.text}\n  evidence: {' '.join(one.base.evidence)[:400]}\n")


if __name__ == "__main__":
    main()
