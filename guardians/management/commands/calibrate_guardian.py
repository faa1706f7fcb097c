"""Make, or withdraw, a workspace's own threshold for orders hidden in documents, from its own harmless documents."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import workspaces
from audit.actors import Actor, ActorKind
from audit.errors import Invalid, Problem
from audit.roles import Scope
from guardians import calibrating
from guardians.calibrating import DEFAULT_TERMS, Terms
from guardians.calibration import Alarms
from guardians.safety import odds_of
from guardians.safetyrules.textmodel import shipped
from guardians.safetyrules.weightedrules import Head

FILE_LIMIT, TEXT_LIMIT = 500_000_000, 1_000_000


class Command(BaseCommand):
    help = "Calibrate Safety for a workspace on harmless documents of its own; or withdraw that."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG", help="slug of the workspace")
        parser.add_argument("--documents", type=Path, metavar="FILE", help='JSON Lines: {"text": "..."}; all harmless')
        parser.add_argument("--alpha", type=float, default=DEFAULT_TERMS.alpha, help="share of alarms (default 0.01)")
        parser.add_argument("--delta", type=float, default=DEFAULT_TERMS.delta, help="1 - confidence (default 0.1)")
        parser.add_argument("--expires", type=int, default=DEFAULT_TERMS.days, metavar="DAYS", help="default 180")
        parser.add_argument("--dry-run", action="store_true", help="measure and print; write nothing")
        parser.add_argument("--withdraw", action="store_true", help="end the record in force instead")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            workspace = workspaces.named(options["workspace"]).pk
            actor = Actor(ActorKind.SYSTEM, "command", workspace, frozenset({Scope.WORKSPACE_WRITE}))
            dry_run = options["dry_run"]
            said = withdrawn(actor, dry_run=dry_run) if options["withdraw"] else self.calibrated(actor, options)
        except (OSError, Problem) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(said)

    def calibrated(self, actor: Actor, options: dict[str, Any]) -> str:
        """Measure, print, and make the record unless it is only tried; return what happened."""
        if options["documents"] is None:
            raise Invalid("no documents are given; use --documents FILE with harmless ones, or --withdraw")
        terms = Terms(alpha=options["alpha"], delta=options["delta"], days=options["expires"])
        odds = [odds_of(text) for text in texts_of(options["documents"])]
        for line in result(calibrating.measured(odds, terms=terms), odds, terms):
            self.stdout.write(line)
        if options["dry_run"]:
            return "Nothing was written."
        record = calibrating.calibrate(odds, actor=actor, terms=terms)
        return f"In force now: {record.pk}, until {record.expires_on} (UTC)."


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


def result(found: Alarms, odds: Sequence[float], terms: Terms) -> Iterator[str]:
    usual = shipped().heads[Head.INDIRECT].threshold
    yield f"Threshold: {found.threshold:.4f} log odds, the lowest that the bound allows; shipped: {usual:.4f}."
    yield (
        f"Alarms: {found.alarms} of {found.n} harmless documents; with confidence {1 - terms.delta:g} a share of at "
        f"most {found.bound(terms.delta):.4f}, and {terms.alpha:g} may. At the shipped threshold: "
        f"{sum(one >= usual for one in odds)}."
    )
    yield "What rules stop comes on top, and is not moved by a threshold."


def withdrawn(actor: Actor, *, dry_run: bool) -> str:
    if dry_run:
        known = calibrating.in_force(actor)
        return f"Would be withdrawn: {known.pk if known else 'nothing, none is in force'}."
    return f"Withdrawn: {calibrating.withdraw(actor=actor).pk}. The shipped threshold decides from now on."
