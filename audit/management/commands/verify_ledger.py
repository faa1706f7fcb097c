"""Check every chain, the Merkle tree and every signed checkpoint; exit 1 when a row does not agree with the rest."""

from itertools import chain, islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import ledger, sealer
from audit.models import Entry


class Command(BaseCommand):
    help = "Verify the ledger: bytes, chains, tree and signatures. Names every row that does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=20, help="faults to print (default 20)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        faults = list(islice(chain(ledger.check_chains(), sealer.check_tree()), options["limit"]))
        for fault in faults:
            self.stderr.write(str(fault))
        last = sealer.latest()
        sealed = last.size if last else 0
        if faults:
            raise CommandError(f"the ledger does not verify: {len(faults)} faults shown")
        total = Entry.objects.count()
        self.stdout.write(f"The ledger verifies: {total} entries, {sealed} sealed under a signed checkpoint.")
