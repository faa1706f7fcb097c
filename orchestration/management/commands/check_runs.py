"""Compare every run with its checkpoints and the ledger; exit 1, with a line for each place where they disagree."""

from itertools import islice
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestration.engine.inspection import Inspection


class Command(BaseCommand):
    help = "Check that runs, their checkpoints, effects and published claims are what the ledger says."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run", type=UUID, metavar="ID", help="one run only")
        parser.add_argument("--limit", type=int, default=20, help="faults to print (default 20)")
        parser.add_argument(
            "--without-digests", action="store_true", help="do not open checkpoints: quicker, and needs no vault key"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        inspection = Inspection(run=options["run"], digests=not options["without_digests"])
        shown = 0
        for fault in islice(inspection.faults(), max(options["limit"], 1)):
            self.stderr.write(str(fault))
            shown += 1
        if shown:
            raise CommandError(f"runs, checkpoints and ledger do not agree: {shown} faults shown")
        if options["run"] and not inspection.runs:
            raise CommandError(f"there is no run {options['run']}")
        self.stdout.write(f"{inspection.runs} runs agree with their checkpoints and the ledger.")
