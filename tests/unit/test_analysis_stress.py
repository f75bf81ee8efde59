"""Cut-offs: the same futures with and without, and what can never happen between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator import Scenario
from simulator.analysis import stress as analysis
from simulator.analysis.cut import Cut, cut_of, watched_days
from simulator.analysis.lifetimes import lifetime
from simulator.analysis.stress import PartialStress, Stress, stress
from simulator.analysis.under_cut import Supply, stressed, supplies
from simulator.domain.traces import REROUTED, Trace
from simulator.errors import InterruptedRun, UsageError
from simulator.experiment.many import Wanted, run_many
from simulator.metrics.windows import at
from simulator.report.document import text
from simulator.report.stress_document import stress_document
from simulator.scenario import resolve
from simulator.scenario.case import Case

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"


@cache
def baseline() -> Scenario:
    return Scenario.load(BASELINE)


@cache
def case() -> Case:
    return resolve(baseline(), ["antimony"])


def cut(what: str = "CHN", **options: Any) -> Stress:
    asked = {"at": "+18mo", "replications": 32, "commodities": ["antimony"], **options}
    return stress(baseline(), cut=what, **asked)


@cache
def of_china() -> Stress:
    return cut()


def whole(found: Stress) -> str:
    return text({**stress_document(found, wall_s=0.0, jobs=1), "execution": None})


def by_hand(use: float, stock: float, arrives: float) -> tuple[Case, Cut, Supply, Supply]:
    """One future that uses ``use`` t a day; the cut stops ``arrives`` of it and stock runs down instead."""
    asked = cut_of(case(), "CHN", "+18mo", "12mo", rerouting=False, everyone=False)
    branch = replace(case(), watched=watched_days(case(), asked))
    days = np.array([float(branch.day(day)) for day in branch.watched])
    since = days - days[0]
    held = np.clip(since, 0.0, stock / use)
    missing = arrives * np.clip(since - held, 0.0, asked.days - held)
    none = np.zeros((16, len(days)))
    without = Supply("antimony", none + use * since, none + use * since, none, none[:, :, None])
    return branch, asked, without, replace(without, consumed=none + use * since - missing)


@pytest.mark.parametrize("stock", [70.0, 450.0, 3000.0])
def test_a_stock_lasts_as_long_as_it_is_days_of_use(stock: float) -> None:
    branch, asked, without, under = by_hand(use=10.0, stock=stock, arrives=10.0)
    item = stressed(branch, asked, without, under, 0.10)
    found = item.survival.quantiles["p50"].value
    assert 0.0 <= stock / 10.0 - found <= branch.review_days
    assert item.survives.value == 0.0
    assert item.survives_without.value == 1.0
    years = asked.days / 365.25
    assert item.lost_t_per_year.value == pytest.approx(10.0 * (asked.days - stock / 10.0) / years)
    assert item.unmet_difference.value == pytest.approx(1.0 - stock / 10.0 / asked.days)
    assert item.recovery.quantiles["p50"].value == 0.0


def test_a_stock_for_longer_than_the_cut_is_beyond_what_was_watched() -> None:
    item = stressed(*by_hand(use=10.0, stock=4000.0, arrives=10.0), 0.10)
    assert item.survives.value == 1.0
    assert item.survival.quantiles["p50"].value == np.inf


def test_what_the_threshold_allows_is_no_shortage() -> None:
    made = by_hand(use=10.0, stock=100.0, arrives=2.0)
    assert stressed(*made, 0.25).survives.value == 1.0
    assert stressed(*made, 0.15).survives.value == 0.0


def test_supply_is_back_when_it_stays() -> None:
    branch, asked, without, under = by_hand(use=10.0, stock=0.1, arrives=10.0)
    days = np.array([float(branch.day(day)) for day in branch.watched])
    after = days - branch.day(asked.ends)
    # Short for 60 days after the cut, with one good interval among them.
    missing = 10.0 * (np.clip(after, 0.0, 28.0) + np.clip(after - 42.0, 0.0, 18.0))
    later = replace(under, consumed=under.consumed - missing)
    item = stressed(branch, asked, without, later, 0.10)
    assert item.recovery.quantiles["p50"].value == 70.0
    assert item.recovers.value == 1.0
    never = replace(under, consumed=under.consumed - 10.0 * np.maximum(after, 0.0))
    assert stressed(branch, asked, without, never, 0.10).recovers.value == 0.0


def test_quantiles_of_times_are_order_statistics_and_know_what_is_beyond() -> None:
    days = np.concatenate([np.arange(60.0), np.full(40, np.inf)])
    found = lifetime(days, 60.0).quantiles
    assert (found["p10"].value, found["p50"].value, found["p90"].value) == (9.0, 49.0, np.inf)
    assert found["p50"].low < 49.0 < found["p50"].high
    assert lifetime(np.full(5, np.nan), 60.0).quantiles["p50"].n == 0


def test_the_cut_of_a_country_that_supplies_nothing_changes_nothing_bit_for_bit() -> None:
    found = cut("ISL")
    (antimony,) = found.commodities
    assert antimony.identical
    assert antimony.survives == antimony.survives_without
    assert antimony.unmet_difference.value == antimony.lost_t_per_year.value == 0.0


def test_the_cut_of_the_largest_supplier_is_felt() -> None:
    (antimony,) = of_china().commodities
    assert not antimony.identical
    assert antimony.unmet_share.value > antimony.unmet_share_without.value
    assert of_china().is_cutoff
    assert of_china().expected_met.value == antimony.cutoff.value
    assert not cut("KAZ", replications=16).is_cutoff


def test_until_the_cut_both_branches_are_the_same_future() -> None:
    asked = cut_of(case(), "CHN", "+18mo", "12mo", rerouting=False, everyone=False)
    pair = analysis.branches(baseline(), case(), asked)
    found = [parts[0][0] for _, parts in run_many([Wanted(one, 16) for one in pair], reduce=supplies)]
    assert np.array_equal(found[0].stock[:, 0], found[1].stock[:, 0])
    assert np.array_equal(found[0].consumed[:, 0], found[1].consumed[:, 0])
    assert not np.array_equal(found[0].landed, found[1].landed)


def test_a_longer_cut_never_leaves_less_unmet() -> None:
    """Over the same year, which every length begins alike."""
    lost = []
    for days in (90, 365):
        asked = cut_of(case(), "CHN", "+18mo", f"{days}d", rerouting=False, everyone=True)
        _, under = analysis.branches(baseline(), case(), asked)
        last = replace(under, horizon=date(2029, 6, 1), watched=(date(2027, 5, 6), date(2028, 5, 5)))
        ((_, (part,)),) = run_many([Wanted(last, 32)], reduce=supplies)
        unmet = part[0].demanded - part[0].consumed
        lost.append((unmet[:, 1] - unmet[:, 0]).mean())
    assert lost[0] <= lost[1]


def chinese_tonnes(trace: Trace, case: Case) -> Any:
    """(n, 2) landings of Chinese gallium in the second half of the cut's year: declared, and under other names."""
    (chain,) = trace.chains
    landed = at(chain.landed, chain.days, [case.day(date(2027, 11, 6)), case.day(date(2028, 5, 6))])
    grown = landed[:, 1] - landed[:, 0]
    return grown[:, [chain.origins.index("CHN"), chain.origins.index(REROUTED)]]


@pytest.mark.parametrize("rerouting", [False, True])
def test_no_tonne_of_a_country_cut_off_lands_and_under_other_names_only_where_left_open(rerouting: bool) -> None:
    gallium = resolve(baseline(), ["gallium"])
    asked = cut_of(gallium, "CHN", "+18mo", "12mo", rerouting=rerouting, everyone=False)
    pair = analysis.branches(baseline(), gallium, asked)
    (_, (without,)), (_, (under,)) = run_many([Wanted(one, 32) for one in pair], reduce=chinese_tonnes)
    assert without[:, 0].any()
    assert not under[:, 0].any()
    assert under[:, 1].any() == rerouting


def test_nobody_is_better_off_when_third_countries_are_stopped_too() -> None:
    leaking = cut(rerouting=True)
    assert leaking.commodities[0].unmet_share.value <= of_china().commodities[0].unmet_share.value
    assert not leaking.is_cutoff


def test_workers_and_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "PART", 16)
    assert whole(cut(jobs=2)) == whole(of_china())


def test_ctrl_c_keeps_the_pairs_that_are_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: Any, **options: Any) -> Iterator[Any]:
        found = run_many(wanted, **options)
        for _ in range(3):
            yield next(found)
        raise InterruptedRun("interrupted")

    monkeypatch.setattr(analysis, "PART", 16)
    monkeypatch.setattr(analysis, "run_many", interrupted)
    with pytest.raises(PartialStress, match="16 of 32 pairs") as stopped:
        cut()
    assert stopped.value.exit_code == 130
    assert stopped.value.stress is not None
    assert not stopped.value.stress.complete
    monkeypatch.undo()
    first = cut(replications=16)
    assert stopped.value.stress.commodities[0].unmet_share == first.commodities[0].unmet_share


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"what": "USA"}, "the focal buyer's own"),
        ({"what": "China"}, "did you mean 'CHN'"),
        ({"what": "Midle Corridor"}, "did you mean 'Middle Corridor'"),
        ({"what": "Middle Corridor", "everyone": True}, "is a corridor"),
        ({"at": "tomorrow"}, "is not a day"),
        ({"at": "2024-01-01"}, "before the scenario's start"),
        ({"lasting": "a year"}, "is not a length"),
        ({"lasting": "0d"}, "is no time"),
        ({"lasting": "200mo"}, "looks no further than"),
        ({"threshold": 1.5}, "share of demand"),
        ({"replications": 20}, "multiple of 16"),
    ],
)
def test_a_cut_that_makes_no_sense_is_refused_at_once(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        cut(**asked)
