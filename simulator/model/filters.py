"""What policy does to one review of one market: gates on producers, ways around them, and what it keeps back.

Gates of different measures on the same producer multiply: leakage of a ban, licences in hand, what is left of a
quota, what others may sell of goods made from the imposer's material, and what an origin rule lets a buyer order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.model.chain_world import ChainWorld
from simulator.model.market import Gate
from simulator.model.origin_rules import OriginRules
from simulator.model.rows import add_up, anywhere, at_least, beyond, outer, part
from simulator.model.stage_market import Market

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Wants:
    """What buyers want at one review of one market; every array is (n, B)."""

    order: Floats
    """Tonnes they order."""
    demand: Floats
    """Tonnes they use in a review, and tonnes that the focal government buys for its stockpile; above 0."""
    asked: Floats
    """Their demand or their order, whichever is less, tonnes."""
    held: Floats
    """Tonnes they mean to hold."""


@dataclass(slots=True)
class Filters:
    """Policy at one review of one market; every array is (n, B)."""

    gates: dict[int, Gate] = field(default_factory=dict)
    """By producer."""
    claims: dict[int, Floats] = field(default_factory=dict)
    """Ordinary claims on each producer behind a gate, tonnes."""
    news: dict[int, Floats] = field(default_factory=dict)
    """Part of these claims that foreign policy lets through; licences of old count as let through."""
    from_china: dict[int, Floats] = field(default_factory=dict)
    """The same for what Chinese policy alone lets through."""
    shipped: dict[int, Floats] = field(default_factory=dict)
    """Tonnes that each producer behind a control desk sells on the market: what is allowed, as far as it has them."""
    laid_in: dict[int, Floats] = field(default_factory=dict)
    """Tonnes of them that are bought ahead of a control; only of producers with any."""

    def tighten(self, producer: int, allowed: Floats, open_: Floats) -> None:
        """Let less of one producer's sales through than so far."""
        gate = self.gates.get(producer)
        if gate is None:
            self.gates[producer] = Gate(producer, allowed, open_)
        else:
            self.gates[producer] = Gate(producer, gate.allowed * allowed, gate.open * open_, gate.ahead)


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Tonnes of one restricted Chinese producer that go through third countries at one review."""

    producer: int
    tonnes: Floats
    """(n, B) tonnes that reach their buyer."""
    unhindered: Floats
    """(n, B) tonnes that would if nobody acted against re-routing."""


def habit(share: Floats, producer: int) -> Floats:
    """(B,) or (n, B) a producer's habitual share of every buyer's sourcing."""
    return np.asarray(share[producer].T)


def policy_filters(
    world: ChainWorld, market: Market, order: Floats, share: Floats, offer: Floats, day: float, index: int
) -> Filters:
    """Policy of this review on ``order`` (n, B) and ``offer`` (n, P), with ``share`` as in ``market.allocate``."""
    filters = Filters()
    for p, desk in market.desks.items():
        habitual = habit(share, p)
        claim = filters.claims[p] = order * habitual
        extra = desk.front_loading(day)
        if desk.dormant and extra is None:  # a gate that lets everything pass changes nothing
            continue
        usual = market.use_rate * habitual
        usual *= world.step
        ahead = None if extra is None else extra * usual
        allowed, open_ = desk.review(
            claim if ahead is None else claim + ahead, index, usual=usual, offer=offer[:, p], day=day
        )
        filters.gates[p] = Gate(p, allowed, open_, ahead)
        filters.news[p] = desk.undenied
        if market.in_china[p]:
            filters.from_china[p] = desk.undenied
    for p, desk in market.desks.items():
        if desk.reaches_abroad and market.in_china[p] and not desk.dormant:
            _reach_abroad(filters, world, market, desk.abroad)
    if market.origin_rules is not None:
        _keep_to_rules(filters, world, market, market.origin_rules, order, share)
    for p in filters.gates:
        if p not in filters.claims:
            filters.claims[p] = order * habit(share, p)
    return filters


def _chinese_part(market: Market) -> Floats | None:
    """(n, P) part of each producer's product made of Chinese material; None where products carry no labels yet."""
    state = market.state
    if state.product_labels is None:
        return None
    chinese = part(state.product_labels[:, :, state.received.exposed], state.product)
    chinese[:, market.in_china] = 1.0
    return chinese


def _reach_abroad(filters: Filters, world: ChainWorld, market: Market, reach: Floats) -> None:
    """Gates on what other producers make of Chinese material.

    They may sell the targets no more than the part of their product that is free of it. Stocks stay mixed,
    so what they do sell carries their average labels: an upper bound of its exposure.
    """
    chinese = _chinese_part(market)
    if chinese is None:
        return
    for p in range(chinese.shape[1]):
        if not market.in_china[p]:
            allowed = 1.0 - reach * chinese[:, p, None] * market.foreign[p][None, :]
            filters.tighten(p, allowed, allowed)
            filters.news[p] = filters.news[p] * allowed if p in filters.news else allowed
            filters.from_china[p] = allowed


def _keep_to_rules(
    filters: Filters, world: ChainWorld, market: Market, rules: OriginRules, order: Floats, share: Floats
) -> None:
    """Gates on producers that an origin rule names, and on others as far as their goods are Chinese."""
    chinese = _chinese_part(market)
    for p in range(len(market.stage.producers)):
        if rules.names(p):
            gate = filters.gates.get(p)
            claim = order * habit(share, p) * (1.0 if gate is None else gate.allowed)
            filters.tighten(p, *rules.limit(p, claim, market.use_rate * habit(share, p) * world.step))
        elif chinese is not None:
            clean = rules.clean(chinese[:, p])
            filters.tighten(p, clean, clean)


def book(market: Market, flow: Floats, filters: Filters, share: Floats, wants: Wants) -> None:
    """Book what was sold (P, B, n) against licences, quotas and civil orders of origin rules, and what was laid in."""
    if not filters.claims:
        return
    abroad = any(desk.reaches_abroad and market.in_china[p] for p, desk in market.desks.items())
    for p, desk in market.desks.items():
        if p not in filters.from_china and (abroad or market.in_china[p]):
            desk.book_free(filters.claims[p], wants.demand * habit(share, p), flow[p].T)
        if p not in filters.news:
            continue
        shipped = filters.shipped[p] = flow[p].T.copy("K")
        desk.use(shipped)
        ahead = filters.gates[p].ahead
        if ahead is not None:
            laid_in = filters.laid_in[p] = shipped * (ahead / np.maximum(filters.claims[p] + ahead, _TINY))
            desk.lay_in(laid_in)
    if market.origin_rules is not None:
        for p in range(len(flow)):
            if market.origin_rules.names(p):
                market.origin_rules.use(p, flow[p].T)


def reroute(
    world: ChainWorld,
    market: Market,
    offer: Floats,
    sold: Floats,
    received: Floats,
    wants: Wants,
    filters: Filters,
    day: float,
) -> Rerouted | None:
    """What of a restricted Chinese producer's goods goes through third countries.

    The market sold ``sold`` of ``offer`` (n, P) and gave buyers ``received`` (n, B) of what they want. Each denied
    buyer bids what the world pays, or what its own shortage is worth to it: the price that would clear a market in
    which everybody were as pressed as it is. Few are denied and still miss something at a time: all is worked out for
    them alone.
    """
    if not market.desks:
        return None
    growth = world.growth(day)
    n = growth.size
    for p, desk in market.desks.items():
        if p not in filters.news or not market.in_china[p]:
            continue
        claim = filters.claims[p]
        blocked = np.minimum(claim, outer(growth, desk.steady))
        blocked -= claim * desk.allowed
        denied = blocked.T > 0.0
        denied &= wants.order.T > received.T
        places = np.flatnonzero(denied)
        if not places.size:
            continue
        buyers = places // n
        futures = places - buyers * n
        got, ordered = _at(received, places), _at(wants.order, places)
        missing = ordered - got
        price = world.price
        pressed = _pressing(market, wants, got, ordered, places)
        bid = np.maximum(price.world.take(futures), price.clearing(pressed, futures))
        offered = bid / price.china.take(futures) - 1.0
        waited = None
        if day - desk.latest < world.rerouting.longest_lag:  # the lag is observed on arrival
            on_the_way = (market.state.lags * float(world.step)).take(buyers)
            waited = day - (_at(desk.since, places) - on_the_way)
        terms = _at(blocked, places), desk.steady.take(buyers), waited, offered, futures
        ways = world.rerouting.reach(*terms)
        reach = free = add_up(ways)
        if world.rerouting.switches:
            free = add_up(world.rerouting.reach(*terms, enforced=False))
        if not anywhere(free):
            continue
        unsold = offer[:, p] - sold[:, p]
        tonnes = unhindered = _taken(np.minimum(reach, missing), places, unsold, blocked)
        if free is not reach:
            unhindered = np.maximum(tonnes, _taken(np.minimum(free, missing), places, unsold, blocked))
        if market.via is not None:
            _follow(market, market.via, ways * (_at(tonnes, places) / np.maximum(reach, _TINY)), buyers, futures)
        return Rerouted(p, tonnes, unhindered)
    return None


def _follow(market: Market, via: Floats, tonnes: Floats, buyers: Places, futures: Places) -> None:
    """Add to ``via`` (n, I) what of ``tonnes`` (I, K) comes to the focal buyer through each intermediary."""
    own = buyers == market.state.focal
    market.via_now = np.zeros_like(via)
    market.via_now.T[:, futures[own]] = tonnes[:, own]
    via += market.via_now


def _at(values: Floats, places: Places) -> Floats:
    """(K,) of ``values`` (n, B) at places in its (B, n)."""
    return values.T.take(places)


def _pressing(market: Market, wants: Wants, got: Floats, ordered: Floats, places: Places) -> Floats:
    """(K,) part of demand that buyers who get ``got`` (K,) of their order go short of and their stock does not cover.

    What counts is how far its stock will have fallen below the cover it means to hold when an order of today arrives.
    """
    in_hand = _at(market.state.on_hand, places)
    in_hand += _at(market.state.on_order, places)
    in_hand += got
    in_hand -= _at(market.use_rate, places) * _at(market.lead_days, places)
    bare = 1.0 - part(np.maximum(in_hand, 0.0), _at(wants.held, places))
    demand = _at(wants.demand, places)
    short = beyond(np.minimum(ordered, demand), got)
    short /= demand
    short *= bare
    return short


def _taken(wanted: Floats, places: Places, unsold: Floats, like: Floats) -> Floats:
    """(n, B) tonnes of what buyers want at ``places`` (K,) and the producer (n,) still has; shaped ``like`` this."""
    tonnes = np.zeros(like.shape[::-1])
    tonnes.reshape(-1)[places] = wanted
    tonnes *= part(at_least(unsold, 0.0), add_up(tonnes))
    return tonnes.T


def kept_back(
    market: Market, filters: Filters, share: Floats, wants: Wants, rerouted: Rerouted | None
) -> tuple[Floats, Floats | None, Floats | None]:
    """(n, B) tonnes of what buyers habitually get that policy keeps from them, that China does, and re-routed instead.

    Re-routed tonnes do reach them, at the price that the whole gap makes: the first sum, which prices follow, is of
    what is kept back before anybody answers. Tonnes that enforcement stops do not reach them, but it is not Chinese
    policy that keeps them: stopping evasion is no new denial.
    Licences come in lumps: where more is shipped under them than habit asks for, they make up for what Chinese policy
    kept back before, and its tonnes are below zero (``ControlDesk.kept_back``). None where China keeps back nothing,
    and where nothing is re-routed.
    """
    total = by_china = None
    for p, allowed in filters.news.items():
        claim, desk = filters.claims[p], market.desks.get(p)
        let_pass, usual = claim * allowed, wants.demand * habit(share, p)
        kept = beyond(np.minimum(claim, usual), let_pass)
        total = kept if total is None else total + kept
        if p not in filters.from_china:
            continue
        if filters.from_china[p] is not allowed:
            let_pass = claim * filters.from_china[p]
        if desk is None:
            kept = beyond(np.minimum(claim, usual), let_pass)
        else:
            kept = desk.kept_back(claim, usual, let_pass, filters.shipped[p])
        by_china = kept if by_china is None else by_china + kept
    if total is None:
        total = np.zeros_like(wants.asked)
    if by_china is None or rerouted is None:
        return total, by_china, None
    replaced = at_least(by_china, 0.0)
    return total, by_china, np.minimum(replaced, rerouted.unhindered, out=replaced)
