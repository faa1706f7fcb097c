"""Verifiers by name: built-in ones, and those of other packages by the entry point group ``prometheus.verifiers``.

Nothing is imported before a name is asked for. What a name stands for is called with the settings, and returns a
Verifier; it may read files, and opens no connection before it is asked about a claim.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from evidence.verifying import Verifier

GROUP = "prometheus.verifiers"
ID_LIMIT = 60
NAME = "PROMETHEUS_VERIFIER"

Maker = Callable[[Mapping[str, str]], Verifier]


class NoVerifier(ValueError):
    """A verifier that cannot be had; the message says which, why, and what to do."""


def made(settings: Mapping[str, str], *, built_in: Mapping[str, str]) -> Verifier | None:
    """Return the verifier that the settings name; None where they name none.

    Args:
        settings: PROMETHEUS_VERIFIER, and whatever else that verifier reads.
        built_in: names with what makes each, written as an entry point is: ``module:function``.

    Raises:
        NoVerifier: the name is unknown or said twice, or what it stands for cannot be loaded or used.
    """
    name = settings.get(NAME, "")
    if not name:
        return None
    point = chosen(name, built_in=built_in)
    try:
        found = point.load()(settings)
    except ValueError as error:
        # What a maker says of a setting: its own words, which hold no secret.
        raise NoVerifier(f"{NAME} is {name!r}, which cannot be used: {error}") from error
    except Exception as error:  # A plug-in is a border: whatever it raises is told.
        raise NoVerifier(
            f"{NAME} is {name!r}, and {point.value} raised {type(error).__name__}; mend the package, or name another"
        ) from error
    return checked(found, point)


def chosen(name: str, *, built_in: Mapping[str, str]) -> EntryPoint:
    others = list(entry_points(group=GROUP))
    points = [EntryPoint(known, value, GROUP) for known, value in built_in.items()] + others
    found = [point for point in points if point.name == name]
    if not found:
        known = ", ".join(sorted({point.name for point in points})) or "none"
        raise NoVerifier(f"{NAME} is {name[:60]!r}; use one of those that are installed: {known}")
    if len(found) > 1:
        values = ", ".join(point.value for point in found)
        raise NoVerifier(f"{NAME} is {name!r}, which {values} all call themselves; uninstall all but one")
    return found[0]


def checked(found: object, point: EntryPoint) -> Verifier:
    verifier = getattr(found, "id", None)
    if (
        not isinstance(verifier, str)
        or not 0 < len(verifier) <= ID_LIMIT
        or not callable(getattr(found, "align", None))
    ):
        raise NoVerifier(
            f"{NAME} is {point.name!r}, and {point.value} returned no verifier: it needs align() and an id of 1 to "
            f"{ID_LIMIT} characters"
        )
    return found  # type: ignore[return-value]
