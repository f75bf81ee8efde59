"""Quotas, duties, enforcement and procurement rules: what each does, and what none of them can ever do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.instruments.base import Instrument
from simulator.instruments.enforcement import Enforcement
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_quota import ExportQuota
from simulator.instruments.procurement_rule import ProcurementRule
from simulator.instruments.suspension import Suspension
from simulator.instruments.tariff import Tariff
from simulator.model.policy import ControlDesk
from tests.support import worlds

Floats = NDArray[np.float64]
N = 32
NAMES = ("antimony",)
CHN, BEL, USA, REROUTED = range(4)
NO_REROUTING = {"reroute_share": (0.0, 0.0, 0.0)}
EAGER = {
    "reroute_share": (0.6, 0.6, 0.6),
    "reroute_lag_months": (1.0, 1.0, 1.0),
    "reroute_premium": (0.0, 0.0, 0.0),
}
BEGIN, DEADLINE = 55, 546
"""2025-12-31 and 2027-05-06, days from the start."""


def quota(**options: Any) -> ExportQuota:
    terms = {
        "id": "quota", "imposer": "CHN", "target": ("ALL",), "commodities": NAMES, "stages": ("oxide",),
        "at": date(2025, 12, 31), "tonnes_per_year": 200.0,
    }  # fmt: skip
    return ExportQuota(**(terms | options))


def tariff(**options: Any) -> Tariff:
    terms = {
        "id": "duty", "imposer": "USA", "origins": ("CHN",), "commodities": NAMES, "at": date(2025, 12, 31),
        "duty_share": 0.5,
    }  # fmt: skip
    return Tariff(**(terms | options))


def rule(**options: Any) -> ProcurementRule:
    terms = {"id": "dfars", "buyer": "USA", "commodities": NAMES, "at": date(2025, 12, 31), "defence_share": 0.2}
    return ProcurementRule(**(terms | options))


def action(**options: Any) -> Enforcement:
    terms = {"id": "audits", "commodities": NAMES, "at": date(2025, 12, 31), "stopped_share": 0.5}
    return Enforcement(**(terms | options))


def ban(**options: Any) -> ExportBan:
    terms = {"id": "ban", "imposer": "CHN", "target": ("USA",), "commodities": NAMES, "at": date(2025, 10, 1)}
    return ExportBan(**(terms | options))


def run(*events: Instrument, inputs: Any = NO_REROUTING, still: bool = False) -> ChainTrace:
    chain = worlds.chain("antimony")
    return worlds.run(worlds.case([worlds.still(chain) if still else chain], events, inputs=inputs), N).chains[0]


def landed(trace: ChainTrace, first: float = BEGIN, last: float = DEADLINE) -> Floats:
    """(n, O) tonnes landed by declared origin between the observations next to two days."""
    begin, end = (int(np.searchsorted(trace.days, day)) for day in (first, last))
    return np.asarray(trace.landed[:, end] - trace.landed[:, begin])


MEASURES: dict[str, Callable[..., Instrument]] = {
    "quota": quota,
    "tariff": tariff,
    "rule": rule,
    "action": action,
}
NOTHING: dict[str, dict[str, Any]] = {
    "quota": {"tonnes_per_year": 1e9},
    "tariff": {"duty_share": 0.0},
    "rule": {"defence_share": 0.0},
    "action": {"stopped_share": 0.0},
}
"""Terms under which each measure restrains nobody."""


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_that_restrains_nobody_changes_no_bit(name: str) -> None:
    """A slack quota, a duty of zero, a rule for nobody, an action that stops nothing; and with terms it does."""
    controls = (ban(),) if name == "action" else ()
    inputs = EAGER if name == "action" else NO_REROUTING
    free = worlds.run(worlds.case([worlds.chain("antimony")], controls, inputs=inputs), N)
    idle = worlds.case([worlds.chain("antimony")], [*controls, MEASURES[name](**NOTHING[name])], inputs=inputs)
    real = worlds.case([worlds.chain("antimony")], [*controls, MEASURES[name]()], inputs=inputs)
    with_idle, with_real = worlds.run(idle, N), worlds.run(real, N)
    for k in range(N):
        assert worlds.replication_bytes(with_idle, k) == worlds.replication_bytes(free, k)
    assert any(worlds.replication_bytes(with_real, k) != worlds.replication_bytes(free, k) for k in range(N))


@pytest.mark.parametrize("name", MEASURES)
def test_a_suspended_measure_is_no_measure(name: str) -> None:
    controls = (ban(),) if name == "action" else ()
    inputs = EAGER if name == "action" else NO_REROUTING
    chain = worlds.chain("antimony")
    truce = Suspension(id="truce", at=date(2025, 11, 10), suspends=(MEASURES[name]().id,))
    free = worlds.run(worlds.case([chain], controls, inputs=inputs), N)
    lifted = worlds.run(worlds.case([chain], [*controls, MEASURES[name](), truce], inputs=inputs), N)
    assert all(worlds.replication_bytes(lifted, k) == worlds.replication_bytes(free, k) for k in range(N))


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_on_one_commodity_leaves_the_others_alone(name: str) -> None:
    chains = [worlds.chain("antimony"), worlds.chain("tungsten")]
    both = worlds.run(worlds.case(chains, [MEASURES[name]()]), 8).chains[1]
    free = worlds.run(worlds.case(chains), 8).chains[1]
    assert both.landed.tobytes() == free.landed.tobytes()
    assert both.price_world.tobytes() == free.price_world.tobytes()


@pytest.mark.parametrize("name", MEASURES)
def test_a_replication_under_a_measure_is_the_same_alone_and_in_a_block(name: str) -> None:
    case = worlds.case([worlds.chain("antimony")], [ban(), MEASURES[name](probability=0.5)], inputs=EAGER)
    block, alone = worlds.run(case, N), worlds.run(case, np.array([5]))
    assert worlds.replication_bytes(alone, 0) == worlds.replication_bytes(block, 5)


@pytest.fixture
def shipments() -> Iterator[list[tuple[float, Floats]]]:
    """Day and tonnes (n, B) of China's oxide at each review; buyers are USA, CHN and EUU."""
    module: Any = sys.modules["simulator.model.trade"]
    seen: list[tuple[float, Floats]] = []
    filters, book = module.policy_filters, module.book
    today: list[float] = []

    def watched_filters(*args: Any) -> Any:
        today.append(args[5])
        return filters(*args)

    def watched_book(market: Any, flow: Floats, *rest: Any) -> None:
        if market.stage.name == "oxide":
            seen.append((today[-1], flow[CHN].T.copy()))
        book(market, flow, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "policy_filters", watched_filters)
        patch.setattr(module, "book", watched_book)
        yield seen


def abroad(shipments: list[tuple[float, Floats]], first: float, last: float) -> Floats:
    """(n,) tonnes of China's oxide sold abroad at reviews from ``first`` up to ``last``."""
    total = np.zeros(N)
    for day, tonnes in shipments:
        if first <= day < last:
            total += tonnes[:, 0] + tonnes[:, 2]
    return total


def test_a_calendar_quota_is_used_and_never_exceeded(shipments: list[tuple[float, Floats]]) -> None:
    """Demand abroad is 300 t/yr: 200 leave in each calendar year, in every future, and not a tonne more."""
    run(quota())
    for year in (2026, 2027):
        first, last = ((date(y, 1, 1) - date(2025, 11, 6)).days for y in (year, year + 1))
        shipped = abroad(shipments, first, last)
        assert (shipped <= 200.0 * (1 + 1e-9)).all()
        assert shipped.mean() > 190.0


@settings(max_examples=5)
@given(tonnes=st.floats(0.0, 400.0), when=st.integers(-100, 300))
def test_no_365_days_exceed_a_rolling_quota(tonnes: float, when: int) -> None:
    seen: list[tuple[float, Floats]] = []
    use, review = ControlDesk.use, ControlDesk.review
    today: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            ControlDesk, "review", lambda self, c, i, **r: (today.append(r["day"]), review(self, c, i, **r))[1]
        )
        patch.setattr(ControlDesk, "use", lambda self, s: (seen.append((today[-1], s.copy())), use(self, s))[1])
        run(quota(period="rolling", tonnes_per_year=tonnes, at=date.fromordinal(date(2025, 11, 6).toordinal() + when)))
    days = [day for day, _ in seen if day >= when]
    for first in days:
        assert (abroad(seen, first, first + 365) <= tonnes * (1 + 1e-9) + 1e-9).all()


def test_unused_quota_is_carried_within_the_year_and_lapses_with_it() -> None:
    """After half a year without exports, that half may still leave in the other; next year brings no more."""
    from simulator.domain.changes import ControlChange
    from simulator.model.quotas import Quota

    change = ControlChange(
        event_id="quota", day=np.zeros(1), mask=np.ones(1, dtype=bool), active=True, imposer="CHN", targets=("ALL",),
        commodities=NAMES, kind="quota", quota=365.0, year_ends=(0.0, 365.0, 730.0),
    )  # fmt: skip
    one = Quota(change, np.ones(1), 14.0)
    one.in_force[:] = True
    one.turned_on(0.0, np.ones(1, dtype=bool))
    assert one.left(0.0) == pytest.approx([14.0])
    one.use(np.array([[4.0]]))
    assert one.left(182.0) == pytest.approx([182.0 + 14.0 - 4.0])
    one.use(np.array([[100.0]]))
    assert one.left(358.0) == pytest.approx([365.0 - 104.0])
    assert one.left(365.0) == pytest.approx([14.0])


def test_a_quota_cuts_every_covered_buyer_alike(shipments: list[tuple[float, Floats]]) -> None:
    """The USA and the EU keep their shares of what China sells abroad; China's own users are not cut."""
    run(quota(tonnes_per_year=100.0), still=True)
    in_force = [tonnes for day, tonnes in shipments if day > DEADLINE - 200]
    usa, eu = (np.mean([t[:, b] for t in in_force]) for b in (0, 2))
    assert usa / eu == pytest.approx(1.0, abs=0.1)
    home = [np.mean([t[:, 1] for day, t in shipments if a < day <= b]) for a, b in ((-300, 0), (200, 500))]
    assert home[1] >= 0.95 * home[0]


@settings(max_examples=6)
@given(duty=st.floats(0.05, 2.0), origin=st.sampled_from(["CHN", "BEL"]))
def test_a_duty_never_raises_the_flow_it_falls_on(duty: float, origin: str) -> None:
    free, taxed = run(still=True), run(tariff(duty_share=duty, origins=(origin,)), still=True)
    column = {"CHN": CHN, "BEL": BEL}[origin]
    # Where nobody else can deliver, thinner stocks make the buyer order a little more of everybody later.
    assert (landed(taxed)[:, column] <= landed(free)[:, column] * 1.01).all()
    assert landed(taxed)[:, column].mean() < landed(free)[:, column].mean()


def test_a_duty_moves_sourcing_by_the_trade_elasticity() -> None:
    """With suppliers qualified at once: the share of origins goes as (1 + borne duty) to minus the elasticity."""
    from simulator.domain.changes import DutyChange
    from simulator.model.duties import Duties

    one = Duties("USA", ("CHN", "BEL", "USA"), ("USA", "EUU"), np.zeros(2), np.full(2, -0.2))
    mask = np.array([True, False])
    one.register(
        DutyChange(
            event_id="duty", day=np.zeros(2), mask=mask, active=True, commodities=NAMES, imposer="USA",
            origins=("ALL",), borne=np.full(2, 0.2),
        )
    )  # fmt: skip
    one.apply("duty", True, 0.0, mask)
    share = np.repeat(np.array([[0.5, 0.5], [0.3, 0.5], [0.2, 0.0]])[:, :, None], 2, axis=2)
    before = share.copy()
    one.shift(share, 14.0, 14.0)
    lean = 1.2**-3.8
    total = 0.8 * lean + 0.2
    assert share[:, 0, 0] == pytest.approx([0.5 * lean / total, 0.3 * lean / total, 0.2 / total])
    assert (share[:, :, 1] == before[:, :, 1]).all()
    assert (share[:, 1] == before[:, 1]).all()
    dearer = 1.0 + 0.2 * (share[0, 0, 0] + share[1, 0, 0])
    assert one.use_factor[:, 0] == pytest.approx([dearer**-0.2, 1.0])


def test_a_duty_squeezes_use_but_not_the_demand_by_which_the_buyer_is_judged() -> None:
    free, taxed = run(still=True), run(tariff(duty_share=1.0, origins=("ALL",)), still=True)
    last = int(np.searchsorted(free.days, DEADLINE))
    assert (taxed.consumed[:, last] < free.consumed[:, last]).all()
    squeezed, judged = (
        (f - t)[:, last].mean() for f, t in ((free.consumed, taxed.consumed), (free.demanded, taxed.demanded))
    )
    assert judged < 0.25 * squeezed


@settings(max_examples=5)
@given(share=st.floats(0.05, 1.0))
def test_a_procurement_rule_never_raises_what_comes_from_the_countries_it_names(share: float) -> None:
    free, ruled = run(still=True), run(rule(defence_share=share, stages=("oxide",)), still=True)
    assert (landed(ruled)[:, CHN] <= landed(free)[:, CHN] * (1 + 1e-6)).all()


def test_a_procurement_rule_moves_the_defence_share_of_orders_and_adds_no_supply() -> None:
    """A fifth of what China used to sell goes elsewhere or nowhere, and all origins together bring no more."""
    free, ruled = run(still=True), run(rule(stages=("oxide",)), still=True)
    months = (BEGIN + 70, DEADLINE)
    kept = landed(ruled, *months)[:, CHN] / landed(free, *months)[:, CHN]
    assert np.median(kept) == pytest.approx(0.8, abs=0.05)
    assert (landed(ruled, *months).sum(axis=1) <= landed(free, *months).sum(axis=1) * 1.02).all()


def test_a_procurement_rule_reaches_others_goods_as_far_as_labels_show() -> None:
    """Belgian oxide is made of metal that is largely Chinese, so defence takes less of it; the clean part stays."""
    ruled = worlds.world(worlds.case([worlds.chain("antimony")], [rule(defence_share=1.0, stages=("oxide",))]), 4)
    from simulator.model import trade as module

    seen: list[Any] = []
    filters = module.policy_filters

    def watched(*args: Any) -> Any:
        found = filters(*args)
        if args[1].origin_rules is not None:
            seen.append({p: gate.allowed[:, 0].copy() for p, gate in found.gates.items()})
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "policy_filters", watched)
        ruled.run(np.arange(4))
    late = seen[-1]
    assert (late[CHN] == 0.0).all()
    assert ((late[BEL] > 0.05) & (late[BEL] < 0.95)).all()


def test_the_catalogue_knows_the_defence_share_of_tungsten() -> None:
    """Between a twentieth and a fifth, drawn per future; without a row it is nil."""
    case = worlds.case([worlds.chain("tungsten")], [rule(commodities=("tungsten",), defence_share=None)])
    rules = worlds.world(case, 64).chains[0].markets[2].origin_rules
    assert rules is not None
    share = rules.switches["dfars"].share[:, 0]
    assert np.median(share) == pytest.approx(0.12, abs=0.02)
    assert 0.02 < share.min() < 0.06 < 0.18 < share.max() < 0.22


@settings(max_examples=5)
@given(stopped=st.floats(0.0, 1.0), lag=st.floats(1.0, 3.0), premium=st.floats(0.0, 2.0))
def test_enforcement_never_raises_what_is_rerouted(stopped: float, lag: float, premium: float) -> None:
    """Over the first half year; later, scarcer goods may make re-routing pay where it did not."""
    free = run(ban(), inputs=EAGER, still=True)
    watched = run(
        ban(), action(at=date(2025, 9, 1), stopped_share=stopped, lag_multiplier=lag, added_premium=premium),
        inputs=EAGER, still=True,
    )  # fmt: skip
    window = (0.0, 120.0)
    assert (landed(watched, *window)[:, REROUTED] <= landed(free, *window)[:, REROUTED] * (1 + 1e-9) + 1e-9).all()


def test_enforcement_acts_by_intermediary() -> None:
    """Stopping one country leaves what goes through the others; stopping all leaves nothing."""

    def through(*events: Instrument) -> Floats:
        world = worlds.world(worlds.case([worlds.chain("antimony")], [ban(), *events], inputs=EAGER), N)
        chain = world.chains[0]
        found = chain.markets[2].via = np.zeros((N, len(chain.rerouting.ways)))
        world.run(np.arange(N))
        return found

    countries = worlds.world(worlds.case([worlds.chain("antimony")]), 1).chains[0].rerouting.countries
    thailand = countries.index("THA")
    early = date(2025, 9, 1)
    free = through()
    one = through(action(at=early, intermediaries=("THA",), stopped_share=1.0))
    everyone = through(action(at=early, stopped_share=1.0))
    assert (free > 0).any(axis=0).all()
    assert (one[:, thailand] == 0.0).all()
    assert (np.delete(one, thailand, axis=1).sum(axis=1) > 0).mean() > 0.9
    assert (everyone == 0.0).all()


def test_an_intermediary_takes_no_more_than_it_can_handle() -> None:
    """However much is blocked, each stays below its part of the base-year flow of a review."""
    from simulator.catalogue.intermediaries import intermediaries
    from simulator.model.rerouting import Rerouting

    ways = intermediaries("antimony")
    one = Rerouting(ways, np.ones(2), np.zeros(2), np.zeros(2), 2.0)
    blocked, future = np.array([10.0, 1000.0, 0.0, 5.0]), np.array([0, 1, 0, 1])
    reach = one.reach(blocked, np.full(4, 20.0), np.full(4, 400.0), np.ones(4), future)
    capacity = np.array([way.capacity_share for way in ways]) * 20.0
    assert (reach <= capacity[:, None] + 1e-12).all()
    assert reach[:, 1] == pytest.approx(capacity)
    assert reach[:, 0] == pytest.approx([way.share * 10.0 for way in ways])


def test_rerouting_grows_with_the_gap_and_half_of_it_pays_at_the_stated_premium() -> None:
    """Nine traders in ten are content with the stated multiple of it; at no gap nobody is."""
    from simulator.catalogue.intermediaries import intermediaries
    from simulator.model.rerouting import Rerouting

    gap = np.array([-0.2, 0.0, 0.15, 0.3, 0.6, 30.0])
    one = Rerouting(intermediaries("antimony"), np.ones(6), np.zeros(6), np.full(6, 0.3), 2.0)
    reach = one.reach(np.full(6, 10.0), np.full(6, 1000.0), None, gap, np.arange(6))
    assert reach.sum(axis=0) / 10.0 == pytest.approx([0.0, 0.0, 0.1, 0.5, 0.9, 1.0], abs=1e-5)


def test_orders_ahead_of_a_control_get_no_more_than_the_seller_has() -> None:
    """Front-loading is bounded by the stock and the output of who sells."""
    announced = ban(at=date(2026, 4, 1), announced=date(2025, 11, 10))
    model = worlds.case([worlds.chain("antimony")], [announced], inputs={"hoarding_multiple": (20.0, 20.0, 20.0)})
    running = worlds.world(model, N)
    from simulator.model import trade as module

    allocate = module.allocate
    tight: list[float] = []

    def watched(offer: Any, order: Any, *rest: Any) -> Any:
        flow, sold, received = allocate(offer, order, *rest)
        assert (sold <= offer * (1 + 1e-9)).all()
        tight.append(float((sold / np.maximum(offer, 1e-9)).max()))
        return flow, sold, received

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "allocate", watched)
        running.run(np.arange(N))
    assert max(tight) > 0.99


def test_a_ban_that_leaks_everything_reaches_nobody_abroad() -> None:
    free = run()
    leaky = run(ban(leakage=1.0, extraterritorial_share=1.0))
    assert leaky.landed.tobytes() == free.landed.tobytes()
