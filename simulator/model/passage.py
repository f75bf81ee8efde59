"""Capacity of shared corridors: a fluid queue for each, common to the lots of all commodities.

What sets out for a corridor beyond what it passes waits in front of it. A lot that leaves while a backlog waits
is delayed by backlog / capacity, in whole services. The backlog is brought up to date once a review, after all
commodities have shipped, so none of them comes before another. Lots do not look for another way because of a queue.

Commodities may also ship one after the other for all reviews, as long as what sets out for a corridor stays within its
capacity at every review: then nothing ever waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.model.focal import SERVICE_DAYS
from simulator.model.rows import add_up, by_review

Floats = NDArray[np.float64]
_ROUNDING = 1e-9


class Queues:
    """Backlog in front of every shared corridor of limited capacity."""

    def __init__(self, names: Sequence[str], per_day: Sequence[float], replications: int, reviews: int) -> None:
        """``per_day``: gross tonnes a day each corridor passes of critical minerals."""
        self.names = tuple(names)
        self.replications = replications
        self.per_day = tuple(per_day)
        self.backlog = [np.zeros(replications) for _ in names]
        """Per corridor (n,) gross tonnes waiting."""
        self.inflow = np.zeros((reviews, len(self.names) + 1, replications))
        """(T, queues + 1, n) gross tonnes that set out at each review; the last row is of lots that join none."""
        self._reviewed = 0
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
        """Let ``step`` days' worth pass, once all commodities have shipped on ``day``, that of the next review."""
        inflow = self.inflow[self._reviewed]
        self._reviewed += 1
        for k, per_day in enumerate(self.per_day):
            self.backlog[k] = np.maximum(self.backlog[k] + inflow[k] - per_day * step, 0.0)
            self.waiting[k] = bool(self.backlog[k].any())
            if self.waiting[k]:
                self.bound[k] = np.where(np.isinf(self.bound[k]) & (self.backlog[k] > 0), day, self.bound[k])

    def overrun(self, step: int) -> bool:
        """Whether anything would have waited after any review, where all has shipped and none was reviewed.

        What comes within round-off of it counts as well: the order in which tonnes are added up must not decide.
        """
        return any(
            bool(self.inflow[:, k].max(initial=0.0) > per_day * step * (1.0 - _ROUNDING))
            for k, per_day in enumerate(self.per_day)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Joins:
    """Queues that the lots of a lane join, by place among the queues; -1 for none."""

    usual: int
    """Queue of the usual way."""
    rows: NDArray[np.int64]
    """(c,) replication of each lot that closures make join another, by its place in the block."""
    reviews: NDArray[np.int64]
    """(c,) review at which it leaves."""
    queues: NDArray[np.int64]
    """(c,) queue that it joins."""


class Passage:
    """Where one focal buyer's lots meet the queues."""

    def __init__(self, queues: Queues, uses: Mapping[int, Joins], gross_t_per_t: float, reviews: int) -> None:
        """Keep the lanes that ever use a corridor of limited capacity.

        Parameters
        ----------
        queues
            The queues that all commodities share.
        uses
            Lane -> queues that its lots join.
        gross_t_per_t
            Gross tonnes that travel for a tonne.
        reviews
            Number of reviews.
        """
        self._queues = queues
        n = queues.replications
        usual = np.array([joins.usual for joins in uses.values()])
        by_queue = [(k, np.array([*uses])[usual == k]) for k in range(len(queues.names))]
        self._lanes = [(k, lanes) for k, lanes in by_queue if lanes.size]
        """Each queue, and the lanes whose lots join it if no closure touches them."""
        rows, left, joined = (
            np.concatenate([getattr(joins, name) for joins in uses.values()]) for name in ("rows", "reviews", "queues")
        )
        sizes = [joins.rows.size for joins in uses.values()]
        places = np.repeat([*uses], sizes) * n + rows
        self._others = by_review(left, reviews, places, joined * n + rows, np.repeat(usual, sizes) * n + rows)
        """For each review: places in (lanes, n) of the lots that join another queue, and in the inflow of the queues
        their places there and in their usual one."""
        self._gross = gross_t_per_t

    def enter(self, review: int, tonnes: Floats) -> NDArray[np.int32] | None:
        """Queue the lots (n, lanes) of a review; returns the services that they wait (n, lanes), None where none do."""
        queues, lots = self._queues, tonnes.T
        inflow = queues.inflow[review]
        for k, lanes in self._lanes:
            inflow[k] += add_up(lots[lanes]) * self._gross
        places, joined, usual = self._others[review]
        apart = lots.reshape(-1)[places] * self._gross
        np.add.at(inflow.reshape(-1), joined, apart)
        np.subtract.at(inflow.reshape(-1), usual, apart)
        if not any(queues.waiting):
            return None
        services = np.zeros(inflow.shape, dtype=np.int32)
        wait = np.zeros(tonnes.shape, dtype=np.int32, order="F")
        for k, waiting in enumerate(queues.waiting):
            if waiting:
                services[k] = queues.services(k)
        for k, lanes in self._lanes:
            wait.T[lanes] = services[k]
        wait.T.reshape(-1)[places] = services.reshape(-1)[joined]
        return wait
