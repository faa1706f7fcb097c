"""The default verifier's calibration is measured anew from the demonstration corpus, and must be what is stored."""

import hashlib
from collections import Counter
from dataclasses import replace
from itertools import chain

import pytest

from audit.bounds import upper_bound
from audit.stakes import Stakes
from evidence.calibration import Pair, threshold
from evidence.claims import split
from evidence.gate import DEFAULT_POLICY, judge
from evidence.passages import Passage
from evidence.typed.scoring import CALIBRATION, EVEN
from evidence.verdicts import Stance, Verdict
from tests.evidence.material import statement
from tests.evidence.perturbations import Edited, all_edits, restated
from tests.evidence.test_demo_corpus import FILES, front_matter, passages_of

SEED = 1
# A threshold of nothing, so that the verifier's own scores come through.
OPEN = replace(DEFAULT_POLICY, calibration=replace(CALIBRATION, threshold=0.0))


def documents() -> list[tuple[str, list[str]]]:
    bodies = [front_matter(path)[1] for path in FILES]
    return [(body, [found.text for found in split(body)]) for body in bodies]


def true_texts() -> list[str]:
    quoted = [sentence for _, sentences in documents() for sentence in sentences]
    return quoted + [other for text in quoted if (other := restated(text)) != text]


EDITED = all_edits(documents(), seed=SEED)
TRUE = true_texts()


@pytest.fixture(scope="module")
def corpus() -> tuple[Passage, ...]:
    return tuple(chain.from_iterable(passages_of(path) for path in FILES))


def support(text: str, corpus: tuple[Passage, ...]) -> float:
    """Return the best score of an alignment that supports a text; 0.0 without any."""
    (claim,) = judge([statement(text)], corpus, stakes=Stakes.LOW, policy=OPEN).claims
    return max((item.p_supported for item in claim.evidence if item.stance is Stance.SUPPORTS), default=0.0)


@pytest.fixture(scope="module")
def pairs(corpus: tuple[Passage, ...]) -> list[Pair]:
    unsupported = [Pair(support(edited.text, corpus), supported=False) for edited in EDITED]
    return [Pair(support(text, corpus), supported=True) for text in TRUE] + unsupported


def test_the_stored_threshold_is_the_lowest_that_the_bound_allows(pairs: list[Pair]) -> None:
    lowest = threshold(pairs, alpha=CALIBRATION.alpha, delta=CALIBRATION.delta, least=EVEN)
    assert lowest == CALIBRATION.threshold


def test_the_stored_counts_are_what_is_measured(pairs: list[Pair]) -> None:
    passed = Counter(pair.supported for pair in pairs if pair.score >= CALIBRATION.threshold)
    measured = (len(EDITED), passed[False], len(TRUE), passed[True])
    assert measured == (CALIBRATION.n, CALIBRATION.leaks, CALIBRATION.supported, CALIBRATION.kept)


def test_the_stored_hash_is_of_the_texts_measured_on() -> None:
    lines = [f"supported\t{text}\n" for text in TRUE] + [f"{edited.kind}\t{edited.text}\n" for edited in EDITED]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == CALIBRATION.data_sha256


def test_the_bound_is_stated_from_enough_points() -> None:
    assert upper_bound(CALIBRATION.leaks, CALIBRATION.n, delta=CALIBRATION.delta) <= CALIBRATION.alpha


def of_kind(kind: str) -> list[Edited]:
    return [edited for edited in all_edits(documents(), seed=SEED + 1) if edited.kind == kind]


@pytest.mark.parametrize("kind", sorted({edited.kind for edited in EDITED}))
def test_sentences_changed_in_one_detail_are_not_supported(kind: str, corpus: tuple[Passage, ...]) -> None:
    edited = of_kind(kind)
    report = judge([statement(one.text) for one in edited], corpus, stakes=Stakes.MEDIUM, policy=DEFAULT_POLICY)
    passed = [claim.statement.text for claim in report.claims if claim.verdict is Verdict.SUPPORTED]
    assert len(passed) <= max(1, 0.05 * len(edited)), passed
