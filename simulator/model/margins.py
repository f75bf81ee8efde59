"""What producers earn while a rival dumps, or a price floor holds, and what they do about it.

*Dumping.* The dumper offers below whatever price scarcity makes outside China, and its plants run at their
capacity. Whatever capacity elsewhere does not earn its cash cost (``cost_curve.csv``) is mothballed once its owners
take the price for lasting. It runs again when the price has been above its cost for the time a restart takes;
of all that was ever mothballed a part (1 - ``restart_probability``) never does.
Supply that is less because of the price is the same capacity as is mothballed first: the larger cut counts.

*Floor.* Protected producers act on the larger of price and floor; buyers pay the price, and somebody else
the difference. Idle plants answer a floor as they answer a price, with the time a restart takes.

China's own market has its own price: dumping and floors concern producers outside it.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.cost_curve import points
from simulator.catalogue.parameters import parameter
from simulator.domain.changes import DumpingChange, FloorChange
from simulator.model.prices import PriceIndex
from simulator.model.rows import ones, zeros
from simulator.model.shelter import protects
from simulator.model.stage_market import Market

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Floor:
    """A price floor and what those it protects believe."""

    def __init__(self, change: FloorChange) -> None:
        self.change = change
        self.believed = np.ones(change.mask.size)
        """(n,) price index that protected producers act on."""

    def protects(self, market: Market) -> list[int]:
        """Producers of a market that it protects."""
        change = self.change
        return [p for p, c in enumerate(market.stage.producers) if protects(change, c, change.commodity)]

    def price(self, value: Floats, day: float) -> Floats:
        """(n,) price index protected producers get on ``day`` where the market pays ``value`` (n,)."""
        return np.where(self.change.holds(day), np.maximum(value, self.change.multiple), value)


class Mothballs:
    """Capacity of one market that is mothballed."""

    def __init__(self, n: int, market: Market, curve: tuple[Floats, Floats]) -> None:
        self._curve = curve
        producers = len(market.stage.producers)
        self._lasting = ones(n, producers)
        """(n, P) price index that owners take for lasting."""
        self._closed: deque[tuple[float, Floats]] = deque()
        """Day of each review within a restart, and the share (n, P) that did not pay then."""
        self._ever = zeros(n, producers)
        self.idle = zeros(n, producers)
        """(n, P) share of running capacity that is mothballed."""

    def review(self, day: float, prices: Floats, exposed: Mask, restart_days: Floats, keep: float, back: float) -> None:
        """Close what has not paid for long, restart what has paid for long.

        Parameters
        ----------
        day
            The day.
        prices
            (n, P) price index each producer gets.
        exposed
            (n, P) producers that a dumper's prices concern.
        restart_days
            (n,) days a restart takes.
        keep
            How much of what owners believed they still believe.
        back
            Share of what was mothballed that ever runs again, 0 to 1.
        """
        self._lasting = prices + (self._lasting - prices) * keep
        unpaid = np.where(exposed, np.interp(self._lasting, *self._curve), 0.0)
        while self._closed and day - self._closed[0][0] > restart_days.max():
            self._closed.popleft()
        self._closed.append((day, unpaid))
        shut = np.zeros_like(unpaid)
        for then, share in self._closed:
            recent = (day - then <= restart_days)[:, None]
            np.maximum(shut, np.where(recent, share, 0.0), out=shut)
        np.maximum(self._ever, shut, out=self._ever)
        self.idle = shut + (1.0 - back) * (self._ever - shut)


class Margins:
    """Floors and dumping in the world of one commodity."""

    def __init__(self, n: int, markets: list[Market], restart_days: Floats, *, byproduct: bool) -> None:
        self.floors: list[Floor] = []
        self.dumpings: list[DumpingChange] = []
        self._n = n
        self._markets = markets
        self._restart_days = restart_days
        self._byproduct = byproduct
        self._mothballs: dict[Market, Mothballs] = {}

    def add_floor(self, change: FloorChange) -> None:
        """Protect producers."""
        self.floors.append(Floor(change))

    def add_dumping(self, change: DumpingChange) -> None:
        """Let a rival dump, if it makes anything here."""
        if not any(change.dumper in market.stage.producers for market in self._markets):
            return
        self.dumpings.append(change)
        if not self._mothballs:
            found = points(byproduct=self._byproduct)
            curve = np.array([price for price, _ in found]), np.array([share.value for _, share in found])
            self._mothballs = {market: Mothballs(self._n, market, curve) for market in self._markets}

    def review(self, day: float, step: float, index: PriceIndex) -> None:
        """Let owners outside China decide which capacity runs, at today's price."""
        if not self.dumpings:
            return
        keep = 0.5 ** (step / parameter("mothball_patience_days").value)
        back = parameter("restart_probability").value
        for market, mothballs in self._mothballs.items():
            prices = np.repeat(index.world[None, :], len(market.stage.producers), axis=0).T
            for floor in self.floors:
                paid = floor.price(index.world, day)
                for p in floor.protects(market):
                    prices[:, p] = np.maximum(prices[:, p], paid)
            mothballs.review(day, prices, self._exposed(market, day), self._restart_days, keep, back)

    def _exposed(self, market: Market, day: float) -> Mask:
        """(n, P) producers outside China that somebody else's dumping has reached by ``day``."""
        exposed = np.zeros((self._n, len(market.stage.producers)), dtype=np.bool_, order="F")
        for change in self.dumpings:
            begun = change.mask & (change.day <= day)
            others = np.array([country != change.dumper for country in market.stage.producers])
            exposed |= begun[:, None] & (others & ~market.in_china)[None, :]
        return exposed

    def offered(self, day: float) -> Floats | None:
        """(n,) the dumpers' price over the one that scarcity makes, 1 where none dumps; None if none ever does."""
        if not self.dumpings:
            return None
        price = np.ones(self._n)
        for change in self.dumpings:
            price = np.where(change.holds(day), np.minimum(price, 1.0 - change.depth), price)
        return price

    def lift(self, market: Market, answers: Floats, base: Floats, elasticity: Floats, index: PriceIndex) -> None:
        """Let protected producers answer their floor: raise their columns of ``answers`` (n, P) in place.

        ``answers`` are ``base`` output (P,) times ``price ** elasticity``, (n,), at the market's price.
        """
        believed: dict[int, Floats] = {}
        for floor in self.floors:
            for p in floor.protects(market):
                believed[p] = np.maximum(believed.get(p, index.believed[0]), floor.believed)
        for p, price in believed.items():
            answers[:, p] = base[p] * np.power(price, elasticity)

    def running(self, market: Market, potential: Floats, day: float) -> Floats:
        """(n, P) potential output from feed or ore, t/day before the trend, once dumping has had its way."""
        if not self.dumpings:
            return potential
        idle = self._mothballs[market].idle * market.primary
        potential = np.minimum(potential, np.maximum(potential, market.primary) - idle)
        for change in self.dumpings:
            if change.dumper in market.stage.producers:
                p = market.stage.producers.index(change.dumper)
                potential[:, p] = np.where(change.holds(day), market.primary_ceiling[:, p], potential[:, p])
        return potential

    def open_share(self, market: Market, producer: int) -> Floats | float:
        """(n,) share of a producer's new projects that is not mothballed."""
        return 1.0 - self._mothballs[market].idle[:, producer] if self.dumpings else 1.0

    def learn(self, index: PriceIndex, day: float, step: float) -> None:
        """Protected producers learn the price of ``day``."""
        for floor in self.floors:
            floor.believed = index.follow(floor.believed, floor.price(index.world, day), step)
