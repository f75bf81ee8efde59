"""An export quota: tonnes a year that may go to all buyers it covers together.

The year's tonnage opens evenly over the year and what is not used is carried to its later reviews; it lapses
with the year. Where a quota begins within a year, only the rest of that year opens. A rolling quota counts the
last 365 days instead of a calendar year.
"""

from __future__ import annotations

import bisect
from collections import deque

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import ControlChange
from simulator.model.rows import either, weighted
from simulator.model.switches import Switch

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
ROLLING_DAYS = 365.0


class Quota(Switch):
    """One quota of one producer on one stage's product."""

    def __init__(self, change: ControlChange, covered: Floats, step: float) -> None:
        n = change.mask.size
        super().__init__(n)
        self.covered = covered
        """(B,) 1 for the buyers it covers."""
        self.tonnes = np.broadcast_to(np.asarray(change.quota, dtype=float), (n,))
        self.step = step
        self._year_ends = change.year_ends
        self._used = np.zeros(n)
        """(n,) tonnes shipped since the year opened."""
        self._recent: deque[tuple[float, Floats]] = deque()
        """Day and tonnes (n,) of the shipments that a rolling quota still counts."""
        self._day = -np.inf

    def turned_on(self, day: float, mask: Mask) -> None:
        """Begin with nothing used."""
        super().turned_on(day, mask)
        self._used[mask] = 0.0
        for _, tonnes in self._recent:
            tonnes[mask] = 0.0

    def left(self, day: float) -> Floats:
        """(n,) tonnes that may still leave between ``day`` and the next review; ``inf`` where it does not hold."""
        until = day + self.step
        since = np.where(self.active, self.since, day)
        if self._year_ends:
            place = bisect.bisect_right(self._year_ends, day)
            first, last = self._year_ends[place - 1], self._year_ends[place]
            if self._day < first:
                self._used = np.zeros_like(self._used)
            opened = (min(until, last) - np.maximum(since, first)) / (last - first)
        else:
            while self._recent and self._recent[0][0] <= day - ROLLING_DAYS:
                self._recent.popleft()
            self._used = np.zeros_like(self._used)
            for _, tonnes in self._recent:
                self._used += tonnes
            opened = np.minimum((until - since) / ROLLING_DAYS, 1.0)
        self._day = day
        return np.where(self.active, np.maximum(self.tonnes * opened - self._used, 0.0), np.inf)

    def passing(self, claim: Floats, left: Floats) -> Floats:
        """(n, B) part of claims (n, B) that fits into what is left (n,), the same for every buyer it covers."""
        asked = weighted(claim, self.covered)
        part = np.divide(left, asked, out=np.ones_like(asked), where=asked > left)
        return either(self.covered > 0.0, part, 1.0)

    def use(self, shipped: Floats) -> None:
        """Book tonnes (n, B) shipped at the review of the last call of ``left``."""
        tonnes = np.where(self.active, weighted(shipped, self.covered), 0.0)
        if self._year_ends:
            self._used = self._used + tonnes
        else:
            self._recent.append((self._day, tonnes))
