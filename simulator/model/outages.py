"""Plant outages: an alternating renewal process per named plant, settled at market reviews.

Only producers with few plants suffer them: a country of many plants loses the same share every year
and that loss is already in its output. Dates are drawn before the clock starts and kept as sparse
(review, replication, producer) entries, so a review touches only what is down in its interval.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.domain.draws import Draws
from simulator.domain.sampling import lognormal

Floats = NDArray[np.float64]


class Outages:
    """Share of capacity available in each interval between reviews."""

    def __init__(self, stage: Stage, cause: str, draws: Draws, reviews: int, review_days: int, rate: Floats, terms: tuple[float, float, float]) -> None:
        """``rate`` (n,) outages per plant-year; ``terms`` median and 90th percentile of days lost, most plants."""
        median, p90, most = terms
        self._entries: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = [
            (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)) for _ in range(reviews)
        ]
        self._loss = np.zeros((draws.n, len(stage.producers)))
        chosen = [p for p, plants in enumerate(stage.plants) if 0 < plants <= most and stage.output[p] > 0]
        rows, reps, producers, shares = [], [], [], []
        years = reviews * review_days / 365.25
        for p in chosen:
            plants = max(1, round(float(stage.plants[p])))
            slots = plants * (2 + math.ceil(years))
            # One contiguous row per draw: NumPy's logarithm may round differently on strided data.
            u = np.ascontiguousarray(draws.uniform(f"outage/{cause}/{stage.producers[p]}", 2 * slots).T)
            for plant in range(plants):
                up_from = np.zeros(draws.n)
                for k in range(slots // plants):
                    column = 2 * (plant * (slots // plants) + k)
                    start = up_from - np.log(u[column]) / rate * 365.25
                    length = lognormal(u[column + 1], median, p90)
                    up_from = start + length
                    self._spread(start, up_from, review_days, reviews, p, 1.0 / plants, rows, reps, producers, shares)
        if rows:
            self._sort(np.concatenate(rows), np.concatenate(reps), np.concatenate(producers), np.concatenate(shares))

    @staticmethod
    def _spread(start, end, step, reviews, producer, weight, rows, reps, producers, shares) -> None:  # type: ignore[no-untyped-def]
        """Cut outages [start, end) at the reviews: the share of each interval that is lost."""
        first = np.floor(start / step).astype(np.int64)
        open_ = np.flatnonzero(first < reviews)
        interval = first[open_]
        while open_.size:
            overlap = np.minimum(end[open_], (interval + 1) * step) - np.maximum(start[open_], interval * step)
            rows.append(interval.copy())
            reps.append(open_)
            producers.append(np.full(open_.size, producer))
            shares.append(weight * np.maximum(overlap, 0.0) / step)
            keep = (end[open_] > (interval + 1) * step) & (interval + 1 < reviews)
            open_, interval = open_[keep], interval[keep] + 1

    def _sort(self, rows: NDArray[np.int64], reps: NDArray[np.int64], producers: NDArray[np.int64], shares: Floats) -> None:
        order = np.argsort(rows, kind="stable")
        bounds = np.searchsorted(rows[order], np.arange(len(self._entries) + 1))
        for review in range(len(self._entries)):
            part = order[bounds[review] : bounds[review + 1]]
            self._entries[review] = (reps[part], producers[part], shares[part])

    def available(self, review: int) -> Floats:
        """(n, P) share of capacity available in the interval that ends at ``review``."""
        self._loss.fill(0.0)
        if 0 < review <= len(self._entries):
            reps, producers, shares = self._entries[review - 1]
            np.add.at(self._loss, (reps, producers), shares)
        return np.clip(1.0 - self._loss, 0.0, 1.0)
