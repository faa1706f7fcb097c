"""The benchmark of the cache of verifications: what it counts, and that it notices a report that is another."""

from dataclasses import replace

import pytest

from benchmarks.remembering import Round, Series, WrongReport, answers, compare, figures
from evidence.recall import NOTHING
from evidence.typed.scoring import TYPED


def series() -> Series:
    names = [f"{name} {how}" for name in ("typed, cold", "typed, warm", "slow") for how in ("none", "miss", "hit")]
    return Series({name: [1.0] for name in names})


@pytest.mark.parametrize(("hits", "met"), [(10, True), (9, False)])
def test_only_claims_that_are_asked_again_count(hits: int, met: bool) -> None:
    found = figures(series(), [Round(0, 10, 0, 1000), Round(hits, 10 - hits, 0, 1100)])[0]
    assert (found.value, found.met) == (hits / 10, met)


def test_a_changed_report_is_not_measured_and_new_ids_are_no_change() -> None:
    known = answers()[0]
    report = known.judged(TYPED, NOTHING)
    compare(report, known.again().judged(TYPED, NOTHING), "again")
    changed = replace(report, claims=(replace(report.claims[0], p_supported=0.123), *report.claims[1:]))
    with pytest.raises(WrongReport):
        compare(report, changed, "changed")
