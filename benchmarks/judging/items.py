"""Labelled claims as the gate gets them: read from a folder of public development data, none of which is kept here."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WICE = "wice_dev.jsonl"
FEVER = "fever_symmetric_dev.jsonl"
HALUEVAL = {"one-turn": "halueval_qa_one_turn_1_250.jsonl", "multi-turn": "halueval_qa_multi_turn_1_250.jsonl"}
TITLE = re.compile(r"\(meta data\) TITLE: (.+)")
# The data set joins sentences without a space ("century.First"), which no document does.
GLUED = re.compile(r"(?<=[a-z0-9)\"'][.!?])(?=[A-Z])")


class DataError(Exception):
    """The folder does not hold the development data in their published form."""


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled answer of one or a few statements, and the text it is to be judged by.

    Attributes:
        group: items of one group are not independent; they are never on both sides of a split.
        label: the data set's own word; ``supported`` is what it comes to.
        evidence: sentences or paragraphs of one document, in their order.
        gold: for the supported of WiCE, the sentences that support it; else as ``evidence``.
    """

    id: str
    group: str
    claim: str
    evidence: tuple[str, ...]
    supported: bool
    label: str
    title: str = ""
    context: str = ""
    gold: tuple[str, ...] = ()


def lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a file of JSON lines.

    Raises:
        DataError: the file is not there, or a line is no JSON object.
    """
    if not path.is_file():
        raise DataError(f"{path.name} is not in {path.parent}; name the folder that holds it with --data")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found = json.loads(line)
        except ValueError as error:
            raise DataError(f"line {number} of {path.name} is no JSON ({error}); fetch the file again") from error
        if not isinstance(found, dict):
            raise DataError(f"line {number} of {path.name} is a {type(found).__name__}, not an object; fetch it again")
        yield found


def field(row: Mapping[str, Any], name: str, path: Path) -> Any:  # noqa: ANN401 - what JSON holds
    """Return a field of a row.

    Raises:
        DataError: the row has none of this name.
    """
    if name not in row:
        raise DataError(f"a row of {path.name} has no {name!r}, only {', '.join(sorted(row))}; fetch the file again")
    return row[name]


def wice(folder: Path) -> tuple[Item, ...]:
    """Return the claims of WiCE dev, each with all sentences of its web pages."""
    path = folder / WICE
    return tuple(wice_item(row, number, path) for number, row in enumerate(lines(path)))


def wice_item(row: Mapping[str, Any], number: int, path: Path) -> Item:
    sentences = tuple(map(str, field(row, "evidence", path)))
    label = str(field(row, "label", path))
    sets: Sequence[Sequence[int]] = field(row, "supporting_sentences", path)
    title = TITLE.fullmatch(sentences[0]) if sentences else None
    return Item(
        id=f"wice-{number}",
        group=f"wice-{number}",
        claim=str(field(row, "claim", path)),
        evidence=sentences,
        supported=label == "supported",
        label=label,
        title=title[1] if title else "",
        gold=tuple(sentences[place] for place in sets[0]) if sets else sentences,
    )


def halueval(folder: Path) -> tuple[Item, ...]:
    """Return the right answers of HaluEval-QA and both kinds of hallucinated ones, each with its knowledge.

    The question is the context. An answer that is a fragment ("Delhi") stays one: so the gate gets it.
    """
    found: dict[str, Item] = {}
    for turn, name in HALUEVAL.items():
        path = folder / name
        for number, row in enumerate(lines(path)):
            for kind, label in (("right_answer", "right"), ("hallucinated_answer", turn)):
                item = answer(row, path, kind, id_=f"halueval-{number}-{label}", group=f"halueval-{number}")
                found.setdefault(item.id, item)
    return tuple(found.values())


def answer(row: Mapping[str, Any], path: Path, kind: str, *, id_: str, group: str) -> Item:
    return Item(
        id=id_,
        group=group,
        claim=str(field(row, kind, path)),
        evidence=tuple(GLUED.split(str(field(row, "knowledge", path)))),
        supported=kind == "right_answer",
        label=id_.removeprefix(f"{group}-"),
        context=str(field(row, "question", path)),
    )


def fever(folder: Path) -> tuple[Item, ...]:
    """Return the pairs of FeverSymmetric dev; those that share a claim or an evidence are one group."""
    path = folder / FEVER
    rows = [(str(field(row, "claim", path)), str(field(row, "evidence", path)), row) for row in lines(path)]
    groups = linked([(claim, evidence) for claim, evidence, _ in rows])
    return tuple(
        Item(
            id=f"fever-{number}",
            group=f"fever-{groups[number]}",
            claim=claim,
            evidence=(evidence,),
            supported=field(row, "label", path) == "SUPPORTS",
            label=str(field(row, "label", path)),
        )
        for number, (claim, evidence, row) in enumerate(rows)
    )


def linked(pairs: Sequence[tuple[str, str]]) -> list[int]:
    """Return a group number for each pair; pairs with the same left or the same right text are in one group."""
    group = list(range(len(pairs)))

    def root(place: int) -> int:
        while group[place] != place:
            place = group[place]
        return place

    seen: dict[tuple[int, str], int] = {}
    for place, pair in enumerate(pairs):
        for text in enumerate(pair):
            group[root(place)] = root(seen.setdefault(text, place))
    return [root(place) for place in range(len(pairs))]
