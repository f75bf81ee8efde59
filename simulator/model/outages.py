"""Plant outages: an alternating renewal process per plant, settled at market reviews.

Only producers with few plants suffer them: a country of many plants loses about the same share every year
and that loss is already in its output. Dates are drawn before the clock starts and kept as sparse
(review, replication, producer) entries, so a review touches only what is down in its interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.domain.draws import Draws
from simulator.domain.sampling import lognormal, standard_normal
from simulator.model.rows import ones

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
        self.expected = ones(draws.n, len(stage.producers))
        """(n, P) long-run mean availability: up time over up and down time."""
        self._entries: list[tuple[Ints, Floats]] = []
        """Per interval: places in (P, n) where a plant is down, and the share lost; a place may come twice."""
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
        lasting = partial(lognormal, median=median, p90=p90)
        found = _outages(u, DAYS_PER_YEAR / rate, lasting, reviews * float(review_days))
        self._cut(*found, producer, 1.0 / plants[producer], reviews, float(review_days))

    def _cut(
        self,
        plant: Ints,
        replication: Ints,
        begin: Floats,
        finish: Floats,
        producer: Ints,
        weight: Floats,
        reviews: int,
        step: float,
    ) -> None:
        """Cut outages [begin, finish) at the reviews: share of each interval lost."""
        interval = np.floor(begin / step).astype(np.int16)
        parts: list[tuple[NDArray[np.int16], Ints, Ints, Floats]] = []
        while interval.size:
            overlap = np.minimum(finish, (interval + 1) * step) - np.maximum(begin, interval * step)
            parts.append((interval, replication, producer[plant], weight[plant] * np.maximum(overlap, 0.0) / step))
            keep = np.flatnonzero((finish > (interval + 1) * step) & (interval + 1 < reviews))
            plant, replication, begin, finish = plant[keep], replication[keep], begin[keep], finish[keep]
            interval = interval[keep] + np.int16(1)
        if not parts:
            return
        rows, reps, producers, shares = (np.concatenate(column) for column in zip(*parts, strict=True))
        places = producers * len(self.expected) + reps
        order = np.argsort(rows, kind="stable")
        bounds = np.searchsorted(rows[order], np.arange(reviews + 1)).tolist()
        places, shares = places[order], shares[order]
        self._entries = [(places[first:end], shares[first:end]) for first, end in pairwise(bounds)]

    def available(self, review: int) -> Floats:
        """(n, P) share of capacity available in the interval that ends at ``review`` (1 is the first)."""
        up = np.ones(self.expected.size)
        if 0 < review <= len(self._entries):
            places, shares = self._entries[review - 1]
            np.subtract.at(up, places, shares)
            up[places] = np.maximum(up[places], 0.0)
        return up.reshape(self.expected.T.shape).T


def _outages(
    u: Floats, mean_up: Floats, lasting: Callable[[Floats], Floats], horizon: float
) -> tuple[Ints, Ints, Floats, Floats]:
    """Plant, replication, first and last day of every outage that begins before ``horizon``.

    Cycle by cycle, and only for plants that came back in time: few fail more than once. ``u`` (plants, cycles, 2, n)
    are uniforms for the time to failure, ``mean_up`` (n,) days on average, and for the days that it is ``lasting``.
    """
    plants, cycles, _, n = u.shape
    plant, replication = np.repeat(np.arange(plants), n), np.tile(np.arange(n), plants)
    back = np.zeros(plants * n)
    found = []
    for cycle in range(cycles):
        begin = back - np.log(u[plant, cycle, 0, replication]) * mean_up[replication]
        down = np.flatnonzero(begin < horizon)
        plant, replication, begin = plant[down], replication[down], begin[down]
        back = begin + lasting(u[plant, cycle, 1, replication])
        found.append((plant, replication, begin, back))
    plant, replication, begin, back = (np.concatenate(column) for column in zip(*found, strict=True))
    return plant, replication, begin, back
