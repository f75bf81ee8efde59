"""Goods on ways of their own between stages and to other regions: lots that closures hold, turn or send another way.

Pairs of producer and buyer that trade over corridors (``catalogue/between.py``) send a lot at every review, by the
rules of ``corridors.py`` with the median transit of its way. It lands at the first review on or after its day. On a
pair's way goods mix, so what lands carries the average labels of what is under way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.model.focal import SERVICE_DAYS, Services
from simulator.model.labels import Layout, Makeup
from simulator.model.passage import Passage
from simulator.model.rows import add_up, beyond, by_review, mixed, part, zeros

Floats = NDArray[np.float64]
Others = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int16]]
"""Pair, replication and review (c,) of lots that closures touched, and services from departure to landing."""


class OwnWays:
    """Lots under way between the pairs of one market that have ways of their own."""

    def __init__(
        self,
        producers: NDArray[np.intp],
        buyers: NDArray[np.intp],
        services: NDArray[np.int16],
        others: Sequence[Others],
        passage: Passage | None,
        step: int,
        regions: int,
        size: tuple[int, int],
    ) -> None:
        """Set up empty ways.

        Parameters
        ----------
        producers, buyers
            (K,) index of each pair's producer and buyer.
        services
            (K,) services from departure to landing on the open usual way.
        others
            Lots that closures touched.
        passage
            Where lots queue for corridors of limited capacity; None where they use none.
        step
            Days between reviews, a whole number of services.
        regions
            Number of consuming regions, the first buyers of the market.
        size
            Replications, and reviews.
        """
        n, reviews = size
        self.producers = producers
        self.buyers = buyers
        self.served, first = np.unique(buyers, return_index=True)
        """(U,) buyers that get anything here; a buyer's pairs stand together."""
        spans = [*zip(first.tolist(), [*first.tolist()[1:], buyers.size], strict=True)]
        self._first = first
        """(U,) first pair of each."""
        self._several = [(u, a, b) for u, (a, b) in enumerate(spans) if b - a > 1]
        """Those of more pairs than one: place in ``served``, first pair, and the one after the last."""
        self._per_review = step // SERVICE_DAYS
        self.usual = self._reviews(services).astype(np.int64)
        """(K,) reviews from departure to landing on the open usual way."""
        self._services = services.astype(np.int32)
        columns = [np.concatenate(column) for column in zip(*others, strict=True)] or [np.zeros(0, np.int64)] * 4
        pair, replication, left, late = columns
        lots, places = np.arange(pair.size), pair * n + replication
        self._touched = by_review(left, reviews, lots, places, late)
        """For each review: the lots that leave touched by closures, by number, their places in (K, n) and services."""
        lands = left + self._reviews(late)
        soon = np.flatnonzero(lands < reviews)
        self._arrivals = by_review(lands[soon], reviews, soon, places[soon])
        """For each review: those of them that land, by number, and their places in (K, n)."""
        self._held = np.zeros(pair.size)
        """Tonnes of each of them."""
        self._left = np.zeros((int(self.usual.max()), buyers.size, n))
        """(H, K, n) tonnes of the other lots by the review at which they left, in a ring."""
        self._leaving = [
            (review - self.usual) % len(self._left) * buyers.size + np.arange(buyers.size)
            for review in range(len(self._left))
        ]
        """For each review in a ring, and each pair: which row of ``_left`` lands."""
        self._queued: dict[int, list[tuple[NDArray[np.intp], Floats]]] = {}
        """Review -> places in (K, n) and tonnes of lots that land at it after they have waited in a queue."""
        self._review = 0
        """The next review."""
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
        self.on_way = zeros(n, buyers.size)
        self.labels: Floats | None = None
        """(n, K', L) labels of what is on the way to processors; None where a producer's goods are all alike."""

    def _reviews(self, services: Services) -> Services:
        """Whole reviews in which lots come that take so many services."""
        return -(-services // self._per_review)

    def send(self, review: int, tonnes: Floats) -> None:
        """Lots (n, K) leave now."""
        wait = None if self._passage is None else self._passage.enter(review, tonnes)
        leaving = self._left[review % len(self._left)]
        leaving[...] = tonnes.T
        lots, places, late = self._touched[review]
        if wait is not None:
            services = wait.T + self._services[:, None]
            services.reshape(-1)[places] += late - self._services[places // len(tonnes)]
            self._queue(review, np.flatnonzero(wait.T), self._reviews(services).reshape(-1), leaving.reshape(-1))
        self._held[lots] = leaving.reshape(-1)[places]
        leaving.reshape(-1)[places] = 0.0
        self.on_way += tonnes

    def _queue(self, review: int, waiting: NDArray[np.intp], ahead: Services, leaving: Floats) -> None:
        """Take the lots at ``waiting`` places out of those ``leaving``: they land so many reviews ``ahead``."""
        for reviews in np.unique(ahead[waiting]).tolist():
            places = waiting[ahead[waiting] == reviews]
            self._queued.setdefault(review + reviews, []).append((places, leaving[places]))
        leaving[waiting] = 0.0

    def send_labels(
        self, stock: Floats, sellers: NDArray[np.intp], sold: Floats, layout: Layout, bounded: Floats
    ) -> None:
        """Label the lots to processors that have just left.

        Parameters
        ----------
        stock
            (n, P, L) labels of what producers held, as they are when it is sold.
        sellers
            (K',) producer of each lot.
        sold
            (K', n) part of its stock that the lot is.
        layout, bounded
            Layout of the labels, and (2, K', n) what the lots carry of those that do not mix in proportion.
        """
        assert self.labels is not None, "goods to processors carry labels"
        planes, held = self.labels.T, stock.T
        carried = np.empty((len(planes), len(stock)))
        for k, seller in enumerate(sellers):
            np.multiply(held[layout.mixing, seller], sold[k], out=carried[layout.mixing])
            carried[layout.apart] = bounded[:, k]
            planes[:, k] += carried

    def land(self, feed_labels: Floats | None) -> Floats:
        """Tonnes (n, K) that land at this review; labels of those to plants are added to their feed's (n, Q, L)."""
        lots, places = self._arrivals[self._review]
        landing = np.zeros(self.on_way.shape[::-1])
        np.add.at(landing.reshape(-1), places, self._held[lots])
        for places, tonnes in self._queued.pop(self._review, ()):
            landing.reshape(-1)[places] += tonnes
        rows = self._leaving[self._review % len(self._left)]
        landing += self._left.reshape(-1, len(self.on_way)).take(rows, axis=0)
        self._review += 1
        due: Floats = landing.T
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
        if not self._several:
            return amounts
        sums: Floats = amounts.T.take(self._first, axis=0)
        for place, first, end in self._several:
            sums[place] = add_up(amounts.T[first:end])
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
        self._left[...] = rate[:, None]
        self.on_way += rate * self.usual
        if self.labels is not None and labels is not None:
            for k, label in zip(*np.nonzero(labels), strict=True):
                self.labels[:, k, label] += self.on_way[:, self.labelled + k] * labels[k, label]
