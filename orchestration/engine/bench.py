"""What the nodes of a run work with: the request, the journal, and the parts of this process."""

import hashlib
import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from django.conf import settings

from audit import canonical
from audit.stakes import Stakes
from evidence import vectors as word_vectors
from evidence.gate import DEFAULT_POLICY, GatePolicy, Stronger
from evidence.vectors import Vectors
from evidence.verifiers import registry
from evidence.verifiers.registry import NoVerifier
from evidence.verifying import Verifier
from guardians import activating, packs
from guardians import registry as guests
from guardians.compliance import Compliance
from guardians.consensus import DEFAULT_CONSENSUS, ConsensusPolicy
from guardians.guardian import Guardian
from guardians.guest import Absent, Guest
from guardians.masking import PSEUDONYMS, MaskingPolicy, parse
from guardians.panel import Panel, Seat
from guardians.privacy import Coverage, Privacy
from guardians.privacyrules import readers
from guardians.safety import Safety
from orchestration.engine import providers
from orchestration.engine.journal import Journal
from orchestration.engine.tools import ToolBridge
from orchestration.engine.watch import Watch
from orchestration.requests import Request

GRAPH_VERSION = "1"
logger = logging.getLogger(__name__)


class State(TypedDict, total=False):
    """The channels of the graph. Plain JSON values only, so that a checkpoint needs no code to be read."""

    question: str
    passages: list[dict[str, Any]]
    draft: dict[str, Any]
    revision: int
    refused: list[str]
    claims: list[dict[str, Any]]
    grounds: dict[str, Any]
    masks: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    decided: dict[str, Any]
    approval: dict[str, Any]
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process makes once, after the fork, and shares between its runs.

    Attributes:
        verifier: the stronger verifier of this installation, if it has one. It decides nothing by being there.
        stronger: the same one with the record that lets it decide in a workspace.
        panel: the guardians at their places, with deadlines.
        on_record: hashes of policies whose rows are known to be stored.
        policy_hash: of everything here that decides; made with the parts, so that it is never of others.
    """

    bridge: ToolBridge
    provider: providers.Provider
    guardians: tuple[Guardian, ...]
    panel: Panel
    packs: packs.PackSet
    gate: GatePolicy
    consensus: ConsensusPolicy
    verifier: Verifier | None = None
    stronger: Stronger | None = None
    masking: MaskingPolicy = PSEUDONYMS
    vectors: Vectors | None = None
    on_record: set[str] = field(default_factory=set, compare=False)
    policy_hash: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy_hash", hash_of(self))


@dataclass(slots=True)
class Bench:
    """The context of one driven run, handed to every node."""

    journal: Journal
    request: Request
    parts: Parts
    watch: Watch = field(default_factory=Watch)


def hash_of(parts: Parts) -> str:
    """Return the hash of everything that decides: packs, guardians, thresholds and consensus rule.

    A stronger verifier counts with the record that lets it decide, and how personal data is masked where it is not by
    tokens alone. Word vectors decide nothing, but what is looked at can: they count where they are used.
    """
    document = {
        "packs": parts.packs.hash,
        "guardians": {guardian.name: guardian.version for guardian in parts.guardians},
        "gate": hashlib.sha256(repr(parts.gate).encode()).hexdigest(),
        "consensus": hashlib.sha256(repr(parts.consensus).encode()).hexdigest(),
    }
    if parts.stronger is not None:
        document["stronger"] = hashlib.sha256(repr(parts.stronger.calibration).encode()).hexdigest()
    if parts.masking != PSEUDONYMS:
        document["masking"] = parts.masking.digest()
    if parts.vectors is not None:
        document["vectors"] = parts.vectors.digest
    return canonical.digest(canonical.encode(document)).hex()


@cache
def _parts(pid: int) -> Parts:  # noqa: ARG001 - the key of the cache
    known = activating.built_in()
    invited = invited_guardians()
    guardians: tuple[Guardian, ...] = (Safety(), privacy_guardian(), Compliance(known), *invited)
    consensus = consensus_policy(invited)
    options: Mapping[str, str] = settings.PROMETHEUS_PROVIDER
    masking = parse(settings.PROMETHEUS_MASKING)
    folder = settings.PROMETHEUS_VECTORS
    vectors = word_vectors.load(Path(folder)) if folder else None
    return Parts(
        bridge=ToolBridge(),
        provider=providers.provider(options),
        guardians=guardians,
        panel=Panel([seat_of(guardian) for guardian in guardians]),
        packs=known,
        gate=DEFAULT_POLICY,
        consensus=consensus,
        verifier=verifier(),
        masking=masking,
        vectors=vectors,
    )


def privacy_guardian() -> Privacy:
    """Return the Privacy guardian of this installation.

    Raises:
        ValueError, NoReader: the coverage is none, or the reader cannot be had; without it runs would publish unread.
    """
    return Privacy(Coverage(settings.PROMETHEUS_PRIVACY), readers.made(settings.PROMETHEUS_PRIVACY_READER))


def invited_guardians() -> tuple[Guest | Absent, ...]:
    """Return the guardians of other packages that the settings name; one that cannot be had is there and abstains."""
    found = guests.seated(
        settings.PROMETHEUS_GUARDIANS, settings.PROMETHEUS_GUARDIAN, seconds=settings.PROMETHEUS_GUARDIAN_SECONDS
    )
    for guardian in found:
        if isinstance(guardian, Absent):
            logger.error("no_guardian", extra={"guardian": guardian.name})
    return found


def seat_of(guardian: Guardian) -> Seat:
    site = float(settings.PROMETHEUS_GUARDIAN_SECONDS)
    if isinstance(guardian, Guest):
        return Seat(
            guardian,
            seconds=guardian.seconds,
            calibrated=guardian.calibration is not None,
            clock=time.monotonic,
        )
    return Seat(guardian, seconds=site, clock=time.monotonic)


def consensus_policy(invited: Sequence[Guest | Absent]) -> ConsensusPolicy:
    """Return who has to vote: what is built in, and from the stakes where a guardian is named upwards that one too."""
    required: dict[Stakes, tuple[str, ...]] = {}
    more: tuple[str, ...] = ()
    for stakes in Stakes:
        more = (*more, *settings.PROMETHEUS_REQUIRED[stakes])
        required[stakes] = tuple(dict.fromkeys((*DEFAULT_CONSENSUS.required[stakes], *more)))
    calibrated = {g.name: g.calibration.band for g in invited if isinstance(g, Guest) and g.calibration}
    return replace(
        DEFAULT_CONSENSUS,
        required=required,
        optional=tuple(guardian.name for guardian in invited),
        second_safety=settings.PROMETHEUS_SECOND_SAFETY,
        uncertain=calibrated,
    )


def verifier() -> Verifier | None:
    """Return the stronger verifier of this installation; without a usable one the built-in one decides alone."""
    try:
        return registry.made(settings.PROMETHEUS_VERIFIER, built_in=settings.PROMETHEUS_VERIFIERS)
    except NoVerifier:
        # Its message may quote settings; `manage.py check --deploy` shows it to whoever may see them.
        logger.error("no_verifier", extra={"error": NoVerifier.__name__})  # noqa: TRY400
        return None


def parts() -> Parts:
    """Return this process's parts, made at the first call after the fork."""
    return _parts(os.getpid())


def close() -> None:
    """End this process's tool sessions."""
    parts().bridge.close()
    _parts.cache_clear()
