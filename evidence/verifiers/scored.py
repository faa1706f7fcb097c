"""Verifiers that only score pairs of texts, as models of natural language inference do, made ones that align."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from audit.spans import Span
from evidence.claims import Statement
from evidence.language.sentences import sentences
from evidence.passages import Passage
from evidence.verdicts import Alignment, Rule, Stance
from evidence.verifying import Context, VerifierFault

# Models read so many tokens at once and drop the rest unsaid: a longer passage is scored in parts of whole sentences.
WINDOW = 1200
BATCH = 16
# Shares computed in single precision add up to 1 within so much.
ROUNDING = 1e-6
OTHERWISE = "The source, read as a whole, says otherwise."

Shares = tuple[float, float]


class PairScorer(Protocol):
    """What scores a claim beside a text. It may raise; the gate then says INSUFFICIENT."""

    @property
    def id(self) -> str:
        """Name what scores, in 60 characters at most: kind and hash of its content. It changes when a score could."""
        ...

    @property
    def binary(self) -> bool:
        """Tell whether it cannot tell a contradiction from too little: then nothing contradicts."""
        ...

    def score(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Shares]:
        """Return P(supported) and P(contradicted) of each pair of passage text and claim text, in their order.

        Args:
            pairs: 1 to 16 of them; a passage text is seldom longer than 1,200 code points.

        Each share is 0 to 1 and both together at most 1; what is left is the probability that the text says too little.
        What cannot read a pair to its end raises: a part that is dropped may say the opposite.
        """
        ...


@dataclass(frozen=True, slots=True)
class ScoredVerifier:
    """A verifier whose stance is the largest of three shares: supported, contradicted, and what is left."""

    scorer: PairScorer

    @property
    def id(self) -> str:
        return self.scorer.id

    def align(self, claim: Statement, passages: Sequence[Passage], *, context: Context) -> tuple[Alignment, ...]:  # noqa: ARG002
        """Return the claim beside the part of each passage that contradicts it most, else that supports it most.

        Raises:
            VerifierFault: the scorer returned what are no shares of these pairs.
        """
        parts = [(place, span) for place, passage in enumerate(passages) for span in windows(passage.text)]
        scored = self.scores([(span.of(passages[place].text), claim.text) for place, span in parts])
        found: list[list[Alignment]] = [[] for _ in passages]
        for (place, span), shares in zip(parts, scored, strict=True):
            found[place].append(self.alignment(claim, passages[place], span, shares))
        return tuple(max(several, key=weight) for several in found)

    def scores(self, pairs: Sequence[tuple[str, str]]) -> list[Shares]:
        batches = (pairs[at : at + BATCH] for at in range(0, len(pairs), BATCH))
        return [shares for batch in batches for shares in self.scores_of(batch)]

    def scores_of(self, batch: Sequence[tuple[str, str]]) -> Sequence[Shares]:
        found = self.scorer.score(batch)
        if len(found) != len(batch) or not all(is_sound(*shares) for shares in found):
            raise VerifierFault(f"{self.id} returned what are no shares of {len(batch)} pairs")
        return [
            (float(supported), min(float(contradicted), 1.0 - float(supported))) for supported, contradicted in found
        ]

    def alignment(self, claim: Statement, passage: Passage, span: Span, shares: Shares) -> Alignment:
        supported, contradicted = shares[0], 0.0 if self.scorer.binary else shares[1]
        stance = stance_of(supported, contradicted)
        detail = OTHERWISE if stance is Stance.CONTRADICTS else ""
        whole = Span(0, len(claim.text))
        return Alignment(passage, stance, supported, contradicted, Rule.SCORE, whole, span, detail)


def windows(text: str) -> Iterator[Span]:
    """Yield what is scored at once: a text, or parts of a long one, each of whole sentences as far as they fit."""
    if len(text) <= WINDOW:
        yield Span(0, len(text))
        return
    start = end = 0
    for sentence in sentences(text):
        if end > start and sentence.end - start > WINDOW:
            yield Span(start, end)
            start = sentence.start
        end = sentence.end
    yield Span(start, len(text))


def is_sound(supported: float, contradicted: float) -> bool:
    """Tell whether these are shares. What is no number at all raises."""
    known = math.isfinite(supported) and math.isfinite(contradicted)
    return known and 0 <= supported <= 1 and contradicted >= 0 and supported + contradicted <= 1 + ROUNDING


def stance_of(supported: float, contradicted: float) -> Stance:
    """Return the stance that has the largest share; of two as large, the more careful one."""
    rest = 1.0 - supported - contradicted
    if supported > max(contradicted, rest):
        return Stance.SUPPORTS
    return Stance.CONTRADICTS if contradicted > rest else Stance.NEUTRAL


def weight(alignment: Alignment) -> tuple[bool, float]:
    """Return a key by which a contradiction in one part of a passage is not outvoted by the others."""
    against = alignment.stance is Stance.CONTRADICTS
    return against, alignment.p_contradicted if against else alignment.p_supported
