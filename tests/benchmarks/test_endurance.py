"""What is said of a worker's growth: by the part of a series where its caches are full."""

import pytest

from benchmarks import endurance


def test_growth_is_the_slope_of_the_memory_and_none_for_one_point() -> None:
    assert endurance.slope_of([0.1, 0.2, 0.3], [100.0, 100.5, 101.0]) == pytest.approx(5)
    assert endurance.slope_of([0.1], [100.0]) == 0


def test_the_first_fifth_of_a_series_does_not_count() -> None:
    series = [{"runs": 1000, "rss_mb": 50.0}, *({"runs": n * 10_000, "rss_mb": 200.0 + n} for n in (2, 5, 10))]
    assert endurance.figure_of(series).value == pytest.approx(1)


def test_a_measurement_that_was_stopped_says_how_far_it_came() -> None:
    found = endurance.figure_of([{"runs": 1000, "rss_mb": 200.0}, {"runs": 2000, "rss_mb": 200.0}])
    assert (found.met, "after 2,000" in found.note) == (True, True)
