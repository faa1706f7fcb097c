"""Let the guardians vote on many texts, a JSON object a line in, one a line out, in order. Needs no database.

In: ``{"id", "text", "kind": "request"|"document"|"tool_result"|"answer"|"tool_description"}``.
Out: ``{"id", "votes": [{"guardian", "vote", "score", "findings": [{"type", "span", "score", "rule"}]}], "masked"}``, or
``{"id", "error"}``, and the rest goes on. The key that masks is this process's own, so what it masked stays masked.
"""

from collections.abc import Mapping
from typing import Any

from audit.management.linewise import LinewiseCommand
from guardians import texts


class Command(LinewiseCommand):
    help = (
        "Let the guardians vote on texts: JSON Lines in, JSON Lines out, in constant memory. Exit 0: every line was "
        "judged, 1: some could not be."
    )
    noun = "texts"

    def answer(self, document: Mapping[str, Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
        return texts.document_of(texts.panel().judge(texts.sent(document)))
