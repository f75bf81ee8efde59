"""Every yardstick on traces written by hand, where its answer is known in closed form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from simulator.domain.target import METRICS, METRICS_WITH_AXIS, PUBLISHED, Criterion, Target
from simulator.metrics.distance import TONNES, distance, unit
from simulator.metrics.examples import example_trace
from simulator.metrics.n_minus_1 import n_minus_1
from simulator.metrics.registry import metrics
from simulator.metrics.windows import Windows
from simulator.metrics.yardsticks import ON_REQUEST, YARDSTICKS, criteria, met, published

QUARTER = Windows((90.0,))
YEAR = Windows((365.0,), 365.0)
PER_YEAR = 365.25 / 90.0


def test_the_file_format_knows_every_metric() -> None:
    assert tuple(metrics()) == METRICS
    assert tuple(name for name, item in metrics().items() if item.axis) == METRICS_WITH_AXIS
    assert {**YARDSTICKS, **ON_REQUEST}.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_yardstick_says_what_it_means_and_who_says_so(name: str) -> None:
    item = published(PUBLISHED[name])
    assert item is not None
    assert min(map(len, (item.definition, item.source, item.short))) > 5
    text = str(item.measure.__doc__)
    assert text.index("Notes\n") < text.index("References\n"), "formula and source stand in the docstring too"


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_says_what_it_is_where_it_comes_from_and_how_it_is_computed(metric: str) -> None:
    text = str(metrics()[metric].compute.__doc__)
    assert "Returns\n" in text
    assert "Examples\n" in text


def n_1(*, made: tuple[float, float, float], needed: tuple[float, float, float]) -> float:
    """N-1 ratio of a world and its two suppliers: totals, then each supplier's own."""
    trace = example_trace(
        days=[0, 365], suppliers=("CHN", "KAZ"), world_output=[[[0], [made[0]]]], world_demand=[[[0], [needed[0]]]],
        supplier_output=[[[0, 0], made[1:]]], supplier_demand=[[[0, 0], needed[1:]]],
    )  # fmt: skip
    return float(n_minus_1(trace, YEAR)[0, 0])


def test_the_largest_suppliers_own_demand_leaves_with_it() -> None:
    assert n_1(made=(100, 60, 10), needed=(100, 0, 0)) == pytest.approx(0.4)
    assert n_1(made=(100, 60, 10), needed=(100, 60, 0)) == pytest.approx(1.0)


def test_who_made_most_in_the_window_is_left_out_whoever_was_larger_before() -> None:
    assert n_1(made=(100, 20, 50), needed=(100, 0, 0)) == pytest.approx(0.5)


def test_a_world_without_a_foreign_supplier_has_all_its_supply() -> None:
    assert n_1(made=(100, 0, 0), needed=(80, 0, 0)) == pytest.approx(1.25)
    assert np.isnan(n_1(made=(100, 0, 0), needed=(0, 0, 0)))


def test_a_chain_is_as_strong_as_its_weakest_stage_up_to_the_judged_one() -> None:
    trace = example_trace(
        days=[0, 365], stages=("mine", "refinery", "alloy"), world_output=[[[0, 0, 0], [90, 50, 10]]],
        world_demand=[[[0, 0, 0], [100, 100, 100]]],
    )  # fmt: skip
    assert n_minus_1(trace, YEAR).tolist() == [[0.1]]
    assert n_minus_1(trace, replace(YEAR, judged_stage=1)).tolist() == [[0.5]]
    assert n_minus_1(trace, replace(YEAR, judged_stage=0)).tolist() == [[0.9]]


@pytest.mark.parametrize(("made", "expected"), [(100.0, True), (99.9, False)])
def test_n_minus_1_is_met_at_a_ratio_of_one(made: float, expected: bool) -> None:
    trace = example_trace(days=[0, 365], world_output=[[[0], [made]]], world_demand=[[[0], [100]]])
    assert met(trace, PUBLISHED["nminus1"], Windows((365.0,))).tolist() == [[expected]]


def test_distances_are_what_closes_the_gap_and_no_more() -> None:
    """Replace as many tonnes as a distance says, and the yardstick is just met; one tonne less, and it is not."""
    demanded, consumed, exposed, withheld = 100.0, 90.0, 70.0, 5.0

    def trace(exposed: float, consumed: float = 100.0):  # type: ignore[no-untyped-def]
        return example_trace(
            days=[0, 90], demanded=[[0, demanded]], consumed=[[0, consumed]], exposed=[[0, exposed]],
            withheld=[[0, withheld]],
        )  # fmt: skip

    reliance = Criterion("reliance")
    found = distance(trace(exposed, consumed), reliance, QUARTER)
    replaced = float(found["reliance"][0, 0]) / PER_YEAR
    assert replaced == pytest.approx(70 + 5 - 0.5 * (90 + 5))
    assert float(found["reliance/unmet"][0, 0]) / PER_YEAR == pytest.approx(10 - 0.05 * 100)
    whole = float(distance(trace(exposed), reliance, QUARTER)["reliance"][0, 0]) / PER_YEAR
    assert met(trace(exposed - whole - 1e-6), reliance, QUARTER).all()
    assert not met(trace(exposed - whole + 1), reliance, QUARTER).any()


def test_distances_of_the_other_yardsticks_count_their_own_tonnes() -> None:
    trace = example_trace(
        days=[0, 90], origins=("CHN", "KAZ", "USA"), landed=[[[0, 0, 0], [70, 30, 900]]], demanded=[[0, 1000]],
        consumed=[[0, 1000]], world_output=[[[0], [60]]], world_demand=[[[0], [100]]],
    )  # fmt: skip
    per_year = {name: distance(trace, PUBLISHED[name], QUARTER)[name][0, 0] for name in ("direct", "crma65", "nminus1")}
    assert per_year["direct"] == pytest.approx((70 - 50) * PER_YEAR)
    assert per_year["crma65"] == 0.0
    assert per_year["nminus1"] == pytest.approx(40 * 365.25 / 365)
    assert {unit(PUBLISHED[name]) for name in PUBLISHED} == {TONNES}


def own(metric: str, threshold: float, *, at_least: bool = False, of: str | None = None) -> Criterion:
    return Criterion("mine", threshold=threshold, at_least=at_least, metric=metric, of=of)


def test_a_yardstick_of_ones_own_holds_any_metric_against_its_threshold() -> None:
    trace = example_trace(days=[0, 90], demanded=[[0, 90], [0, 90]], stock=[[0, 59], [0, 60]])
    cover = own("days_of_cover", 60, at_least=True)
    assert met(trace, cover, QUARTER).tolist() == [[False], [True]]
    assert distance(trace, cover, QUARTER)["mine"].tolist() == [[1.0], [0.0]]
    assert unit(cover) == "days"


def test_a_metric_of_each_origin_can_be_asked_of_one_or_of_all() -> None:
    trace = example_trace(days=[0, 90], origins=("CHN", "KAZ"), landed=[[[0, 0], [3, 40]]])
    assert met(trace, own("landed_by_origin", 40, at_least=True, of="KAZ"), QUARTER).all()
    assert not met(trace, own("landed_by_origin", 40, at_least=True), QUARTER).any()
    assert not met(trace, own("landed_by_origin", 1, at_least=True, of="UZB"), QUARTER).any()
    assert met(trace, own("landed_by_origin", 1, of="UZB"), QUARTER).all()


def test_what_is_not_known_of_a_stage_is_not_claimed() -> None:
    trace = example_trace(days=[0, 90], stages=("mine",), consumed=[[0, 10]], exposed_by_stage=[[[0], [2]]])
    assert met(trace, own("stage_china_share", 0.5, of="mine"), QUARTER).all()
    assert not met(trace, own("stage_china_share", 0.5, of="smelter"), QUARTER).any()


def test_own_yardsticks_follow_the_published_ones_and_cutoff_waits_to_be_asked() -> None:
    target = Target(date(2027, 5, 6), (own("hhi", 0.3), PUBLISHED["cutoff"]))
    names = [item.yardstick for item in criteria(target)]
    assert names == [*YARDSTICKS, "mine"]
    assert [item.yardstick for item in criteria(target, branched=True)] == [*YARDSTICKS, "mine", "cutoff"]
