"""Verify many answers, a JSON object a line on standard input, one a line out, in order. Needs no database.

In: ``{"id", "answer" or "claims": [..], "passages": [{"source", "text", "trusted"?, "title"?}], "question"?}``.
Out: ``{"id", "claims": [{"text", "span", "verdict", "p_supported", "p_contradicted", "reason", "why", "evidence":
[{"source", "span", "text", "stance"}]}], "score"}``, or ``{"id", "error"}``, and the rest goes on.
"""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from audit.management.linewise import LinewiseCommand
from audit.stakes import Stakes
from evidence import answers


class Command(LinewiseCommand):
    help = (
        "Verify answers: JSON Lines in, JSON Lines out, in constant memory. Exit 0: every line was judged, 1: some "
        "could not be."
    )
    noun = "answers"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--stakes", default=Stakes.MEDIUM.value, choices=[stakes.value for stakes in Stakes])

    def answer(self, document: Mapping[str, Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
        found = answers.asked(document)
        return answers.document_of(answers.judged(found, stakes=Stakes(options["stakes"])), found)
