"""Times until something happens, of which some lie beyond what was watched."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import Estimate, quantile, ranks

Floats = NDArray[np.float64]

QUANTILES: Final = {"p10": 0.10, "p50": 0.50, "p90": 0.90}


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Spread of a time over futures, all of them watched equally long."""

    watched_days: float
    """Days watched; what has not happened by then is beyond."""
    quantiles: Mapping[str, Estimate]
    """``p10``, ``p50``, ``p90`` -> days with their interval; ``inf`` is beyond, ``nan`` where no future counts."""


def lifetime(days: Floats, watched_days: float, weights: Floats | None = None) -> Lifetime:
    """Return the spread of (n,) times: ``inf`` where beyond ``watched_days``, ``nan`` where it does not apply.

    The quantile is the order statistic of rank ``ceil(q n)``, with an interval between order statistics
    (binomial ranks, as in ``intervals.quantile``) [1]_. Every future is censored at the same day, so a quantile
    below it is what it would be without censoring, and one beyond it is known to be beyond. Futures that observations
    weight count by their ``weights`` (n,).

    >>> lifetime(np.array([30.0, np.inf, 10.0, 20.0]), 365.0).quantiles["p50"].value
    20.0

    References
    ----------
    .. [1] David, H. A. and Nagaraja, H. N. (2003). *Order Statistics*, 3rd ed., section 7.1.
    """
    if weights is not None:
        return Lifetime(watched_days, {name: quantile(days, q, weights=weights) for name, q in QUANTILES.items()})
    known = np.sort(days[~np.isnan(days)])
    n = len(known)
    return Lifetime(watched_days, {name: _order_statistic(known, n, q) for name, q in QUANTILES.items()})


def _order_statistic(known: Floats, n: int, q: float) -> Estimate:
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    low, high = ranks(n, q)
    value = known[max(math.ceil(q * n) - 1, 0)]
    return Estimate(float(value), float(known[low]), float(known[high]), n)
