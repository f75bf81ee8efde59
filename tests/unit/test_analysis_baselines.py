"""When a number counts as moved, and when that matters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.analysis.baseline_verdict import KpiVerdict, holm, verdicts
from simulator.analysis.baselines import Baseline, Kpi
from simulator.metrics.registry import Better

N = 128
Floats = NDArray[np.float64]


def noise(size: float, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(0.0, size, N)


OLD = 0.4 + noise(0.1, 7)


def baseline(columns: list[Floats], better: Better = "lower", materiality: float = 0.01) -> Baseline:
    kpis = tuple(Kpi(f"gallium/kpi_{place}", "1", better, materiality, values) for place, values in enumerate(columns))
    return Baseline("Toy", "0" * 64, {}, ("gallium",), 0, N, kpis)


def verdict(new: Floats, old: Floats = OLD, better: Better = "lower") -> KpiVerdict:
    (found,) = verdicts(baseline([old], better), baseline([new], better))
    return found


@pytest.mark.parametrize(
    ("new", "better", "said"),
    [
        (OLD, "lower", "identical"),
        (OLD * (1.0 + 4e-10), "lower", "identical"),
        (OLD + noise(0.01), "lower", "equivalent"),
        (OLD + 0.002 + noise(0.001), "lower", "changed"),
        (OLD + 0.002, "lower", "changed"),
        (OLD + 0.02 + noise(0.01), "lower", "regressed"),
        (OLD + 0.02, "lower", "regressed"),
        (OLD - 0.02 + noise(0.01), "lower", "improved"),
        (OLD + 0.02 + noise(0.01), "higher", "improved"),
        (OLD + 0.02 + noise(0.01), "neither", "changed"),
        (OLD + noise(0.1), "lower", "inconclusive"),
    ],
)
def test_a_number_gets_the_verdict_of_its_paired_differences(new: Floats, better: Better, said: str) -> None:
    found = verdict(new, better=better)
    assert found.verdict == said
    assert found.passed == (said in ("identical", "equivalent"))
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert found.difference.n == N
    significant = said in ("changed", "regressed", "improved")
    assert (found.difference.low > 0 or found.difference.high < 0) == significant


def test_an_inconclusive_verdict_says_how_many_replications_would_decide() -> None:
    found = verdict(OLD + noise(0.1))
    assert found.needed > N
    assert found.needed % 16 == 0
    assert verdict(OLD + noise(0.01)).needed == 0


def test_a_number_defined_in_other_futures_has_changed() -> None:
    new = OLD.copy()
    new[3] = np.nan
    found = verdict(new)
    assert (found.verdict, found.undefined, found.difference.n) == ("changed", 1, N - 1)
    nothing = np.full(N, np.nan)
    assert verdict(nothing, nothing).verdict == "identical"
    assert verdict(nothing).verdict == "changed"


def test_one_future_that_meets_the_target_no_more_is_not_called_a_regression() -> None:
    old = np.zeros(N)
    old[:40] = 1.0
    new = old.copy()
    new[0] = 0.0
    assert verdict(new, old, "higher").verdict == "inconclusive"
    assert verdict(np.zeros(N), old, "higher").verdict == "regressed"


def test_many_unmoved_numbers_make_the_same_change_harder_to_call_significant() -> None:
    new = OLD + 0.0011 + noise(0.0045, 5)
    alone = verdicts(baseline([OLD]), baseline([new]))[0]
    among = verdicts(baseline([OLD] * 20), baseline([new] + [OLD] * 19))[0]
    assert alone.level == pytest.approx(0.99)
    assert among.level == pytest.approx(1.0 - 0.01 / 20)
    assert among.difference.high - among.difference.low > alone.difference.high - alone.difference.low


def test_holm_stops_at_the_first_that_it_does_not_reject() -> None:
    # 0.009 would pass its own step of 0.01 but comes after one that does not.
    rejected, levels = holm([0.001, 0.006, 0.009], 0.01)
    assert rejected == [True, False, False]
    assert levels == pytest.approx([1 - 0.01 / 3, 1 - 0.01 / 2, 1 - 0.01 / 2])


def test_unmoved_models_with_new_noise_seldom_raise_an_alarm() -> None:
    """Of 200 scenarios of 10 numbers whose means are the same, about one in a hundred may be called moved."""
    alarms = 0
    for seed in range(200):
        draws = np.random.default_rng(seed).normal(0.0, 0.1, (10, N))
        old = [OLD] * 10
        found = verdicts(baseline(old), baseline([OLD + one for one in draws]))
        alarms += any(item.verdict in ("changed", "regressed", "improved") for item in found)
    # P(more than 8 of 200 at 1 %) is below 0.0002.
    assert alarms <= 8
