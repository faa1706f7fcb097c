"""Keyset paging without a count: a page stays where it is while rows arrive, and none costs more than a window."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from audit.errors import Invalid

Row = TypeVar("Row", bound=Model)

LIMIT = 50
# A rare value in a filter must not cost a scan of a million rows: so many are looked at for one page, no more.
WINDOW = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """Between which rows a page begins: the last row before it."""

    at: dt.datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"


def place_in(text: str) -> Place | None:
    """Return the place that an address names.

    Raises:
        Invalid: it is none that we wrote.
    """
    if not text:
        return None
    at, _, id_ = text.partition("~")
    try:
        when = dt.datetime.fromisoformat(at)
        return Place(when if when.tzinfo else when.replace(tzinfo=dt.UTC), UUID(id_))
    except ValueError as error:
        raise Invalid(f"after is {text[:60]!r}, which is no place in a list; begin again without it") from error


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, the place of the page after them, and how far back was looked when a filter left the page short."""

    rows: tuple[Row, ...]
    next: str
    looked_back_to: dt.datetime | None


def page(
    rows: QuerySet[Row],
    *,
    after: Place | None,
    column: str,
    filters: Mapping[str, Any],
    descending: bool = True,
) -> Page[Row]:
    """Return one page of ``rows`` in the order of ``column`` and id.

    Args:
        rows: what an index in that order covers.
        filters: what no index covers: looked for in the next ``WINDOW`` rows only.
    """
    sign, side = ("-", "lt") if descending else ("", "gt")
    ordered = rows.order_by(f"{sign}{column}", f"{sign}id")
    if after is not None:
        # The first condition is what the index can use; the second leaves out the rows of the same instant.
        later = Q(**{f"{column}__{side}": after.at}) | Q(**{f"id__{side}": after.id})
        ordered = ordered.filter(later, **{f"{column}__{side}e": after.at})
    edge = ordered.values_list(column, "pk")[WINDOW - 1 : WINDOW].first() if filters else None
    wanted = ordered.filter(**filters)
    if edge is not None:
        # A range of the index, as above: the first condition bounds it, the second is about rows of the edge's instant.
        onward = "gt" if descending else "lt"
        until = Q(**{f"{column}__{onward}": edge[0]}) | Q(**{f"id__{onward}e": edge[1]})
        wanted = wanted.filter(until, **{f"{column}__{onward}e": edge[0]})
    found = list(wanted[: LIMIT + 1])
    if len(found) > LIMIT:
        last = found[LIMIT - 1]
        return Page(tuple(found[:LIMIT]), str(Place(getattr(last, column), last.pk)), None)
    return Page(tuple(found), str(Place(*edge)) if edge else "", edge[0] if edge else None)
