"""Verifiers: what aligns a claim with passages, what it is told, and the check of what it gives back."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from audit.spans import Span
from evidence.claims import Statement
from evidence.language.reading import keys_of, skim
from evidence.passages import Passage
from evidence.verdicts import Alignment, Rule, Stance


@dataclass(frozen=True)
class Context:
    """What stands around the claims of one answer: the question, whose words need no evidence, and all passages."""

    question: str
    passages: tuple[Passage, ...]

    @cached_property
    def sources(self) -> Mapping[str, frozenset[str]]:
        """Return what the words and numbers of each source's passages and titles are compared by, by its name."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for passage in self.passages:
            found[passage.source] |= skim(passage.text).every | keys_of(passage.title)
        return {name: frozenset(keys) for name, keys in found.items()}


class Verifier(Protocol):
    """What aligns a claim with passages. It may raise; the gate then says INSUFFICIENT.

    What it says follows from its arguments, but for ``id`` and ``sha256`` of passages, which say nothing of a text: it
    may be remembered, and its id changes when it could say something else.
    """

    @property
    def id(self) -> str: ...

    def align(self, claim: Statement, passages: Sequence[Passage], *, context: Context) -> Sequence[Alignment]:
        """Return one alignment for each passage, in their order."""
        ...


class VerifierFault(Exception):
    """A verifier raised or returned what cannot be: it said nothing about this claim."""


def named(verifier: Verifier) -> str:
    """Return the verifier's id; what has none, or cannot say it, has no calibration either."""
    try:
        return str(getattr(verifier, "id", ""))
    except Exception:  # noqa: BLE001 - a verifier is a worker border
        return ""


def aligned(
    verifier: Verifier, claim: Statement, passages: Sequence[Passage], *, context: Context
) -> Sequence[Alignment]:
    """Return the verifier's alignments: every call of any verifier goes through here.

    Raises:
        VerifierFault: it raised, or returned what are no alignments of this claim with these passages.
    """
    try:
        found = verifier.align(claim, passages, context=context)
        sound = are_sound(found, claim, passages)
    except Exception as error:  # A verifier is a worker border: whatever it raises is recorded.
        raise VerifierFault(f"{named(verifier)} raised {type(error).__name__}") from error
    if not sound:
        raise VerifierFault(f"{named(verifier)} returned what are no alignments of this claim with its passages")
    return found


def are_sound(found: Sequence[object], claim: Statement, passages: Sequence[Passage]) -> bool:
    """Tell whether these can be the alignments of a claim with passages, one for each and in their order."""
    return len(found) == len(passages) and all(
        is_sound(one, claim, passage) for one, passage in zip(found, passages, strict=True)
    )


def is_sound(found: object, claim: Statement, passage: Passage) -> bool:
    return (
        isinstance(found, Alignment)
        and (found.passage is passage or found.passage == passage)
        and is_a(found.stance, Stance)
        and is_a(found.rule, Rule)
        and is_a(found.detail, str)
        and (found.verifier, found.voice) == ("", 0)
        and is_share(found.p_supported)
        and is_share(found.p_contradicted)
        and found.p_supported + found.p_contradicted <= 1 + 1e-9
        and within(found.claim_span, claim.text)
        and within(found.passage_span, passage.text)
    )


def is_a(value: object, kind: type) -> bool:
    return isinstance(value, kind)


def is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1


def within(span: object, text: str) -> bool:
    return isinstance(span, Span) and 0 <= span.start <= span.end <= len(text)
