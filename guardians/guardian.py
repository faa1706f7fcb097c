"""What a guardian is shown, what it finds and how it votes: the shared language of Safety, Privacy and Compliance.

``cast`` is the border between a guardian and the rest: whatever goes wrong behind it becomes an abstention with a
reason. An abstention never counts as ALLOW (``guardians.consensus``).
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePath
from types import TracebackType, UnionType
from typing import Protocol

from audit import canonical
from audit.spans import Span
from audit.stakes import Stakes

REASON_LIMIT = 300
# As long as the columns of guardians.models take.
NAME_LIMITS = {"rule": 80, "kind": 40, "version": 80, "backend": 60}
ELAPSED_LIMIT = 2**31 - 1
DEPTH_LIMIT = 10


class Ballot(StrEnum):
    """The value of a vote: each is stricter than the one before, but for ABSTAIN, which says nothing."""

    ALLOW = "ALLOW"
    ALLOW_WITH_REDACTION = "ALLOW_WITH_REDACTION"
    ESCALATE = "ESCALATE"
    DENY = "DENY"
    ABSTAIN = "ABSTAIN"


class Part(StrEnum):
    """The part a text plays in a run. Who wrote it follows from that, and so does how far it is trusted."""

    REQUEST = "REQUEST"
    DOCUMENT = "DOCUMENT"
    TOOL_RESULT = "TOOL_RESULT"
    TOOL_DESCRIPTION = "TOOL_DESCRIPTION"
    ANSWER = "ANSWER"
    ACTION = "ACTION"


class Basis(StrEnum):
    """What kind of reasoning a vote rests on."""

    DETERMINISTIC = "DETERMINISTIC"
    STATISTICAL = "STATISTICAL"
    LLM = "LLM"


class MaterialError(ValueError):
    """Facts that have no canonical form, so that nobody could say what was judged."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One text of a run.

    Attributes:
        ref: which text of its part: a passage's id, a tool's name, "request" or "answer".
    """

    part: Part
    ref: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """Exactly what is judged.

    Attributes:
        facts: what the policy packs are asked about (``guardians.facts``): plain values, lists and maps of them.
        policy_hash: of the policy in force.
    """

    pieces: tuple[Piece, ...]
    facts: Mapping[str, object]
    stakes: Stakes
    policy_hash: str
    digests: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def digest(self) -> str:
        """Return SHA-256 of the canonical form, 64 hex digits.

        Texts enter by their own hash, so any text has a digest, half surrogate pairs included. Every guardian and every
        look at a vote asks for it, so it is worked out once for facts that are written the same: should anybody change
        the facts in between, the votes before and after are bound to two digests.

        Raises:
            MaterialError: a fact is no plain value, or the facts are nested deeper than ``DEPTH_LIMIT``.
        """
        try:
            written = repr(self.facts)
        except Exception as error:
            raise MaterialError(f"facts cannot be written: {type(error).__name__}; use plain values") from error
        if written not in self.digests:
            self.digests[written] = self.hashed()
        return self.digests[written]

    def hashed(self) -> str:
        document = {
            "type": "material/v1",
            "pieces": [[piece.part.value, digest_of(piece.ref), digest_of(piece.text)] for piece in self.pieces],
            "facts": plain(self.facts, depth=0),
            "stakes": str(self.stakes),
            "policy": digest_of(self.policy_hash),
        }
        try:
            return canonical.digest(canonical.encode(document)).hex()
        except canonical.CanonicalError as error:
            raise MaterialError(f"facts cannot be hashed: {error}") from error


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def plain(value: object, *, depth: int) -> canonical.JSON:
    """Return a fact in a form that canonical JSON takes. Two facts that differ keep differing: each names its type.

    Raises:
        MaterialError: see ``Material.digest``.
    """
    if depth > DEPTH_LIMIT:
        raise MaterialError(f"facts are nested deeper than {DEPTH_LIMIT}; flatten them")
    match value:
        case None | bool():
            return value
        case str():
            return ["text", value] if is_unicode(value) else ["code points", digest_of(value)]
        case int():
            return ["int", str(value)]
        case float():
            return ["float", value.hex()]
        case Mapping():
            items = [[plain(name, depth=depth + 1), plain(item, depth=depth + 1)] for name, item in value.items()]
            return ["map", sorted(items, key=lambda item: repr(item[0]))]
        case list() | tuple():
            return ["list", [plain(item, depth=depth + 1) for item in value]]
        case _:
            raise MaterialError(f"a fact is a {type(value).__name__}; use null, bool, int, float, str, list or map")


def is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule fired. It names the place, never the text.

    Attributes:
        kind: what was found: an entity type such as EMAIL, or what a rule demands.
        span: in the text of the piece with this part and ref; None for what has no place in a text.
        score: 0 to 1, how sure the rule is.
        citation: the norm a rule rests on, where there is one.
    """

    rule: str
    kind: str
    part: Part
    ref: str
    span: Span | None
    score: float
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one guardian says of one material.

    Attributes:
        score: 0 (nothing) to 1: how grave the gravest finding is, or how near to one a model came.
        hard: with a DENY on DETERMINISTIC basis: a veto.
        reason: why, in a sentence without any text that was judged; at most ``REASON_LIMIT`` characters.
        backend, version: what the guardian works with; another version may vote differently.
        material: digest of exactly what was judged.
    """

    guardian: str
    ballot: Ballot
    findings: tuple[Finding, ...]
    score: float
    basis: Basis
    hard: bool
    reason: str
    backend: str
    version: str
    material: str
    policy_hash: str
    elapsed_us: int = 0


class Guardian(Protocol):
    """A reviewer in code."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def review(self, material: Material) -> Vote: ...


def cast(guardian: Guardian, material: Material, *, clock: Callable[[], int]) -> Vote:
    """Return the guardian's vote on the material, with the time it took. Never raises, and never allows by accident.

    A guardian that raises, that says something that is no vote, votes for another guardian or on another material, or
    scores with what is no number from 0 to 1, has abstained.

    Args:
        clock: nanoseconds of a clock that never goes back, such as ``time.perf_counter_ns``.
    """
    started = clock()
    try:
        vote = guardian.review(material)
        fault = fault_of(vote, guardian=guardian, material=material)
    except Exception as error:  # noqa: BLE001 - the worker border: a guardian that fails has abstained
        fault = f"raised {type(error).__name__} at {place_of(error.__traceback__)}"
    elapsed = min(max(0, (clock() - started) // 1_000), ELAPSED_LIMIT)
    if fault:
        return abstention(guardian, material, reason=fault, elapsed_us=elapsed)
    return replace(vote, elapsed_us=elapsed)


def place_of(traceback: TracebackType | None) -> str:
    """Return file and line of the innermost frame. A message could quote what was judged; a place cannot."""
    if traceback is None:
        return "an unknown place"
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"{PurePath(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}"


def abstention(guardian: Guardian, material: Material, *, reason: str, elapsed_us: int = 0) -> Vote:
    """Return the vote of a guardian that could not judge. Bound to the material where that has a digest."""
    try:
        digest = material.digest()
    except MaterialError:
        digest = ""
    return Vote(
        guardian=guardian.name,
        ballot=Ballot.ABSTAIN,
        findings=(),
        score=0.0,
        basis=Basis.DETERMINISTIC,
        hard=False,
        reason=reason[:REASON_LIMIT],
        backend="",
        version=guardian.version,
        material=digest,
        policy_hash=material.policy_hash,
        elapsed_us=elapsed_us,
    )


def fault_of(vote: object, *, guardian: Guardian, material: Material) -> str:
    """Return what keeps a value from being this guardian's vote on this material, or ''."""
    if not isinstance(vote, Vote):
        return f"returned a {type(vote).__name__}, which is no vote"
    if vote.guardian != guardian.name or vote.version != guardian.version:
        return "voted for another guardian or version"
    if vote.material != material.digest():
        return "voted on another material"
    if vote.policy_hash != material.policy_hash:
        return "voted under another policy"
    return shape_fault(vote) or findings_fault(vote.findings, material.pieces)


def shape_fault(vote: Vote) -> str:
    typed: list[tuple[object, type]] = [
        (vote.ballot, Ballot),
        (vote.basis, Basis),
        (vote.hard, bool),
        (vote.reason, str),
        (vote.backend, str),
        (vote.findings, tuple),
    ]
    if not all(isinstance(value, kind) for value, kind in typed):
        return "returned a vote with a value of another type"
    if not is_score(vote.score):
        return "returned a score that is no number from 0 to 1"
    if any(len(getattr(vote, name)) > NAME_LIMITS[name] for name in ("version", "backend")):
        return "named a version or backend that is too long to record"
    if len(vote.reason) > REASON_LIMIT:
        return f"gave a reason of {len(vote.reason)} characters; {REASON_LIMIT} are the most"
    return ""


def findings_fault(findings: Sequence[object], pieces: Sequence[Piece]) -> str:
    """Return what is wrong with the findings: each names a place that exists in what was judged."""
    lengths: dict[tuple[str, str], int] = {}
    for piece in pieces:
        place = (piece.part, piece.ref)
        lengths[place] = max(len(piece.text), lengths.get(place, 0))
    for finding in findings:
        if not isinstance(finding, Finding) or not is_sound(finding):
            return "returned a finding that is malformed"
        if finding.span is not None and finding.span.end > lengths.get((finding.part, finding.ref), -1):
            return "found something outside what was judged"
    return ""


def is_sound(finding: Finding) -> bool:
    """Tell whether a finding holds what its types promise: a guardian may have been written by anybody."""
    typed: list[tuple[object, type | UnionType]] = [
        (finding.rule, str),
        (finding.kind, str),
        (finding.part, Part),
        (finding.ref, str),
        (finding.span, Span | None),
        (finding.citation, str),
    ]
    if not all(isinstance(value, kind) for value, kind in typed) or not is_score(finding.score):
        return False
    return all(len(getattr(finding, name)) <= NAME_LIMITS[name] for name in ("rule", "kind"))


def is_score(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1
