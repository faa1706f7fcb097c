"""Sources as witnesses: who counts as one voice, and what the voices for and against a claim come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from evidence.language.text import Kind, tokens
from evidence.passages import Passage
from evidence.verdicts import Reason, Verdict

SHINGLE = 5
NEAR_DUPLICATE = 0.8


@dataclass(frozen=True, slots=True)
class Voices:
    """How many independent sources say one thing."""

    trusted: int = 0
    untrusted: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """What support takes: so many independent sources, and whether only trusted ones count."""

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

    Nobody outvotes a trusted source, and an untrusted one disputes only its like.
    """
    if contradicting.trusted:
        return SPLIT if supporting.trusted else AGAINST
    if not supporting.trusted and contradicting.untrusted:
        return SPLIT if supporting.untrusted else SILENT
    if not supporting.trusted and not supporting.untrusted:
        return SILENT
    counted = supporting.trusted + (0 if need.trusted_only else supporting.untrusted)
    return FOR if counted >= max(1, need.supporters) else FEW


SPLIT = Weighed(Verdict.DISPUTED, Reason.SOURCES_DISAGREE)
AGAINST = Weighed(Verdict.CONTRADICTED, Reason.SOURCES_DISAGREE)
FOR = Weighed(Verdict.SUPPORTED, Reason.SUPPORTED)
FEW = Weighed(Verdict.INSUFFICIENT, Reason.TOO_FEW_SOURCES)
SILENT = Weighed(Verdict.INSUFFICIENT, Reason.LOW_SCORE)


def voices(passages: Sequence[Passage]) -> Voices:
    """Count independent sources: passages of one source, and copies of one text, are one voice."""
    groups: list[list[Passage]] = []
    for passage in passages:
        joined = [group for group in groups if any(same_voice(passage, other) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([passage, *(member for group in joined for member in group)])
    trusted = sum(any(passage.trusted for passage in group) for group in groups)
    return Voices(trusted, len(groups) - trusted)


def same_voice(one: Passage, other: Passage) -> bool:
    if one.source.strip().casefold() == other.source.strip().casefold():
        return True
    return similarity(shingles(one.text), shingles(other.text)) >= NEAR_DUPLICATE


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
