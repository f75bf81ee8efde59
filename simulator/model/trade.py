"""Trade at one stage's review: order, filter by policy, allocate, re-route and ship.

Buyers order up to what they use over transit, review and cover (a base-stock rule), more when they fear a
shortage, and never more than a stated multiple of what they use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.chain_world import ChainWorld
from simulator.model.filters import Filters, Rerouted, Wants, book, kept_back, policy_filters, reroute
from simulator.model.market import OpenTo, allocate
from simulator.model.own_ways import OwnWays
from simulator.model.rows import (
    add_up,
    anywhere,
    at_least,
    at_most,
    beyond,
    divisor,
    mixed,
    part,
    row_sums,
    rows_last,
    weighted,
)
from simulator.model.segregation import bounded, exposed_of
from simulator.model.stage_market import Market
from simulator.model.state import StageState

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def trade(world: ChainWorld, s: int, market: Market, day: float, index: int) -> list[Floats]:
    """Order, allocate and ship one stage's product.

    Returns each buyer's demand (n, B), what it goes short of, and, where any government ever acts, what governments
    take from it before anybody answers the price, tonnes: what policy withholds, and what the focal government buys for
    its stockpile. Demand is use and these purchases; orders that only rebuild industry's stocks count in neither. A
    buyer bids for what it misses as far as its stock has fallen below the cover it means to hold: with full stocks
    nobody pays more, without any all of it counts. For what policy withholds it bids as far as it goes without ordinary
    supply (``deprivation``), where that is more.
    """
    state, step = market.state, world.step
    use, on_hand = market.use_rate, state.on_hand
    if market.focal is not None:
        state.on_order[:, state.focal] = row_sums(market.focal.pool)
    fear = 1.0 + (world.hoarding - 1.0) * world.price.gap[0]
    missing_to = market.cover * fear[:, None]
    for buyer in market.chinese_buyers:
        missing_to[:, buyer] = market.cover[:, buyer]
    missing_to += market.lead_days
    missing_to *= use
    missing_to -= on_hand
    missing_to -= state.on_order
    for desk in market.desks.values():
        laid_in = desk.laid_in(day)
        if laid_in is not None:
            missing_to += laid_in
    order = np.minimum(at_least(missing_to, 0.0, missing_to), use * (world.order_ceiling * step))
    demand = divisor(market.demand_rate() * step)
    asked = np.minimum(order, demand)
    wants = Wants(order, demand, asked, held=use * market.cover)

    share = _habits(market, day, world.growth(day))
    if market.duties:
        share = _after_duties(market, share, day, step)
    offer = beyond(state.product, market.reserve)
    for p, desk in market.desks.items():
        rushing = desk.rushing(day)
        if rushing is not None:  # before a control exporters ship what they would otherwise keep to work with
            offer[:, p] = np.where(rushing, state.product[:, p], offer[:, p])
    filters = policy_filters(world, market, order, share, offer, day, index)
    gates = list(filters.gates.values())
    open_to, whole = _qualified(market, day, index), market.followed()
    flow, sold, received = allocate(offer, order, share, market.firm, gates, open_to, market.desks, whole)
    rerouted = reroute(world, market, offer, sold, received, wants, filters, day)
    book(market, flow, filters, share, wants)
    if rerouted is not None:
        flow[rerouted.producer] += rerouted.tonnes.T
        sold[:, rerouted.producer] += row_sums(rerouted.tonnes)
        received = received + rerouted.tonnes
    for meter in market.meters:
        meter.read(flow, rerouted)
    _ship(world, s, market, flow, sold, received, rerouted, index)
    short = beyond(asked, received)
    if market.qualification is not None:
        market.qualification.note(part(short[:, state.focal], demand[:, state.focal]), index)
    bare = part(on_hand, wants.held)
    np.subtract(1.0, bare, out=bare)
    short *= bare
    for_use = None
    if market.focal is not None and market.focal.purchases:
        own = np.minimum(order[:, state.focal], use[:, state.focal] * step)
        for_use = own / divisor(asked[:, state.focal])
    if not gates and for_use is None:
        return [demand, short]
    if not gates:
        withheld = np.zeros_like(asked)
    else:
        withheld, by_china, replaced = kept_back(market, filters, share, wants, rerouted)
        if for_use is not None:  # the focal buyer is judged by its use, not by what its government lays up
            for tonnes in (withheld, by_china, replaced):
                if tonnes is not None:
                    tonnes[:, state.focal] *= for_use
        if by_china is not None:
            _deny(market, by_china, replaced, index)
        lacking = _deprived(market, filters, wants, withheld, by_china, step)
        if lacking is not None:
            np.maximum(bare, lacking, out=bare)
    withheld *= bare
    if for_use is not None:
        withheld[:, state.focal] += (1.0 - for_use) * asked[:, state.focal]
    return [demand, short, np.minimum(withheld, demand, out=withheld)]


def _deny(market: Market, by_china: Floats, replaced: Floats | None, index: int) -> None:
    """Tell focal buyers here and downstream what China keeps back (n, B), but for what is re-routed instead (n, B)."""
    for denial in market.denials:
        focal = denial.focal
        if focal is market.focal:
            weeks, own = focal.weeks[index], market.state.focal
            focal.deny(by_china[:, own], weeks[:, market.chinese[0]])
            if replaced is not None:
                focal.deny(-replaced[:, own], weeks[:, -1])
        else:
            kept = weighted(by_china, denial.reach)
            focal.deny(kept if replaced is None else kept - weighted(replaced, denial.reach), denial.services)


def _deprived(
    market: Market, filters: Filters, wants: Wants, withheld: Floats, by_china: Floats | None, step: float
) -> Floats | None:
    """(n, B) part of the stock they mean to hold that controls leave buyers without; None where they leave none."""
    controlled = laid_in = None
    for p, desk in market.desks.items():
        if desk.controlled is not None:
            controlled = desk.controlled if controlled is None else np.maximum(controlled, desk.controlled)
        if p in filters.laid_in:
            laid_in = filters.laid_in[p] if laid_in is None else laid_in + filters.laid_in[p]
    if controlled is None and laid_in is None:
        market.deprivation.end()
        return None
    return market.deprivation.review(controlled, withheld, by_china, laid_in, wants.held, market.lead_days / step)


def _habits(market: Market, day: float, growth: Floats) -> Floats:
    """(P, B) or (P, B, n) sourcing shares: base-year habits as ties leave them; new output comes on top, pro rata."""
    tied = [ties for ties in market.ties if ties.began(day)]
    running = [project for project in market.projects if project.runs]
    if not tied and not running:
        return np.asarray(market.share)
    flows = market.flows
    custom: dict[int, Floats] = {ties.producer: ties.custom(day).T for ties in tied}
    for project in running:
        p = project.producer
        sold = project.sold_to.at(day, project.ready).T * (project.now / growth)
        sold += custom.get(p, flows[p][:, None])
        custom[p] = sold
    # Summed in the order of the producers; before the first that is moved the sums are the same in every replication.
    first = min(custom)
    total = custom[first].copy()
    if first > 0:
        total += np.add.accumulate(flows[:first], axis=0)[-1][:, None]
    for p in range(first + 1, len(flows)):
        total += custom.get(p, flows[p][:, None])
    total = divisor(total)
    share = flows[:, :, None] / total
    for p, row in custom.items():
        np.divide(row, total, out=share[p])
    return np.asarray(share)


def _after_duties(market: Market, share: Floats, day: float, step: float) -> Floats:
    """(P, B, n) sourcing shares as import duties have moved them."""
    n = market.use_rate.shape[0]
    moved = np.repeat(share[:, :, None], n, axis=2) if share.ndim == 2 else share
    for duties in market.duties:
        duties.shift(moved, day, step)
    return moved


def _qualified(market: Market, day: float, index: int) -> OpenTo | None:
    """The focal buyer, and how far suppliers may exceed their habitual share of its orders.

    As far as firms have qualified others than their own, or altogether once a supplier's own new plant is qualified.
    """
    if market.qualification is None:
        return None
    qualified: dict[int, Mask] = {}
    for project in market.projects:
        if day >= project.first_qualified:
            p = project.producer
            qualified[p] = (day >= project.qualified) | qualified.get(p, False)
    return OpenTo(market.state.focal, market.qualification.accepted(index), qualified)


def _send_apart(
    state: StageState,
    ways: OwnWays,
    flow: Floats,
    passed_on: Floats | None,
    bounds: Floats | None,
    received: Floats,
    index: int,
) -> Floats:
    """Send what travels on ways of its own; return what the others send (n, B).

    It is taken out of ``flow`` (P, B, n) and, where there are any, out of ``bounds`` of processors (2, P, Q, n), whose
    goods are labelled as in ``passed_on`` (n, P, L).
    """
    tonnes = flow[ways.producers, ways.buyers].T
    flow[ways.producers, ways.buyers] = 0.0
    ways.send(index, tonnes)
    if passed_on is not None and bounds is not None:
        sellers, places = ways.producers[ways.labelled :], ways.buyers[ways.labelled :] - state.regions
        sold = tonnes.T[ways.labelled :] / divisor(state.product.T[sellers])
        ways.send_labels(passed_on, sellers, sold, state.layout, bounds[:, sellers, places])
        bounds[:, sellers, places] = 0.0
    apart = ways.by_buyer(tonnes).T
    state.on_order.T[ways.served] += apart
    rest = received.T.copy()
    rest[ways.served] -= apart
    return at_least(rest, 0.0, rest).T


def _ship(
    world: ChainWorld,
    s: int,
    market: Market,
    flow: Floats,
    sold: Floats,
    received: Floats,
    rerouted: Rerouted | None,
    index: int,
) -> None:
    """Take sold tonnes from the producers' stocks and put them on their ways."""
    state, regions = market.state, market.state.regions
    # Of each producer's stock, the share that goes where: labels go along in proportion.
    whole = divisor(state.product)
    labels, layout, makers = state.product_labels, state.layout, market.stage.producers
    gone = sold if labels is None else sold / whole
    exposed = None if labels is None else exposed_of(state, gone, sold, market.chinese)
    bounds = passed_on = None
    if labels is not None and exposed is not None and state.to_processors is not None:
        bounds = bounded(exposed, sold, flow[:, regions:])
        passed_on = np.empty((layout.size, *whole.T.shape)).T
        passed_on[:, :, layout.received] = labels[:, :, state.received.mixing]
        world.labels.relabel(passed_on, state.product, s, makers)
    if state.own_ways is not None:
        received = _send_apart(state, state.own_ways, flow, passed_on, bounds, received, index)
    if regions:
        away = received[:, :regions].copy(order="K")
        if market.focal is not None:
            away[:, state.focal] = 0.0
        state.to_regions.send(away, None)
        state.on_order[:, :regions] += away
    if state.to_processors is not None:
        tonnes = received[:, regions:]
        feed = flow[:, regions:]
        if passed_on is None or bounds is None:
            state.to_processors.send(tonnes, feed)
        else:
            moved = np.empty((layout.size, *feed.shape[1:])).T
            mixed(passed_on[:, :, layout.mixing], feed / whole.T[:, None], out=moved[:, :, layout.mixing])
            moved.T[layout.apart] = add_up(bounds.swapaxes(0, 1))
            state.to_processors.send(tonnes, moved)
        state.on_order[:, regions:] += tonnes
    if market.focal is not None:
        lots = market.lots
        lots[:, :-1] = flow[:, state.focal].T
        lots[:, -1] = 0.0
        carried = None
        if rerouted is not None:
            producer = rerouted.producer
            lots[:, -1] = rerouted.tonnes[:, state.focal]
            lots[:, producer] = beyond(lots[:, producer], lots[:, -1])
        if labels is not None and exposed is not None:
            carried = np.empty((layout.size, *lots.T.shape)).T
            mixing = labels[:, :, state.received.mixing]
            np.multiply(mixing, (lots[:, :-1] / whole)[:, :, None], out=carried[:, :-1, layout.received])
            world.labels.relabel(carried[:, :-1], lots[:, :-1], s, makers)
            carried.T[layout.apart, :-1] = bounded(exposed, sold, rows_last(lots[:, :-1])[:, None])[:, :, 0]
            carried[:, -1] = 0.0
            if rerouted is not None:
                part_sent = (lots[:, -1] / whole[:, producer])[:, None]
                carried[:, -1, layout.received] = mixing[:, producer] * part_sent
                world.labels.relabel(carried[:, -1:], lots[:, -1:], s, makers[producer : producer + 1])
        market.focal.dispatch(index, lots, carried)
    if labels is not None:
        labels *= (1.0 - at_most(gone, 1.0))[:, :, None]
    state.product -= sold
    if anywhere(state.product < 0.0):
        state.clipped += row_sums(np.maximum(-state.product, 0.0))
        np.maximum(state.product, 0.0, out=state.product)
