"""Stocks and pipelines of a world that stands still, against inventory theory.

Constant demand ``u`` t/day, ample supply, fixed transit ``T`` (a whole number of weekly services), a review every
``R`` days. The buyer orders up to ``u x (cover + T + R/2)`` counting stock and what is on the way. Just after a
review that position is at its target and falls by ``u`` a day until the next, so on average it is
``u x (cover + T)``. By Little's law ``u x T`` of it is on the way: the mean stock is ``u x cover``. With one lane
whose transit is two reviews, lots land on review days only, and the stock is a sawtooth between
``u x (cover + R/2)`` just after a landing and ``u x (cover - R/2)`` just before the next.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.model.chain_world import ChainWorld
from simulator.model.focal import FocalBuyer
from simulator.model.world import World
from tests.support import worlds

Floats = NDArray[np.float64]
N = 16
REVIEW = 14
SETTLED = 50
"""Reviews after which the start has been forgotten: longer than any transit and cover together."""
ROUND_OFF = 1e-6
"""Nothing is random here: what remains is the last of a decaying transient."""


def still_world(chain: Chain) -> tuple[World, ChainWorld, FocalBuyer]:
    """No growth, noise or outages; supply that always suffices."""
    chain = worlds.still(chain)
    running = worlds.world(worlds.case([chain], inputs=worlds.CALM), N)
    world = running.chains[0]
    world.noise.fill(1.0)
    focal = world.markets[2].focal
    assert focal is not None
    return running, world, focal


def observed(running: World, focal: FocalBuyer, days: int) -> tuple[Floats, Floats]:
    """(n, days) stock and pool at the middle of each day; their means are exact for a sawtooth."""
    stocks, pools = [], []
    first = running.reviews[SETTLED]
    running.env.run(until=first + 0.5)
    for day in range(days):
        moment = first + day + 0.5
        if day:
            running.env.run(until=moment)
            running.catch_up()
        focal.settle(moment)
        stocks.append(focal.stock)
        pools.append(focal.pool.copy())
    return np.stack(stocks, axis=1), np.stack(pools, axis=1)


def one_lane(days: float) -> Chain:
    """The same transit from every origin."""
    return worlds.chain("antimony", lanes={c: worlds.lane(c, days) for c in ("CHN", "BEL", "USA")})


def test_the_mean_stock_is_the_cover_whatever_the_transit() -> None:
    running, world, focal = still_world(worlds.chain("antimony"))
    stocks, _ = observed(running, focal, 2 * REVIEW)
    assert stocks.mean(axis=1) / focal.rate == pytest.approx(world.cover_days, rel=ROUND_OFF)


def test_the_stock_is_a_sawtooth_of_one_review() -> None:
    running, world, focal = still_world(one_lane(2 * REVIEW - 1.0))
    stocks, _ = observed(running, focal, 2 * REVIEW)
    days = stocks / focal.rate[:, None] - world.cover_days[:, None]
    teeth = REVIEW / 2 - 0.5 - np.arange(REVIEW)
    assert days == pytest.approx(np.tile(teeth, (N, 2)), abs=ROUND_OFF * 100)


def test_every_order_equals_what_is_used_between_reviews() -> None:
    running, _, focal = still_world(worlds.chain("antimony"))
    before = None
    for index, _ in worlds.at_reviews(running):
        arrived = focal.landed.sum(axis=1) + focal.pool.sum(axis=1)
        if index > SETTLED and before is not None:
            assert arrived - before == pytest.approx(focal.rate * REVIEW, rel=ROUND_OFF)
        before = arrived


def test_a_target_that_forgets_the_review_holds_half_a_review_less() -> None:
    """Negative control: an order-up-to level without R/2 fails the first test by exactly R/2 days."""
    running, world, focal = still_world(worlds.chain("antimony"))
    world.markets[2].lead_days -= REVIEW / 2
    stocks, _ = observed(running, focal, 2 * REVIEW)
    missing = world.cover_days - stocks.mean(axis=1) / focal.rate
    assert missing == pytest.approx(np.full(N, REVIEW / 2), rel=1e-4)


def test_goods_on_the_way_are_rate_times_transit_in_whole_services() -> None:
    """Little's law, lane by lane: 25, 20 and 3 days are 4, 3 and 1 weekly services."""
    running, world, focal = still_world(worlds.chain("antimony"))
    first = running.reviews[SETTLED]
    running.env.run(until=first - 0.5)
    running.catch_up()
    begin = focal.landed.copy()
    _, pools = observed(running, focal, 4 * REVIEW)
    flow = (focal.landed - begin)[:, :3] / (4 * REVIEW)
    services = 7.0 * np.array([4, 3, 1])
    held = pools.mean(axis=1)[:, :3]
    assert held == pytest.approx(flow * services, rel=ROUND_OFF)
    # Negative control: transit that is not rounded up to services, or rounded down, holds visibly less.
    assert (held > flow * np.array([25.0, 20.0, 3.0]) * 1.04).all()
    assert world.price.value == pytest.approx(np.ones((2, N)), abs=ROUND_OFF)


def test_random_transit_keeps_littles_law() -> None:
    """With drawn transit the mean pool is the rate times the mean of the services drawn.

    The mean runs over 70 reviews; tolerance: 3.9 standard errors (two-sided 1 in 10,000) of the mean over replications.
    """
    ways = {c: worlds.lane(c, 40.0, 80.0) for c in ("CHN", "BEL", "USA")}
    chain = worlds.still(worlds.chain("antimony", lanes=ways))
    running = worlds.world(worlds.case([chain], inputs=worlds.CALM), 256)
    focal = running.chains[0].markets[2].focal
    assert focal is not None
    dispatched = np.zeros((256, 4))
    waited = np.zeros((256, 4))
    send, pools = focal.dispatch, []
    first, last = 15, 85

    def watched(review: int, tonnes: Floats, composition: Floats) -> None:
        if first <= review < last:
            dispatched[:] += tonnes
            waited[:] += tonnes * focal.weeks[review] * 7.0
        send(review, tonnes, composition)

    focal.dispatch = watched  # type: ignore[method-assign]
    running.env.run(until=running.reviews[first] + 0.5)
    for moment in np.arange(running.reviews[first] + 0.5, running.reviews[last], 1.0):
        running.env.run(until=moment + 1e-6)
        running.catch_up()
        pools.append(focal.pool.sum(axis=1))
    span = (last - first) * REVIEW
    gap = np.mean(pools, axis=0) * span / waited.sum(axis=1) - 1.0
    error = gap.std(ddof=1) / np.sqrt(gap.size)
    edges = 2 * 80.0 / span  # lots that were already, or still are, on the way at the ends
    assert abs(gap.mean()) <= 3.9 * error + 0.05 * edges
    wrong = np.mean(pools, axis=0) / (dispatched.sum(axis=1) / span * 40.0) - 1.0
    assert wrong.mean() > 3.9 * error + 0.05 * edges, "the median transit must not pass for the mean"


def test_longer_cover_means_more_stock_and_nothing_else() -> None:
    chain = worlds.chain("antimony")
    found = []
    for months in (1.0, 2.0):
        model = worlds.case([worlds.still(chain)], inputs=worlds.CALM | {"stock_cover_months": (months,) * 3})
        running = worlds.world(model, N)
        running.chains[0].noise.fill(1.0)
        focal = running.chains[0].markets[2].focal
        assert focal is not None
        found.append([a.mean(axis=1) for a in (observed(running, focal, 28))] + [focal.rate.copy()])
    assert found[1][0] - found[0][0] == pytest.approx(found[0][2] * 365.25 / 12, rel=1e-4)
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-6)
