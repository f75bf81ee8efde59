"""Plant outages: an alternating renewal process per plant, settled at market reviews.

Only producers with few plants suffer them: a country of many plants loses about the same share every year
and that loss is already in its output. Dates are drawn before the clock starts and kept as sparse
(review, replication, producer) entries, so a review touches only what is down in its interval.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.domain.draws import Draws
from simulator.domain.sampling import lognormal, standard_normal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DAYS_PER_YEAR = 365.25


class Outages:
    """Share of capacity available in each interval between reviews."""

    def __init__(
        self,
        stage: Stage,
        cause: str,
        draws: Draws,
        reviews: int,
        review_days: int,
        rate: Floats,
        terms: tuple[float, float, float],
    ) -> None:
        """``rate`` (n,) outages per plant-year of running; ``terms`` median and p90 of days lost, most plants."""
        median, p90, most = terms
        self._loss = np.zeros((draws.n, len(stage.producers)))
        self.expected = np.ones((draws.n, len(stage.producers)))
        """(n, P) long-run mean availability: up time over up and down time."""
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        plants = np.maximum(1, np.round(stage.plants)).astype(int)
        chosen = [p for p in range(len(plants)) if 0 < stage.plants[p] <= most and stage.output[p] > 0]
        if not chosen:
            return
        sigma = math.log(p90 / median) / standard_normal([0.9])[0]
        mean_down = median * math.exp(sigma**2 / 2)
        self.expected[:, chosen] = (1.0 / (1.0 + rate * mean_down / DAYS_PER_YEAR))[:, None]
        cycles = 2 + math.ceil(reviews * review_days / DAYS_PER_YEAR)
        # One contiguous row of replications per draw: NumPy's logarithm may round otherwise on strided data.
        u = np.concatenate(
            [
                np.ascontiguousarray(draws.uniform(f"outage/{cause}/{stage.producers[p]}", 2 * cycles * plants[p]).T)
                for p in chosen
            ]
        ).reshape(-1, cycles, 2, draws.n)
        producer = np.repeat(chosen, plants[chosen])
        up = np.log(u[:, :, 0, :].copy()) * (-DAYS_PER_YEAR / rate)
        down = lognormal(u[:, :, 1, :], median, p90)
        end = np.cumsum(up + down, axis=1)
        self._cut(end - down, end, producer, 1.0 / plants[producer], reviews, float(review_days))

    def _cut(self, start: Floats, end: Floats, producer: Ints, weight: Floats, reviews: int, step: float) -> None:
        """Cut outages [start, end), (plants, cycles, n), at the reviews: share of each interval lost."""
        plant, cycle, replication = np.nonzero(start < reviews * step)
        begin, finish = start[plant, cycle, replication], end[plant, cycle, replication]
        interval = np.floor(begin / step).astype(np.int64)
        parts: list[tuple[Ints, Ints, Ints, Floats]] = [(np.empty(0, np.int64),) * 3 + (np.empty(0),)]
        while interval.size:
            overlap = np.minimum(finish, (interval + 1) * step) - np.maximum(begin, interval * step)
            parts.append((interval, replication, producer[plant], weight[plant] * np.maximum(overlap, 0.0) / step))
            keep = np.flatnonzero((finish > (interval + 1) * step) & (interval + 1 < reviews))
            plant, replication, begin, finish = plant[keep], replication[keep], begin[keep], finish[keep]
            interval = interval[keep] + 1
        rows, reps, producers, shares = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(rows, kind="stable")
        bounds = np.searchsorted(rows[order], np.arange(reviews + 1))
        for review in range(reviews):
            part = order[bounds[review] : bounds[review + 1]]
            self._entries.append((reps[part], producers[part], shares[part]))

    def available(self, review: int) -> Floats:
        """(n, P) share of capacity available in the interval that ends at ``review`` (1 is the first)."""
        self._loss.fill(0.0)
        if 0 < review <= len(self._entries):
            reps, producers, shares = self._entries[review - 1]
            np.add.at(self._loss, (reps, producers), shares)
        return np.clip(1.0 - self._loss, 0.0, 1.0)
