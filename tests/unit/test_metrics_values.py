from __future__ import annotations

import numpy as np
import pytest

from simulator.domain.target import Criterion, Target
from simulator.metrics.concentration import hhi, top_country_share
from simulator.metrics.cover import days_of_cover
from simulator.metrics.direct import direct_china_share
from simulator.metrics.examples import example_trace
from simulator.metrics.exposure import china_exposed_share
from simulator.metrics.registry import metrics
from simulator.metrics.unmet import unmet_share
from simulator.metrics.windows import Windows, added, at
from simulator.metrics.yardsticks import criteria, met

QUARTER = Windows((90.0,))


def test_every_metric_states_unit_direction_and_documentation() -> None:
    assert set(metrics()) >= {
        "china_exposed_share",
        "days_of_cover",
        "direct_china_share",
        "hhi",
        "landed_by_origin",
        "price_index",
        "project_output",
        "stage_china_share",
        "top_country_share",
        "unmet_share",
    }
    for item in metrics().values():
        assert "Returns" in (item.compute.__doc__ or "")
        assert item.unit in {"1", "days", "t"}


def test_what_has_no_denominator_is_nan_and_not_zero() -> None:
    nothing = example_trace(days=[0, 90], consumed=[[0, 0]])
    for compute in (china_exposed_share, direct_china_share, unmet_share, days_of_cover, hhi, top_country_share):
        assert np.isnan(compute(nothing, QUARTER)).all(), compute.__name__


def test_a_window_between_recorded_days_takes_its_part_of_the_interval() -> None:
    trace = example_trace(days=[0, 100, 200], consumed=[[0, 100, 200]], exposed=[[0, 100, 100]])
    assert china_exposed_share(trace, Windows((150.0,), 100.0)) == pytest.approx(0.5)


def test_a_series_on_a_recorded_day_is_the_record_to_the_last_bit() -> None:
    series = np.array([[0.1, 0.7, 1.9]])
    assert at(series, np.array([0.0, 14.0, 28.0]), [14.0, 28.0]).tobytes() == series[:, 1:].tobytes()


@pytest.mark.parametrize("columns", [1, 3, 7, 8, 13, 16, 27])
def test_a_sum_over_origins_is_that_of_numbers_side_by_side_to_the_last_bit(columns: int) -> None:
    """However the block lies in memory, and for one replication alone."""
    tonnes = np.random.default_rng(7).lognormal(0.0, 4.0, (5, 2, columns))
    usual = tonnes.sum(axis=2)
    block = np.moveaxis(np.ascontiguousarray(np.moveaxis(tonnes, 0, -1)), -1, 0)
    for some in (tonnes, block):
        assert added(some).tobytes() == usual.tobytes()
        assert added(some[3:4]).tobytes() == usual[3:4].tobytes()


def test_rerouted_material_leaves_customs_statistics_but_not_exposure() -> None:
    trace = example_trace(
        days=[0, 90],
        origins=("CHN", "VNM", "USA"),
        landed=[[[0, 0, 0], [2, 8, 0]]],
        consumed=[[0, 10]],
        exposed=[[0, 10]],
    )
    assert direct_china_share(trace, QUARTER) == pytest.approx(0.2)
    assert china_exposed_share(trace, QUARTER) == pytest.approx(1.0)


def test_home_output_dilutes_the_largest_third_country_but_is_not_one() -> None:
    trace = example_trace(
        days=[0, 90], origins=("CHN", "KAZ", "OTH", "USA"), landed=[[[0, 0, 0, 0], [1, 3, 6, 10]]], consumed=[[0, 20]]
    )
    assert top_country_share(trace, QUARTER) == pytest.approx(3 / 20)


def test_the_largest_third_country_may_be_china_upstream() -> None:
    trace = example_trace(
        days=[0, 90],
        stages=("mine", "refinery"),
        origins=("JPN", "USA"),
        landed=[[[0, 0], [5, 5]]],
        consumed=[[0, 10]],
        exposed_by_stage=[[[0, 0], [7, 0]]],
    )
    assert top_country_share(trace, QUARTER) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("exposed", "consumed", "expected"),
    [(50, 100, True), (51, 100, False), (0, 95, True), (0, 94, False), (0, 0, False)],
)
def test_reliance_needs_both_little_of_china_and_little_unmet(exposed: float, consumed: float, expected: bool) -> None:
    trace = example_trace(days=[0, 90], demanded=[[0, 100]], consumed=[[0, consumed]], exposed=[[0, exposed]])
    assert met(trace, Criterion("reliance"), QUARTER).tolist() == [[expected]]


def test_without_imports_the_customs_yardstick_is_not_met() -> None:
    trace = example_trace(days=[0, 90], consumed=[[0, 10]])
    assert not met(trace, Criterion("direct"), QUARTER).any()


def test_complete_reliance_follows_the_scenarios_window() -> None:
    from datetime import date

    target = Target(date(2027, 5, 6), (Criterion("reliance", window_days=365, threshold=0.4, max_unmet_share=0.1),))
    by_name = {item.yardstick: item for item in criteria(target)}
    assert by_name["complete"] == Criterion("complete", 365, 0.90, 0.1)
    assert by_name["reliance"].threshold == 0.4
    assert by_name["crma65"].threshold == 0.65
