from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.analysis.intervals import (
    conditional_probability,
    counted_mean,
    mean_interval,
    probability,
    quantile,
    quantiles_of,
    wilson,
)


def coverage_band(level: float, trials: int) -> tuple[float, float]:
    """Where the observed coverage of an exact interval lies but once in 10,000 such studies."""
    half = 3.9 * math.sqrt(level * (1 - level) / trials)
    return level - half, level + half


def test_the_t_interval_of_normal_means_covers_as_often_as_it_says() -> None:
    """With normal values the t interval is exact, so its coverage is binomial."""
    trials = 2000
    values = np.random.default_rng(1).normal(3.0, 2.0, size=(trials, 64))
    intervals = [mean_interval(row) for row in values]
    low, high = coverage_band(0.95, trials)
    assert low < np.mean([item.low < 3.0 < item.high for item in intervals]) < high
    # Negative control: a normal quantile instead of Student's covers too rarely to stay in the band.
    shrunk = [(item.value + (end - item.value) * 1.96 / 2.1314) for item in intervals for end in (item.low, item.high)]
    wrong = np.mean([a < 3.0 < b for a, b in zip(shrunk[::2], shrunk[1::2], strict=True)])
    assert not low < wrong < high


def test_the_interval_knows_which_randomisation_a_replication_belongs_to() -> None:
    """When all the spread lies between randomisations, more points per randomisation must not narrow it."""
    effect = np.random.default_rng(2).normal(size=16)
    short, long = (mean_interval(np.tile(effect, repeats)) for repeats in (4, 64))
    assert long.high - long.low == pytest.approx(short.high - short.low)
    assert short.high - short.low == pytest.approx(2 * 2.131449546 * effect.std(ddof=1) / 4)


@pytest.mark.parametrize("n", [16, 1024])
def test_wilson_at_zero_is_the_closed_form(n: int) -> None:
    z2 = 1.959963984540054**2
    assert wilson(0, n) == (0.0, pytest.approx(z2 / (n + z2)))
    assert wilson(n, n) == (pytest.approx(n / (n + z2)), 1.0)


def test_wilson_solves_its_own_equation() -> None:
    n, successes, z = 200, 37, 1.959963984540054
    for end in wilson(successes, n):
        assert abs(successes / n - end) == pytest.approx(z * math.sqrt(end * (1 - end) / n))


def test_never_seen_is_not_impossible() -> None:
    estimate = probability(np.zeros(1024, dtype=bool))
    assert (estimate.value, estimate.low) == (0.0, 0.0)
    assert estimate.high == pytest.approx(wilson(0, 1024)[1])
    assert probability(np.ones(1024, dtype=bool)).low < 1.0


@given(st.lists(st.booleans(), min_size=64, max_size=64))
def test_an_interval_holds_its_estimate_and_stays_a_probability(flags: list[bool]) -> None:
    estimate = probability(flags)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.value == sum(flags) / 64
    assert estimate.high > estimate.low


def test_nothing_to_estimate_from_is_nan() -> None:
    assert math.isnan(probability([]).value)
    assert math.isnan(quantile([math.nan], 0.5).value)
    assert math.isnan(conditional_probability([True], [False]).value)


def test_a_condition_counts_only_the_replications_in_which_it_holds() -> None:
    estimate = conditional_probability([True, False, True, True], [True, True, False, False])
    assert (estimate.value, estimate.n) == (0.5, 2)


@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
def test_order_statistics_cover_a_quantile_at_least_as_often_as_they_say(q: float) -> None:
    trials = 1000
    values = np.random.default_rng(3).random((trials, 400))
    intervals = [quantile(row, q) for row in values]
    covered = np.mean([item.low <= q <= item.high for item in intervals])
    assert covered > coverage_band(0.95, trials)[0]
    # Wider than needed by a rank at each end at most.
    assert np.mean([item.high - item.low for item in intervals]) < 2 * 2.3 * math.sqrt(q * (1 - q) / 400) + 2 / 400


def test_a_number_that_is_the_same_in_all_futures_is_not_known_for_sure() -> None:
    never, always = counted_mean(np.zeros(64), 4.0), counted_mean(np.full(64, 4.0), 4.0)
    assert (never.low, always.high) == (0.0, 4.0)
    assert never.high == pytest.approx(4.0 * wilson(0, 64)[1])
    assert always.low == pytest.approx(4.0 * wilson(64, 64)[0])
    varied = np.arange(64.0) % 3
    assert counted_mean(varied, 4.0).low > 0.0
    assert counted_mean(varied, 4.0).low == mean_interval(varied).low


@pytest.mark.parametrize("n", [1, 2, 3, 16, 777, 1024])
def test_quantiles_are_those_of_numpy_to_the_last_bit(n: int) -> None:
    values = np.random.default_rng(n).lognormal(0.0, 3.0, n)
    levels = (0.0, 0.05, 0.1, 0.5, 0.9, 0.95, 1.0)
    assert quantiles_of(values, levels).tobytes() == np.quantile(values, levels).tobytes()
    assert [quantile(values, q).value for q in levels[1:-1]] == np.quantile(values, levels[1:-1]).tolist()
