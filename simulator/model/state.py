"""What one stage of one chain holds at any moment: stocks and goods on the way, for a block.

Every array has the replication axis first in its index, and side by side in memory (``rows.py``). ``P`` producers,
``R`` consuming regions, ``Q`` producers of the next stage, ``B = R + Q`` buyers, ``L`` labels. Goods on the way to
anyone but the focal buyer land at a market review, a whole number of reviews after they left, those of pairs with ways
of their own as ``own_ways.py`` has it; the focal buyer's lots are in ``focal.py``.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.model.own_ways import OwnWays
from simulator.model.rows import alike, row_sums, zeros

Floats = NDArray[np.float64]


class Pipeline:
    """Goods on the way to a group of buyers, by review of arrival.

    Buyers with the same lag share a line: a list of parcels, one per review, handed on without a copy.
    """

    def __init__(self, n: int, lags: NDArray[np.int64], labels: int) -> None:
        self.lags = lags
        self.lines: list[tuple[slice | NDArray[np.intp], deque[tuple[Floats, Floats | None]]]] = []
        for lag in np.unique(lags):
            columns = np.flatnonzero(lags == lag)
            empty = (zeros(n, columns.size), zeros(n, columns.size, labels) if labels else None)
            where = _as_slice(columns)
            self.lines.append((where, deque([empty] * int(lag))))

    def send(self, tonnes: Floats, labels: Floats | None) -> None:
        """Put tonnes (n, width) and their labels (n, width, L) on the way, each buyer with its own lag."""
        for columns, line in self.lines:
            line.append((tonnes[:, columns], None if labels is None else labels[:, columns]))

    def receive(self, stock: Floats, stock_labels: Floats | None, on_order: Floats) -> None:
        """Land what is due at this review in the stocks (n, width) and take it off the orders."""
        for columns, line in self.lines:
            tonnes, labels = line.popleft()
            stock[:, columns] += tonnes
            on_order[:, columns] -= tonnes
            if labels is not None and stock_labels is not None:
                stock_labels[:, columns] += labels

    def fill_steady(self, rate: Floats, labels: Floats | None) -> None:
        """Fill as if ``rate`` (width,) t per review, labelled (width, L), had always been sent."""
        for columns, line in self.lines:
            n = line[0][0].shape[0]
            parcel = (
                alike(n, rate[columns]),
                None if labels is None else alike(n, labels[columns]),
            )
            for place in range(len(line)):
                line[place] = parcel

    def total(self) -> Floats:
        """(n,) tonnes on the way."""
        total = np.zeros(1)
        for _, line in self.lines:
            for tonnes, _ in line:
                total = total + row_sums(tonnes)
        return total


def _as_slice(columns: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """A slice where the columns follow each other, which NumPy reads without a copy."""
    first, last = int(columns[0]), int(columns[-1]) + 1
    return slice(first, last) if last - first == columns.size else columns


def review_lags(days: Floats, review_days: int) -> NDArray[np.int64]:
    """Transit days as a whole number of reviews, at least one."""
    return np.array([max(1, math.floor(d / review_days + 0.5)) for d in days], dtype=np.int64)


class StageState:
    """Stocks of one stage: finished product, feed, regional inventories, and what is on order."""

    def __init__(self, stage: Stage, n: int, labels: int, review_days: int, focal: str, *, first: bool) -> None:
        producers, regions = len(stage.producers), len(stage.regions)
        self.stage = stage
        self.regions = regions
        self.focal = stage.regions.index(focal) if focal in stage.regions else -1
        self.product = zeros(n, producers)
        self.product_labels = None if first else zeros(n, producers, labels)
        """(n, P, L); None at the first stage, where a producer's product has fixed labels."""
        self.feed = zeros(n, 0 if first else producers)
        self.feed_labels = zeros(n, self.feed.shape[1], labels)
        self.inventory = zeros(n, regions)
        """(n, R) stock of the consuming regions; the focal column mirrors the focal buyer's stock."""
        self.tracked = False
        """Whether the focal column mirrors a ``FocalBuyer``, which then holds the tonnes."""
        self.on_order = zeros(n, stage.flows.shape[1])
        lags = review_lags(stage.lag_days, review_days)
        self.lags = lags
        self.to_regions = Pipeline(n, lags[:regions], 0)
        self.to_processors = Pipeline(n, lags[regions:], labels) if lags.size > regions else None
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
