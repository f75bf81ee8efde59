"""Goods on ways of their own between stages and to other regions: lots that closures hold, turn or send another way.

Pairs of producer and buyer that trade over corridors (``catalogue/between.py``) send a lot at every review, by the
rules of ``corridors.py`` with the median transit of its way. It lands at the first review on or after its day. On a
pair's way goods mix, so what lands carries the average labels of what is under way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.model.focal import SERVICE_DAYS, Services
from simulator.model.labels import Makeup
from simulator.model.passage import Passage
from simulator.model.rows import beyond, mixed, part, zeros

Floats = NDArray[np.float64]


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
        regions: int,
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
        regions
            Number of consuming regions, the first buyers of the market.
        """
        self.producers = producers
        self.buyers = buyers
        self.served, first = np.unique(buyers, return_index=True)
        """(U,) buyers that get anything here; a buyer's pairs stand together."""
        spans = [*zip(first.tolist(), [*first.tolist()[1:], buyers.size], strict=True)]
        most = max(end - begin for begin, end in spans)
        self._rounds = [np.array([(u, a + r) for u, (a, b) in enumerate(spans) if a + r < b]).T for r in range(most)]
        """Pairs that are the first, the second and so on of their buyer: its place in ``served``, and the pair."""
        self.usual = usual
        self._services = services
        self._passage = passage
        self.labelled = int(np.searchsorted(buyers, regions))
        """First pair whose goods carry labels: buyers are in order, and consuming regions come first."""
        self._processors = [
            (buyer - regions, a - self.labelled, b - self.labelled)
            for buyer, (a, b) in zip(self.served.tolist(), spans, strict=True)
            if a >= self.labelled
        ]
        """Each processor served, and its pairs counted from that one."""
        self._makeup: Makeup | None = None
        """Labels of each producer's goods where they are all alike."""
        self._by_seller = np.zeros((0, 0, 0))
        """(sellers, span, n) room for tonnes of such goods that land, by producer that sells and processor."""
        self._cell: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None
        """(K',) place in it of each pair."""
        self._per_review = step // SERVICE_DAYS
        pairs, n = services.shape[1:]
        longest = np.array(max(int(services.max(initial=1)), SPARE_SERVICES), dtype=np.int32)
        self._calendar = np.zeros((int(self._reviews(longest)) + 1, pairs, n))
        """(H, K, n) tonnes that land at each coming review."""
        self._flat = self._calendar.reshape(-1)
        self._cells = np.arange(n * pairs).reshape(pairs, n).T
        self._now = 0
        self.on_way = zeros(n, pairs)
        self.labels: Floats | None = None
        """(n, K', L) labels of what is on the way to processors; None where a producer's goods are all alike."""

    def _reviews(self, services: Services) -> Services:
        """Whole reviews in which lots come that take so many services."""
        return -(-services // self._per_review)

    def send(self, review: int, tonnes: Floats) -> None:
        """Lots (n, K) leave now."""
        services: Services = self._services[review].T
        if self._passage is not None:
            services = self._passage.enter(review, tonnes, services)
        slots = np.minimum(self._reviews(services), len(self._calendar) - 1) + np.int32(self._now)
        slots -= len(self._calendar) * (slots >= len(self._calendar))
        np.add.at(self._flat, (slots * self._cells.size + self._cells).T.reshape(-1), tonnes.T.reshape(-1))
        self.on_way += tonnes

    def send_labels(
        self, stock: Floats, sellers: NDArray[np.intp], sold: Floats, bounds: slice, bounded: Floats
    ) -> None:
        """Label the lots to processors that have just left.

        Parameters
        ----------
        stock
            (n, P, L) labels of what producers held.
        sellers
            (K',) producer of each lot.
        sold
            (K', n) part of its stock that the lot is.
        bounds, bounded
            Labels that do not mix in proportion, and (2, K', n) what the lots carry of them.
        """
        assert self.labels is not None, "goods to processors carry labels"
        planes, held = self.labels.T, stock.T
        carried = np.empty((len(planes), len(stock)))
        for k, seller in enumerate(sellers):
            np.multiply(held[:, seller], sold[k], out=carried)
            carried[bounds] = bounded[:, k]
            planes[:, k] += carried

    def land(self, feed_labels: Floats | None) -> Floats:
        """Tonnes (n, K) that land at this review; labels of those to plants are added to their feed's (n, Q, L)."""
        self._now = (self._now + 1) % len(self._calendar)
        due: Floats = self._calendar[self._now].copy().T
        self._calendar[self._now] = 0.0
        if feed_labels is not None and self._processors:
            self._land_labels(due[:, self.labelled :], feed_labels)
        self.on_way = beyond(self.on_way, due)
        return due

    def _land_labels(self, due: Floats, feed_labels: Floats) -> None:
        """Labels of tonnes ``due`` (n, K') to processors leave what is on the way for their feed."""
        if self._makeup is not None:
            self._by_seller[self._cell] = due.T
            first = self._processors[0][0]
            self._makeup.add_to(feed_labels[:, first : first + self._by_seller.shape[1]], self._by_seller)
            return
        assert self.labels is not None, "goods to processors carry labels"
        share = part(due, self.on_way[:, self.labelled :])
        for processor, first, end in self._processors:
            feed_labels[:, processor] += mixed(self.labels[:, first:end], share.T[first:end, None])[:, 0]
        self.labels *= (1.0 - share)[:, :, None]

    def by_buyer(self, amounts: Floats) -> Floats:
        """(n, U) sums of (n, K) over each buyer's pairs."""
        sums: Floats = amounts.T[self._rounds[0][1]]
        for place, pair in self._rounds[1:]:
            sums[place] += amounts.T[pair]
        return sums.T

    def keep_labels(self, labels: int) -> None:
        """Make room for so many labels of goods to processors."""
        self.labels = zeros(len(self.on_way), self.buyers.size - self.labelled, labels)

    def make_up(self, fresh: Floats) -> None:
        """Make known the labels of a tonne of each producer's goods (P, L), which are all alike."""
        sellers, seller = np.unique(self.producers[self.labelled :], return_inverse=True)
        buyers = self.buyers[self.labelled :]
        self._makeup = Makeup(fresh[sellers])
        self._cell = seller, buyers - buyers[0]
        self._by_seller = np.zeros((sellers.size, int(np.ptp(buyers)) + 1, len(self.on_way)))

    def fill_steady(self, rate: Floats, labels: Floats | None) -> None:
        """Fill as if ``rate`` (K,) t per review, labelled (K', L) a tonne, had always been sent on open ways."""
        for k, usual in enumerate(self.usual):
            self._calendar[1 : usual + 1, k] += rate[k]
            self.on_way[:, k] += rate[k] * usual
        if self.labels is not None and labels is not None:
            self.labels += self.on_way[:, self.labelled :, None] * labels[None]


SPARE_SERVICES = 64
"""Least length of the calendar, services: room for what waits in front of a corridor."""
