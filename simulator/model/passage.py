"""Capacity of shared corridors: a fluid queue for each, common to the lots of all commodities.

What sets out for a corridor beyond what it passes waits in front of it. A lot that leaves while a backlog waits
is delayed by backlog / capacity, in whole services. The backlog is brought up to date once a review, after all
commodities have shipped, so none of them comes before another. Lots do not look for another way because of a queue.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.model.focal import SERVICE_DAYS, Services
from simulator.model.rows import add_up

Floats = NDArray[np.float64]


class Queues:
    """Backlog in front of every shared corridor of limited capacity."""

    def __init__(self, names: Sequence[str], per_day: Sequence[float], replications: int) -> None:
        """``per_day``: gross tonnes a day each corridor passes of critical minerals."""
        self.names = tuple(names)
        self.per_day = tuple(per_day)
        self.backlog = [np.zeros(replications) for _ in names]
        """Per corridor (n,) gross tonnes waiting."""
        self.inflow = [np.zeros(replications) for _ in names]
        """Per corridor (n,) gross tonnes that set out since the last review."""
        self.waiting = [False] * len(self.names)
        """Per corridor: whether anything waits in any replication."""
        self.bound = [np.full(replications, np.inf) for _ in names]
        """Per corridor (n,) day on which a backlog first remained."""

    def services(self, k: int) -> NDArray[np.int32]:
        """(n,) services that a lot leaving now waits in front of corridor ``k``."""
        return np.ceil(self.backlog[k] / self.per_day[k] / SERVICE_DAYS).astype(np.int32)

    def first_bound(self) -> dict[str, Floats]:
        """Corridor -> (n,) day on which its capacity first left lots waiting, +inf for never."""
        return dict(zip(self.names, self.bound, strict=True))

    def review(self, day: float, step: int) -> None:
        """Let ``step`` days' worth pass, once all commodities have shipped on ``day``."""
        for k, per_day in enumerate(self.per_day):
            self.backlog[k] = np.maximum(self.backlog[k] + self.inflow[k] - per_day * step, 0.0)
            self.inflow[k].fill(0.0)
            self.waiting[k] = bool(self.backlog[k].any())
            if self.waiting[k]:
                self.bound[k] = np.where(np.isinf(self.bound[k]) & (self.backlog[k] > 0), day, self.bound[k])


class Passage:
    """Where one focal buyer's lots meet the queues."""

    def __init__(self, queues: Queues, uses: dict[int, NDArray[np.int8]], gross_t_per_t: float) -> None:
        """Keep the lanes that ever use a corridor of limited capacity.

        Parameters
        ----------
        queues
            The queues that all commodities share.
        uses
            Lane -> (T, n) corridor that a lot leaving at each review takes; -1 for none that is limited.
        gross_t_per_t
            Gross tonnes that travel for a tonne.
        """
        self._queues = queues
        self._lanes = list(uses)
        self._taken = np.stack([*uses.values()], axis=1)
        """(T, lanes, n) queue that the lots of these lanes join."""
        self._known = [k for k in range(len(queues.names)) if (self._taken == k).any()]
        self._gross = gross_t_per_t

    def enter(self, review: int, tonnes: Floats, weeks: Services) -> Services:
        """Queue the lots (n, lanes) of a review; return ``weeks`` (n, lanes), with the wait added if there is any."""
        delayed, gross = weeks, tonnes.T[self._lanes] * self._gross
        for k in self._known:
            mine = self._taken[review] == k
            self._queues.inflow[k] += add_up(np.where(mine, gross, 0.0))
            if self._queues.waiting[k]:
                delayed = weeks.astype(np.int32) if delayed is weeks else delayed
                delayed.T[self._lanes] += np.where(mine, self._queues.services(k), 0)
        return delayed
