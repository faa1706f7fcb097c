"""Compute all decisions since a day again from what was stored; exit 1 where one does not come out as recorded."""

import datetime as dt
from argparse import ArgumentTypeError
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestration.engine.redeciding import CannotReplay, Replayed, decided_since, policy_named, replay
from orchestration.management.commands.replay_decision import ABOUT_POLICY

BAR = 30


def day(value: str) -> dt.datetime:
    try:
        return dt.datetime.combine(dt.date.fromisoformat(value), dt.time.min, tzinfo=dt.UTC)
    except ValueError as error:
        raise ArgumentTypeError(f"{value!r} is no day; write it like 2026-01-31") from error


class Command(BaseCommand):
    help = "Compute the decisions of runs that were submitted since a day (UTC) again, and compare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=day, required=True, metavar="DATE")
        parser.add_argument("--policy", metavar="HASH", help=ABOUT_POLICY)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            under = policy_named(options["policy"]) if options["policy"] else None
        except CannotReplay as error:
            raise CommandError(str(error)) from error
        total, groups = decided_since(options["since"])
        counted: Counter[str] = Counter()
        for runs in groups:
            for replayed in replay(runs, under=under):
                counted[self.tell(replayed)] += 1
            self.progress(counted.total(), total)
        self.stderr.write("")
        said = "would be decided differently" if under else "do not come out as they are on record"
        self.stdout.write(
            f"{counted.total()} decisions: {counted['differs']} {said}, {counted['cannot']} cannot be replayed."
        )
        if counted["differs"] and not under:
            raise CommandError(f"{counted['differs']} decisions differ")

    def tell(self, replayed: Replayed) -> str:
        if replayed.cannot:
            self.stdout.write(f"{replayed.run} cannot be replayed: {replayed.cannot}")
            return "cannot"
        for difference in replayed.differences:
            self.stdout.write(f"{replayed.run} {difference}")
        return "differs" if replayed.differences else "same"

    def progress(self, done: int, total: int) -> None:
        share = min(1.0, done / max(total, 1))
        bar = "#" * round(share * BAR)
        self.stderr.write(f"\r[{bar:<{BAR}}] {done} of {total}", ending="")
        self.stderr.flush()
