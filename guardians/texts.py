"""Single texts as documents: what may be sent, the guardians' votes on it without a database, and the text masked."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from audit.errors import Invalid
from audit.jsonlines import check_fields, text_in
from audit.spans import Span
from audit.stakes import Stakes
from guardians import compliance, packs
from guardians.compliance import Compliance
from guardians.guardian import Ballot, Finding, Guardian, Material, Part, Piece, Vote, cast
from guardians.masking import MaskingPolicy, parse
from guardians.privacy import SOURCE_FINDINGS, Privacy
from guardians.privacyrules import readers
from guardians.redaction import mask
from guardians.safety import Safety

TEXT_LIMIT = 2_000_000  # characters
FIELDS = {"id", "text", "kind"}
# Sensitive kinds count for the policy packs where a run counts them: in what was asked and what is answered.
COUNTED = frozenset({Part.REQUEST, Part.ANSWER})
POLICY = "texts"
UNREAD = "UNREAD"


class Kind(StrEnum):
    """What a text is in a run, as lines name it."""

    REQUEST = "request"
    DOCUMENT = "document"
    TOOL_RESULT = "tool_result"
    ANSWER = "answer"
    TOOL_DESCRIPTION = "tool_description"

    @property
    def part(self) -> Part:
        return Part[self.name]


@dataclass(frozen=True, slots=True)
class Sent:
    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Judged:
    """The votes on a text, and the text with every sensitive value masked.

    Attributes:
        votes: in the order in which the guardians stand.
    """

    votes: tuple[Vote, ...]
    masked: str


def sent(document: Mapping[str, Any]) -> Sent:
    """Return the text that a document sends.

    Raises:
        Invalid: a field is unknown, missing or of another type.
        TooLarge: the text is longer than ``TEXT_LIMIT``.
    """
    check_fields(document, FIELDS)
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in set(Kind):
        raise Invalid(f"kind is {str(kind)[:40]!r}; send one of {', '.join(Kind)}")
    return Sent(text_in(document, "text", limit=TEXT_LIMIT), Kind(kind))


@dataclass(frozen=True, slots=True)
class Panel:
    """The guardians as an installation has them, and how what Privacy finds is masked.

    Attributes:
        key: 32 bytes. A key that is made here and kept nowhere lets nobody take the masking back.
    """

    safety: Guardian
    privacy: Guardian
    compliance: Guardian
    masking: MaskingPolicy
    key: bytes = field(repr=False)

    def judge(self, found: Sent) -> Judged:
        """Return the votes on one text on its own, with the facts a run has of which nobody stated any. Never raises.

        A guardian that fails on the text has abstained; without Privacy's word the text is masked as a whole.
        """
        shown = material(found.text, found.kind.part)
        safety, privacy = voted(self.safety, shown), voted(self.privacy, shown)
        kinds = {finding.kind for finding in privacy.findings} if found.kind.part in COUNTED else set()
        policies = voted(self.compliance, replace(shown, facts=compliance.facts(entities=kinds)))
        sensitive = self.sensitive(found.text, privacy)
        masked = mask(found.text, sensitive, key=self.key, policy=self.masking)
        return Judged((safety, privacy, policies), masked.text)

    def sensitive(self, text: str, said: Vote) -> Sequence[Finding]:
        """Return what is masked in a text: all that Privacy finds in it, also where its vote names only the first."""
        vote = said if len(said.findings) < SOURCE_FINDINGS else voted(self.privacy, material(text, Part.ANSWER))
        if vote.ballot is Ballot.ABSTAIN:
            return (Finding("privacy.abstained", UNREAD, Part.ANSWER, POLICY, Span(0, len(text)), 1.0),)
        return vote.findings


def voted(guardian: Guardian, shown: Material) -> Vote:
    return cast(guardian, shown, clock=time.perf_counter_ns)


def material(text: str, part: Part) -> Material:
    return Material((Piece(part, POLICY, text),), {}, Stakes.MEDIUM, POLICY)


@cache
def panel(masking: str = "", reader: str = "") -> Panel:
    """Return the guardians with the shipped policy packs and a key of this process; Privacy looks for everything.

    Args:
        masking: how each kind is masked, as the setting of an installation writes it.
        reader: what reads beside Privacy's rules, likewise.

    Raises:
        MaskingError, NoReader: a setting cannot be read.
    """
    known = packs.load(Path(packs.__file__).parent / "packs")
    privacy = Privacy(reader=readers.made(reader))
    return Panel(Safety(), privacy, Compliance(known), parse(masking), secrets.token_bytes(32))


def document_of(judged: Judged) -> dict[str, Any]:
    """Return what is said of a text. Spans are code points of the text as it was sent; null where there is no place."""
    return {"votes": [vote_of(vote) for vote in judged.votes], "masked": judged.masked}


def vote_of(vote: Vote) -> dict[str, Any]:
    return {
        "guardian": vote.guardian,
        "vote": vote.ballot.value,
        "score": round(vote.score, 4),
        "findings": [finding_of(finding) for finding in vote.findings],
    }


def finding_of(finding: Finding) -> dict[str, Any]:
    span = [finding.span.start, finding.span.end] if finding.span else None
    return {"type": finding.kind, "span": span, "score": round(finding.score, 4), "rule": finding.rule}
