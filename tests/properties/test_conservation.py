"""Tonnes are neither made nor lost, and neither are their labels, in any world."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import ModelError
from simulator.model.chain_world import ChainWorld
from simulator.model.focal import FocalBuyer
from simulator.model.labels import Labels
from simulator.model.ledger import balance_errors, check, clipped_tonnes, label_errors
from tests.support import generated, worlds

ROUND_OFF = 1e-9
"""Largest imbalance and largest clipped loss, as a share of a stage's throughput."""


def assert_no_negative_stock(world: ChainWorld) -> None:
    for market in world.markets:
        state = market.state
        held = [state.product, state.feed, state.feed_labels, state.inventory]
        if state.product_labels is not None:
            held.append(state.product_labels)
        if market.focal is not None:
            focal = market.focal
            held += [focal.stock, focal.stock_labels, focal.government, focal.government_labels, focal.pool]
            held.append(focal.calendar.coming())
        scale = market.stage.output.sum()
        assert all(stock.min(initial=0.0) >= -1e-12 * scale for stock in held)


@settings(max_examples=40)
@given(st.data())
def test_every_generated_world_conserves_mass_and_labels(data: st.DataObject) -> None:
    chain = data.draw(generated.chains())
    events, projects = data.draw(generated.events(chain)), data.draw(generated.projects(chain))
    running = worlds.world(worlds.case([chain], events, projects=projects), 16, seed=data.draw(st.integers(0, 99)))
    world = running.chains[0]
    for index, _ in worlds.at_reviews(running):
        if index % 9 == 0:
            assert_no_negative_stock(world)
    check(world)
    throughput = np.stack([market.state.opening + market.state.produced for market in world.markets], axis=1)
    assert balance_errors(world).max() <= ROUND_OFF
    assert label_errors(world).max() <= ROUND_OFF
    assert (clipped_tonnes(world) <= ROUND_OFF * throughput).all()
    assert (throughput > 0).all()


@settings(max_examples=25)
@given(st.data())
def test_consumption_is_split_completely_and_never_exceeds_demand(data: st.DataObject) -> None:
    """Partners partition what is consumed; what is exposed at a stage is exposed; nothing runs backwards."""
    chain = data.draw(generated.chains())
    trace = worlds.run(worlds.case([chain], data.draw(generated.events(chain))), 16).chains[0]
    scale = trace.consumed[:, -1].max() * ROUND_OFF
    assert np.allclose(trace.by_partner.sum(axis=2), trace.consumed, rtol=ROUND_OFF, atol=scale)
    assert (trace.consumed <= trace.demanded + scale).all()
    assert (trace.exposed <= trace.consumed + scale).all()
    assert (trace.exposed_by_stage <= trace.exposed[:, :, None] + scale).all()
    assert (trace.exposed <= trace.exposed_by_stage.sum(axis=2) + scale).all()
    for series in (trace.consumed, trace.demanded, trace.exposed, trace.landed, trace.project_output):
        assert (np.diff(series, axis=1) >= -scale).all()


def case() -> Any:
    return worlds.case([worlds.chain("antimony")])


def test_a_ledger_that_drops_a_thousandth_of_what_lands_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    land = FocalBuyer.land

    def leaky(self: FocalBuyer, day: float) -> None:
        before = self.landed.sum(axis=1)
        land(self, day)
        self.stock = self.stock - 0.001 * (self.landed.sum(axis=1) - before)

    monkeypatch.setattr(FocalBuyer, "land", leaky)
    with pytest.raises(ModelError, match="antimony oxide: the mass balance is off"):
        worlds.run(case(), 16)


def test_a_step_that_loses_labels_but_no_tonnes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    relabel = Labels.relabel

    def forgetful(self: Labels, amounts: Any, tonnes: Any, stage: int, producers: tuple[str, ...]) -> None:
        relabel(self, amounts, tonnes, stage, producers)
        if stage == 2:
            amounts[..., self.layouts[2].partners] *= 1.0 - 1e-6

    monkeypatch.setattr(Labels, "relabel", forgetful)
    with pytest.raises(ModelError, match="the label balance is off"):
        worlds.run(case(), 16)


def test_the_opening_state_is_on_the_books() -> None:
    """Stocks and pipelines of the first day enter the balance: forgetting them is an error, not a rounding."""
    running = worlds.world(case(), 16)
    for market in running.chains[0].markets:
        assert (market.state.opening > 0).all()
        market.state.opening = market.state.opening * 0.9999
    with pytest.raises(ModelError, match="mass balance"):
        running.run(np.arange(16))


def test_a_year_without_supply_empties_stocks_but_not_below_zero() -> None:
    from simulator.instruments.outage import Outage

    stop = [
        Outage(id=f"stop{c}", country=c, commodities=("antimony",), at=date(2025, 12, 1))
        for c in ("CHN", "TJK", "BEL", "USA")
    ]
    running = worlds.world(worlds.case([worlds.chain("antimony")], stop), 16)
    for _ in worlds.at_reviews(running):
        assert_no_negative_stock(running.chains[0])
    check(running.chains[0])
    focal = running.chains[0].markets[2].focal
    assert focal is not None
    assert (focal.stock < 1.0).all()
    assert (focal.used < 0.9 * focal.demanded).all()
