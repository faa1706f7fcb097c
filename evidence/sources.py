"""Sources as witnesses: who counts as one voice, and what the voices for and against a claim come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from evidence.documents.origins import host_of
from evidence.language.text import Kind, tokens
from evidence.passages import Passage
from evidence.verdicts import Reason, Verdict

SHINGLE = 5
NEAR_DUPLICATE = 0.8


class Tie(StrEnum):
    """Why two passages are one voice."""

    SOURCE = "SOURCE"
    ORIGINAL = "ORIGINAL"
    HOST = "HOST"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class Voices:
    """How many independent sources say one thing, and what their weights fall short of one each."""

    trusted: int = 0
    untrusted: int = 0
    trusted_short: float = 0.0
    untrusted_short: float = 0.0

    def counted(self, *, trusted_only: bool) -> float:
        """Return the sum of their weights. Weights are quarters, so it is exact."""
        trusted = self.trusted - self.trusted_short
        return trusted if trusted_only else trusted + self.untrusted - self.untrusted_short


@dataclass(frozen=True, slots=True)
class Need:
    """What support takes: independent sources whose weights add up to so much, and whether only trusted ones count."""

    supporters: int
    trusted_only: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    verdict: Verdict
    reason: Reason


def weigh(supporting: Voices, contradicting: Voices, need: Need) -> Weighed:
    """Return the verdict on what sources say. The reason of a contradiction is named by its rule later.

    ========================  =============================  ==================
    trusted sources           untrusted sources              verdict
    ========================  =============================  ==================
    both sides                any                            DISPUTED
    against                   any                            CONTRADICTED
    for, enough               any                            SUPPORTED
    for, too few              any                            INSUFFICIENT
    none                      both sides                     DISPUTED
    none                      against                        INSUFFICIENT
    none                      for, enough, and they count    SUPPORTED
    none                      for, else                      INSUFFICIENT
    ========================  =============================  ==================

    Nobody outvotes a trusted source, and an untrusted one disputes only its like. Enough is by weight; a contradiction
    counts whatever its weight, which says how much a source can prove and not how much it can object.
    """
    if contradicting.trusted:
        return SPLIT if supporting.trusted else AGAINST
    if not supporting.trusted and contradicting.untrusted:
        return SPLIT if supporting.untrusted else SILENT
    if not supporting.trusted and not supporting.untrusted:
        return SILENT
    counted = supporting.counted(trusted_only=need.trusted_only)
    return FOR if counted >= max(1, need.supporters) else FEW


SPLIT = Weighed(Verdict.DISPUTED, Reason.SOURCES_DISAGREE)
AGAINST = Weighed(Verdict.CONTRADICTED, Reason.SOURCES_DISAGREE)
FOR = Weighed(Verdict.SUPPORTED, Reason.SUPPORTED)
FEW = Weighed(Verdict.INSUFFICIENT, Reason.TOO_FEW_SOURCES)
SILENT = Weighed(Verdict.INSUFFICIENT, Reason.LOW_SCORE)


def grouped(passages: Sequence[Passage]) -> list[list[Passage]]:
    """Return the independent sources: passages of one source or origin, and copies of one text, are one voice."""
    groups: list[list[Passage]] = []
    for passage in passages:
        joined = [group for group in groups if any(tie(passage, other) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([passage, *(member for group in joined for member in group)])
    return groups


def voices(groups: Sequence[Sequence[Passage]]) -> Voices:
    """Count what the groups of ``grouped`` come to."""
    trusted = [short_of_one(group) for group in groups if is_trusted(group)]
    untrusted = [short_of_one(group) for group in groups if not is_trusted(group)]
    return Voices(len(trusted), len(untrusted), sum(trusted), sum(untrusted))


def is_trusted(group: Sequence[Passage]) -> bool:
    return any(passage.trusted for passage in group)


def short_of_one(group: Sequence[Passage]) -> float:
    """Return what a voice's weight lacks: its best source counts, and an untrusted copy lends a trusted one nothing."""
    speaking = [passage for passage in group if passage.trusted] or group
    return 1.0 - max(passage.weight for passage in speaking)


def tie(one: Passage, other: Passage) -> Tie | None:
    """Return why two passages are one voice; None for two voices."""
    if one.source.strip().casefold() == other.source.strip().casefold():
        return Tie.SOURCE
    if one.original and one.original == other.original:
        return Tie.ORIGINAL
    if (host := published_on(one)) and host == published_on(other):
        return Tie.HOST
    return Tie.TEXT if similarity(shingles(one.text), shingles(other.text)) >= NEAR_DUPLICATE else None


def published_on(passage: Passage) -> str:
    """Return the web host a passage is from; a source that is named by its address says it itself."""
    return passage.host or host_of(passage.source)


def similarity(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Return the Jaccard index of two sets; 0.0 when both are empty."""
    joined = len(one | other)
    return len(one & other) / joined if joined else 0.0


@lru_cache(maxsize=256)
def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Return the runs of five words in a text; a shorter text is one run."""
    words = [token.folded for token in tokens(text) if token.kind is not Kind.MARK]
    last = max(1, len(words) - SHINGLE + 1)
    return frozenset(tuple(words[at : at + SHINGLE]) for at in range(last)) - {()}
