"""The market review of one commodity: land, make, use, order, allocate, ship, and move the price.

Producers make their potential output unless their stock is above target, then less, down to nothing
at the ceiling. Potential output follows the world trend and answers price with the stated elasticity, up to
capacity. Buyers order up to what they use over transit, review and cover (a base-stock rule), more
when they fear a shortage, and never more than a stated multiple of what they use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.chain_world import ChainWorld
from simulator.model.market import Gate, allocate, over_buyers, over_producers
from simulator.model.stage_market import DAYS_PER_YEAR, Market

Floats = NDArray[np.float64]
_TINY = 1e-300


def review(world: ChainWorld, day: float) -> None:
    """Run the review of ``day`` for every stage, upstream first."""
    index = world.index
    growth = world.growth(day)
    in_world, in_china = world.world_price.value, world.china_price.value
    supply = np.power(in_world, world.supply_elasticity), np.power(in_china, world.supply_elasticity)
    scrap = np.power(in_world, world.recycled_elasticity), np.power(in_china, world.recycled_elasticity)
    use = np.power(in_world, world.demand_elasticity), np.power(in_china, world.demand_elasticity)
    for s, market in enumerate(world.markets):
        _land(world, s)
        _produce(world, s, day, index, growth, supply, scrap)
        _set_use(world, s, market, day, index, growth, use)
    gap_world, gap_china = np.zeros_like(growth), np.zeros_like(growth)
    for s, market in enumerate(world.markets):
        order, received = _trade(world, s, market, day, index)
        # Scarcity is what use goes short of; orders that only rebuild stocks do not count.
        order = np.minimum(order, market.use_rate * world.step)
        for gap, chosen in ((gap_world, market.outside_china), (gap_china, market.inside_china)):
            wanted = np.einsum("nb,b->n", order, chosen)
            got = np.einsum("nb,b->n", received, chosen)
            np.maximum(gap, 1.0 - np.minimum(got / np.maximum(wanted, _TINY), 1.0), out=gap, where=wanted > _TINY)
    world.world_price.review(gap_world, world.step)
    world.china_price.review(gap_china, world.step)
    world.index += 1


def _land(world: ChainWorld, s: int) -> None:
    """Goods due at this review reach regions and the next stage's feed stocks."""
    market = world.markets[s]
    state, regions = market.state, market.state.regions
    tonnes, _ = state.to_regions.receive()
    state.inventory += tonnes
    state.on_order[:, :regions] -= tonnes
    if state.to_processors is not None:
        tonnes, labels = state.to_processors.receive()
        nxt = world.markets[s + 1].state
        nxt.feed += tonnes
        nxt.feed_labels += labels
        state.on_order[:, regions:] -= tonnes


def _by_place(market: Market, factors: tuple[Floats, Floats]) -> Floats:
    """(n, P) factor of the world market, or of China's for Chinese producers."""
    return np.where(market.in_china[None, :], factors[1][:, None], factors[0][:, None])


def _produce(
    world: ChainWorld,
    s: int,
    day: float,
    index: int,
    growth: Floats,
    supply: tuple[Floats, Floats],
    scrap: tuple[Floats, Floats],
) -> None:
    """Make the output of the interval that ends now; feed becomes product, labels move along."""
    market, labels, step = world.markets[s], world.labels, world.step
    state, stage = market.state, market.stage
    up = market.outages.available(index + 1) * growth[:, None]
    market.lose(day, step)
    if market.lost.any():
        up *= 1.0 - market.lost
    primary = np.minimum(market.primary_ceiling, market.primary * _by_place(market, supply)) * up
    if market.projects:
        _ramp(world, market, day)
        primary += market.entrants
    potential = primary
    recycled = None
    if stage.secondary.any():
        recycled = market.secondary * _by_place(market, scrap) * up
        potential = primary + recycled
    room = world.ceiling_days * potential - state.product
    span = (world.ceiling_days - world.target_days) * potential
    throttle = np.clip(room / np.maximum(span, _TINY), 0.0, 1.0)
    primary *= throttle
    market.feed_rate = primary / stage.feed_yield
    made = primary * step
    if s == 0:
        fresh = made if recycled is None else made + recycled * throttle * step
        state.product += fresh
        state.produced += fresh.sum(axis=1)
    else:
        wanted = made / stage.feed_yield
        used = np.minimum(wanted, state.feed)
        share = used / np.maximum(state.feed, _TINY)
        moved = state.feed_labels * share[:, :, None]
        state.feed_labels -= moved
        state.feed -= used
        state.feed_used += used.sum(axis=1)
        if stage.feed_yield != 1.0:
            moved *= stage.feed_yield
        labels.relabel(moved, s, stage.producers)
        made = used * stage.feed_yield
        assert state.product_labels is not None
        state.product_labels += moved
        if recycled is not None:
            fresh = recycled * throttle * step
            state.product_labels += fresh[:, :, None] * market.fresh[None]
            made = made + fresh
        state.product += made
        state.produced += made.sum(axis=1)
    if market.projects:
        _credit_projects(world, market, primary)


def _ramp(world: ChainWorld, market: Market, day: float) -> None:
    """Design output of new projects on ``day``, t/day by producer."""
    market.entrants.fill(0.0)
    for project in market.projects:
        project.now = project.output(day) / DAYS_PER_YEAR
        market.entrants[:, project.producer] += project.now


def _credit_projects(world: ChainWorld, market: Market, primary: Floats) -> None:
    """Book each project's part of its producer's output."""
    offset = world.project_offset(market)
    for j, project in enumerate(market.projects):
        part = np.minimum(project.now, primary[:, project.producer])
        world.project_output[offset + j] += part * world.step


def _set_use(
    world: ChainWorld,
    s: int,
    market: Market,
    day: float,
    index: int,
    growth: Floats,
    use: tuple[Floats, Floats],
) -> None:
    """Regions consume the interval that ends now; the focal buyer's rate of use is set for the next."""
    state = market.state
    if not state.regions:
        return
    in_china = market.buyer_in_china[: state.regions]
    answer = np.where(in_china[None, :], use[1][:, None], use[0][:, None])
    rate = market.region_rate[None, :] * growth[:, None] * answer
    for region, factor, begin, until, mask in world.region_shocks:
        if region in market.stage.regions:
            running = mask & (begin <= day) & (day < until)
            rate[:, market.stage.regions.index(region)] *= np.where(running, factor, 1.0)
    focal = state.focal
    if focal >= 0:
        rate[:, focal] *= world.focal_level * world.noise[:, index]
    market.use_rate[:, : state.regions] = rate
    eaten = np.minimum(state.inventory, rate * world.step)
    if market.focal is not None:
        eaten[:, focal] = 0.0
        market.focal.settle(day)
        market.focal.rate = rate[:, focal].copy()
        state.inventory[:, focal] = market.focal.stock
    state.inventory -= eaten
    state.consumed += eaten.sum(axis=1)


def _trade(world: ChainWorld, s: int, market: Market, day: float, index: int) -> tuple[Floats, Floats]:
    """Order, allocate and ship one stage's product; returns orders and receipts, both (n, B)."""
    state, stage, step = market.state, market.stage, world.step
    regions = state.regions
    if s + 1 < len(world.markets):
        market.use_rate[:, regions:] = world.markets[s + 1].feed_rate
    use = market.use_rate
    on_hand = market.on_hand
    on_hand[:, :regions] = state.inventory
    if s + 1 < len(world.markets):
        on_hand[:, regions:] = world.markets[s + 1].state.feed
    if market.focal is not None:
        state.on_order[:, state.focal] = market.focal.pool.sum(axis=1)
    fear = 1.0 + (world.hoarding - 1.0) * world.world_price.gap
    up_to = market.cover * np.where(market.buyer_in_china[None, :], 1.0, fear[:, None]) + market.lead_days
    order = np.clip(use * up_to - on_hand - state.on_order, 0.0, world.order_ceiling * use * step)

    share = _habits(market, day, world.growth(day))
    gates, claims = _gates(world, market, order, share, use, day, index)
    flow, blocked = allocate(state.product, order, share, market.firm, gates, _qualified(world, market, day))
    rerouted = _reroute(world, market, flow, blocked, claims, day) if gates else None
    if gates:
        for gate in gates:
            market.desks[gate.producer].use(flow[:, gate.producer, :])
    received = over_producers(flow)
    if rerouted is not None:
        producer, tonnes = rerouted
        flow[:, producer, :] += tonnes
        received = received + tonnes
    _ship(market, flow, received, rerouted, index)
    if market.focal is not None:
        short = received[:, state.focal] < (1.0 - world.shortage_trigger) * order[:, state.focal]
        world.short_since = np.where(short & np.isinf(world.short_since), day, world.short_since)
    return order, received


def _habits(market: Market, day: float, growth: Floats) -> Floats:
    """(P, B) or (n, P, B) sourcing shares: base-year habits, and new output at everybody's expense pro rata."""
    if not market.projects or not market.entrants.any():
        return market.share
    size = np.repeat(market.flows[None], growth.size, axis=0)
    for project in market.projects:
        if project.now.any():
            outlets = np.where((day >= project.qualified)[:, None], project.outlets, project.unqualified_outlets)
            size[:, project.producer, :] += (project.now / growth)[:, None] * outlets
    size /= np.maximum(size.sum(axis=1), _TINY)[:, None, :]
    return size


def _gates(
    world: ChainWorld, market: Market, order: Floats, share: Floats, use: Floats, day: float, index: int
) -> tuple[list[Gate], dict[int, Floats]]:
    """Policy filters of this review, and each restricted producer's ordinary claims (n, B)."""
    gates, claims = [], {}
    for p, desk in market.desks.items():
        extra = desk.front_loading(day)
        if desk.idle and extra is None:
            continue
        habit = share[..., p, :]
        claim = order * habit
        ahead = None if extra is None else extra * use * habit * world.step
        allowed, open_ = desk.review(claim if ahead is None else claim + ahead, index)
        gates.append(Gate(p, allowed, open_, ahead))
        claims[p] = claim
    return gates, claims


def _qualified(world: ChainWorld, market: Market, day: float) -> tuple[int, Floats] | None:
    """Suppliers new to the focal buyer join its open-spot trade once qualified, which starts with a shortage."""
    if market.focal is None or market.new_to_focal is None or not market.new_to_focal.any():
        return None
    accepted = day >= world.short_since + world.qualification_days
    fraction = np.where(market.new_to_focal[None, :], accepted[:, None], 1.0)
    for project in market.projects:
        ready = day >= project.qualified
        fraction[:, project.producer] = np.maximum(fraction[:, project.producer], ready)
    return market.state.focal, fraction


def _reroute(
    world: ChainWorld, market: Market, flow: Floats, blocked: Floats, claims: dict[int, Floats], day: float
) -> tuple[int, Floats] | None:
    """Tonnes (n, B) of a restricted producer that reach their buyer through a third country."""
    premium = world.world_price.value / world.china_price.value - 1.0
    pays = premium > world.reroute_premium
    for p, desk in market.desks.items():
        if p not in claims or not market.in_china[p]:
            continue
        open_since = day >= desk.since + world.reroute_lag_days[:, None]
        reach = np.where(open_since & pays[:, None], world.reroute_share[:, None] * blocked, 0.0)
        if not reach.any():
            continue
        left = np.maximum(market.state.product[:, p] - np.ascontiguousarray(flow[:, p, :]).sum(axis=1), 0.0)
        reach = reach * np.minimum(1.0, left / np.maximum(reach.sum(axis=1), _TINY))[:, None]
        return p, reach
    return None


def _ship(
    market: Market,
    flow: Floats,
    received: Floats,
    rerouted: tuple[int, Floats] | None,
    index: int,
) -> None:
    """Take sold tonnes from the producers' stocks and put them on their ways."""
    state, regions = market.state, market.state.regions
    mix, sold = market.mix, over_buyers(flow)
    if state.product_labels is not None:
        np.divide(state.product_labels, np.maximum(state.product, _TINY)[:, :, None], out=mix[:, : flow.shape[1]])
        keep = 1.0 - np.minimum(sold / np.maximum(state.product, _TINY), 1.0)
        state.product_labels *= keep[:, :, None]
    left = state.product - sold
    state.clipped += np.maximum(-left, 0.0).sum(axis=1)
    state.product = np.maximum(left, 0.0)
    if regions:
        away = received[:, :regions].copy()
        if market.focal is not None:
            away[:, state.focal] = 0.0
        state.to_regions.send(away, None)
        state.on_order[:, :regions] += away
    if state.to_processors is not None:
        tonnes = received[:, regions:]
        # One small product per replication: nothing is summed across the replication axis.
        state.to_processors.send(tonnes, np.matmul(flow[:, :, regions:].transpose(0, 2, 1), mix[:, : flow.shape[1]]))
        state.on_order[:, regions:] += tonnes
    if market.focal is not None:
        lots = market.lots
        lots[:, :-1] = flow[:, :, state.focal]
        lots[:, -1] = 0.0
        if rerouted is not None:
            producer, tonnes = rerouted
            lots[:, -1] = tonnes[:, state.focal]
            lots[:, producer] = np.maximum(lots[:, producer] - lots[:, -1], 0.0)
            if state.product_labels is not None:
                mix[:, -1] = mix[:, producer]
        market.focal.dispatch(index, lots, mix)
