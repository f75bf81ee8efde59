"""What one stage of one chain holds at any moment: stocks and goods on the way, for a block.

Every array has the replication axis first. ``P`` producers, ``R`` consuming regions, ``Q`` producers of
the next stage, ``B = R + Q`` buyers, ``L`` labels. Goods on the way to anyone but the focal buyer land
at a market review, a whole number of reviews after they left; the focal buyer's lots are in ``focal.py``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage

Floats = NDArray[np.float64]


class Pipeline:
    """Goods on the way to a group of buyers, by review of arrival."""

    def __init__(self, n: int, lags: NDArray[np.int64], labels: int) -> None:
        self.lags = lags
        width = lags.size
        self.slots = [np.zeros((n, width)) for _ in range(int(lags.max(initial=1)) + 1)]
        self.labelled = [np.zeros((n, width, labels)) for _ in self.slots] if labels else []
        self.now = 0
        self.groups = [(int(lag), np.flatnonzero(lags == lag)) for lag in np.unique(lags)]

    def send(self, tonnes: Floats, labels: Floats | None) -> None:
        """Put tonnes (n, width) and their labels (n, width, L) on the way, each buyer with its own lag."""
        for lag, columns in self.groups:
            slot = (self.now + lag) % len(self.slots)
            if columns.size == self.lags.size:
                self.slots[slot] += tonnes
                if labels is not None:
                    self.labelled[slot] += labels
            else:
                self.slots[slot][:, columns] += tonnes[:, columns]
                if labels is not None:
                    self.labelled[slot][:, columns] += labels[:, columns]

    def receive(self) -> tuple[Floats, Floats | None]:
        """Advance one review and hand over what lands now; the caller must not keep the arrays."""
        self.slots[self.now].fill(0.0)
        if self.labelled:
            self.labelled[self.now].fill(0.0)
        self.now = (self.now + 1) % len(self.slots)
        return self.slots[self.now], self.labelled[self.now] if self.labelled else None

    def fill_steady(self, rate: Floats, labels: Floats | None) -> None:
        """Fill as if ``rate`` (width,) t per review, labelled (width, L), had always been sent."""
        for lag, columns in self.groups:
            for ahead in range(1, lag + 1):
                slot = (self.now + ahead) % len(self.slots)
                self.slots[slot][:, columns] += rate[columns]
                if labels is not None:
                    self.labelled[slot][:, columns] += labels[columns]

    def total(self) -> Floats:
        """(n,) tonnes on the way; what landed at the last review counts no more."""
        total = np.zeros(self.slots[0].shape[0])
        for index, slot in enumerate(self.slots):
            if index != self.now:
                total += slot.sum(axis=1)
        return total


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
        self.product = np.zeros((n, producers))
        self.product_labels = None if first else np.zeros((n, producers, labels))
        """(n, P, L); None at the first stage, where a producer's product has fixed labels."""
        self.feed = np.zeros((n, 0 if first else producers))
        self.feed_labels = np.zeros((n, self.feed.shape[1], labels))
        self.inventory = np.zeros((n, regions))
        """(n, R) stock of the consuming regions; the focal column mirrors the focal buyer's stock."""
        self.tracked = False
        """Whether the focal column mirrors a ``FocalBuyer``, which then holds the tonnes."""
        self.on_order = np.zeros((n, stage.flows.shape[1]))
        lags = review_lags(stage.lag_days, review_days)
        self.lags = lags
        self.to_regions = Pipeline(n, lags[:regions], 0)
        self.to_processors = Pipeline(n, lags[regions:], labels) if lags.size > regions else None
        self.produced = np.zeros(n)
        self.feed_used = np.zeros(n)
        self.consumed = np.zeros(n)
        self.clipped = np.zeros(n)
        self.opening = np.zeros(n)

    def held(self) -> Floats:
        """(n,) tonnes of this stage's product held outside the focal buyer and the next stage's feed stocks."""
        held: Floats = self.product.sum(axis=1) + self.inventory.sum(axis=1) + self.to_regions.total()
        if self.tracked:
            held = held - self.inventory[:, self.focal]
        if self.to_processors is not None:
            held = held + self.to_processors.total()
        return held
