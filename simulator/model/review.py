"""The market review of one commodity: land, make, use, order, allocate, ship, and move the price.

Producers make their potential output unless their stock is above target, then less, down to nothing
at the ceiling. Potential output follows the world trend and answers price with the stated elasticity, up to
capacity and with the time an idle plant takes to restart; what dumping and price floors do to it is in
``margins.py``. Buying and selling is in ``trade.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.chain_world import ChainWorld
from simulator.model.own_ways import OwnWays
from simulator.model.recycling import Recycler
from simulator.model.rows import at_least, beyond, divisor, outer, part, row_sums
from simulator.model.stage_market import Market
from simulator.model.state import StageState
from simulator.model.substitution import remaining
from simulator.model.trade import trade

Floats = NDArray[np.float64]
KG_PER_T = 1000.0


def review(world: ChainWorld, day: float) -> None:
    """Run the review of ``day`` for every stage, upstream first."""
    index = world.index
    growth = world.growth(day)
    supply = np.power(world.price.believed, world.supply_elasticity)
    use = np.power(world.price.value, world.demand_elasticity)
    if world.margins is not None:
        world.margins.review(day, world.step, world.price)
    trend = world.trend(growth)
    for s, market in enumerate(world.markets):
        _land(world, s)
        _produce(world, s, day, index, trend, supply)
        _set_use(world, s, market, day, index, growth, use)
    gaps = np.zeros((2, growth.size))
    for s, market in enumerate(world.markets):
        demand, *missing = trade(world, s, market, day, index)
        wanted = divisor(market.by_side(demand))
        for tonnes in missing:
            np.maximum(gaps, market.by_side(tonnes) / wanted, out=gaps)
        if world.stage_prices:
            world.stage_prices[s].review(gaps, world.step)
    world.note_price(day)
    world.price.review(gaps, world.step, None if world.margins is None else world.margins.offered(day))
    if world.margins is not None:
        world.margins.learn(world.price, day, world.step)
    world.index += 1


def _land(world: ChainWorld, s: int) -> None:
    """Goods due at this review reach regions and the next stage's feed stocks."""
    state, regions = world.markets[s].state, world.markets[s].state.regions
    below = world.markets[s + 1].state if s + 1 < len(world.markets) else None
    if regions:
        state.to_regions.receive(state.inventory, None, state.on_order[:, :regions])
    if state.to_processors is not None and below is not None:
        state.to_processors.receive(below.feed, below.feed_labels, state.on_order[:, regions:])
    if state.own_ways is not None:
        _land_apart(state, below, state.own_ways)


def _land_apart(state: StageState, below: StageState | None, ways: OwnWays) -> None:
    """Goods on ways of their own reach their buyers."""
    tonnes, served = ways.by_buyer(ways.land(None if below is None else below.feed_labels)), ways.served
    state.on_order.T[served] -= tonnes.T
    consuming = int(np.searchsorted(served, state.regions))
    state.inventory.T[served[:consuming]] += tonnes.T[:consuming]
    if below is not None:
        below.feed.T[served[consuming:] - state.regions] += tonnes.T[consuming:]


def _answering(world: ChainWorld, market: Market, base: Floats, factors: Floats, elasticity: Floats) -> Floats:
    """(n, P) ``base`` output (P,) as it answers the world's price, China's, or the floor of a protected producer.

    ``factors`` (2, n) are prices ``** elasticity``, the world's and China's.
    """
    answers = outer(factors[0], base)
    for p in market.chinese:
        answers[:, p] = base[p] * factors[1]
    if world.margins is not None:
        world.margins.lift(market, answers, base, elasticity, world.price)
    return answers


def _produce(
    world: ChainWorld,
    s: int,
    day: float,
    index: int,
    trend: Floats,
    supply: Floats,
) -> None:
    """Make the output of the interval that ends now; feed becomes product, labels move along."""
    market, step = world.markets[s], world.step
    state, stage = market.state, market.stage
    # Published output already contains the usual outages: availability is relative to its mean.
    running = market.outages.running(index + 1)
    if market.scenario_outages:
        market.lose(day, step)
        running *= 1.0 - market.lost
    primary = _answering(world, market, market.primary, supply, world.supply_elasticity)
    np.minimum(market.primary_ceiling, primary, out=primary)
    for p, desk in market.desks.items():
        awaited = desk.awaited(day)
        if awaited is not None:  # what leaves ahead of a control is made with all there is
            primary[:, p] = np.where(awaited, market.primary_ceiling[:, p], primary[:, p])
    if world.margins is not None:
        primary = world.margins.running(market, primary, day)
    primary *= trend[:, None]
    potential, recycled = primary, None
    if market.recycles:
        scrap = np.power(world.price.believed, world.recycled_elasticity)
        recycled = _answering(world, market, market.secondary, scrap, world.recycled_elasticity)
        recycled *= trend[:, None]
    if market.projects:
        recycled = _ramp(world, market, primary, recycled, day)
    if recycled is not None:
        potential = primary + recycled
    room = beyond(world.ceiling_days * potential, state.product)
    # Stock is judged against undisturbed output: a plant that is down does not also hoard.
    pace = part(room, (world.ceiling_days - world.target_days) * potential)
    pace *= running
    market.reserve = potential * world.working_days
    rate = primary * pace
    if s == 0:
        traced = rate * step
        made = traced if recycled is None else traced + recycled * pace * step
    else:
        np.divide(rate, stage.feed_yield, out=market.feed_rate)
        wanted, above = market.feed_rate * step, world.markets[s - 1]
        above.world.needed(market.feed_rate, step, above.state.regions)
        used = np.minimum(wanted, state.feed)
        share = part(used, state.feed)
        state.feed -= used
        state.feed_used += row_sums(used)
        traced = made = used * stage.feed_yield
        moved = state.feed_labels * (share * stage.feed_yield)[:, :, None]
        state.feed_labels *= (1.0 - share)[:, :, None]
        assert state.product_labels is not None
        state.product_labels += moved
        if recycled is not None:
            fresh = recycled * pace * step
            state.product_labels[:, :, state.received.nowhere] += fresh
            made = made + fresh
    state.product += made
    total = row_sums(made)
    state.produced += total
    market.world.made(made, total)
    if market.projects:
        _credit_projects(world, market, traced, primary, pace, day)


def _ramp(world: ChainWorld, market: Market, primary: Floats, recycled: Floats | None, day: float) -> Floats | None:
    """Add new capacity on ``day`` to output from feed or ore (n, P), t/day, in place; return output from scrap."""
    for project in market.projects:
        project.review(day)
        if not project.runs:
            continue
        if isinstance(project, Recycler):
            recycled = np.zeros_like(primary) if recycled is None else recycled
            recycled[:, project.producer] += project.now
            continue
        if world.margins is not None:
            project.now = project.now * world.margins.open_share(market, project.producer)
        primary[:, project.producer] += project.now
    return recycled


def _credit_projects(
    world: ChainWorld, market: Market, made: Floats, primary: Floats, pace: Floats, day: float
) -> None:
    """Book to each project its part of what its producer made from feed or ore, by design output.

    ``pace`` (n, P) is the share of its potential that a producer makes, which is what scrap-based output comes to.
    """
    running = [(j, project) for j, project in enumerate(market.projects) if project.runs]
    if not running:
        return
    made_of: dict[int, Floats] = {}
    offset = world.project_offset(market)
    for j, project in running:
        p = project.producer
        if isinstance(project, Recycler):
            output = project.now * (pace[:, p] * world.step)
        else:
            if p not in made_of:
                made_of[p] = made[:, p] / divisor(primary[:, p])
            output = project.now * made_of[p]
        world.project_output[:, offset + j] += output
        if project.ready is not False:
            world.project_accessible[:, offset + j] += output * project.sold_to.open_to_focal(day, project.ready)


def _set_use(
    world: ChainWorld,
    s: int,
    market: Market,
    day: float,
    index: int,
    growth: Floats,
    use: Floats,
) -> None:
    """Regions consume the interval that ends now; the focal buyer's rate of use is set for the next."""
    state = market.state
    if not state.regions:
        return
    rate = market.use_rate[:, : state.regions]
    np.multiply.outer(market.region_rate, growth, out=rate.T)
    for shock in world.demand_shocks:
        if shock.region in market.stage.regions:
            rate[:, market.stage.regions.index(shock.region)] *= np.where(shock.holds(day), shock.factor, 1.0)
    if world.substitutions:
        for r, region in enumerate(market.stage.regions):
            left = remaining(world.substitutions, region, day)
            if left is not None:
                rate[:, r] *= left
    for duties in market.duties:
        rate *= duties.use_factor[:, : state.regions]
    focal = state.focal
    if focal >= 0:
        rate[:, focal] *= world.focal_level * world.noise[index]
    market.world.needed(rate, world.step, 0)
    chinese = [buyer for buyer in market.chinese_buyers if buyer < state.regions]
    at_home = [rate[:, buyer] * use[1] for buyer in chinese]
    rate *= use[0][:, None]
    for buyer, used in zip(chinese, at_home, strict=True):
        rate[:, buyer] = used
    eaten = np.minimum(state.inventory, rate * world.step)
    if market.focal is not None:
        eaten[:, focal] = 0.0
        market.focal.settle(day)
        if market.focal.purchases or market.focal.releases:
            market.focal.review(day, world.step, world.price.world * (KG_PER_T * world.chain.price_usd_per_kg))
        asked = rate[:, focal].copy()
        market.focal.rate = asked
        market.focal.wanted = asked
        if day > 0:
            # Use that a price rise since the start has squeezed out still counts as demand: a starved
            # buyer is not an independent one.
            calm = np.power(world.start_price / divisor(world.price.world), world.demand_elasticity)
            for duties in market.duties:
                calm = calm / duties.since_start(focal)
            market.focal.wanted = asked * at_least(calm, 1.0)
        state.inventory[:, focal] = market.focal.stock
    state.inventory -= eaten
    state.consumed += row_sums(eaten)
