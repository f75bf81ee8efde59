"""Goods on ways of their own between stages and to other regions: lots that closures hold, turn or send another way.

Pairs of producer and buyer that trade over corridors (``catalogue/between.py``) send a lot at every review, by the
rules of ``corridors.py`` with the median transit of its way. It lands at the first review on or after its day. On a
pair's way goods mix, so what lands carries the average labels of what is under way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.focal import SERVICE_DAYS
from simulator.model.labels import Makeup
from simulator.model.passage import Passage
from simulator.model.rows import add_up, zeros

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
            (T, K, n) services from departure at each review to landing.
        usual
            (K,) reviews from departure to landing on the open usual way.
        passage
            Where lots queue for corridors of limited capacity; None where they use none.
        step
            Days between reviews, a whole number of services.
        """
        self.producers = producers
        self.buyers = buyers
        self.served, first = np.unique(buyers, return_index=True)
        """(U,) buyers that get anything here; a buyer's pairs stand together."""
        self._spans = [*zip(first.tolist(), [*first.tolist()[1:], buyers.size], strict=True)]
        """First pair of each of these buyers, and the first one that is not its own."""
        self.usual = usual
        self._services = services
        self._makeups: list[Makeup] = []
        """How goods for each processor served are labelled where a producer's are all alike."""
        self._passage = passage
        self.labelled = 0
        """First pair whose goods carry labels: buyers are in order, and consuming regions come first."""
        self._per_review = step // SERVICE_DAYS
        pairs, n = services.shape[1:]
        longest = max(int(services.max(initial=1)), SPARE_SERVICES)
        self._calendar = np.zeros((self._reviews(longest) + 1, pairs, n))
        """(H, K, n) tonnes that land at each coming review."""
        self._flat = self._calendar.reshape(-1)
        self._cells = np.arange(n * pairs).reshape(pairs, n).T
        self._now = 0
        self.on_way = zeros(n, pairs)
        self.labels: Floats | None = None
        """(n, K', L) labels of what is on the way to processors; None where a producer's goods are all alike."""

    def _reviews(self, services: NDArray[np.int32] | int) -> NDArray[np.int32] | int:
        return -(-services // self._per_review)

    def send(self, review: int, tonnes: Floats, labels: Floats | None) -> None:
        """Lots (n, K) leave now, with the labels (n, K', L) of those to processors, None where nobody keeps any."""
        services = self._services[review].T.astype(np.int32)
        if self._passage is not None:
            services = self._passage.enter(review, tonnes, services)
        ahead = np.minimum(self._reviews(services), len(self._calendar) - 1)
        slots = (ahead + self._now) % len(self._calendar)
        np.add.at(self._flat, (slots * self._cells.size + self._cells).T.reshape(-1), tonnes.T.reshape(-1))
        self.on_way += tonnes
        if self.labels is not None and labels is not None:
            self.labels += labels

    def land(self) -> tuple[Floats, Floats | None]:
        """Tonnes (n, K) that land at this review, and labels (n, K', L) of those for processors where any are kept."""
        self._now = (self._now + 1) % len(self._calendar)
        due = self._calendar[self._now].copy().T
        self._calendar[self._now] = 0.0
        moved = None
        if self.labels is not None:
            part = np.minimum(1.0, due[:, self.labelled :] / np.maximum(self.on_way[:, self.labelled :], _TINY))
            moved = self.labels * part[:, :, None]
            self.labels -= moved
        self.on_way = np.maximum(self.on_way - due, 0.0)
        return due, moved

    def by_buyer(self, amounts: Floats) -> Floats:
        """(n, U) or, for labels of pairs to processors, (n, U', L) sums over each buyer's pairs."""
        if amounts.ndim == 2:
            return np.stack([add_up(amounts.T[first:end]) for first, end in self._spans]).T
        sums = [add_up(amounts.T[:, first:end].swapaxes(0, 1)) for first, end in self._to_processors()]
        return np.stack(sums, axis=1).T

    def _to_processors(self) -> list[tuple[int, int]]:
        """Spans of the processors served, counted from the first pair whose goods carry labels."""
        skip = self.labelled
        return [(first - skip, end - skip) for first, end in self._spans if first >= skip]

    def make_up(self, fresh: Floats) -> None:
        """Make known the labels of a tonne of each producer's goods (P, L), which are all alike."""
        sellers = self.producers[self.labelled :]
        self._makeups = [Makeup(fresh[sellers[first:end]]) for first, end in self._to_processors()]

    def mixed(self, tonnes: Floats) -> Floats:
        """(n, U', L) labels of tonnes (n, K) that reach each processor, by the makeup of the goods."""
        labelled = tonnes.T[self.labelled :, None]
        spans = zip(self._to_processors(), self._makeups, strict=True)
        return np.concatenate([makeup.of(labelled[first:end]) for (first, end), makeup in spans], axis=1)

    def fill_steady(self, rate: Floats, labels: Floats | None) -> None:
        """Fill as if ``rate`` (K,) t per review, labelled (K', L) a tonne, had always been sent on open ways."""
        for k, usual in enumerate(self.usual):
            self._calendar[1 : usual + 1, k] += rate[k]
            self.on_way[:, k] += rate[k] * usual
        if self.labels is not None and labels is not None:
            self.labels += self.on_way[:, self.labelled :, None] * labels[None]


SPARE_SERVICES = 64
"""Least length of the calendar, services: room for what waits in front of a corridor."""
