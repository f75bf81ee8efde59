from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.analysis.intervals import Estimate
from simulator.analysis.overall import overall_verdict
from simulator.analysis.verdict import YardstickVerdict, binding_stage, quantiles

HALF = np.arange(64) < 32


def overall(*met: np.ndarray) -> object:
    return overall_verdict(
        list(met), commodities=("a", "b")[: len(met)], met_at_start=(), branches={"truce": HALF}, n=64
    )


def test_all_met_counts_futures_in_which_they_are_met_together() -> None:
    """Two commodities, each met in half of the futures: in the same half, or never in the same future."""
    together, apart = overall(HALF, HALF), overall(HALF, ~HALF)
    assert (together.probability.value, together.expected_met.value) == (0.5, 1.0)
    assert (apart.probability.value, apart.expected_met.value) == (0.0, 1.0)
    assert [item.value for item in together.at_least] == [1.0, 0.5, 0.5]
    assert [item.value for item in apart.at_least] == [1.0, 1.0, 0.0]


def test_a_branch_splits_the_verdict() -> None:
    both = overall(HALF, HALF)
    assert both.by_branch["truce"].value == 1.0
    assert both.expected_by_branch["truce"] == 2.0


def test_without_a_commodity_there_is_no_verdict() -> None:
    nothing = overall()
    assert math.isnan(nothing.probability.value)
    assert nothing.at_least == ()


def test_the_binding_stage_has_the_largest_median_and_matters_somewhere() -> None:
    shares = np.array([[0.2, 0.9], [0.9, 0.8], [0.1, 0.7]])
    nothing = np.zeros(3)
    assert binding_stage(("mine", "refinery"), shares, nothing, 0.5) == "refinery"
    assert binding_stage(("mine", "refinery"), shares, nothing, 0.95) is None
    assert binding_stage(("mine", "refinery"), np.full((3, 2), 0.6), nothing, 0.5) == "mine"


def test_a_stage_binds_whose_product_china_withholds_though_little_of_it_is_consumed() -> None:
    shares = np.array([[0.1, 0.2], [0.0, 0.1]])
    assert binding_stage(("mine", "refinery"), shares, np.array([0.8, 0.3]), 0.5) == "refinery"
    assert binding_stage(("mine", "refinery"), shares, np.array([0.4, 0.3]), 0.5) is None


@pytest.mark.parametrize(
    ("at_start", "met", "doubt"),
    [((0.52, 0.48, 0.56), True, True), ((0.49, 0.46, 0.52), False, True), ((0.6, 0.55, 0.65), True, False)],
)
def test_half_of_the_futures_decide_whether_a_commodity_was_open(
    at_start: tuple[float, float, float], met: bool, doubt: bool
) -> None:
    estimate = Estimate(*at_start, 1024)
    verdict = YardstickVerdict(
        probability=estimate,
        threshold=0.5,
        window_days=90,
        at_start=estimate,
        later=None,
        still_met=None,
        by_branch={},
    )
    assert (verdict.met_at_start, verdict.start_in_doubt) == (met, doubt)


def test_a_spread_leaves_out_futures_without_the_number() -> None:
    assert quantiles(np.array([math.nan, 2.0, 4.0])).p50 == pytest.approx(3.0)
    assert math.isnan(quantiles(np.array([math.nan])).p05)
