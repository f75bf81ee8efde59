"""Ways to the focal buyer: transit times of lots, and corridors that close now and then.

A lot takes the first way of its origin whose corridor is open on the day it leaves; where all are
closed it waits for the usual one. Closures of a corridor strike every commodity that uses it in the
same replications on the same days.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter
from simulator.domain.chain import Lane, Stage
from simulator.domain.draws import Draws
from simulator.domain.places import CHINA
from simulator.domain.sampling import lognormal, standard_normal
from simulator.model.focal import SERVICE_DAYS

Floats = NDArray[np.float64]
_Z95 = 1.6448536269514722  # standard normal quantile of 0.95


class Corridors:
    """Closures of every shared corridor, drawn once per block."""

    def __init__(self, draws: Draws, days: Floats, first_day: float) -> None:
        """``days`` (T,) market reviews; closures are drawn from ``first_day`` on."""
        self._draws = draws
        self._days = days
        self._first_day = first_day
        self._waits: dict[str, Floats] = {}

    def wait(self, lane: Lane) -> Floats:
        """(n, T) days until the corridor of ``lane`` is open again, 0 while it is open."""
        known = self._waits.get(lane.corridor)
        if known is not None:
            return known
        years = (float(self._days[-1]) - self._first_day) / 365.25
        slots = int(np.ceil(2 * years * lane.closures_per_year)) + 2
        u = np.ascontiguousarray(self._draws.uniform(f"corridor/{lane.corridor}", 2 * slots).T)
        median, p90 = parameter("corridor_closure_days_median").value, parameter("corridor_closure_days_p90").value
        waits = np.zeros((self._draws.n, self._days.size))
        opened = np.full(self._draws.n, self._first_day)
        if lane.closures_per_year > 0:
            for k in range(slots):
                closed = opened - np.log(u[2 * k]) * (365.25 / lane.closures_per_year)
                opened = closed + lognormal(u[2 * k + 1], median, p90)
                inside = (self._days[None, :] >= closed[:, None]) & (self._days[None, :] < opened[:, None])
                waits = np.where(inside, opened[:, None] - self._days[None, :], waits)
        self._waits[lane.corridor] = waits
        return waits

    def weeks(self, stage: Stage, cause: str) -> NDArray[np.int16]:
        """(n, T, P + 1) services from departure to landing; the last lane carries re-routed Chinese lots."""
        n, reviews, producers = self._draws.n, self._days.size, len(stage.producers)
        result = np.empty((n, reviews, producers + 1), dtype=np.int16)
        longest = parameter("transit_days_longest").value
        extra = parameter("reroute_extra_days").value
        for p, country in enumerate(stage.producers):
            ways = stage.lanes.get(country, ())
            if not ways:
                result[:, :, p] = 1
                continue
            z = standard_normal(self._draws.uniform(f"transit/{cause}/{country}", reviews))
            days = _transit(ways, [self.wait(way) for way in ways[:2]], z)
            result[:, :, p] = _services(days, longest)
        usual = [np.asarray(result[:, :, p], dtype=float) for p, c in enumerate(stage.producers) if c == CHINA]
        base = usual[0] * SERVICE_DAYS if usual else np.zeros((n, reviews))
        result[:, :, producers] = _services(base + extra, longest)
        return result


def _transit(ways: Iterable[Lane], waits: list[Floats], z: Floats) -> Floats:
    days: Floats | None = None
    waiting = np.zeros(0, dtype=bool)
    for way, wait in zip(ways, waits, strict=False):
        sigma = np.log(max(way.transit_days_p95, way.transit_days_median * 1.0001) / way.transit_days_median) / _Z95
        took = way.transit_days_median * np.exp(sigma * z)
        if days is None:
            days, waiting = took + wait, wait > 0
        else:
            days = np.where(waiting & (wait == 0), took, days)
    assert days is not None
    return np.asarray(days)


def _services(days: Floats, longest: float) -> NDArray[np.int16]:
    return np.maximum(1, np.ceil(np.minimum(days, longest) / SERVICE_DAYS)).astype(np.int16)
