"""What scores pairs of texts, as a verifier: its stance, its spans, and what becomes of scores that cannot be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from evidence.verdicts import Alignment, Stance
from evidence.verifiers.scored import BATCH, WINDOW, ScoredVerifier
from evidence.verifying import Context, VerifierFault, aligned
from tests.evidence.material import passage, statement

CLAIM = statement("Doctor Arran stopped the trial in June.")
LONG = "The committee met on Monday and spoke of many things. " * 60


@dataclass
class Scorer:
    """Scores a text by the first of the given words it holds, and keeps how many pairs it was given at once."""

    words: dict[str, Any]
    other: Any = (0.0, 0.0)
    binary: bool = False
    id: str = "words-1"
    batches: list[int] = field(default_factory=list)

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[Any]:
        self.batches.append(len(pairs))
        return [next((self.words[word] for word in self.words if word in text), self.other) for text, _ in pairs]


def beside(scorer: Any, *texts: str) -> Sequence[Alignment]:
    passages = [passage(text) for text in texts]
    return aligned(ScoredVerifier(scorer), CLAIM, passages, context=Context("", tuple(passages)))


@pytest.mark.parametrize(
    ("shares", "stance"),
    [
        ((0.9, 0.05), Stance.SUPPORTS),
        ((0.1, 0.8), Stance.CONTRADICTS),
        ((0.2, 0.2), Stance.NEUTRAL),
        ((0.5, 0.5), Stance.CONTRADICTS),
        ((0.5, 0.0), Stance.NEUTRAL),
        ((0.0, 0.5), Stance.NEUTRAL),
        ((1.0, 1e-7), Stance.SUPPORTS),
    ],
)
def test_the_largest_share_is_the_stance_and_of_two_as_large_the_more_careful(shares: Any, stance: Stance) -> None:
    (found,) = beside(Scorer({"trial": shares}), "They speak of the trial.")
    assert found.stance is stance


def test_what_cannot_tell_a_contradiction_contradicts_nothing() -> None:
    (found,) = beside(Scorer({"trial": (0.1, 0.8)}, binary=True), "They speak of the trial.")
    assert (found.stance, found.p_contradicted) == (Stance.NEUTRAL, 0.0)


def test_a_contradiction_says_so_in_a_sentence_for_everybody() -> None:
    (found,) = beside(Scorer({"trial": (0.1, 0.8)}), "They speak of the trial.")
    assert found.detail == "The source, read as a whole, says otherwise."


def test_a_long_passage_is_read_in_parts_to_its_end() -> None:
    (found,) = beside(Scorer({"arran": (0.9, 0.0)}), LONG + "It was arran who stopped it.")
    assert found.stance is Stance.SUPPORTS
    assert found.passage_span.of(found.passage.text).endswith("It was arran who stopped it.")
    assert found.passage_span.end - found.passage_span.start <= WINDOW


def test_a_contradiction_in_one_part_is_not_outvoted_by_support_in_another() -> None:
    (found,) = beside(Scorer({"arran": (0.1, 0.6), "brodie": (0.99, 0.0)}), f"brodie did. {LONG} arran did not.")
    assert found.stance is Stance.CONTRADICTS


def test_pairs_are_scored_in_bounded_batches_and_keep_their_order() -> None:
    scorer = Scorer({f"number {n}.": (n / 100, 0.0) for n in range(BATCH + 3)})
    found = beside(scorer, *(f"This is number {n}." for n in range(BATCH + 3)))
    assert [one.p_supported for one in found] == [n / 100 for n in range(BATCH + 3)]
    assert scorer.batches == [BATCH, 3]


@pytest.mark.parametrize(
    "shares",
    [
        (math.nan, 0.0),
        (0.5, math.nan),
        (math.inf, 0.0),
        (-0.1, 0.0),
        (0.0, -0.1),
        (0.9, 0.2),
        (1.1, 0.0),
        ("0.9", 0.0),
        (0.9,),
        None,
    ],
    ids=repr,
)
def test_scores_that_cannot_be_are_a_fault(shares: Any) -> None:
    with pytest.raises(VerifierFault):
        beside(Scorer({}, other=shares), "They speak of the trial.")


def test_a_wrong_number_of_scores_is_a_fault() -> None:
    scorer = Scorer({})
    scorer.score = lambda pairs: [(0.9, 0.0)] * (len(pairs) + 1)  # type: ignore[method-assign]
    with pytest.raises(VerifierFault):
        beside(scorer, "They speak of the trial.")
