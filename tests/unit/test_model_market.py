"""The allocation rule of the market review, by hand and in general."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.model.market import Firm, Gate, OpenTo, allocate

Floats = NDArray[np.float64]
ROUND_OFF = 1e-9


def replications_last(share: Floats) -> Floats:
    """Sourcing as ``allocate`` takes it: (n, P, B) with replications last, (P, B) as it is."""
    return np.ascontiguousarray(np.moveaxis(share, 0, 2)) if share.ndim == 3 else share


def flows(**options: Any) -> Floats:
    """The flows (n, P, B) of a market, after a look at the sums that come with them."""
    options["share"] = replications_last(options["share"])
    flow, by_producer, by_buyer = allocate(**options)
    flow = np.moveaxis(flow, 2, 0)
    assert by_producer == pytest.approx(flow.sum(axis=2), rel=ROUND_OFF, abs=ROUND_OFF)
    assert by_buyer == pytest.approx(flow.sum(axis=1), rel=ROUND_OFF, abs=ROUND_OFF)
    return np.asarray(flow)


def sold(
    offer: list[float], order: list[float], share: Any, firm: Any = 0.0, gates: Any = (), open_to: Any = None
) -> Floats:
    """One replication's flows (P, B)."""
    habit = np.array(share, dtype=float)
    tied = np.broadcast_to(np.asarray(firm, dtype=float), habit.shape)
    flow = flows(
        offer=np.array([offer]),
        order=np.array([order]),
        share=habit,
        firm=Firm(tied, np.zeros(1)),
        gates=gates,
        open_to=open_to,
    )
    return np.asarray(flow[0])


def gate(producer: int, allowed: list[float], open_: list[float] | None = None, ahead: Any = None) -> Gate:
    early = None if ahead is None else np.array([ahead], dtype=float)
    return Gate(producer, np.array([allowed]), np.array([allowed if open_ is None else open_]), early)


EVEN = [[0.5, 0.5], [0.5, 0.5]]


def test_with_enough_for_all_everybody_gets_the_order_from_habitual_suppliers() -> None:
    flow = sold([100.0, 100.0], [40.0, 60.0], [[0.75, 0.5], [0.25, 0.5]])
    assert flow == pytest.approx(np.array([[30.0, 30.0], [10.0, 30.0]]))


def test_a_short_supplier_cuts_claims_in_proportion() -> None:
    """60 t for claims of 40 and 80: two buyers get half each of what they asked; nobody else has any."""
    flow = sold([60.0], [40.0, 80.0], [[1.0, 1.0]])
    assert flow == pytest.approx(np.array([[20.0, 40.0]]))


def test_firm_claims_are_served_before_spot() -> None:
    """60 t: the owner's 50 t are firm and come whole; the other buyer's spot order of 50 t gets the last 10."""
    flow = sold([60.0], [50.0, 50.0], [[1.0, 1.0]], [[1.0, 0.0]])
    assert flow == pytest.approx(np.array([[50.0, 10.0]]))


def test_firm_claims_beyond_the_offer_are_cut_in_proportion_and_leave_no_spot() -> None:
    flow = sold([30.0], [50.0, 50.0, 50.0], [[1.0, 1.0, 1.0]], [[0.8, 0.4, 0.0]])
    assert flow == pytest.approx(np.array([[20.0, 10.0, 0.0]]))


def test_open_spot_fills_what_habitual_suppliers_cannot() -> None:
    """The first supplier is out; the second has 100 t left after its 20 + 30 and serves the missing 50."""
    flow = sold([0.0, 150.0], [40.0, 60.0], EVEN)
    assert flow == pytest.approx(np.array([[0.0, 0.0], [40.0, 60.0]]))


def test_scarce_open_spot_goes_in_proportion_to_unfilled_orders() -> None:
    """70 t against habitual claims of 20 and 30; the last 20 t are shared 20 : 30 as the unfilled orders are."""
    flow = sold([0.0, 70.0], [40.0, 60.0], EVEN)
    assert flow == pytest.approx(np.array([[0.0, 0.0], [20.0 + 8.0, 30.0 + 12.0]]))


def test_a_blocked_lane_carries_nothing_and_its_orders_go_to_open_spot() -> None:
    flow = sold([100.0, 100.0], [40.0, 60.0], EVEN, gates=[gate(0, [0.0, 1.0])])
    assert flow == pytest.approx(np.array([[0.0, 30.0], [40.0, 30.0]]))


def test_displaced_orders_do_not_push_habitual_customers_out() -> None:
    """The second supplier has 60 t: its habitual customers take 20 and 30 first, the displaced 20 t get the rest."""
    flow = sold([100.0, 60.0], [40.0, 60.0], EVEN, gates=[gate(0, [0.0, 1.0])])
    assert flow == pytest.approx(np.array([[0.0, 30.0], [30.0, 30.0]]))


def test_a_partly_open_lane_carries_the_allowed_fraction_of_its_claim() -> None:
    flow = sold([100.0, 50.0], [40.0, 60.0], EVEN, gates=[gate(0, [0.25, 1.0], [0.0, 1.0])])
    assert flow[0, 0] == pytest.approx(5.0)


def test_a_restricted_lane_takes_no_part_in_open_spot() -> None:
    """The second supplier has nothing, 20 t stay unfilled, and the first may not make them good."""
    flow = sold([100.0, 0.0], [40.0], [[0.5], [0.5]], gates=[gate(0, [1.0], [0.0])])
    assert flow[0, 0] == pytest.approx(20.0)
    assert sold([100.0, 0.0], [40.0], [[0.5], [0.5]])[0, 0] == pytest.approx(40.0)


def test_orders_ahead_of_a_control_add_to_the_claim() -> None:
    flow = sold([100.0, 100.0], [40.0, 60.0], EVEN, gates=[gate(0, [1.0, 1.0], ahead=[15.0, 0.0])])
    assert flow == pytest.approx(np.array([[35.0, 30.0], [20.0, 30.0]]))


def test_an_unqualified_supplier_serves_its_habitual_share_and_no_more() -> None:
    """The first buyer takes no open-spot tonnes from the second supplier until it is qualified."""
    unqualified = OpenTo(0, np.zeros(1), {0: np.ones(1, dtype=bool)})
    flow = sold([0.0, 100.0], [40.0, 40.0], EVEN, open_to=unqualified)
    assert flow == pytest.approx(np.array([[0.0, 0.0], [20.0, 40.0]]))
    assert sold([0.0, 100.0], [40.0, 40.0], EVEN)[1, 0] == pytest.approx(40.0)


@pytest.mark.parametrize("idle", [0.0, 100.0, 10_000.0])
def test_suppliers_hardly_any_firm_accepts_take_no_sale_from_a_qualified_one(idle: float) -> None:
    """20 t are missed. The qualified plant sells 15 t; two others share what the one firm in a hundred misses."""
    open_to = OpenTo(0, np.full(1, 0.01), {1: np.ones(1, dtype=bool)})
    flow = sold([0.0, 15.0, idle, idle], [20.0], [[1.0], [0.0], [0.0], [0.0]], open_to=open_to)
    assert flow[1, 0] == pytest.approx(15.0)
    assert flow[2:, 0] == pytest.approx([min(idle, 0.1)] * 2)


@pytest.mark.parametrize(
    ("accepted", "qualified", "bought"),
    [
        (1.0, [False, False], [19.608, 0.392]),  # as if nobody had to be qualified
        (0.0, [True, True], [19.608, 0.392]),
        (0.5, [True, False], [19.802, 0.198]),  # 10 t by firms that take the first alone, 10 t as 990 : 20
        (0.5, [False, True], [9.901, 10.099]),  # 10 t by firms that take the second alone, 10 t as 1000 : 10
    ],
)
def test_suppliers_sell_in_proportion_to_what_they_have_idle(
    accepted: float, qualified: list[bool], bought: list[float]
) -> None:
    """20 t are missed; two suppliers have 1,000 and 20 t idle."""
    open_to = OpenTo(0, np.full(1, accepted), {p: np.array([q]) for p, q in enumerate(qualified, 1)})
    flow = sold([0.0, 1000.0, 20.0], [20.0], [[1.0], [0.0], [0.0]], open_to=open_to)
    assert flow[1:, 0] == pytest.approx(bought, abs=0.001)


@pytest.mark.parametrize("open_", [1.0, 0.5])
def test_a_qualified_supplier_behind_a_gate_sells_what_policy_lets_pass(open_: float) -> None:
    open_to = OpenTo(0, np.full(1, 0.01), {1: np.ones(1, dtype=bool)})
    gates = [gate(1, [1.0], [open_])]
    flow = sold([0.0, 100.0], [20.0], [[1.0], [0.0]], gates=gates, open_to=open_to)
    assert flow[1, 0] == pytest.approx(20.0 * open_)


@pytest.mark.parametrize(
    ("open_", "bought"), [(1.0, [19.608, 0.392]), (0.999, [19.608, 0.392]), (0.5, [10.0, 10.0]), (0.01, [0.2, 19.8])]
)
def test_what_a_supplier_open_in_part_may_not_sell_is_bought_from_the_others(open_: float, bought: list[float]) -> None:
    """20 t are missed and all firms accept all goods; 1,000 t are idle behind a gate, 20 t beside it."""
    gates = [gate(1, [1.0], [open_])]
    flow = sold([0.0, 1000.0, 20.0], [20.0], [[1.0], [0.0], [0.0]], gates=gates, open_to=OpenTo(0, np.ones(1)))
    assert flow[1:, 0] == pytest.approx(bought, abs=0.001)


def habits(market: dict[str, Any]) -> Floats:
    """(n, P, B) habitual sourcing."""
    n, producers = market["offer"].shape
    return np.broadcast_to(market["share"], (n, producers, market["order"].shape[1]))


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Any]:
    """A market of any shape in three replications, with up to two gates and a buyer that qualifies suppliers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, producers, buyers = 3, draw(st.integers(1, 6)), draw(st.integers(1, 6))

    def tonnes(*shape: int) -> Floats:
        return rng.exponential(100.0, shape) * (rng.random(shape) < 0.8)

    share = rng.random((n, producers, buyers)) ** 2
    qualified = rng.random((producers, n)) < 0.5
    share /= share.sum(axis=1, keepdims=True)
    gates = [
        Gate(
            int(p),
            rng.choice([0.0, rng.random(), 1.0], (n, buyers)),
            rng.choice([0.0, 0.3, 1.0], (n, buyers)),
            tonnes(n, buyers) if draw(st.booleans()) else None,
        )
        for p in rng.permutation(producers)[: draw(st.integers(0, 2))]
    ]
    open_to = OpenTo(0, rng.random(n) * draw(st.integers(0, 1)), dict(enumerate(qualified)))
    tied = rng.random((producers, buyers)) * (rng.random((producers, buyers)) < draw(st.sampled_from([0.0, 0.3, 1.0])))
    return {
        "offer": tonnes(n, producers) * draw(st.sampled_from([0.3, 1.0, 3.0])),
        "order": tonnes(n, buyers),
        "share": share if draw(st.booleans()) else share[0],
        "firm": Firm(tied, rng.random(n) * draw(st.sampled_from([0.0, 0.5, 1.0]))),
        "gates": gates,
        "open_to": open_to if draw(st.booleans()) else None,
    }


@settings(max_examples=200)
@given(markets())
def test_no_market_sells_more_than_is_offered_or_gives_more_than_is_ordered(market: dict[str, Any]) -> None:
    flow = flows(**market)
    offer, order = market["offer"], market["order"]
    ahead = np.zeros_like(order)
    for filter_ in market["gates"]:
        if filter_.ahead is not None:
            ahead += filter_.ahead
    scale = 1.0 + ROUND_OFF
    assert (flow >= 0.0).all()
    assert (flow.sum(axis=2) <= offer * scale + ROUND_OFF).all()
    assert (flow.sum(axis=1) <= (order + ahead) * scale + ROUND_OFF).all()


@settings(max_examples=200)
@given(markets())
def test_a_closed_lane_carries_at_most_what_is_allowed_of_its_claim(market: dict[str, Any]) -> None:
    flow = flows(**market)
    order, share = market["order"], habits(market)
    for filter_ in market["gates"]:
        claim = order * share[:, filter_.producer, :] + (0.0 if filter_.ahead is None else filter_.ahead)
        closed = filter_.open == 0.0
        carried = flow[:, filter_.producer, :]
        assert (carried <= filter_.allowed * claim * (1 + ROUND_OFF) + ROUND_OFF)[closed].all()


@settings(max_examples=200)
@given(markets())
def test_firm_claims_are_met_as_far_as_the_offer_goes(market: dict[str, Any]) -> None:
    """Each buyer gets its firm claim times the same cut as every other buyer of that supplier, or more."""
    flow = flows(**market)
    want = market["order"][:, None, :] * habits(market)
    for filter_ in market["gates"]:
        row = want[:, filter_.producer, :] + (0.0 if filter_.ahead is None else filter_.ahead)
        want[:, filter_.producer, :] = row * filter_.allowed
    tied, contract = market["firm"].tied, market["firm"].contract
    firm = want * (tied + (1.0 - tied) * contract[:, None, None])
    cut = np.minimum(1.0, market["offer"] / np.maximum(firm.sum(axis=2), 1e-300))
    assert (flow >= firm * cut[:, :, None] * (1 - ROUND_OFF) - ROUND_OFF).all()


@settings(max_examples=100)
@given(markets())
def test_no_buyer_goes_short_while_a_supplier_open_to_it_has_tonnes_left(market: dict[str, Any]) -> None:
    """With one buyer, and nothing closed, either all is ordered or all is sold."""
    market |= {"gates": [], "open_to": None}
    for name in ("order", "share"):
        market[name] = market[name][..., :1].copy()
    market["firm"] = Firm(market["firm"].tied[:, :1], market["firm"].contract)
    flow = flows(**market)
    unmet = market["order"].sum(axis=1) - flow.sum(axis=(1, 2))
    left = market["offer"].sum(axis=1) - flow.sum(axis=(1, 2))
    assert (np.minimum(unmet, left) <= 1e-6).all()


@settings(max_examples=100)
@given(markets())
def test_a_lone_buyer_gets_all_that_its_firms_accept_and_somebody_has_left(market: dict[str, Any]) -> None:
    """The first supplier fails. Qualified ones sell what is missed; all others what the firms that accept any miss."""
    assume(market["open_to"] is not None)
    market |= {"gates": []}
    market["offer"][:, 0] = 0.0
    for name in ("order", "share"):
        market[name] = market[name][..., :1].copy()
    market["firm"] = Firm(market["firm"].tied[:, :1], market["firm"].contract)
    habitual = flows(**market | {"open_to": OpenTo(0, np.zeros(3))})[:, :, 0]
    left = market["offer"] - habitual
    missed = market["order"][:, 0] - habitual.sum(axis=1)
    qualified = np.array([market["open_to"].qualified[p] for p in range(left.shape[1])]).T
    others = np.minimum((left * ~qualified).sum(axis=1), market["open_to"].accepted * missed)
    expected = np.minimum((left * qualified).sum(axis=1) + others, missed)
    flow = flows(**market)[:, :, 0]
    assert (flow - habitual).sum(axis=1) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@settings(max_examples=200)
@given(markets())
def test_firms_buy_no_more_than_they_accept_and_policy_lets_pass(market: dict[str, Any]) -> None:
    """Whoever else buys: those that are not qualified together, and each behind a gate that is open in part."""
    open_to = market["open_to"]
    assume(open_to is not None)
    habitual = flows(**market | {"open_to": OpenTo(0, np.zeros(3))})[:, :, 0]
    bought = flows(**market)[:, :, 0] - habitual
    missed = np.maximum(market["order"][:, 0] - habitual.sum(axis=1), 0.0)
    qualified = np.array([open_to.qualified[p] for p in range(bought.shape[1])]).T
    scale = 1.0 + ROUND_OFF
    assert ((bought * ~qualified).sum(axis=1) <= open_to.accepted * missed * scale + 1e-6).all()
    assert (bought.sum(axis=1) <= missed * scale + 1e-6).all()
    for one in market["gates"]:
        p, part = one.producer, np.where(qualified[:, one.producer], 1.0, open_to.accepted)
        most = part * one.open[:, 0] * missed
        assert (bought[:, p] <= most * scale + 1e-6)[one.open[:, 0] < 1.0].all()


@settings(max_examples=100)
@given(markets())
def test_where_all_firms_accept_all_goods_nobody_has_to_be_qualified(market: dict[str, Any]) -> None:
    market |= {"gates": []}
    assume(market["open_to"] is not None)
    accepting = OpenTo(0, np.ones(3), market["open_to"].qualified)
    assert flows(**market | {"open_to": accepting}) == pytest.approx(
        flows(**market | {"open_to": None}), rel=1e-6, abs=1e-6
    )


def test_an_open_gate_is_no_cap_that_round_off_could_reach() -> None:
    rng = np.random.default_rng(0)
    n = 2000
    offer, order, ones = rng.random((n, 2)) * [0.0, 1000.0], rng.random((n, 1)), np.ones((n, 1))
    market: dict[str, Any] = {
        "offer": offer,
        "order": order,
        "share": np.array([[1.0], [0.0]]),
        "firm": Firm(np.zeros((2, 1)), np.zeros(n)),
        "open_to": OpenTo(0, rng.random(n), {1: rng.random(n) < 0.5}),
    }
    gated = allocate(**market, gates=[Gate(1, ones, np.where(np.arange(n)[:, None] == 0, 0.5, 1.0))])
    bare = allocate(**market)
    assert [found[..., 1:].tobytes() for found in gated[:1]] == [found[..., 1:].tobytes() for found in bare[:1]]
    assert all(np.array_equal(one[1:], other[1:]) for one, other in zip(gated[1:], bare[1:], strict=True))


@settings(max_examples=100)
@given(markets())
def test_a_gate_that_lets_everything_pass_changes_no_bit(market: dict[str, Any]) -> None:
    market["share"] = replications_last(market["share"])
    market["offer"][:, 0] *= 100.0
    shut = {one.producer for one in market["gates"]}
    passing = [
        Gate(p, np.ones_like(market["order"]), np.ones_like(market["order"]))
        for p in range(market["offer"].shape[1])
        if p not in shut
    ]
    bare = allocate(**market)
    gated = allocate(**market | {"gates": [*market["gates"], *passing]})
    assert [found.tobytes() for found in gated] == [found.tobytes() for found in bare]


@settings(max_examples=100)
@given(markets())
def test_what_one_replication_sells_does_not_depend_on_the_others(market: dict[str, Any]) -> None:
    market["share"] = replications_last(market["share"])
    flow, *sums = allocate(**market)
    first = slice(0, 1)

    def of_first(one: Gate) -> Gate:
        return Gate(one.producer, one.allowed[first], one.open[first], None if one.ahead is None else one.ahead[first])

    open_to = market["open_to"]
    alone = market | {
        "offer": market["offer"][first],
        "order": market["order"][first],
        "share": market["share"][..., first] if market["share"].ndim == 3 else market["share"],
        "firm": Firm(market["firm"].tied, market["firm"].contract[first]),
        "gates": [of_first(one) for one in market["gates"]],
        "open_to": open_to
        and OpenTo(0, open_to.accepted[first], {p: mask[first] for p, mask in open_to.qualified.items()}),
    }
    lone, *totals = allocate(**alone)
    assert np.array_equal(lone[..., 0], flow[..., 0])
    assert all(np.array_equal(one[0], several[0]) for one, several in zip(totals, sums, strict=True))


@settings(max_examples=100)
@given(markets(), st.integers(0, 6))
def test_flows_that_are_asked_for_are_whole_and_so_are_all_sums(market: dict[str, Any], first: int) -> None:
    """Bit for bit, whatever is left out of the others."""
    market["share"] = replications_last(market["share"])
    every, *sums = allocate(**market)
    some, *same = allocate(**market, rows=(0,), whole=slice(first, None))
    assert [total.tobytes() for total in same] == [total.tobytes() for total in sums]
    assert np.array_equal(some[:, first:], every[:, first:])
    for producer in {0, *(gate.producer for gate in market["gates"])}:
        assert np.array_equal(some[producer], every[producer])
    if market["open_to"] is not None:
        assert np.array_equal(some[:, 0], every[:, 0])
