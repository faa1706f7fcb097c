"""Check every chain, the Merkle tree and every signed checkpoint; exit 1 when a row does not agree with the rest."""

from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import ledger, seal, sealer
from audit.models import Entry


class Command(BaseCommand):
    help = "Verify the ledger: bytes, chains, tree and signatures. Names every row that does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=20, help="faults to print (default 20)")
        parser.add_argument(
            "--checkpoint",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a signed checkpoint that was kept elsewhere (may be given again): it finds that the end was cut off",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            kept = [read(path) for path in options["checkpoint"]]
            found = chain(ledger.check_chains(), sealer.check_tree(kept=kept))
            faults = list(islice(found, max(options["limit"], 1)))
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        for fault in faults:
            self.stderr.write(str(fault))
        if faults:
            raise CommandError(f"the ledger does not verify: {len(faults)} faults shown")
        last = sealer.latest()
        sealed = last.size if last else 0
        total = Entry.objects.count()
        self.stdout.write(f"The ledger verifies: {total} entries, {sealed} sealed under a signed checkpoint.")
        if kept:
            self.stdout.write(f"It holds everything that {len(kept)} kept checkpoints cover.")


def read(path: Path) -> seal.TreeHead:
    try:
        return sealer.kept_head(path.read_bytes().decode())
    except (OSError, UnicodeDecodeError, seal.NoteError) as error:
        raise CommandError(f"{path} is not a checkpoint of this ledger: {error}") from error
