from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simulator.analysis.first_met import first_met
from simulator.analysis.intervals import Estimate
from simulator.analysis.overall import OverallVerdict, overall_verdict
from simulator.analysis.verdict import YardstickVerdict, binding_stage, judge, quantiles
from simulator.domain.target import ListRule
from simulator.experiment.streaming import Failure
from simulator.metrics.outcome import selected
from simulator.report.terminal import sentence
from tests.support.kept import REPLICATIONS, baseline

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


def test_a_list_is_met_by_number_or_by_weight() -> None:
    """Of three commodities the heavy one is met in half of the futures, the two light ones in all."""
    flags, names = [HALF, np.ones(64, dtype=bool), np.ones(64, dtype=bool)], ("a", "b", "c")

    def found(rule: ListRule) -> OverallVerdict:
        return overall_verdict(
            flags, commodities=names, met_at_start=(), branches={}, n=64, worth=(8.0, 1.0, 1.0), rule=rule
        )

    assert found(ListRule()).rule_holds.value == 0.5
    assert found(ListRule("at_least", 2)).rule_holds.value == 1.0
    assert found(ListRule("at_least", 9)).rule_holds.value == 0.5, "no more can be asked than there are"
    assert found(ListRule("weighted", 0.2)).rule_holds.value == 1.0
    assert found(ListRule("weighted", 0.21)).rule_holds.value == 0.5
    assert found(ListRule()).weighted_share.value == pytest.approx(0.6)
    assert dict(found(ListRule()).weights) == pytest.approx({"a": 0.8, "b": 0.1, "c": 0.1})


def test_a_rule_is_first_met_when_enough_are_met_on_the_same_day() -> None:
    """One is met on the first day alone, the other from the second on: never both, always one."""
    first, second = np.zeros((64, 2), dtype=bool), np.zeros((64, 2), dtype=bool)
    first[:, 0], second[:, 1] = True, True
    found = [
        overall_verdict(
            [first[:, 1], second[:, 1]], commodities=("a", "b"), met_at_start=(), branches={}, n=64, rule=rule,
            days=[first, second], watched=(0.0, 28.0),
        )
        for rule in (ListRule(), ListRule("at_least", 1))
    ]  # fmt: skip
    assert [item.rule_first.ever.value for item in found if item.rule_first] == [0.0, 1.0]
    assert math.isinf(found[0].rule_first.days.quantiles["p50"].value)  # type: ignore[union-attr]
    assert found[1].rule_first.days.quantiles["p50"].value == 0.0  # type: ignore[union-attr]


def test_what_is_never_met_is_censored_at_the_last_day_watched() -> None:
    met = np.zeros((64, 3), dtype=bool)
    met[:16, 1], met[16:32, 2] = True, True
    found = first_met(met, (0.0, 100.0, 200.0))
    assert [item.value for item in found.not_yet] == [1.0, 0.75, 0.5]
    assert found.days.watched_days == 200.0
    assert found.days.quantiles["p10"].value == 100.0
    assert math.isinf(found.days.quantiles["p90"].value)


@pytest.mark.parametrize(("least", "most", "identified"), [(0.9, 0.1, False), (0.9, 0.6, True), (0.4, 0.1, True)])
def test_a_verdict_that_flips_with_who_got_which_tonne_is_not_identified(
    least: float, most: float, identified: bool
) -> None:
    some = Estimate(0.5, 0.4, 0.6, 64)
    verdict = YardstickVerdict(
        probability=some, threshold=0.5, window_days=90, at_start=some, later=None, still_met=None, by_branch={},
        exposed_min=Estimate(least, least, least, 64), exposed_max=Estimate(most, most, most, 64),
    )  # fmt: skip
    assert verdict.identified is identified


def test_a_missing_future_takes_its_round_along_and_moves_no_other() -> None:
    """Each future stays with its randomisation: the estimates are those of the whole rounds."""
    whole = baseline()
    numbers = np.arange(REPLICATIONS)
    without = selected(whole.outcome, np.delete(numbers, 20))
    rounds = selected(whole.outcome, np.delete(numbers, np.s_[16:32]))
    found, expected = judge(whole.case, without), judge(whole.case, rounds)
    assert found.overall == expected.overall
    assert [item.kpis for item in found.commodities] == [item.kpis for item in expected.commodities]
    assert found.commodities[0].yardsticks["direct"].probability.n == REPLICATIONS - 16
    study = replace(whole, outcome=without, verdict=found, failed=(Failure(20, "ValueError", "no", ""),))
    told = " ".join(sentence(study).split())
    assert "of 64 replications failed. 15 others do not count: futures count in whole rounds of 16." in told
    assert "Stopped early" not in told
