"""What floors, dumping, stockpile programmes, recycling and substitution do to a world that otherwise stands still."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.domain.changes import SetbackChange
from simulator.domain.traces import ChainTrace, Trace
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.dates import Offset
from simulator.instruments.dumping import Dumping
from simulator.instruments.price_floor import PriceFloor
from simulator.instruments.recycling import Recycling
from simulator.instruments.stockpile_purchase import StockpilePurchase
from simulator.instruments.stockpile_release import StockpileRelease
from simulator.instruments.substitution import Substitution
from simulator.model.chain_world import ChainWorld
from simulator.model.gates import financed
from simulator.model.shelter import sheltered
from simulator.model.stage_market import DAYS_PER_YEAR
from simulator.scenario.case import Case
from simulator.scenario.rules import Condition, Rule
from tests.support import worlds

Floats = NDArray[np.float64]
N = 16
NAMES = ("antimony",)
START = date(2025, 11, 6)
BEGIN, END = date(2026, 1, 1), date(2027, 6, 1)
FIRST, LAST = 56, 572
"""Days from the start."""
NEVER = date(2029, 1, 1)
"""After the horizon."""


def dumping(**options: Any) -> Dumping:
    return Dumping(**({"id": "dump", "at": BEGIN, "until": END, "commodities": NAMES, "depth_share": 0.4} | options))


def floor(**options: Any) -> PriceFloor:
    terms = {"id": "floor", "at": BEGIN, "countries": ("ALL",), "commodities": NAMES, "floor_multiple": 1.0}
    return PriceFloor(**(terms | options))


def purchase(**options: Any) -> StockpilePurchase:
    return StockpilePurchase(**({"id": "buy", "at": BEGIN, "until": END, "commodities": NAMES} | options))


def release(**options: Any) -> StockpileRelease:
    return StockpileRelease(**({"id": "free", "at": date(2027, 6, 1), "commodities": NAMES} | options))


def recycling(**options: Any) -> Recycling:
    terms = {"id": "scrap", "at": BEGIN, "country": "USA", "commodity": "antimony", "stage": "oxide"}
    return Recycling(**(terms | {"output_t_per_year": 40.0} | options))


def substitution(**options: Any) -> Substitution:
    terms = {"id": "other", "at": BEGIN, "until": END, "region": "USA", "commodities": NAMES, "share": 0.3}
    return Substitution(**(terms | options))


EVERY = (
    dumping(),
    floor(floor_multiple=3.0),
    purchase(tonnes=40.0),
    release(tonnes_per_year=5.0),
    recycling(),
    substitution(),
)


def case(*events: Instrument, **options: Any) -> Case:
    return worlds.case([worlds.still(worlds.chain("antimony"))], events, inputs=worlds.CALM, **options)


def run(*events: Instrument, **options: Any) -> ChainTrace:
    return worlds.run(case(*events, **options), N).chains[0]


def between(trace: ChainTrace, series: Floats, first: float, last: float) -> Floats:
    """Increase of a cumulative series from the first observation on ``first`` to that on ``last``, or later."""
    a, b = np.searchsorted(trace.days, [first, last])
    return np.asarray(series[:, b] - series[:, a])


def potential(*events: Instrument, until: float = LAST) -> tuple[ChainWorld, list[Floats]]:
    """Output that each stage's producers would make at the prices of a day, t/day, at every review until it."""
    running = worlds.world(case(*events), N)
    (chain,) = running.chains
    seen = []
    for _, day in worlds.at_reviews(running):
        if day >= until:
            break
        if day >= FIRST:
            seen.append(chain.markets[-1].reserve / chain.working_days)
    return chain, seen


@cache
def off_run() -> Trace:
    return worlds.run(case(), N)


@pytest.fixture(scope="module")
def calm() -> ChainTrace:
    return off_run().chains[0]


def test_dumping_lowers_the_price_by_its_depth_and_no_longer_than_it_lasts(calm: ChainTrace) -> None:
    trace = run(dumping())
    during, after = np.searchsorted(trace.days, [LAST - 30, LAST + 300])
    # What closes for want of a price is missed, and scarcity takes the discount back, in a few futures all of it.
    assert (trace.price_world[:, during] >= 0.6).all()
    assert (trace.price_world[:, during] < calm.price_world[:, during]).mean() > 0.8
    assert np.median(trace.price_world[:, during] / calm.price_world[:, during]) < 0.8
    assert (trace.price_world[:, after] > 0.95).all()


def test_dumping_closes_dear_capacity_elsewhere_and_runs_the_dumpers_in_full() -> None:
    chain, dumped = potential(dumping())
    _, free = potential()
    capacity = chain.markets[-1].primary_ceiling
    assert dumped[-1][:, 0] == pytest.approx(capacity[:, 0])
    assert (dumped[-1][:, 1:] < 0.85 * free[-1][:, 1:]).all()


def test_mothballed_capacity_comes_back_after_a_restart_and_not_all_of_it() -> None:
    """Two years after the dumping, what closed has had its restart; part of all that ever closed is gone for good."""
    running = worlds.world(case(dumping()), N)
    (chain,) = running.chains
    idle = {}
    for _, day in worlds.at_reviews(running):
        assert chain.margins is not None
        idle[day] = chain.margins._mothballs[chain.markets[-1]].idle.copy()
    days = np.array(sorted(idle))
    before, last = idle[days[0]], idle[days[-1]]
    worst = np.max([idle[day] for day in days], axis=0)
    assert not before.any()
    assert (worst[:, 0] == 0).all()
    assert (worst[:, 1:] > 0.2).all()
    quick = chain.restart_days < 150
    assert quick.any()
    # Where scarcity brings some of it back in between, what closes again leaves another part behind.
    assert (last[quick, 1:] > 0.3 * worst[quick, 1:]).all()
    assert (last[quick, 1:] < 0.6 * worst[quick, 1:]).all()
    at_end, soon = (idle[days[np.searchsorted(days, day)]] for day in (LAST, LAST + 28))
    assert (soon[chain.restart_days > 60, 1:] > 0.9 * at_end[chain.restart_days > 60, 1:]).mean() > 0.7


def test_a_floor_at_the_base_price_keeps_protected_producers_running_under_dumping() -> None:
    chain, dumped = potential(dumping(), floor(countries=("BEL",)))
    usual = chain.markets[-1].primary
    assert (dumped[-1][:, 1] >= usual[1]).all()
    assert (dumped[-1][:, 2] < 0.9 * usual[2]).all()


def test_a_floor_below_the_market_changes_nothing(calm: ChainTrace) -> None:
    low = run(floor(floor_multiple=0.0))
    for series in ("landed", "consumed", "exposed", "stock", "price_world", "price_china"):
        assert np.array_equal(getattr(low, series), getattr(calm, series))


def test_a_high_floor_calls_up_idle_capacity_with_the_time_a_restart_takes() -> None:
    _, free = potential()
    _, floored = potential(floor(floor_multiple=3.0))
    assert (floored[-1][:, 1:] > free[-1][:, 1:]).all()
    assert (floored[0][:, 1:] < floored[-1][:, 1:]).all()
    assert floored[-1][:, 0] == pytest.approx(free[-1][:, 0])


def test_dumping_starves_projects_and_a_floor_shelters_them() -> None:
    """At half the price nothing is financed; a floor at the base price leaves the odds whole, a low one nothing."""
    model = case()
    answers = EventDraws(worlds.draws_of(model, N), "x", model.start, model.horizon)
    (setback,) = (c for c in dumping(depth_share=0.5).changes(answers) if isinstance(c, SetbackChange))
    zero, u = np.zeros(N), np.full(N, 0.01)

    def odds(*floors: PriceFloor) -> Floats:
        found = [next(iter(f.changes(answers))) for f in floors]
        parts = sheltered([setback], found, "TJK", "antimony")  # type: ignore[arg-type]
        return financed(zero, zero + 100.0, u, [], parts)

    assert np.isinf(odds()).all()
    assert np.isinf(odds(floor(floor_multiple=0.5))).all()
    assert np.isinf(odds(floor(countries=("KAZ",)))).all()
    assert (odds(floor()) == 100.0).all()


def test_the_government_buys_what_it_means_to_and_industry_refills(calm: ChainTrace) -> None:
    trace = run(purchase(tonnes=40.0))
    held = trace.government[:, np.searchsorted(trace.days, LAST + 14)]
    # Where industry holds little, its reserve keeps the government from buying all of it.
    assert np.median(held) == pytest.approx(40.0)
    assert (held <= 40.0 * (1 + 1e-12)).all()
    assert (held > 20.0).all()
    extra, given_up = (
        sign * (between(trace, of(trace), FIRST, LAST + 300) - between(calm, of(calm), FIRST, LAST + 300))
        for sign, of in ((1.0, lambda t: t.landed.sum(axis=2)), (-1.0, lambda t: t.consumed))
    )
    # The purchases make it dearer, so part of them comes out of use.
    assert 0.0 < np.median(given_up) < 0.3 * 40.0
    assert np.median(extra + given_up) == pytest.approx(40.0, rel=0.1)
    after = trace.government[:, np.searchsorted(trace.days, LAST + 14) :]
    assert (after <= after[:, :1] * (1 + 1e-12)).all()


def test_money_buys_at_the_price_of_the_day() -> None:
    """10 USD/kg: 0.4 million USD buy 40 t at the base-year price, and fewer tonnes the dearer they are."""
    running = worlds.world(case(purchase(usd_m=0.4)), N)
    (chain,) = running.chains
    for _ in worlds.at_reviews(running):
        pass
    focal = chain.markets[-1].focal
    assert focal is not None
    (bought,) = focal.purchases
    assert np.median(bought.spent) == pytest.approx(0.4e6)
    assert (bought.spent <= 0.4e6 * (1 + 1e-12)).all()
    assert (bought.bought <= 40.0 * (1 + 1e-12)).all()
    cheapest = np.argmin(bought.spent / bought.bought)
    # Even where nothing else is scarce the purchases themselves make it dearer than in the base year.
    assert 10_000.0 < bought.spent[cheapest] / bought.bought[cheapest] < 11_000.0


def test_buying_only_clean_material_leaves_industry_with_the_rest(calm: ChainTrace) -> None:
    running = worlds.world(case(purchase(tonnes=40.0, source_rule="non_chinese")), N)
    (chain,) = running.chains
    for _, day in worlds.at_reviews(running):
        if day > LAST:
            break
    focal = chain.markets[-1].focal
    assert focal is not None
    assert (focal.government > 20.0).all()
    assert focal.government_labels[:, focal.layout.china] == pytest.approx(0.0, abs=1e-9)
    mixed, clean = run(purchase(tonnes=40.0)), run(purchase(tonnes=40.0, source_rule="non_chinese"))
    shares = [
        between(t, t.exposed, LAST - 180, LAST) / between(t, t.consumed, LAST - 180, LAST) for t in (mixed, clean)
    ]
    assert (shares[1] > shares[0]).all()


def test_a_release_hands_over_the_share_of_the_holding_and_never_more() -> None:
    bought = purchase(tonnes=40.0)
    kept, shared, drained = (
        run(bought, *more)
        for more in (
            (),
            (release(until=date(2027, 12, 1), holding_share=0.5),),
            (release(tonnes_per_year=1e6),),
        )
    )
    end = np.searchsorted(kept.days, LAST + 260)
    assert shared.government[:, end] == pytest.approx(0.5 * kept.government[:, end], rel=0.05)
    assert drained.government[:, end] == pytest.approx(np.zeros(N), abs=1e-9)
    assert (drained.government >= 0).all()


def test_recyclers_ramp_up_and_carry_no_upstream_label(calm: ChainTrace) -> None:
    trace = run(recycling(ramp_days=180.0))
    # Output of an interval is that of its last day.
    reviews = np.arange(*np.searchsorted(trace.days, [FIRST, FIRST + 182])) + 1
    ramped = np.minimum((trace.days[reviews] - FIRST) / 180.0, 1.0) * np.diff(trace.days)[reviews - 1]
    made = between(trace, trace.project_output[:, :, 0], FIRST, FIRST + 182)
    assert made == pytest.approx(np.full(N, 40.0 / DAYS_PER_YEAR * ramped.sum()), rel=0.05)
    full = between(trace, trace.project_output[:, :, 0], LAST, LAST + 182)
    # Less than it could make: its country's stocks are full, as users take but a part of what is new.
    assert full == pytest.approx(np.full(N, 40.0 * 182 / DAYS_PER_YEAR), rel=0.25)
    assert (full <= 40.0 * 182 / DAYS_PER_YEAR).all()
    shares = [between(t, t.exposed, LAST, LAST + 182) / between(t, t.consumed, LAST, LAST + 182) for t in (trace, calm)]
    assert (shares[0] < shares[1] - 0.03).all()


def test_recycling_ends_on_its_day() -> None:
    trace = run(recycling(until=END))
    assert not between(trace, trace.project_output[:, :, 0], LAST + 14, LAST + 300).any()


def test_demand_moves_evenly_over_the_phase_in_and_comes_back(calm: ChainTrace) -> None:
    trace = run(substitution(phase_in_days=200.0))

    def left(first: float, last: float) -> Floats:
        return between(trace, trace.demanded, first, last) / between(calm, calm.demanded, first, last)

    # Prices answer: less demand makes material cheaper, which brings some of it back.
    assert left(FIRST + 200, LAST) == pytest.approx(np.full(N, 0.7), rel=0.05)
    assert left(FIRST, FIRST + 200) == pytest.approx(np.full(N, 0.85), rel=0.05)
    assert left(LAST + 14, LAST + 200) == pytest.approx(np.ones(N), rel=0.05)


@pytest.mark.parametrize("update", [{"probability": 0.0}, {"at": NEVER, "until": None}], ids=["unlikely", "late"])
def test_events_that_do_not_happen_leave_every_byte(update: dict[str, Any]) -> None:
    """Neither those of probability nil nor those after the horizon; what they add to the list of projects apart."""
    off = worlds.run(case(*(event.model_copy(update=update) for event in EVERY)), N)
    apart = ("project_output", "project_accessible")
    for k in (0, N - 1):
        assert worlds.replication_bytes(off, k, without=apart) == worlds.replication_bytes(off_run(), k, without=apart)


def test_a_rule_sets_events_off_as_if_they_were_dated_on_that_day() -> None:
    """All but what they do to projects, whose gates are drawn before the clock starts."""
    after = {"at": Offset(days=30), "until": Offset(days=400)}
    when = Condition(metric="price_index", commodity="antimony", above=0.5)
    rule = Rule(id="rule", actor="CHN", when=when, then=tuple(event.model_copy(update=after) for event in EVERY))
    fired = worlds.run(replace(case(), rules=(rule,)), N)
    (day,) = np.unique(fired.rule_days["rule"])
    dates = {"at": START + timedelta(days=day + 30), "until": START + timedelta(days=day + 400)}
    dated = worlds.run(case(*(event.model_copy(update=dates) for event in EVERY)), N)
    for k in (0, N - 1):
        assert worlds.replication_bytes(fired, k) == worlds.replication_bytes(dated, k)


def test_other_commodities_keep_every_byte() -> None:
    pair = [worlds.chain("antimony"), worlds.chain("tungsten")]
    touched, untouched = worlds.run(worlds.case(pair, EVERY), N), worlds.run(worlds.case(pair), N)
    for k in range(N):
        with_it, without = worlds.replication_bytes(touched, k), worlds.replication_bytes(untouched, k)
        assert {key: value for key, value in with_it.items() if key[0] == "tungsten"} == {
            key: value for key, value in without.items() if key[0] == "tungsten"
        }
    assert not np.array_equal(touched.chains[0].landed, untouched.chains[0].landed)


def test_a_replication_comes_out_the_same_alone_and_in_a_block() -> None:
    model = worlds.case([worlds.chain("antimony")], EVERY)
    block, alone = worlds.run(model, N), worlds.run(model, np.array([5]))
    assert worlds.replication_bytes(block, 5) == worlds.replication_bytes(alone, 0)
