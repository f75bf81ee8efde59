"""What floors, dumping, stockpile programmes, recycling and substitution can never do, whatever their terms."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.catalogue.cost_curve import points
from simulator.domain.chain import Chain
from simulator.domain.changes import DumpingChange, FloorChange, SubstitutionChange
from simulator.instruments.base import Instrument
from simulator.instruments.dumping import Dumping
from simulator.instruments.price_floor import PriceFloor
from simulator.instruments.recycling import Recycling
from simulator.instruments.stockpile_purchase import StockpilePurchase
from simulator.instruments.stockpile_release import StockpileRelease
from simulator.instruments.substitution import Substitution
from simulator.model.ledger import TOLERANCE
from simulator.model.margins import Margins
from simulator.model.prices import PriceIndex
from simulator.model.substitution import remaining
from tests.support import generated, worlds

Floats = NDArray[np.float64]
START = date(2025, 11, 6)
SHARES = generated.SHARES
N = 4


def _span(draw: st.DrawFn) -> dict[str, date]:
    begin = draw(st.integers(-300, 500))
    return {
        "at": START + timedelta(days=begin),
        "until": START + timedelta(days=begin + draw(st.integers(1, 700))),
    }


@st.composite
def events(draw: st.DrawFn, chain: Chain) -> tuple[Instrument, ...]:
    """Every instrument of this file on one commodity, on any terms."""
    names, stage = (chain.commodity,), draw(st.sampled_from(chain.stages))
    amount = draw(st.sampled_from(["tonnes", "tonnes_per_year", "usd_m", "usd_m_per_year"]))
    makers = [country for country in stage.producers if country != "OTH"]
    return (
        Dumping(id="dump", commodities=names, depth_share=draw(SHARES), **_span(draw)),
        PriceFloor(
            id="floor", commodities=names, countries=("TJK", "USA"), floor_multiple=draw(st.floats(0, 4)), **_span(draw)
        ),
        StockpilePurchase(
            id="buy", commodities=names, source_rule=draw(st.sampled_from(["any", "non_chinese"])),
            **{amount: draw(st.floats(0, 300))}, **_span(draw),
        ),
        StockpileRelease(id="free", commodities=names, tonnes_per_year=draw(st.floats(0, 500)), **_span(draw)),
        StockpileRelease(id="share", commodities=names, holding_share=draw(SHARES), **_span(draw)),
        Recycling(
            id="scrap", commodity=chain.commodity, country=draw(st.sampled_from(makers)), stage=stage.name,
            output_t_per_year=draw(st.floats(0, 300)), ramp_days=draw(st.floats(0, 400)), **_span(draw),
        ),
        Substitution(
            id="other", region=draw(st.sampled_from(generated.REGIONS)), commodities=names, share=draw(SHARES),
            phase_in_days=draw(st.floats(0, 400)), **_span(draw),
        ),
    )  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_nothing_is_made_from_nothing_and_no_stock_is_overdrawn(data: st.DataObject) -> None:
    """A release never creates material, recycling and purchases conserve it, and no future depends on another."""
    chain = data.draw(generated.chains())
    model = worlds.case([chain], data.draw(events(chain)))
    block, alone = worlds.run(model, N), worlds.run(model, np.array([2]))
    trace = block.chains[-1]
    assert (trace.government >= 0).all()
    assert (trace.stock >= -1e-9 * trace.stock.max(initial=1.0)).all()
    assert (trace.balance_error <= TOLERANCE).all()
    assert (np.diff(trace.demanded, axis=1) >= 0).all()
    assert worlds.replication_bytes(block, 2) == worlds.replication_bytes(alone, 0)


@settings(max_examples=50)
@given(terms=st.lists(st.tuples(SHARES, st.floats(0, 800), st.floats(-200, 400), st.floats(1, 600)), min_size=1))
def test_substitutions_never_raise_demand_nor_make_it_negative(terms: list[tuple[float, ...]]) -> None:
    changes = [
        SubstitutionChange(
            event_id="s",
            commodity="antimony",
            region="USA",
            share=np.full(N, share),
            phase_in_days=np.full(N, phase_in),
            **_window(begin, length),  # type: ignore[arg-type]
        )
        for share, phase_in, begin, length in terms
    ]
    for day in (-201.0, 0.0, 50.0, 399.0, 1000.0):
        left = remaining(changes, "USA", day)
        assert left is not None
        assert ((left >= 0) & (left <= 1)).all()
        if not any(begin <= day < begin + length for _, _, begin, length in terms):
            assert (left == 1.0).all()
    assert remaining(changes, "CHN", 0.0) is None


def _margins(*changes: FloorChange | DumpingChange) -> tuple[Margins, PriceIndex, worlds.World]:
    running = worlds.world(worlds.case([worlds.chain("antimony")]), N)
    (chain,) = running.chains
    margins = Margins(N, chain.markets, chain.restart_days, byproduct=False)
    for change in changes:
        if isinstance(change, FloorChange):
            margins.add_floor(change)
        else:
            margins.add_dumping(change)
    return margins, chain.price, running


def _window(begin: float, length: float) -> dict[str, NDArray[np.float64] | NDArray[np.bool_]]:
    return {"day": np.full(N, begin), "until": np.full(N, begin + length), "mask": np.ones(N, dtype=bool)}


@settings(max_examples=25, deadline=None)
@given(
    prices=st.lists(st.floats(0.05, 12), min_size=3, max_size=12),
    multiple=st.floats(0, 5),
    depth=st.floats(0, 0.95),
    begin=st.floats(0, 60),
    length=st.floats(1, 100),
)
def test_at_given_prices_a_floor_never_lowers_protected_output_and_dumping_raises_nobody_elses(
    prices: list[float], multiple: float, depth: float, begin: float, length: float
) -> None:
    floor = FloorChange(
        event_id="f", commodity="antimony", countries=("BEL",), multiple=np.full(N, multiple), **_window(begin, length)
    )  # type: ignore[arg-type]
    dump = DumpingChange(
        event_id="d", commodity="antimony", dumper="CHN", depth=np.full(N, depth), **_window(begin, length)
    )  # type: ignore[arg-type]
    found = {}
    for name, changes in (("none", ()), ("dump", (dump,)), ("both", (floor, dump)), ("floor", (floor,))):
        margins, index, running = _margins(*changes)
        market, out = running.chains[0].markets[-1], []
        for step, price in enumerate(prices):
            day = 14.0 * step
            index.value = np.full((2, N), price)
            margins.review(day, 14.0, index)
            answers = np.repeat(np.power(index.believed[0], 0.2)[:, None], 3, axis=1) * market.primary
            margins.lift(market, answers, market.primary, np.full(N, 0.2), index)
            potential = np.minimum(market.primary_ceiling, answers)
            out.append(margins.running(market, potential, day))
            index.believed = index.follow(index.believed, index.value, 14.0)
            margins.learn(index, day, 14.0)
        found[name] = np.stack(out)
    slack = 1 + 1e-12
    assert (found["floor"] * slack >= found["none"]).all()
    assert (found["both"][:, :, 1] * slack >= found["dump"][:, :, 1]).all()
    assert (found["dump"][:, :, 1:] <= found["none"][:, :, 1:] * slack).all()
    assert (found["dump"] >= 0).all()
    assert np.array_equal(found["floor"][:, :, [0, 2]], found["none"][:, :, [0, 2]])


def test_no_capacity_is_too_dear_at_the_price_it_ran_at() -> None:
    for byproduct in (False, True):
        curve = points(byproduct=byproduct)
        assert curve[-1][0] == 1.0
        assert curve[-1][1].value == 0.0
        assert all(fact.low is not None and fact.low <= fact.value <= (fact.high or 0.0) for _, fact in curve)
