"""Intervals cover a known truth as often as they say, on futures drawn as a run draws them.

A future meets the target when an uncertain input and a throw of chance together stay below a limit. Both are uniform,
so the truth is an area; the input comes from the run's own Sobol points, the throw from its own streams. The accepted
band is where the coverage of an exact interval lies but once in 10,000 such studies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.analysis.first_met import first_met
from simulator.analysis.input_range import spread_of
from simulator.analysis.intervals import Estimate, conditional_probability, mean_interval, probability
from simulator.analysis.precision import FIRST, following
from simulator.domain.facts import UncertainInput
from simulator.experiment.points import input_uniforms
from simulator.experiment.streams import BlockDraws

STUDIES = 500
FUTURES = 256
INPUT = UncertainInput("input/test", 3, 0.05, 0.5, 0.95, "1", "test", "assumed")
Floats = NDArray[np.float64]


def band(level: float = 0.95, studies: int = STUDIES) -> tuple[float, float]:
    half = 3.9 * math.sqrt(level * (1 - level) / studies)
    return level - half, min(level + half, 1.0)


@dataclass(frozen=True)
class Drawn:
    unknown: Floats
    chance: Floats


@cache
def drawn(seed: int, futures: int = FUTURES) -> Drawn:
    numbers = np.arange(futures, dtype=np.int64)
    return Drawn(
        input_uniforms([INPUT], futures, seed)[INPUT.name],
        BlockDraws(seed, numbers, {}).uniform("chance/test", 1)[:, 0],
    )


def below(limit: float) -> float:
    """P(u + v < limit) of two independent uniforms."""
    return limit * limit / 2 if limit <= 1 else 1 - (2 - limit) ** 2 / 2


def covered(estimates: list[Estimate], truth: float) -> float:
    return float(np.mean([item.low <= truth <= item.high for item in estimates]))


@pytest.mark.parametrize("limit", [0.6, 1.0, 1.3])
def test_the_interval_of_a_probability_covers_the_truth(limit: float) -> None:
    found = [drawn(seed) for seed in range(STUDIES)]
    estimates = [probability(item.unknown + item.chance < limit) for item in found]
    low, high = band()
    assert low < covered(estimates, below(limit)) <= high
    # Negative control: half the width covers far too rarely.
    assert covered([shrunk(item) for item in estimates], below(limit)) < low


def shrunk(item: Estimate) -> Estimate:
    return Estimate(item.value, (item.value + item.low) / 2, (item.value + item.high) / 2, item.n)


def test_points_of_a_low_discrepancy_narrow_the_interval_and_it_still_covers() -> None:
    """What the input alone decides is known far better than from as many independent futures, and not too well."""
    estimates = [probability(drawn(seed).unknown < 0.37) for seed in range(STUDIES)]
    low, _ = band()
    assert covered(estimates, 0.37) > low
    independent = 1.96 * math.sqrt(0.37 * 0.63 / FUTURES)
    assert np.median([(item.high - item.low) / 2 for item in estimates]) < independent / 2


def test_the_interval_of_a_mean_and_of_a_branch_cover_the_truth() -> None:
    means, branches = [], []
    for seed in range(STUDIES):
        item = drawn(seed)
        met = item.unknown + item.chance < 1.0
        means.append(mean_interval(met * 3.0 + item.chance))
        branches.append(conditional_probability(met, item.chance < 0.5))
    low, high = band()
    assert low < covered(means, 3.0 * 0.5 + 0.5) <= high
    # Wilson's interval takes futures as independent, which errs on the wide side.
    assert covered(branches, 0.75) > low


def test_the_median_first_day_covers_the_truth_though_many_futures_are_censored() -> None:
    """A future first meets the target on the day its throw is due: day 100 x, watched to day 60."""
    watched = tuple(float(day) for day in range(61))
    medians, quarters = [], []
    for seed in range(STUDIES):
        due = 100.0 * drawn(seed).chance
        flags = due[:, None] <= np.array(watched)[None, :]
        found = first_met(flags, watched)
        medians.append(found.days.quantiles["p50"])
        quarters.append(found.not_yet[25])
    low, high = band()
    # The first day is the throw rounded up to a whole day.
    assert covered(medians, 50.0) > low
    assert low < covered(quarters, 0.75) <= high


def test_a_run_that_stops_when_an_interval_is_narrow_covers_little_less_than_it_says() -> None:
    """Stopping at a narrow look is a choice by the data; with 512 futures before the first look it costs little."""
    studies, wanted, limit, most = 150, 0.02, 1.0, 8192
    estimates, lengths = [], []
    for seed in range(studies):
        everything = drawn(seed, most)
        met = everything.unknown + everything.chance < limit
        done = FIRST
        while True:
            found = probability(met[:done])
            half = (found.high - found.low) / 2
            if half <= wanted or done >= most:
                break
            done = following(done, half, wanted, most)
        estimates.append(found)
        lengths.append(done)
        assert half <= wanted
    assert covered(estimates, 0.5) > band(0.93, studies)[0]
    # By Student's t and p = 1/2, quasi-random in one of two, some 1,500 futures are called for.
    assert 700 < np.mean(lengths) < 2600


def test_the_range_over_inputs_is_that_of_the_inputs_and_not_of_chance() -> None:
    """P(met | u) = u: its 5 and 95 % points are 0.05 and 0.95, wider ones come of 32 futures a point alone."""
    rng = np.random.default_rng(5)
    ranges = []
    for _ in range(100):
        unknown = (rng.permutation(64) + rng.random(64)) / 64
        ranges.append(spread_of(rng.random((64, 32)) < (0.3 + 0.4 * unknown)[:, None]))
    assert np.mean([item.p05.value for item in ranges]) == pytest.approx(0.32, abs=0.015)
    assert np.mean([item.p95.value for item in ranges]) == pytest.approx(0.68, abs=0.015)
    assert np.mean([item.raw[0] for item in ranges]) < 0.29
    assert np.mean([item.noise for item in ranges]) == pytest.approx(0.0075 / (0.0133 + 0.0075), abs=0.06)
