"""Goods on ways of their own between stages and to other regions: lots that closures hold, turn or send another way.

Pairs of producer and buyer that trade over corridors (``catalogue/between.py``) send a lot at every review, by the
rules of ``corridors.py`` with the median transit of its way. It lands at the first review on or after its day. On a
pair's way goods mix, so what lands carries the average labels of what is under way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.focal import SERVICE_DAYS
from simulator.model.passage import Passage
from simulator.model.rows import across

Floats = NDArray[np.float64]
_TINY = 1e-300


class OwnWays:
    """Lots under way between the pairs of one market that have ways of their own."""

    def __init__(
        self,
        producers: NDArray[np.intp],
        buyers: NDArray[np.intp],
        services: NDArray[np.int16],
        usual: NDArray[np.int64],
        passage: Passage | None,
        step: int,
    ) -> None:
        """Set up empty ways.

        Parameters
        ----------
        producers, buyers
            (K,) index of each pair's producer and buyer.
        services
            (T, n, K) services from departure at each review to landing.
        usual
            (K,) reviews from departure to landing on the open usual way.
        passage
            Where lots queue for corridors of limited capacity; None where they use none.
        step
            Days between reviews, a whole number of services.
        """
        self.producers = producers
        self.buyers = buyers
        self.served, self._first = np.unique(buyers, return_index=True)
        """(U,) buyers that get anything here, and the first pair of each: a buyer's pairs stand together."""
        self.usual = usual
        self._services = services
        self._passage = passage
        self.labelled = 0
        """First pair whose goods carry labels: buyers are in order, and consuming regions come first."""
        self._per_review = step // SERVICE_DAYS
        n, pairs = services.shape[1:]
        longest = max(int(services.max(initial=1)), SPARE_SERVICES)
        self._calendar = np.zeros((self._reviews(longest) + 1, n, pairs))
        """(H, n, K) tonnes that land at each coming review."""
        self._flat = self._calendar.reshape(-1)
        self._cells = np.arange(n * pairs).reshape(n, pairs)
        self._now = 0
        self.on_way = np.zeros((n, pairs))
        self.labels: Floats | None = None
        """(n, K', L) labels of what is on the way to processors; None where a producer's goods are all alike."""

    def _reviews(self, services: NDArray[np.int32] | int) -> NDArray[np.int32] | int:
        return -(-services // self._per_review)

    def send(self, review: int, tonnes: Floats, labels: Floats | None) -> None:
        """Lots (n, K) leave now, with the labels (n, K', L) of those to processors, None where nobody keeps any."""
        services = self._services[review].astype(np.int32)
        if self._passage is not None:
            services = self._passage.enter(review, tonnes, services)
        ahead = np.minimum(self._reviews(services), len(self._calendar) - 1)
        slots = (ahead + self._now) % len(self._calendar)
        np.add.at(self._flat, (slots * self._cells.size + self._cells).reshape(-1), tonnes.reshape(-1))
        self.on_way += tonnes
        if self.labels is not None and labels is not None:
            self.labels += labels

    def land(self) -> tuple[Floats, Floats | None]:
        """Tonnes (n, K) that land at this review, and labels (n, K', L) of those for processors where any are kept."""
        self._now = (self._now + 1) % len(self._calendar)
        due = self._calendar[self._now].copy()
        self._calendar[self._now] = 0.0
        moved = None
        if self.labels is not None:
            part = np.minimum(1.0, due[:, self.labelled :] / np.maximum(self.on_way[:, self.labelled :], _TINY))
            moved = self.labels * across(part, self.labels.shape[2])
            self.labels -= moved
        self.on_way = np.maximum(self.on_way - due, 0.0)
        return due, moved

    def by_buyer(self, amounts: Floats) -> Floats:
        """(n, U) or, for labels of pairs to processors, (n, U', L) sums over each buyer's pairs."""
        first = self._first
        if amounts.ndim == 3:
            first = first[first >= self.labelled] - self.labelled
        return np.asarray(np.add.reduceat(amounts, first, axis=1))

    def mixed(self, tonnes: Floats, fresh: Floats) -> Floats:
        """(n, U', L) labels of tonnes (n, K) that reach each processor; a producer's goods are all ``fresh`` (P, L)."""
        sellers, buyers = self.producers[self.labelled :], self.buyers[self.labelled :]
        places = np.searchsorted(np.unique(buyers), buyers)
        from_each = np.zeros((len(tonnes), int(places[-1]) + 1, len(fresh)))
        from_each[:, places, sellers] = tonnes[:, self.labelled :]
        # One small product per replication: nothing is summed across the replication axis.
        return np.asarray(np.matmul(from_each, fresh))

    def fill_steady(self, rate: Floats, labels: Floats | None) -> None:
        """Fill as if ``rate`` (K,) t per review, labelled (K', L) a tonne, had always been sent on open ways."""
        for k, usual in enumerate(self.usual):
            self._calendar[1 : usual + 1, :, k] += rate[k]
            self.on_way[:, k] += rate[k] * usual
        if self.labels is not None and labels is not None:
            self.labels += self.on_way[:, self.labelled :, None] * labels[None]


SPARE_SERVICES = 64
"""Least length of the calendar, services: room for what waits in front of a corridor."""
