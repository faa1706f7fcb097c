"""JSON documents as text: every string, number and boolean in a line with its key, below the path of what holds it."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from evidence.documents.sheet import Sheet, one_line, plain
from evidence.passages import DocumentError

VERSION = "json/1"
DEPTH_LIMIT = 64
# A longer string, or one of several lines, stands below its own path instead of in a line.
LINE = 300
Path = tuple[str, ...]


class Number(str):
    """A number as it is written: 12.0 stays 12.0."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """The members of an object in their order; a name that is there twice is kept twice, for both were said."""


def text_of(text: str) -> str:
    """Return the document's leaves as Markdown: a heading for each path, "- dose_mg: 12" for each leaf; null is none.

    Raises:
        DocumentError: it is not JSON (RFC 8259), or nested deeper than DEPTH_LIMIT.
        DocumentTooLarge: its text is too long.
    """
    sheet = Sheet()
    write((), parsed(text), sheet)
    return sheet.text()


def parsed(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=refused, object_pairs_hook=Members)
    except json.JSONDecodeError as error:
        raise DocumentError(f"line {error.lineno} of the document is not JSON; mend it or send it as text") from error
    except RecursionError as error:
        raise too_deep() from error


def refused(name: str) -> NoReturn:
    raise DocumentError(f"the document holds {name}, which is not JSON (RFC 8259); write a number or null")


def too_deep() -> DocumentError:
    return DocumentError(f"the JSON is nested over {DEPTH_LIMIT} deep; flatten it")


def write(path: Path, value: Any, sheet: Sheet) -> None:  # noqa: ANN401
    """Write the leaves that stand directly in a value, then what is inside each of the others."""
    if len(path) > DEPTH_LIMIT:
        raise too_deep()
    members = list(members_of(value))
    headed = False
    for key, leaf in members:
        if isinstance(leaf, bool | str) and not is_long(leaf):
            if path and not headed:
                sheet.add(f"# {named(path)}")
            label = f"{plain(one_line(key))}: " if key and not key.startswith("[") else ""
            sheet.add(f"- {label}{line_of(leaf)}", tight=headed)
            headed = True
    for key, inner in members:
        below = (*path, key) if key else path
        if is_long(inner):
            sheet.add(f"# {named(below)}")
            sheet.add(plain(inner))
        elif isinstance(inner, list):
            write(below, inner, sheet)


def members_of(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    if isinstance(value, Members):
        yield from value
    elif isinstance(value, list):
        yield from ((f"[{place}]", item) for place, item in enumerate(value))
    else:
        yield "", value


def is_long(value: object) -> bool:
    return isinstance(value, str) and (len(value) > LINE or "\n" in value.strip())


def line_of(leaf: bool | str) -> str:
    return plain(one_line(leaf)) if isinstance(leaf, str) else str(leaf).lower()


def named(path: Path) -> str:
    """Return a path as people write it: drugs[0].dose."""
    joined = "".join(part if part.startswith("[") else f".{part}" for part in path)
    return plain(one_line(joined.removeprefix("."))) or "document"
