"""What controls, shocks and projects can and can never do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.instruments.agreement import Agreement
from simulator.instruments.base import Instrument
from simulator.instruments.demand_shock import DemandShock
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_licensing import ExportLicensing
from simulator.instruments.outage import Outage
from simulator.instruments.project import Project
from simulator.instruments.suspension import Suspension
from simulator.model.focal import FocalBuyer
from simulator.model.policy import ControlDesk
from simulator.scenario.case import Case
from tests.support import worlds

N = 32
NAMES = ("antimony",)
CHN, BEL, USA, REROUTED = range(4)
NO_REROUTING = {"reroute_share": (0.0, 0.0, 0.0)}
BAN_DAY, DEADLINE = 55, 546
"""2025-12-31 and 2027-05-06, days from the start."""


def ban(**options: Any) -> ExportBan:
    terms = {"id": "ban", "imposer": "CHN", "target": ("USA",), "commodities": NAMES, "at": date(2025, 12, 31)}
    return ExportBan(**(terms | options))


def case(*events: Instrument, **options: Any) -> Case:
    return worlds.case([worlds.chain("antimony")], events, **options)


def run(*events: Instrument, replications: int = N, **options: Any) -> ChainTrace:
    return worlds.run(case(*events, **options), replications).chains[0]


def after(trace: ChainTrace, day: float) -> int:
    """Column of the first observation on or after a day."""
    return int(np.searchsorted(trace.days, day))


def share_of_china(trace: ChainTrace) -> NDArray[np.float64]:
    """(n,) declared-origin China share of imports over the 90 days before the deadline."""
    landed = worlds.in_window(trace.landed, trace.days, DEADLINE - 90, DEADLINE)
    return landed[:, CHN] / landed[:, [CHN, BEL, REROUTED]].sum(axis=1)


@pytest.fixture(scope="module")
def free() -> ChainTrace:
    return run(inputs=NO_REROUTING)


@settings(max_examples=10)
@given(covered=st.floats(0.1, 1.0), leakage=st.floats(0.0, 0.3))
def test_a_ban_never_raises_the_banned_flow(free: ChainTrace, covered: float, leakage: float) -> None:
    """On the banned lane no more lands from the ban to any later day than without it."""
    banned = run(ban(covered_share=covered, leakage=leakage), inputs=NO_REROUTING)
    first = after(free, BAN_DAY)
    gained = [t.landed[:, first:, CHN] - t.landed[:, first : first + 1, CHN] for t in (banned, free)]
    assert (gained[0] <= gained[1] * (1 + 1e-9)).all()
    assert (gained[0][:, -1] < gained[1][:, -1]).all()


def test_a_ban_lowers_the_odds_that_customs_sees_mostly_china(free: ChainTrace) -> None:
    banned = run(ban(), inputs=NO_REROUTING)
    assert (share_of_china(free) > 0.5).mean() > 0.5
    assert (share_of_china(banned) > 0.5).mean() < 0.1
    assert (share_of_china(banned) < share_of_china(free)).all()


def test_a_ban_lets_no_more_than_its_leakage_of_any_order_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the buyer orders, a tenth of it at most may come from the country that bans it."""
    module: Any = sys.modules["simulator.model.trade"]
    allocate = module.allocate
    passed: list[float] = []

    def watched(offer: Any, order: Any, share: Any, firm: Any, gates: Any, *rest: Any) -> Any:
        result = allocate(offer, order, share, firm, gates, *rest)
        flow = result[0]
        for gate in gates:
            restricted = gate.allowed[:, 0] < 1.0
            if order.shape[1] == 3:  # the last stage: USA, CHN, EUU
                ordered = np.maximum(order[restricted, 0], 1e-9)
                passed.append(float(np.max(flow[gate.producer, 0, restricted] / ordered, initial=0.0)))
        return result

    monkeypatch.setattr(module, "allocate", watched)
    run(ban(leakage=0.1, stages=("oxide",)), inputs=NO_REROUTING)
    assert len(passed) > 50
    assert max(passed) <= 0.1 + 1e-9


def test_a_ban_never_lowers_unmet_demand(free: ChainTrace) -> None:
    """Starving the buyer must show: over a year and a half it goes at least as short as without the ban.

    Less than a point may be gained where an outage strikes later, since the ban has raised prices and output before.
    """
    banned = run(ban(), inputs=NO_REROUTING)
    column = after(free, DEADLINE)
    unmet = [(t.demanded - t.consumed)[:, column] / t.demanded[:, column] for t in (banned, free)]
    assert unmet[0].mean() > unmet[1].mean()
    assert (unmet[0] >= unmet[1] - 0.01).all()
    assert (unmet[0] > unmet[1]).mean() > 0.9


def test_after_a_full_ban_nothing_declared_chinese_lands_once_the_pipeline_is_empty() -> None:
    """The usual way takes 25 days, so four weekly services; the last lots leave before the ban."""
    banned = run(ban(), inputs=NO_REROUTING)
    empty = after(banned, BAN_DAY + 28 + 14)
    assert (banned.landed[:, empty:, CHN] == banned.landed[:, empty : empty + 1, CHN]).all()
    assert (banned.landed[:, :, REROUTED] == 0.0).all()
    assert (banned.landed[:, after(banned, BAN_DAY + 28), CHN] > banned.landed[:, after(banned, BAN_DAY), CHN]).all()


def test_a_licence_regime_passes_no_more_than_it_approves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to any review, shipped under licence <= approval x fill of what has been decided so far."""
    granted: dict[int, Any] = {}
    shipped: dict[int, Any] = {}
    bounds: list[bool] = []
    review, use = ControlDesk.review, ControlDesk.use

    def watched_review(self: ControlDesk, claim: Any, index: int, **rest: Any) -> Any:
        queue = self.queue
        decided = queue.queue[:, (queue.now + 1) % queue.queue.shape[1]]
        fresh = decided * self.approval * queue.terms.fill[:, None]
        granted[id(self)] = granted.get(id(self), 0.0) + fresh
        return review(self, claim, index, **rest)

    def watched_use(self: ControlDesk, tonnes: Any) -> None:
        shipped[id(self)] = shipped.get(id(self), 0.0) + tonnes * self.licensed
        bounds.append(bool((shipped[id(self)] <= granted[id(self)] * (1 + 1e-9) + 1e-9).all()))
        use(self, tonnes)

    monkeypatch.setattr(ControlDesk, "review", watched_review)
    monkeypatch.setattr(ControlDesk, "use", watched_use)
    licences = ExportLicensing(
        id="licences", imposer="CHN", target=("ALL",), commodities=NAMES, at=date(2025, 12, 1), stages=("oxide",)
    )
    run(licences)
    assert len(bounds) > 50
    assert all(bounds)
    assert all(tonnes[:, 0].min() > 0 for tonnes in shipped.values())


def test_a_suspension_over_the_whole_life_of_a_control_equals_no_control() -> None:
    truce = Suspension(id="truce", at=date(2025, 11, 10), suspends=("ban",))
    controlled = worlds.run(case(ban(until=date(2027, 1, 1)), truce), N)
    free = worlds.run(case(), N)
    unsuspended = worlds.run(case(ban(until=date(2027, 1, 1))), N)
    for k in range(N):
        assert worlds.replication_bytes(controlled, k) == worlds.replication_bytes(free, k)
        assert worlds.replication_bytes(unsuspended, k) != worlds.replication_bytes(free, k)


def test_a_suspended_control_returns_only_where_the_suspension_is_not_renewed() -> None:
    old = ban(at=date(2025, 10, 1))

    def truce(probability: float) -> Suspension:
        return Suspension(
            id="truce",
            at=date(2025, 11, 10),
            until=date(2026, 11, 10),
            suspends=("ban",),
            renewal_probability=probability,
        )

    trace = worlds.run(case(old, truce(0.5), inputs=NO_REROUTING), 64)
    renewed = trace.branches["suspension/truce/renewed"]
    assert 0.2 < renewed.mean() < 0.8
    chain = trace.chains[0]
    gone = worlds.in_window(chain.landed, chain.days, DEADLINE - 90, DEADLINE)[:, CHN]
    assert (gone[~renewed] == 0.0).all()
    assert (gone[renewed] > 0.0).all()
    always = worlds.run(case(old, truce(1.0), inputs=NO_REROUTING), 64)
    for k in range(64):
        same = worlds.replication_bytes(trace, k) == worlds.replication_bytes(always, k)
        assert same == bool(renewed[k])


def test_an_announced_control_pulls_landings_forward_and_leaves_a_trough() -> None:
    """Licensing that lets everything through soon would hide it; a ban with leakage shows both sides."""
    free = run(inputs=NO_REROUTING)
    announced = run(ban(announced=date(2025, 11, 10), at=date(2026, 3, 1), leakage=0.5), inputs=NO_REROUTING)
    surprise = run(ban(at=date(2026, 3, 1), leakage=0.5), inputs=NO_REROUTING)
    effect = 115
    first, last, later = (after(free, day) for day in (4, effect + 14, effect + 120))
    before = [t.landed[:, last, CHN] - t.landed[:, first, CHN] for t in (announced, surprise, free)]
    trough = [t.landed[:, later, CHN] - t.landed[:, last, CHN] for t in (announced, surprise, free)]
    assert (before[0] > before[2]).all()
    assert before[1] == pytest.approx(before[2], rel=0.25)
    assert (trough[0] < trough[2]).all()
    assert trough[0].mean() < trough[1].mean()


def test_rerouted_lots_keep_their_chinese_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives under another flag still counts as refined in China, to the tonne."""
    eager = {
        "reroute_share": (1.0, 1.0, 1.0),
        "reroute_lag_months": (0.5, 0.5, 0.5),
        "reroute_premium": (0.0, 0.0, 0.0),
    }
    running = worlds.world(case(ban(), inputs=eager), N)
    world = running.chains[0]
    focal = world.markets[2].focal
    assert focal is not None
    refined_in_china = focal.layout.exposed_at[2]

    def chinese(of: FocalBuyer) -> NDArray[np.float64]:
        labelled = of.stock_labels + of.government_labels + of.consumed
        return labelled[:, refined_in_china]

    opening = chinese(focal)
    running.run(np.arange(N))
    landed = focal.landed
    assert (landed[:, REROUTED] > 0).mean() > 0.9
    assert chinese(focal) - opening == pytest.approx(landed[:, CHN] + landed[:, REROUTED], rel=1e-9)


@pytest.fixture
def output_of() -> Iterator[dict[tuple[int, int], NDArray[np.float64]]]:
    """(review, stage) -> (n, P) tonnes that each producer makes, watched while the model runs."""
    module: Any = sys.modules["simulator.model.review"]
    made: dict[tuple[int, int], NDArray[np.float64]] = {}
    produce = module._produce

    def watched(world: Any, s: int, day: float, index: int, *rest: Any) -> None:
        before = world.markets[s].state.product.copy()
        produce(world, s, day, index, *rest)
        made[index, s] = world.markets[s].state.product - before

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_produce", watched)
        yield made


def test_an_outage_lowers_the_output_of_the_producer_hit_and_of_no_other(
    output_of: dict[tuple[int, int], NDArray[np.float64]],
) -> None:
    quiet = [worlds.still(worlds.chain("antimony"))]
    fire = Outage(id="fire", country="TJK", commodities=NAMES, at=date(2025, 12, 1), lost_share=0.6, duration_days=140)
    running = worlds.world(worlds.case(quiet), N)
    running.run(np.arange(N))
    free = dict(output_of)
    output_of.clear()
    worlds.run(worlds.case(quiet, [fire]), N)
    hit = int(np.searchsorted(running.reviews, 25 + 14))  # the first interval wholly inside the outage
    for (index, s), made in free.items():
        if index < hit - 1:
            assert (output_of[index, s] == made).all()
    assert (output_of[hit, 0][:, 1] <= 0.41 * free[hit, 0][:, 1]).all()
    others = output_of[hit, 0][:, [0, 2]]
    assert (others >= free[hit, 0][:, [0, 2]] * (1 - 1e-12)).all()


def test_an_outage_of_sixty_percent_costs_sixty_percent(
    output_of: dict[tuple[int, int], NDArray[np.float64]],
) -> None:
    """A producer that has lost part of its works runs the rest as before; its stock has not become too large."""
    quiet = [worlds.still(worlds.chain("antimony"))]
    fire = Outage(id="fire", country="TJK", commodities=NAMES, at=date(2025, 12, 1), lost_share=0.6, duration_days=140)
    running = worlds.world(worlds.case(quiet), N)
    running.run(np.arange(N))
    free = dict(output_of)
    output_of.clear()
    worlds.run(worlds.case(quiet, [fire]), N)
    hit = int(np.searchsorted(running.reviews, 25 + 14))
    left = output_of[hit, 0][:, 1] / free[hit, 0][:, 1]
    assert (left >= 0.39).all()


def test_a_demand_shock_of_factor_1_is_no_shock() -> None:
    free = worlds.run(case(), N)
    for factor, same in ((1.0, True), (0.9, False)):
        shock = DemandShock(id="shock", region="USA", commodities=NAMES, at=date(2026, 1, 1), factor=factor)
        shocked = worlds.run(case(shock), N)
        for k in range(N):
            assert (worlds.replication_bytes(shocked, k) == worlds.replication_bytes(free, k)) == same


def test_a_memorandum_without_a_project_adds_nothing() -> None:
    memo = Agreement(id="memo", kind="MOU", partners=("TJK",), commodities=("ALL",), at=date(2025, 10, 1))
    free, signed = worlds.run(case(), N), worlds.run(case(memo), N)
    assert all(worlds.replication_bytes(free, k) == worlds.replication_bytes(signed, k) for k in range(N))


def test_a_memorandum_moves_output_only_where_it_carries_the_project_through_financing() -> None:
    """Same seeds: a project that finds its money either way, or never, produces the same tonnes."""
    plants = [worlds.project(gate="commissioning"), worlds.project("later", capacity=80.0, ramp_type=1)]
    memo = Agreement(
        id="memo", kind="MOU", partners=("TJK",), commodities=NAMES, at=date(2025, 10, 1), financing_odds=0.4
    )
    model = replace(case(projects=plants), horizon=date(2032, 1, 1))
    free, signed = worlds.world(model, 64), worlds.world(replace(model, instruments=(memo,)), 64)
    starts = [{p.plant.id: p.start for m in w.chains[0].markets for p in m.projects} for w in (free, signed)]
    for name in ("plant", "later"):
        changed = starts[0][name] != starts[1][name]
        assert np.isinf(starts[0][name][changed]).all()
        assert np.isfinite(starts[1][name][changed]).all()
        if name == "plant":  # its money is spent: no deal can help it
            assert not changed.any()
        else:
            assert 0.1 < changed.mean() < 0.6
    untouched = ~np.logical_or(*(starts[0][n] != starts[1][n] for n in ("plant", "later")))
    first, second = (w.run(np.arange(64)).chains[0].project_output for w in (free, signed))
    assert (first[untouched] == second[untouched]).all()
    assert (second[~untouched][:, -1].sum(axis=1) >= first[~untouched][:, -1].sum(axis=1)).all()


@settings(max_examples=6)
@given(first=st.integers(0, 300), delay=st.integers(1, 300))
def test_an_earlier_start_never_lowers_what_a_project_has_made(first: int, delay: int) -> None:
    outputs = [
        run(
            Project(
                id="own", country="TJK", commodity="antimony", stage="mine", capacity_t_per_year=40.0, at=f"+{day}d"
            )
        ).project_output[:, :, 0]
        for day in (first, first + delay)
    ]
    assert (outputs[0] >= outputs[1] - 1e-9).all()
    assert (outputs[0][:, -1] > outputs[1][:, -1]).all()


def test_an_agreement_changes_nothing_before_it_is_signed() -> None:
    """A deal after the horizon's last review is no deal; one signed now is."""
    hopeful = worlds.project()
    chain = worlds.chain("antimony")

    def output(day: date) -> NDArray[np.float64]:
        deal = Agreement(
            id="deal",
            kind="JV",
            partners=("ALL",),
            commodities=("ALL",),
            at=day,
            financing_odds=1.0,
            duration_factor=0.1,
        )
        trace = worlds.run(worlds.case([chain], [deal], projects=[hopeful]), 64).chains[0]
        return trace.project_output[:, -1, 0]

    without = worlds.run(worlds.case([chain], projects=[hopeful]), 64).chains[0].project_output[:, -1, 0]
    assert np.array_equal(output(date(2028, 5, 1)), without)
    assert output(date(2025, 11, 7)).mean() > without.mean()
    assert output(date(2025, 11, 7)).mean() > output(date(2027, 5, 1)).mean()
