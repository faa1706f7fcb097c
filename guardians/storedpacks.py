"""Policy packs made anew from the canonical content that is kept of them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from guardians.packfile import PackError
from guardians.packs import PackSet, load

DAYS = ("review_due", "effective_from", "effective_to", "reviewed_on")


def assembled(contents: Mapping[str, Any]) -> PackSet:
    """Return packs together, by the way that all packs take: as files, checked and compiled.

    Raises:
        PackError: something kept is no pack, or does not compile.
    """
    with TemporaryDirectory() as folder:
        for number, content in enumerate(contents.values()):
            text = yaml.safe_dump(with_days(content), allow_unicode=True, sort_keys=False)
            (Path(folder) / f"{number}.yaml").write_text(text, encoding="utf-8")
        return load(Path(folder))


def with_days(value: Any) -> Any:  # noqa: ANN401 - any part of a parsed document
    """Return a document with its days as days: JSON has none."""
    match value:
        case Mapping():
            return {name: day(item) if name in DAYS else with_days(item) for name, item in value.items()}
        case list():
            return [with_days(item) for item in value]
        case _:
            return value


def day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as error:
        raise PackError(f"{str(value)[:40]!r} is kept as a day and is none") from error
