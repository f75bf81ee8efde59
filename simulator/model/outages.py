"""Plant outages: an alternating renewal process per plant, settled at market reviews.

Only producers with few plants suffer them: a country of many plants loses about the same share every year
and that loss is already in its output. Dates are drawn before the clock starts. They are cut at the reviews some
intervals at a time, into sparse (review, replication, producer) entries: a review touches only what is down.
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
    """Capacity available in each interval between reviews."""

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
        n = draws.n
        self.expected = ones(n, len(stage.producers))
        """(n, P) long-run mean availability: up time over up and down time."""
        self._step, self._reviews = float(review_days), 0
        self._entries: list[tuple[Ints, Floats, Floats]] = []
        """For each interval of a spell: places in (P, n) where a plant is down, the share of the producer's capacity
        that is lost, and its mean availability; a place may come twice."""
        self._spell = -1
        """Number of that spell."""
        plants = np.maximum(1, np.round(stage.plants)).astype(int)
        chosen = [p for p in range(len(plants)) if 0 < stage.plants[p] <= most and stage.output[p] > 0]
        self._weight = 1.0 / plants
        """(P,) share of the producer's capacity that a plant is."""
        if chosen:
            sigma = math.log(p90 / median) / standard_normal([0.9])[0]
            mean_down = median * math.exp(sigma**2 / 2)
            self.expected[:, chosen] = (1.0 / (1.0 + rate * mean_down / DAYS_PER_YEAR))[:, None]
            self._reviews = reviews
            cycles = 2 + math.ceil(reviews * review_days / DAYS_PER_YEAR)
            parts = [draws.uniform(f"outage/{cause}/{stage.producers[p]}", 2 * cycles * plants[p]) for p in chosen]
            u = np.concatenate(parts, axis=1).reshape(n, -1, cycles, 2)
            lasting = partial(lognormal, median=median, p90=p90)
            plant, replication, begin, finish = _outages(u, DAYS_PER_YEAR / rate, lasting, reviews * self._step)
            # The latest first: so the entries of an interval are in one order, by how long the plants have been down.
            order = np.argsort(reviews - np.floor(begin / self._step).astype(np.int16), kind="stable")
            self._place = (np.repeat(chosen, plants[chosen])[plant] * n + replication)[order].astype(np.int32)
            """(outages,) place in (P, n)."""
            self._begin, self._finish = begin[order], finish[order]
            """(outages,) days from the first day, ``[begin, finish)``."""
        self._usual = 1.0 / self.expected

    def running(self, review: int) -> Floats:
        """(n, P) capacity available in the interval that ends at ``review`` (1 is the first), relative to its mean."""
        running = self._usual.copy(order="K")
        if 0 < review <= self._reviews:
            spell, interval = divmod(review - 1, SPELL)
            if spell != self._spell:
                self._entries, self._spell = self._cut(spell * SPELL), spell
            places, shares, means = self._entries[interval]
            flat = running.T.reshape(-1)
            flat[places] = 1.0
            np.subtract.at(flat, places, shares)
            flat[places] = np.maximum(flat[places], 0.0) / means
        return running

    def _cut(self, first: int) -> list[tuple[Ints, Floats, Floats]]:
        """Cut the outages of a spell of intervals that begins with ``first`` at the reviews."""
        step, end = self._step, first + SPELL
        mine = np.flatnonzero((self._begin < end * step) & (self._finish > first * step))
        place, begin, finish = self._place[mine].astype(np.int64), self._begin[mine], self._finish[mine]
        weight, mean = self._weight[place // len(self.expected)], self.expected.T.reshape(-1)[place]
        since = np.maximum(np.floor(begin / step).astype(np.int64), first)
        until = np.maximum(np.minimum(np.ceil(finish / step).astype(np.int64), end), since + 1)
        intervals = until - since
        last = np.cumsum(intervals)
        interval = np.arange(last[-1] if last.size else 0) + np.repeat(until - last, intervals)
        shares = np.repeat(weight * step / step, intervals)
        for entry, begun in ((last - intervals, since), (last - 1, until - 1)):
            overlap = np.minimum(finish, (begun + 1) * step) - np.maximum(begin, begun * step)
            shares[entry] = weight * np.maximum(overlap, 0.0) / step
        order = np.argsort((interval - first).astype(np.int8), kind="stable")
        places, shares, means = (
            np.repeat(place, intervals)[order],
            shares[order],
            np.repeat(mean, intervals)[order],
        )
        bounds = np.searchsorted(interval[order], np.arange(first, end + 1)).tolist()
        return [(places[i:j], shares[i:j], means[i:j]) for i, j in pairwise(bounds)]


SPELL = 16
"""Intervals whose outages are cut at once: few enough to stay in fast memory."""


def _outages(
    u: Floats, mean_up: Floats, lasting: Callable[[Floats], Floats], horizon: float
) -> tuple[Ints, Ints, Floats, Floats]:
    """Plant, replication, first and last day of every outage that begins before ``horizon``.

    Cycle by cycle, and only for plants that came back in time: few fail more than once. ``u`` (n, plants, cycles, 2)
    are uniforms for the time to failure, ``mean_up`` (n,) days on average, and for the days that it is ``lasting``.
    """
    n, plants, cycles, _ = u.shape
    plant, replication = np.repeat(np.arange(plants), n), np.tile(np.arange(n), plants)
    back = np.zeros(plants * n)
    found = []
    for cycle in range(cycles):
        begin = back - np.log(u[replication, plant, cycle, 0]) * mean_up[replication]
        down = np.flatnonzero(begin < horizon)
        plant, replication, begin = plant[down], replication[down], begin[down]
        back = begin + lasting(u[replication, plant, cycle, 1])
        found.append((plant, replication, begin, back))
    plant, replication, begin, back = (np.concatenate(column) for column in zip(*found, strict=True))
    return plant, replication, begin, back
