"""Guardians of other packages by name, through the entry point group ``prometheus.guardians``.

Nothing is imported before a name is asked for. What a name stands for is called with the settings, and returns a
``Guardian`` (``guardians.guest`` says what else it may have).
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points

from guardians.guest import NAME, Absent, Guest, guest

GROUP = "prometheus.guardians"
SETTING = "PROMETHEUS_GUARDIANS"
BUILT_IN = ("safety", "privacy", "compliance")


class NoGuardian(ValueError):
    """A guardian that cannot be had; the message says which, why, and what to do."""


def made(name: str, settings: Mapping[str, str], *, seconds: float) -> Guest:
    """Return the guardian with this name.

    Args:
        settings: what the guardian may read, by name.
        seconds: the site's deadline.

    Raises:
        NoGuardian: the name is unknown or said twice, or what it stands for cannot be loaded or is no guardian.
    """
    point = chosen(name)
    try:
        return guest(point.load()(settings), name=name, seconds=seconds)
    except ValueError as error:
        # What a maker says of a setting, and what we say of a guest: words that hold no secret.
        raise NoGuardian(f"{SETTING} names {name!r}, which cannot be used: {error}") from error
    except Exception as error:  # A plug-in is a border: whatever it raises is told.
        raise NoGuardian(
            f"{SETTING} names {name!r}, and {point.value} raised {type(error).__name__}; mend the package, or leave "
            f"the name out"
        ) from error


def chosen(name: str) -> EntryPoint:
    points = [point for point in entry_points(group=GROUP) if point.name not in BUILT_IN]
    found = [point for point in points if point.name == name]
    if not found or not NAME.fullmatch(name):
        known = ", ".join(sorted({point.name for point in points})) or "none"
        raise NoGuardian(f"{SETTING} names {name[:60]!r}; use those that are installed: {known}")
    if len(found) > 1:
        values = ", ".join(point.value for point in found)
        raise NoGuardian(f"{SETTING} names {name!r}, which {values} all call themselves; uninstall all but one")
    return found[0]


def seated(names: Sequence[str], settings: Mapping[str, str], *, seconds: float) -> tuple[Guest | Absent, ...]:
    """Return each named guardian; one that cannot be had is there all the same, and abstains."""
    return tuple(had(name, settings, seconds=seconds) for name in dict.fromkeys(names))


def had(name: str, settings: Mapping[str, str], *, seconds: float) -> Guest | Absent:
    try:
        return made(name, settings, seconds=seconds)
    except NoGuardian:
        # Its message may quote settings; `manage.py check --deploy` shows it to whoever may see them.
        return Absent(name[:40])


def faults(
    names: Sequence[str], required: Sequence[str], settings: Mapping[str, str], *, seconds: float
) -> tuple[str, ...]:
    """Return what keeps named guardians from being heard, each in a sentence."""
    found = []
    for name in dict.fromkeys(names):
        try:
            made(name, settings, seconds=seconds)
        except NoGuardian as error:
            found.append(str(error))
    missing = sorted({*required} - {*names, *BUILT_IN})
    return (*found, *(f"{name!r} is required and not among {SETTING}; name it there" for name in missing))
