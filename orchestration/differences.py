"""What differs between two JSON documents: which places were added, removed or changed, each by its JSON path."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

NAME_LIMIT = 120


class How(StrEnum):
    """In which way a place differs."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs. ``path`` is a JSON path (RFC 9535) such as ``$.claims[0].text``."""

    path: str
    how: How
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes up to a limit; ``complete`` tells whether there were no more."""

    changes: tuple[Change, ...]
    complete: bool


def difference(before: Mapping[str, Any], after: Mapping[str, Any], *, limit: int = 500) -> Difference:
    """Return what differs between two documents, in the order of their names."""
    changes = tuple(islice(compare(before, after), limit + 1))
    return Difference(changes[:limit], len(changes) <= limit)


def compare(before: Any, after: Any, path: str = "$") -> Iterator[Change]:  # noqa: ANN401 - any JSON value
    """Yield every place below ``path`` where two values differ. True is not 1, and 1 is not 1.0."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from compare_objects(before, after, path)
    elif is_list(before) and is_list(after):
        yield from compare_lists(before, after, path)
    elif (type(before), before) != (type(after), after):
        yield Change(path, How.CHANGED, before, after)


def is_list(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def compare_objects(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    for name in sorted({*before, *after}, key=str):
        here = path + step(str(name))
        if name not in before:
            yield Change(here, How.ADDED, after=after[name])
        elif name not in after:
            yield Change(here, How.REMOVED, before=before[name])
        else:
            yield from compare(before[name], after[name], here)


def compare_lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Change]:
    shared = min(len(before), len(after))
    for index in range(shared):
        yield from compare(before[index], after[index], f"{path}[{index}]")
    for index in range(shared, len(after)):
        yield Change(f"{path}[{index}]", How.ADDED, after=after[index])
    for index in range(shared, len(before)):
        yield Change(f"{path}[{index}]", How.REMOVED, before=before[index])


def step(name: str) -> str:
    """Return a name as one step of a path, quoted unless it is a plain word."""
    short = name if len(name) <= NAME_LIMIT else f"{name[:NAME_LIMIT]}…"
    return f".{short}" if short.isidentifier() else f"[{json.dumps(short, ensure_ascii=False)}]"
