"""What an observer can know of one commodity at a review: declared origins, use, stocks and quoted prices.

Statistics become known some time after the window they cover; until then the observer sees the window before.
Provenance labels, what is still on the way and what is yet to be drawn are never seen. Each figure is the metric
of the same name over the same window, interpolated between reviews.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter
from simulator.domain.places import C5, CHINA, at_home
from simulator.model.chain_world import ChainWorld
from simulator.model.rows import weighted
from simulator.model.stage_market import DAYS_PER_YEAR
from simulator.scenario.rules import LEVELS, Condition

Floats = NDArray[np.float64]
_ORIGINS = {"direct_china_share": (CHINA,), "c5_share": C5}
"""Declared origins that a metric counts without being told."""


class Watch:
    """One figure of one commodity, review by review."""

    def __init__(self, when: Condition, world: ChainWorld) -> None:
        self.when = when
        self.world = world
        market = world.markets[world.chain.verdict_stage]
        assert market.focal is not None, "a commodity is judged where the focal buyer buys"
        self._focal = market.focal
        lag = parameter("statistics_lag_days").value if when.metric not in LEVELS else 0.0
        self._lag = lag if when.lag_days is None else when.lag_days
        counted = _ORIGINS.get(when.metric, when.origins)
        # The last lane brings what was re-routed: declared as a third country's, which customs does not take for home.
        self._counted = np.array([*(float(one in counted) for one in market.stage.producers), 0.0])
        self._abroad = np.array([*(float(not at_home(one, world.case.focal)) for one in market.stage.producers), 1.0])
        self._seen: list[tuple[float, Floats, Floats]] = []
        """Day, and two series (n,) whose meaning depends on the metric, of each review that may still be asked for."""

    def figure(self, day: float) -> Floats:
        """(n,) the figure known on ``day``, of a review; ``nan`` where there is none. Ask at every review, in order."""
        self._seen.append((day, *self._now()))
        end = day - self._lag
        begin = end - self.when.window_days
        while len(self._seen) > 1 and self._seen[1][0] <= begin:
            del self._seen[0]
        metric = self.when.metric
        if metric in LEVELS:
            return self._last(end)
        part, whole = self._during(begin, end)
        if metric == "landed_t_per_year":
            return part * (DAYS_PER_YEAR / self.when.window_days)
        if metric == "days_of_cover":
            part = self._last(end) * self.when.window_days
        figure = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
        return figure if metric == "days_of_cover" else np.asarray(np.clip(figure, 0.0, 1.0))

    def _now(self) -> tuple[Floats, Floats]:
        """What is counted, and what it is compared with: cumulative tonnes, or a level."""
        focal, metric = self._focal, self.when.metric
        if metric == "price_index":
            return self.world.price.world.copy(), np.zeros(0)
        if metric == "days_of_cover":
            return focal.stock.copy(), focal.demanded.copy()
        if metric == "unmet_share":
            return focal.demanded - focal.used, focal.demanded.copy()
        return weighted(focal.landed, self._counted), weighted(focal.landed, self._abroad)

    def _last(self, day: float) -> Floats:
        """(n,) first series as seen at the last review on or before ``day``."""
        return next((first for seen, first, _ in reversed(self._seen) if seen <= day), self._seen[0][1])

    def _during(self, begin: float, end: float) -> tuple[Floats, Floats]:
        """(n,) growth of both series in the window, linear between reviews."""
        earlier, later = self._at(begin), self._at(end)
        return later[0] - earlier[0], later[1] - earlier[1]

    def _at(self, day: float) -> tuple[Floats, Floats]:
        after = next((place for place, item in enumerate(self._seen) if item[0] >= day), len(self._seen) - 1)
        before = max(after - 1, 0)
        (first, *low), (last, *high) = self._seen[before], self._seen[after]
        part = min(max((day - first) / (last - first), 0.0), 1.0) if last > first else 1.0
        one, two = (a + part * (b - a) for a, b in zip(low, high, strict=True))
        return one, two
