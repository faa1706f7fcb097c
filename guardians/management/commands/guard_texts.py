"""Let the guardians vote on many texts, a JSON object a line in, one a line out, in order. Needs no database.

In: ``{"id", "text", "kind": "request"|"document"|"tool_result"|"answer"|"tool_description"}``.
Out: ``{"id", "votes": [{"guardian", "vote", "score", "findings": [{"type", "span", "score", "rule"}]}], "masked"}``, or
``{"id", "error"}``, and the rest goes on. Kinds are masked as PROMETHEUS_MASKING says; the key of tokens is this
process's own, so what it masked stays masked.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from audit.management.linewise import LinewiseCommand
from guardians import texts
from guardians.masking import MaskingError
from guardians.privacyrules.readers import NoReader


class Command(LinewiseCommand):
    help = (
        "Let the guardians vote on texts: JSON Lines in, JSON Lines out, in constant memory. Exit 0: every line was "
        "judged, 1: some could not be."
    )
    noun = "texts"

    def handle(self, *_: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            panel()
        except MaskingError as error:
            raise CommandError(f"PROMETHEUS_MASKING: {error}") from error
        except NoReader as error:
            raise CommandError(str(error)) from error
        super().handle(**options)

    def answer(self, document: Mapping[str, Any], options: Mapping[str, Any]) -> Mapping[str, Any]:
        return texts.document_of(panel().judge(texts.sent(document)))


def panel() -> texts.Panel:
    return texts.panel(settings.PROMETHEUS_MASKING, settings.PROMETHEUS_PRIVACY_READER)
