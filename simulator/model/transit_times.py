"""Days that lots are under way on an open lane: lognormal, cut at the longest transit.

Lots land on service days, so all that matters of most transits is how many services they take. Between two uniform
numbers that give the same, all do: a table of cells tells it, and the normal quantile is worked out only where the
border between two services runs through a cell.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Lane
from simulator.domain.sampling import standard_normal
from simulator.model.focal import SERVICE_DAYS

Floats = NDArray[np.float64]
_Z95 = 1.6448536269514722  # standard normal quantile of 0.95
_CELLS = 2048
_AT_ONCE = 1 << 14
"""Numbers looked up at once: few enough to stay in fast memory."""


def open_days(way: Lane, longest: float, z: Floats | None) -> Floats:
    """Days under way on an open lane, ``longest`` at most, for standard normal ``z``; (1,) the median where None."""
    if z is None:
        return np.array([min(way.transit_days_median, longest)])
    return _days(way.transit_days_median, way.transit_days_p95, longest, z)


def open_services(way: Lane, longest: float, u: Floats) -> NDArray[np.int16]:
    """(n, T) services from departure to landing on an open lane, for uniforms ``u`` (n, T)."""
    terms = way.transit_days_median, way.transit_days_p95, longest
    table = _table(*terms)
    found = np.empty(u.shape, dtype=np.int16)
    rows = max(1, _AT_ONCE // max(1, u.shape[1]))
    for first in range(0, len(u), rows):
        some = u[first : first + rows].reshape(-1)
        services = table[(some * _CELLS).astype(np.intp)]
        unclear = np.flatnonzero(services == 0)
        services[unclear] = services_of(_days(*terms, standard_normal(some[unclear])))
        found[first : first + rows] = services.reshape(-1, u.shape[1])
    return found


def services_of(days: Floats) -> NDArray[np.int16]:
    """Whole services of so many days, at least one."""
    return np.maximum(1, np.ceil(days / SERVICE_DAYS)).astype(np.int16)


def _days(median: float, p95: float, longest: float, z: Floats) -> Floats:
    sigma = np.log(max(p95, median * 1.0001) / median) / _Z95
    return np.asarray(np.minimum(median * np.exp(sigma * z), longest))


@lru_cache(maxsize=1024)
def _table(median: float, p95: float, longest: float) -> NDArray[np.int16]:
    """(cells,) services of the uniforms in each of so many equal parts of (0, 1); 0 where they differ."""
    edges = services_of(_days(median, p95, longest, standard_normal(np.arange(_CELLS + 1) / _CELLS)))
    return np.where(edges[:-1] == edges[1:], edges[:-1], np.int16(0))
