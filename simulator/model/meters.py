"""Meters of trade flows and prices, read at every review where a case asks for them.

Customs statistics know declared origins. Re-routed goods leave the restricted country undeclared or under another name,
or they would need the licence that they are denied: its exports do not count them. They arrive under the names of the
intermediaries: a meter of the buyer's imports counts them there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.domain.meters import ANY, FlowMeter
from simulator.model.chain_world import ChainWorld
from simulator.model.filters import Rerouted
from simulator.model.stage_market import Market

Floats = NDArray[np.float64]


class StageMeter:
    """What one stage adds to a metered flow."""

    def __init__(self, wanted: FlowMeter, world: ChainWorld, market: Market) -> None:
        stage = market.stage
        self._all = ANY in wanted.origins
        self._declared = not (self._all and wanted.arrivals)
        """Whether it must not see what goes by other names: all but the imports from everybody."""
        self._pairs = [
            (p, b)
            for p, origin in enumerate(stage.producers)
            for b, buyer in enumerate(stage.buyers)
            if wanted.counts(origin, buyer)
        ]
        # Buyers in which goods declared as an intermediary's would count.
        self._named = sum(way.share for way in world.rerouting.ways if way.country in wanted.origins)
        anybody = replace(wanted, origins=(ANY,))
        self._reached = [b for b, buyer in enumerate(stage.buyers) if anybody.counts("OTH", buyer)]
        lags = market.state.lags if wanted.arrivals else np.zeros(len(stage.buyers), dtype=np.int64)
        self._lags = lags
        n = market.use_rate.shape[0]
        self.total = np.zeros(n)
        """(n,) cumulative tonnes."""
        self._coming: deque[Floats] = deque(np.zeros(n) for _ in range(int(lags.max(initial=0)) + 1))

    def read(self, flow: Floats, rerouted: Rerouted | None) -> None:
        """Add what was sold (P, B, n) at a review, re-routed tonnes in the row of their producer."""
        for p, b in self._pairs:
            tonnes = flow[p, b]
            if rerouted is not None and p == rerouted.producer and self._declared:
                tonnes = tonnes - rerouted.tonnes[:, b]
            self._book(b, tonnes)
        if rerouted is not None and self._named and not self._all:
            for b in self._reached:
                self._book(b, rerouted.tonnes[:, b] * self._named)

    def _book(self, buyer: int, tonnes: Floats) -> None:
        place = int(self._lags[buyer])
        self._coming[place] = self._coming[place] + tonnes

    def close(self) -> None:
        """Count what is due at this review."""
        self.total = self.total + self._coming.popleft()
        self._coming.append(np.zeros_like(self.total))


class MeterBoard:
    """All meters of a block, and the prices of its commodities beside them."""

    def __init__(self, meters: Sequence[FlowMeter], chains: Sequence[ChainWorld], reviews: int) -> None:
        self._chains = chains
        self._parts: dict[str, list[StageMeter]] = {}
        for wanted in meters:
            parts = self._parts.setdefault(wanted.name, [])
            for world in chains:
                if world.chain.commodity != wanted.commodity:
                    continue
                for market in world.markets:
                    if not wanted.stages or market.stage.name in wanted.stages:
                        part = StageMeter(wanted, world, market)
                        market.meters.append(part)
                        parts.append(part)
        names = [*self._parts]
        for world in chains:
            names += [f"price_world/{world.chain.commodity}", f"price_china/{world.chain.commodity}"]
            names += [f"used/{world.chain.commodity}"]
            world.stage_prices = [deepcopy(world.price) for _ in world.markets]
            names += [self._of_stage(world, s) for s in range(len(world.markets))]
        n = chains[0].draws.n if chains else 0
        self.records: dict[str, Floats] = {name: np.zeros((reviews, n)) for name in names}
        """Name -> (R, n): cumulative tonnes of flows and of the focal buyer's use, price indices; after each review."""
        self._next = 0

    def close(self) -> None:
        """Write down the review that has just ended."""
        at = self._next
        for name, parts in self._parts.items():
            for part in parts:
                part.close()
                self.records[name][at] += part.total
        for world in self._chains:
            name = world.chain.commodity
            self.records[f"price_world/{name}"][at] = world.price.world
            self.records[f"price_china/{name}"][at] = world.price.china
            for s, price in enumerate(world.stage_prices):
                self.records[self._of_stage(world, s)][at] = price.world
            focal = world.markets[world.chain.verdict_stage].focal
            if focal is not None:
                self.records[f"used/{name}"][at] = focal.used
        self._next += 1

    @staticmethod
    def _of_stage(world: ChainWorld, s: int) -> str:
        return f"price_world/{world.chain.commodity}/{world.markets[s].stage.name}"

    @property
    def reviews(self) -> int:
        """Reviews written down."""
        return self._next

    def finished(self) -> dict[str, Floats]:
        """Name -> (n, R), the replication axis first."""
        return {name: np.ascontiguousarray(values[: self._next].T) for name, values in self.records.items()}
