"""Compute a run's decision again from what was stored; exit 1, with a line for each difference."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orchestration.engine.redeciding import CannotReplay, Replayed, policy_named, replay

ABOUT_POLICY = "decide by this policy instead (its hash, or 8 digits of it): Compliance answers anew, other votes stay"


class Command(BaseCommand):
    help = "Compute a run's decision again from its stored votes, facts and policy, and compare."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID)
        parser.add_argument("--policy", metavar="HASH", help=ABOUT_POLICY)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            under = policy_named(options["policy"]) if options["policy"] else None
        except CannotReplay as error:
            raise CommandError(str(error)) from error
        (replayed,) = replay([options["run"]], under=under)
        self.tell(replayed, changed=under is not None)

    def tell(self, replayed: Replayed, *, changed: bool) -> None:
        if replayed.cannot:
            raise CommandError(f"run {replayed.run} cannot be replayed: {replayed.cannot}")
        if not replayed.differences:
            same = "would be decided the same" if changed else "comes out as it is on record"
            self.stdout.write(f"Run {replayed.run} {same}.")
            return
        for difference in replayed.differences:
            self.stdout.write(difference)
        if not changed:
            raise CommandError(f"run {replayed.run} does not come out as it is on record")
