"""What is asked: two requests of the demonstration that end without a person's word, against its corpus."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEMO = Path(__file__).resolve().parent.parent / "deploy/demo"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request: where it is sent, and what must become of it."""

    name: str
    path: str
    body: Mapping[str, Any]
    decision: str

    @property
    def item(self) -> dict[str, Any]:
        """Return it as one of a batch."""
        return {"kind": self.name.upper(), **self.body}


def cases() -> list[Case]:
    """Return a question (quoted from passages, without a model) and an answer of six claims, two of them wrong."""
    known = {case["id"]: case for case in json.loads((DEMO / "requests.json").read_text(encoding="utf-8"))}
    asked = ("question", "/api/v1/runs", known["a"]), ("verify", "/api/v1/verify", known["b"])
    return [
        Case(
            name,
            path,
            {field: case[field] for field in ("question", "answer") if field in case},
            case["expected"]["decision"],
        )
        for name, path, case in asked
    ]
