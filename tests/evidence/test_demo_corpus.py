"""The demonstration corpus through the pure gate: what the demo promises must come out of its own material."""

import json
from itertools import chain
from pathlib import Path

import pytest
import yaml

from audit.stakes import Stakes
from evidence.claims import split
from evidence.gate import DEFAULT_POLICY, GateReport, JudgedClaim, Outcome, Reason, Verdict, judge
from evidence.passages import Passage, cut, read
from evidence.ranking import rank

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
REQUESTS = {request["id"]: request for request in json.loads((DEMO / "requests.json").read_text(encoding="utf-8"))}
FILES = tuple(sorted((DEMO / "corpus").glob("*.md")))


def front_matter(path: Path) -> tuple[dict[str, object], str]:
    _, head, body = read(path.read_bytes()).split("---\n", 2)
    return yaml.safe_load(head), body.strip()


def passages_of(path: Path) -> tuple[Passage, ...]:
    head, body = front_matter(path)
    return tuple(
        Passage(
            id=f"{path.name}#{ordinal}",
            source=str(head["source"]),
            text=piece.text,
            sha256=piece.sha256,
            trusted=head["trust"] == "trusted",
            title=str(head["title"]),
        )
        for ordinal, piece in enumerate(cut(body))
    )


@pytest.fixture(scope="module")
def corpus() -> tuple[Passage, ...]:
    return tuple(chain.from_iterable(passages_of(path) for path in FILES))


def judged(answer: str, corpus: tuple[Passage, ...], *, question: str = "") -> GateReport:
    return judge(split(answer), corpus, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY, context=question)


@pytest.fixture(scope="module")
def verified(corpus: tuple[Passage, ...]) -> tuple[JudgedClaim, ...]:
    request = REQUESTS["b"]
    return judged(request["answer"], corpus, question=request["question"]).claims


def documents(found: tuple[Passage, ...]) -> list[str]:
    return [passage.id.split("#")[0] for passage in found]
