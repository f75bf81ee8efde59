"""What a point of P(met) costs, where the money of deals is known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.analysis.coalitions import Game
from simulator.analysis.contributions import Contribution
from simulator.analysis.intervals import Estimate

POINTS = 100.0
"""Points of P(met) per commodity met."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Money named in deals over what leaving them out takes away."""

    who: str
    """Group, ``all agreements``, or a single contributor."""
    part: str
    """``deals`` or ``lever``."""
    money_usd_m: float
    """Money named, million USD; whether or not it binds, and whatever else it is for."""
    without_money: int
    """Deals of the group that name none."""
    points: Estimate
    """Points of P(met), added up over the commodities of the list."""
    usd_m_per_point: Estimate
    """Money over points; the value is infinite without a gain, and the upper end where a gain of nil is not excluded.
    ``nan`` throughout where the interval holds no gain at all."""


def costs(game: Game, found: Sequence[Contribution], listed: Sequence[str]) -> tuple[Cost, ...]:
    """Return the cost of deals per point, from the contributions to the expected number met.

    Counted are the deals that can touch a commodity of the list: what others cost was spent on something else.
    """
    return tuple(_costs(game, found, set(listed)))


def _costs(game: Game, found: Sequence[Contribution], listed: set[str]) -> Iterator[Cost]:
    money = {item.id: item.money_usd_m for item in game.contributors if not listed.isdisjoint(item.commodities)}
    deals = game.deals()
    for item in found:
        if item.part == "deals":
            members = deals[item.who]
        elif item.part == "lever":
            members = frozenset({item.who})
        else:
            continue
        there = sorted(name for name in members if name in money)
        known = [amount for name in there if (amount := money[name]) is not None]
        if known and sum(known) > 0:
            points = _points(item.estimate)
            yield Cost(item.who, item.part, sum(known), len(there) - len(known), points, _per_point(sum(known), points))


def _points(item: Estimate) -> Estimate:
    return Estimate(POINTS * item.value, POINTS * item.low, POINTS * item.high, item.n)


def _per_point(money: float, points: Estimate) -> Estimate:
    """Return money over points with the interval that the points' interval gives.

    >>> _per_point(50.0, Estimate(2.0, 1.0, 5.0, 64))
    Estimate(value=25.0, low=10.0, high=50.0, n=64)
    """
    if not points.high > 0.0:
        return Estimate(math.nan, math.nan, math.nan, points.n)
    return Estimate(
        money / points.value if points.value > 0.0 else math.inf,
        money / points.high,
        money / points.low if points.low > 0.0 else math.inf,
        points.n,
    )
