"""Trade at one stage's review: order, filter by policy, allocate, re-route and ship.

Buyers order up to what they use over transit, review and cover (a base-stock rule), more when they fear a
shortage, and never more than a stated multiple of what they use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.chain_world import ChainWorld
from simulator.model.market import Gate, allocate, over_producers
from simulator.model.rows import across, row_sums
from simulator.model.stage_market import Market

Floats = NDArray[np.float64]
_TINY = 1e-300


def trade(world: ChainWorld, s: int, market: Market, day: float, index: int) -> tuple[Floats, Floats | None]:
    """Order, allocate and ship one stage's product.

    Returns two scarcities of each buyer (n, B), as shares of its use: what it goes short of, and what policy
    withholds from it before anybody answers the price (None where no policy ever acts). Orders that only rebuild
    stocks count in neither.
    """
    state, step = market.state, world.step
    regions = state.regions
    if s + 1 < len(world.markets):
        market.use_rate[:, regions:] = world.markets[s + 1].feed_rate
    use = market.use_rate
    on_hand = market.on_hand
    on_hand[:, :regions] = state.inventory
    if s + 1 < len(world.markets):
        on_hand[:, regions:] = world.markets[s + 1].state.feed
    if market.focal is not None:
        state.on_order[:, state.focal] = row_sums(market.focal.pool)
    fear = 1.0 + (world.hoarding - 1.0) * world.world_price.gap
    up_to = market.cover * np.where(market.buyer_in_china[None, :], 1.0, fear[:, None]) + market.lead_days
    order = np.clip(use * up_to - on_hand - state.on_order, 0.0, world.order_ceiling * use * step)

    share = _habits(market, day, world.growth(day))
    gates, claims = _gates(world, market, order, share, use, day, index)
    offer = np.maximum(state.product - market.reserve, 0.0)
    flow, sold, received = allocate(offer, order, share, market.firm, gates, _qualified(world, market, day))
    rerouted = _reroute(world, market, offer - sold, order - received, gates, claims, day) if gates else None
    if gates:
        for producer, desk in market.desks.items():
            desk.use(flow[producer].T)
    if rerouted is not None:
        producer, tonnes = rerouted
        flow[producer] += tonnes.T
        sold[:, producer] += tonnes.sum(axis=1)
        received = received + tonnes
    _ship(market, flow, sold, received, rerouted, index)
    if market.focal is not None:
        world.note_shortage(received[:, state.focal], order[:, state.focal], use[:, state.focal] * step, day)
    asked = np.maximum(np.minimum(order, use * step), _TINY)
    short = 1.0 - np.minimum(received / asked, 1.0)
    if not gates:
        return short, None
    withheld = np.zeros_like(short)
    by_china = np.zeros_like(short)
    for gate in gates:
        claim = claims[gate.producer]
        kept = np.maximum(np.minimum(claim, asked * _habit(share, gate.producer)) - claim * gate.allowed, 0.0)
        withheld += kept
        if market.in_china[gate.producer] or gate.producer not in market.desks:
            by_china += kept
    if rerouted is not None:
        withheld = np.maximum(withheld - rerouted[1], 0.0)
        by_china = np.maximum(by_china - rerouted[1], 0.0)
    for focal, weights in market.denials:
        focal.withheld = focal.withheld + np.einsum("nb,b->n", by_china, weights)
    return short, np.asarray(np.minimum(withheld / asked, 1.0))


def _habits(market: Market, day: float, growth: Floats) -> Floats:
    """(P, B) or (P, B, n) sourcing shares: base-year habits as ties leave them; new output comes on top, pro rata."""
    tied = [ties for ties in market.ties if ties.began(day)]
    if not tied and (not market.projects or not market.entrants.any()):
        return np.asarray(market.share)
    custom: dict[int, Floats] = {ties.producer: ties.custom(day).T for ties in tied}
    for project in market.projects:
        if project.now.any():
            outlets = project.sold_to.at(day, project.qualified)
            p = project.producer
            custom[p] = custom.get(p, market.flows[p][:, None]) + ((project.now / growth)[:, None] * outlets).T
    size = np.repeat(market.flows[:, :, None], growth.size, axis=2)
    for p, row in custom.items():
        size[p] = row
    size /= np.maximum(over_producers(size), _TINY)
    return size


def _habit(share: Floats, producer: int) -> Floats:
    """(B,) or (n, B) a producer's habitual share of every buyer's sourcing."""
    return np.ascontiguousarray(share[producer].T)


def _gates(
    world: ChainWorld, market: Market, order: Floats, share: Floats, use: Floats, day: float, index: int
) -> tuple[list[Gate], dict[int, Floats]]:
    """Policy filters of this review, and each restricted producer's ordinary claims (n, B)."""
    gates, claims = [], {}
    for p, desk in market.desks.items():
        extra = desk.front_loading(day)
        habit = _habit(share, p)
        claim = order * habit
        ahead = None if extra is None else extra * use * habit * world.step
        allowed, open_ = desk.review(claim if ahead is None else claim + ahead, index)
        gates.append(Gate(p, allowed, open_, ahead))
        claims[p] = claim
    for p, desk in list(market.desks.items()):
        if desk.reaches_abroad and market.in_china[p]:
            gates += _abroad(world, market, desk.abroad, {gate.producer for gate in gates})
    for gate in gates:
        claims.setdefault(gate.producer, order * _habit(share, gate.producer))
    return gates, claims


def _abroad(world: ChainWorld, market: Market, reach: Floats, done: set[int]) -> list[Gate]:
    """Gates on what other producers make of Chinese material.

    They may sell the targets no more than the part of their product that is free of it. Stocks stay mixed,
    so what they do sell carries their average labels: an upper bound of its exposure.
    """
    labelled = market.state.product_labels
    if labelled is None:
        return []
    tainted = labelled[:, :, 1 : world.labels.masks].sum(axis=2) / np.maximum(market.state.product, _TINY)
    gates = []
    for p in range(tainted.shape[1]):
        if p not in done and not market.in_china[p]:
            allowed = 1.0 - reach * np.minimum(tainted[:, p], 1.0)[:, None] * market.foreign[p][None, :]
            gates.append(Gate(p, allowed, allowed))
    return gates


def _qualified(world: ChainWorld, market: Market, day: float) -> tuple[int, Floats] | None:
    """How far each supplier may exceed its habitual share of the focal buyer's orders.

    Not at all until it is qualified for more. Qualification starts when the focal buyer first falls short,
    or with a supplier's own new plant.
    """
    if market.focal is None:
        return None
    accepted = day >= world.short_since + world.qualification_days
    fraction = np.repeat(accepted[:, None].astype(float), len(market.stage.producers), axis=1)
    for project in market.projects:
        fraction[:, project.producer] = np.maximum(fraction[:, project.producer], day >= project.qualified)
    return market.state.focal, fraction


def _reroute(
    world: ChainWorld,
    market: Market,
    left: Floats,
    unmet: Floats,
    gates: list[Gate],
    claims: dict[int, Floats],
    day: float,
) -> tuple[int, Floats] | None:
    """Tonnes (n, B) of a restricted producer that reach their buyer through a third country."""
    blocked = {gate.producer: claims[gate.producer] * (1.0 - gate.allowed) for gate in gates}
    premium = world.world_price.value / world.china_price.value - 1.0
    pays = premium > world.reroute_premium
    for p, desk in market.desks.items():
        if p not in claims or not market.in_china[p]:
            continue
        open_since = day >= desk.since + world.reroute_lag_days[:, None]
        reach = np.where(open_since & pays[:, None], world.reroute_share[:, None] * blocked[p], 0.0)
        reach = np.minimum(reach, np.maximum(unmet, 0.0))
        if not reach.any():
            continue
        unsold = np.maximum(left[:, p], 0.0)
        return p, reach * np.minimum(1.0, unsold / np.maximum(row_sums(reach), _TINY))[:, None]
    return None


def _ship(
    market: Market,
    flow: Floats,
    sold: Floats,
    received: Floats,
    rerouted: tuple[int, Floats] | None,
    index: int,
) -> None:
    """Take sold tonnes from the producers' stocks and put them on their ways."""
    state, regions = market.state, market.state.regions
    # Of each producer's stock, the share that goes where: labels go along in proportion.
    whole = np.maximum(state.product, _TINY)
    labels = state.product_labels
    if regions:
        away = received[:, :regions].copy()
        if market.focal is not None:
            away[:, state.focal] = 0.0
        state.to_regions.send(away, None)
        state.on_order[:, :regions] += away
    if state.to_processors is not None:
        tonnes = received[:, regions:]
        feed = np.ascontiguousarray(np.moveaxis(flow[:, regions:], 2, 0))  # (n, P, Q)
        # One small product per replication: nothing is summed across the replication axis.
        if labels is None:
            moved = np.matmul(feed.transpose(0, 2, 1), market.fresh)
        else:
            moved = np.matmul((feed / across(whole, feed.shape[2])).transpose(0, 2, 1), labels)
        state.to_processors.send(tonnes, moved)
        state.on_order[:, regions:] += tonnes
    if market.focal is not None:
        lots = market.lots
        lots[:, :-1] = flow[:, state.focal].T
        lots[:, -1] = 0.0
        carried = None
        if rerouted is not None:
            producer, tonnes = rerouted
            lots[:, -1] = tonnes[:, state.focal]
            lots[:, producer] = np.maximum(lots[:, producer] - lots[:, -1], 0.0)
        if labels is not None:
            carried = market.carried
            np.multiply(labels, across(lots[:, :-1] / whole, labels.shape[2]), out=carried[:, :-1])
            carried[:, -1] = 0.0
            if rerouted is not None:
                carried[:, -1] = labels[:, producer] * (lots[:, -1] / whole[:, producer])[:, None]
        market.focal.dispatch(index, lots, carried)
    if labels is not None:
        labels *= across(1.0 - np.minimum(sold / whole, 1.0), labels.shape[2])
    left = state.product - sold
    state.clipped += row_sums(np.maximum(-left, 0.0))
    state.product = np.maximum(left, 0.0)
