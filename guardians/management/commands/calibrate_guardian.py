"""Make, or withdraw, a workspace's own threshold for orders hidden in documents, from its own harmless documents."""

import json
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import CommandParser

from audit.actors import Actor
from audit.errors import Invalid
from audit.management.calibrating import CalibratingCommand, Options
from guardians import calibrating
from guardians.calibrating import DEFAULT_TERMS, Terms
from guardians.models import GuardianCalibration
from guardians.safety import Safety, odds_of
from guardians.safetyrules.textmodel import shipped
from guardians.safetyrules.weightedrules import Head

FILE_LIMIT, TEXT_LIMIT = 500_000_000, 1_000_000


class Command(CalibratingCommand[list[float], Terms]):
    help = "Calibrate Safety for a workspace on harmless documents of its own; or withdraw that."
    model = GuardianCalibration
    terms = DEFAULT_TERMS
    passing = "alarms"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--documents", type=Path, metavar="FILE", help='JSON Lines: {"text": "..."}; all harmless')

    def scorer(self, options: Options) -> str:
        return Safety.name

    def material(self, actor: Actor, options: Options) -> list[float]:
        if options["documents"] is None:
            raise Invalid("no documents are given; use --documents FILE with harmless ones, or --withdraw")
        return [odds_of(text) for text in texts_of(options["documents"])]

    def result(self, material: list[float], terms: Terms, actor: Actor) -> Iterator[str]:
        found, usual = calibrating.measured(material, terms=terms), shipped().heads[Head.INDIRECT].threshold
        yield f"Threshold: {found.threshold:.4f} log odds, the lowest that the bound allows; shipped: {usual:.4f}."
        yield (
            f"Alarms: {found.alarms} of {found.n} harmless documents; with confidence {1 - terms.delta:g} a share of "
            f"at most {found.bound(terms.delta):.4f}, and {terms.alpha:g} may. At the shipped threshold: "
            f"{sum(one >= usual for one in material)}."
        )
        yield "What rules stop comes on top, and is not moved by a threshold."

    def made(self, material: list[float], terms: Terms, actor: Actor) -> GuardianCalibration:
        return calibrating.calibrate(material, actor=actor, terms=terms)

    def afterwards(self, scorer: str) -> str:
        return "The shipped threshold decides from now on."


def texts_of(path: Path) -> Iterator[str]:
    """Yield the text of each line.

    Raises:
        Invalid: the file is too long, or a line holds no text.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > FILE_LIMIT:
        raise Invalid(f"{path} has {size:,} bytes; at most {FILE_LIMIT:,} are taken: use a sample of its lines")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                known = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Invalid(f'{path}:{number}: no JSON; write {{"text": "..."}}') from error
            text = known.get("text") if isinstance(known, dict) else None
            if not isinstance(text, str) or not 0 < len(text) <= TEXT_LIMIT:
                raise Invalid(f"{path}:{number}: no text of 1 to {TEXT_LIMIT:,} characters; mend or remove the line")
            yield text
