"""What a benchmark measured, kept as JSON beside the command that made it; the report reads these files."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside what was to be reached.

    Attributes:
        what: the quantity, in words that need no context.
        value: as measured; ``unit`` says of what ("ms", "x", "MB", "runs/s").
        goal: the budget in words, e.g. "< 50 ms", or "" where there is none.
        met: whether the goal is reached; None without a goal.
        note: how it was measured, in one line: samples, threads, the peer.
    """

    what: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    note: str = ""


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processors, Python, the load before the measurement."""
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
    }


def save(name: str, figures: Sequence[Figure], *, command: str, details: dict[str, Any] | None = None) -> Path:
    """Keep the figures of one benchmark, and whatever tables and curves go with them; return the file."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    document = {
        "command": command,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "figures": [asdict(figure) for figure in figures],
        "details": details or {},
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
