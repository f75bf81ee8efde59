"""What one stage of one chain holds at any moment: stocks and goods on the way, for a block.

Every array has the replication axis first in its index, and side by side in memory (``rows.py``). ``P`` producers,
``R`` consuming regions, ``Q`` producers of the next stage, ``B = R + Q`` buyers, ``L`` labels. Goods on the way to
anyone but the focal buyer land at a market review, a whole number of reviews after they left, those of pairs with ways
of their own as ``own_ways.py`` has it; the focal buyer's lots are in ``focal.py``.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.model.labels import Labels, Makeup
from simulator.model.own_ways import OwnWays
from simulator.model.rows import add_up, alike, row_sums, zeros

Floats = NDArray[np.float64]


class Pipeline:
    """Goods on the way to a group of buyers, by review of arrival, each buyer with a lag of its own.

    Goods to plants have their labels (n, width, L) beside them, or where each producer's tonnes are all alike the
    tonnes by producer (P, width, n), of which the labels are made up when they land.
    """

    def __init__(self, n: int, lags: NDArray[np.int64]) -> None:
        edges = [0, *(np.flatnonzero(np.diff(lags)) + 1).tolist(), lags.size] if lags.size else []
        self._runs = [(slice(first, end), int(lags[first])) for first, end in pairwise(edges)]
        """Neighbours with the same lag, and that lag, reviews."""
        self._now = 0
        self._tonnes = np.zeros((int(lags.max(initial=1)), lags.size, n))
        """(H, width, n) tonnes that land at each coming review."""
        self._goods: list[deque[Floats]] = [deque() for _ in self._runs]
        """By run: what the goods are made of that land at each coming review."""
        self.makeup: Makeup | None = None

    def send(self, tonnes: Floats, goods: Floats | None) -> None:
        """Put tonnes (n, width), and what they are made of, on the way."""
        rows = tonnes.T
        for (columns, lag), line in zip(self._runs, self._goods, strict=True):
            self._tonnes[(self._now + lag) % len(self._tonnes), columns] = rows[columns]
            if goods is not None:
                line.append(goods[:, columns])

    def receive(self, stock: Floats, stock_labels: Floats | None, on_order: Floats) -> None:
        """Land what is due at this review in the stocks (n, width) and take it off the orders."""
        self._now = (self._now + 1) % len(self._tonnes)
        due = self._tonnes[self._now].T
        stock += due
        on_order -= due
        if stock_labels is None:
            return
        for (columns, _), line in zip(self._runs, self._goods, strict=True):
            if self.makeup is None:
                stock_labels[:, columns] += line.popleft()
            else:
                self.makeup.add_to(stock_labels[:, columns], line.popleft())

    def fill_steady(self, rate: Floats, mix: Floats | None) -> None:
        """Fill as if ``rate`` (P, width) t per review, labelled ``mix`` (P, L) a tonne, had always been sent."""
        n = self._tonnes.shape[2]
        for (columns, lag), line in zip(self._runs, self._goods, strict=True):
            sent = rate[:, columns]
            for ahead in range(1, lag + 1):
                self._tonnes[(self._now + ahead) % len(self._tonnes), columns] = sent.sum(axis=0)[:, None]
            if mix is not None:
                line.extend([alike(n, sent.T @ mix) if self.makeup is None else alike(n, sent.T).T] * lag)

    def total(self) -> Floats:
        """(n,) tonnes on the way."""
        total = np.zeros(self._tonnes.shape[2])
        for columns, lag in self._runs:
            for ahead in range(1, lag + 1):
                total += add_up(self._tonnes[(self._now + ahead) % len(self._tonnes), columns])
        return total


def review_lags(days: Floats, review_days: int) -> NDArray[np.int64]:
    """Transit days as a whole number of reviews, at least one."""
    return np.array([max(1, math.floor(d / review_days + 0.5)) for d in days], dtype=np.int64)


class StageState:
    """Stocks of one stage: finished product, feed, regional inventories, and what is on order."""

    def __init__(self, stage: Stage, place: int, n: int, labels: Labels, review_days: int, focal: str) -> None:
        """``place`` is the number of the stage in its chain."""
        producers, regions = len(stage.producers), len(stage.regions)
        first = place == 0
        self.stage = stage
        self.layout = labels.layouts[place]
        """Layout of the labels of what is sold."""
        self.received = labels.layouts[max(place - 1, 0)]
        """Layout of the labels of feed, and of product before it is sold."""
        self.regions = regions
        self.focal = stage.regions.index(focal) if focal in stage.regions else -1
        self.product = zeros(n, producers)
        self.product_labels = None if first else zeros(n, producers, self.received.size)
        """(n, P, L) as received; None at the first stage, where a producer's product has fixed labels."""
        self.feed = zeros(n, 0)
        """(n, P) feed of the producers; none at the first stage (``stage_market.join``)."""
        self.feed_labels = zeros(n, 0 if first else producers, self.received.size)
        self.on_hand = zeros(n, stage.flows.shape[1])
        """(n, B) what buyers hold."""
        self.inventory = self.on_hand[:, :regions]
        """(n, R) stock of the consuming regions; the focal column mirrors the focal buyer's stock."""
        self.tracked = False
        """Whether the focal column mirrors a ``FocalBuyer``, which then holds the tonnes."""
        self.on_order = zeros(n, stage.flows.shape[1])
        lags = review_lags(stage.lag_days, review_days)
        self.lags = lags
        self.to_regions = Pipeline(n, lags[:regions])
        self.to_processors = Pipeline(n, lags[regions:]) if lags.size > regions else None
        self.own_ways: OwnWays | None = None
        """Goods of pairs with ways of their own; None where no pair has any."""
        self.produced = np.zeros(n)
        self.feed_used = np.zeros(n)
        self.consumed = np.zeros(n)
        self.clipped = np.zeros(n)
        self.opening = np.zeros(n)

    def held(self) -> Floats:
        """(n,) tonnes of this stage's product held outside the focal buyer and the next stage's feed stocks."""
        held = row_sums(self.product) + row_sums(self.inventory) + self.to_regions.total()
        if self.tracked:
            held = held - self.inventory[:, self.focal]
        if self.to_processors is not None:
            held = held + self.to_processors.total()
        if self.own_ways is not None:
            held = held + row_sums(self.own_ways.on_way)
        return held
