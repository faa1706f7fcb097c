"""Judge many tool calls, a JSON object a line on standard input, one a line out, in order. Needs no database.

In: ``{"id", "request", "tools": [definitions], "seen": [{"tool", "result"}], "call": {"tool", "arguments"}}``.
Out: ``{"id", "decision": "allow"|"approve"|"deny", "tier", "reasons": [..]}``, or ``{"id", "error"}``, and the rest
goes on. What an operator says of tools is read from a file of its own: a definition is its server's word.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.errors import Problem
from evidence import answers
from evidence.management.commands.verify_answers import Progress, lines, written
from guardians import callfile
from guardians.callfile import Registered
from guardians.callrisk import FIRST_PERSON
from guardians.toolrisk import Tier


class Calls(Progress):
    """Progress in calls."""

    def words(self) -> str:
        return super().words().replace("answers", "calls")


class Command(BaseCommand):
    help = (
        "Judge tool calls: JSON Lines in, JSON Lines out, in constant memory. Exit 0: every line was judged, 1: some "
        "could not be."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--registry", type=Path, help='JSON file: {tool: {"tier", "roles", "vouched"}}')
        parser.add_argument(
            "--person-from",
            default=FIRST_PERSON.name,
            choices=[tier.name for tier in Tier],
            help="the tier from which on a person is always asked",
        )
        parser.add_argument("--quiet", action="store_true", help="no progress on standard error")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        registry = read_registry(options["registry"])
        progress = Calls(sys.stderr, silent=options["quiet"])
        try:
            for line in lines(sys.stdin.buffer):
                if line.strip():
                    said = judged(line, registry, person_from=Tier[options["person_from"]])
                    sys.stdout.buffer.write(written(said))
                    progress.tell(failed="error" in said)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # Whoever read has gone. Python would try to write once more as it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        progress.end()
        if progress.failed:
            sys.exit(1)


def read_registry(path: Path | None) -> dict[str, Registered]:
    if path is None:
        return {}
    try:
        return callfile.registry_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, Problem) as error:
        raise CommandError(f"{path} is no registry of tools: {error}") from error


def judged(line: bytes, registry: Mapping[str, Registered], *, person_from: Tier) -> dict[str, Any]:
    """Return what is said of one line; a line that cannot be judged gets its error and the id it has, if any."""
    known: Any = None
    try:
        document = answers.parsed(line)
        known = document["id"]
        found = callfile.judged(callfile.asked(document, registry), person_from=person_from)
        return callfile.document_of(found, id_=known)
    except Problem as problem:
        return {"id": known, "error": str(problem)}
