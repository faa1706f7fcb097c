"""Judge many tool calls, a JSON object a line on standard input, one a line out, in order. Needs no database.

In: ``{"id", "request", "tools": [definitions], "seen": [{"tool", "result"}], "call": {"tool", "arguments"}}``.
Out: ``{"id", "decision": "allow"|"approve"|"deny", "tier", "reasons": [..]}``, or ``{"id", "error"}``, and the rest
goes on. What an operator says of tools is read from a file of its own: a definition is its server's word.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.errors import Problem
from audit.management.linewise import LinewiseCommand
from guardians import callfile
from guardians.callfile import Registered
from guardians.callrisk import FIRST_PERSON
from guardians.toolrisk import Tier


class Command(LinewiseCommand):
    help = (
        "Judge tool calls: JSON Lines in, JSON Lines out, in constant memory. Exit 0: every line was judged, 1: some "
        "could not be."
    )
    noun = "calls"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--registry", type=Path, help='JSON file: {tool: {"tier", "roles", "vouched"}}')
        parser.add_argument(
            "--person-from",
            default=FIRST_PERSON.name,
            choices=[tier.name for tier in Tier],
            help="the tier from which on a person is always asked",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().handle(*args, **{**options, "registry": read_registry(options["registry"])})

    def answer(self, document: Mapping[str, Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = callfile.asked(document, options["registry"])
        return callfile.document_of(callfile.judged(asked, person_from=Tier[options["person_from"]]))


def read_registry(path: Path | None) -> dict[str, Registered]:
    if path is None:
        return {}
    try:
        return callfile.registry_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, Problem) as error:
        raise CommandError(f"{path} is no registry of tools: {error}") from error
