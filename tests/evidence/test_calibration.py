"""Bounds on what may leak, and which records hold."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.bounds import least_n, most_hits, upper_bound
from evidence.calibration import (
    Calibration,
    Figures,
    Pair,
    figures,
    threshold,
)

RECORD = Calibration(
    id="nli-1",
    verifier="nli",
    created=date(2026, 1, 1),
    threshold=0.5,
    n=45,
    leaks=0,
    supported=20,
    kept=15,
    alpha=0.05,
    delta=0.1,
    data_sha256="0" * 64,
    expires=date(2027, 1, 1),
)
TODAY = date(2026, 6, 1)


# Clopper-Pearson: without a leak the bound is 1 - delta ** (1 / n); the others are from the beta distribution's table.
@pytest.mark.parametrize(
    ("leaks", "n", "bound"),
    [
        (0, 45, 0.0499),
        (0, 44, 0.0510),
        (1, 77, 0.0496),
        (2, 105, 0.0498),
        (3, 132, 0.0498),
        (0, 22, 0.0994),
        (5, 10, 0.7327),
    ],
)
def test_the_bound_is_that_of_clopper_and_pearson(leaks: int, n: int, bound: float) -> None:
    assert upper_bound(leaks, n, delta=0.1) == pytest.approx(bound, abs=2e-4)


@pytest.mark.parametrize(("leaks", "n"), [(0, 0), (3, 3), (5, 3)])
def test_nothing_can_be_said_where_everything_leaked_or_nothing_was_measured(leaks: int, n: int) -> None:
    assert upper_bound(leaks, n, delta=0.1) == 1.0


@given(leaks=st.integers(0, 40), more=st.integers(1, 200))
def test_one_more_leak_never_lowers_the_bound(leaks: int, more: int) -> None:
    n = leaks + more
    assert leaks / n <= upper_bound(leaks, n, delta=0.1) <= upper_bound(leaks + 1, n, delta=0.1) <= 1.0


def pairs(supported: list[float], unsupported: list[float]) -> list[Pair]:
    return [Pair(score, supported=True) for score in supported] + [
        Pair(score, supported=False) for score in unsupported
    ]


def test_the_threshold_is_the_lowest_under_which_too_much_would_leak() -> None:
    known = pairs([0.9, 0.8, 0.6], [0.7] * 10 + [0.1] * 90)
    assert threshold(known, alpha=0.05, delta=0.1) == 0.8


def test_a_threshold_may_be_kept_from_falling_further() -> None:
    assert threshold(pairs([0.9], [0.1] * 100), alpha=0.05, delta=0.1, least=0.75) == 0.75


SCORES = st.lists(st.integers(0, 20).map(lambda score: score / 20), max_size=120)


@given(supported=SCORES, unsupported=SCORES, least=st.sampled_from([0.0, 0.5]))
def test_no_lower_score_would_do(supported: list[float], unsupported: list[float], least: float) -> None:
    known = pairs(supported, unsupported)
    allowed = [at for at in {least, *supported, *unsupported} if at >= least and bound_at(known, at) <= 0.1]
    assert threshold(known, alpha=0.1, delta=0.1, least=least) == min(allowed, default=None)


def bound_at(known: list[Pair], at: float) -> float:
    return figures(known, at).bound(0.1)


@pytest.mark.parametrize(("n", "leaks"), [(0, -1), (44, -1), (45, 0), (76, 0), (77, 1), (105, 2), (132, 3), (184, 5)])
def test_so_many_may_leak_and_no_more(n: int, leaks: int) -> None:
    assert most_hits(n, alpha=0.05, delta=0.1) == leaks


def test_there_is_no_threshold_from_too_few_points() -> None:
    assert threshold(pairs([0.9], [0.1] * 44), alpha=0.05, delta=0.1) is None


def test_a_record_holds_for_its_verifier_until_it_expires() -> None:
    assert RECORD.holds("nli", on=TODAY)
    assert not RECORD.holds("typed-1", on=TODAY)
    assert not RECORD.holds("nli", on=date(2027, 1, 1))
    assert replace(RECORD, expires=None).holds("nli", on=date(2099, 1, 1))


@pytest.mark.parametrize(("leaks", "n"), [(0, 44), (1, 45), (0, 0)])
def test_a_record_whose_bound_cannot_be_stated_does_not_hold(leaks: int, n: int) -> None:
    assert not replace(RECORD, leaks=leaks, n=n).holds("nli", on=TODAY)


def test_a_threshold_outside_the_scores_is_refused() -> None:
    with pytest.raises(ValueError, match="scores go from 0 to 1"):
        replace(RECORD, threshold=1.5)


@pytest.mark.parametrize(("alpha", "delta"), [(0.05, 0.1), (0.1, 0.1), (0.01, 0.05), (0.2, 0.2)])
def test_the_least_number_is_the_first_with_which_a_bound_can_be_stated(alpha: float, delta: float) -> None:
    least = least_n(alpha=alpha, delta=delta)
    assert upper_bound(0, least, delta=delta) <= alpha < upper_bound(0, least - 1, delta=delta)


def test_what_reaches_a_threshold_passes() -> None:
    assert figures(pairs([0.9, 0.5], [0.7, 0.6, 0.1]), 0.6) == Figures(0.6, n=3, leaks=2, supported=2, kept=1)
