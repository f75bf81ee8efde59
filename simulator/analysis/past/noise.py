"""What observation adds to a prediction: lots, scatter of prices, and levels known from few months.

*Flows.* Customs months are sums of lots. With ``m`` the mean monthly amount and ``cv`` the coefficient of variation
of the months before the event, lots number ``Poisson(k r)`` with exponential sizes of mean ``m / k`` and ``k = 2 /
cv^2``, where ``r`` is the predicted flow over ``m``: a flow that dries up gets fewer lots, so its months scatter more
and often are empty. A period of several months has as many lots more. The level itself is the mean of few months: it
is uncertain by ``cv / sqrt(months)``.

Flows also wander from year to year for reasons of their own, by ``FLOW_DRIFT`` per square root of a year, use by
``USE_DRIFT``.

*Prices and shares.* Log prices scatter by ``sd`` around the index, and drift from what they were by the usual drift
of the commodity's price, ``DRIFT`` per square root of a year. A share of imports is the ratio of two noisy flows.

A flow of which nothing was seen before the start has the model's own tonnage as its level, uncertain by ``CELL_SD``.

A few calm months before the event say too little: they are pooled with the usual value, which counts as six. A few wild
ones are believed: months of a flow in lots look calmer than the flow is more often than wilder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

USUAL_CV: Final = 0.30
"""Coefficient of variation of monthly flows. Assumed: the middle of Chinese exports by product (0.1 to 0.4 before the
controls of the shipped episodes)."""
USUAL_SD: Final = 0.08
"""Standard deviation of monthly log prices around their mean. Assumed: that of US unit values of antimony and
germanium before their controls (0.03 to 0.15)."""
DRIFT: Final = 0.23
"""Log points per square root of a year: middle standard deviation of yearly log changes of the 32 prices of MCS 2023 in
``us_vintages`` that have four years."""
FLOW_DRIFT: Final = 0.35
"""Log points per square root of a year by which trade flows wander: middle standard deviation of yearly log changes
of the 34 US imports of MCS 2023 in ``us_vintages`` that have four years."""
USE_DRIFT: Final = 0.19
"""The same for the 20 series of US consumption."""
CELL_SD: Final = 0.5
"""Log points by which a fitted base-year flow is off what customs count. Derived: spread of the model's tonnage over
the level seen before the start, over the 15 flows of the shipped episodes that have one (nothing seen later
enters)."""
_PSEUDO: Final = 6
_MONTH_DAYS: Final = 365.25 / 12


def monthly_cv(amounts: Sequence[float], days: Sequence[int]) -> float:
    """Coefficient of variation of monthly rates, at least that of them pooled with the usual one.

    >>> round(monthly_cv([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [30] * 6), 3)
    0.212
    >>> round(monthly_cv([0.0, 0.0, 2.0, 2.0], [30] * 4), 3)
    1.155
    """
    rates = np.array([amount / length for amount, length in zip(amounts, days, strict=True)])
    if rates.size < 2 or rates.mean() <= 0:
        return USUAL_CV
    own = float(rates.var(ddof=1)) / float(rates.mean()) ** 2
    return math.sqrt(_pooled(own, rates.size, USUAL_CV**2))


def log_sd(values: Sequence[float]) -> float:
    """Standard deviation of log values, at least that of them pooled with the usual one."""
    logs = np.log(np.array([value for value in values if value > 0]))
    if logs.size < 2:
        return USUAL_SD
    return math.sqrt(_pooled(float(logs.var(ddof=1)), logs.size, USUAL_SD**2))


def _pooled(own: float, count: int, usual: float) -> float:
    return max(own, (own * count + usual * _PSEUDO) / (count + _PSEUDO))


def lumpy(mean: Floats, usual: float, cv: float, u: Floats) -> Floats:
    """Return amounts (n,) as customs would count them, given those predicted.

    Parameters
    ----------
    mean
        (n,) predicted amount over the period.
    usual
        Usual amount per month, in the same unit.
    cv
        Coefficient of variation of usual months.
    u
        (n, 2) uniforms: number and sizes of the lots.
    """
    from scipy.stats import gamma, poisson

    per_lot = max(usual, 1e-12) * cv * cv / 2.0
    lots = poisson.ppf(u[:, 0], np.maximum(mean, 0.0) / per_lot)
    sizes = gamma.ppf(u[:, 1], np.maximum(lots, 1.0))
    return np.asarray(np.where(lots > 0, sizes * per_lot, 0.0), dtype=np.float64)


def level_error(cv: float, months: int, z: Floats) -> Floats:
    """(n,) factor of a level estimated from so many months, with mean 1, from standard normals."""
    sd = cv / math.sqrt(max(months, 1))
    return np.asarray(np.exp(sd * z - sd * sd / 2))


def scattered(index: Floats, sd: float, years: float, z: Floats) -> Floats:
    """(n,) prices as they would be seen: drift and scatter around the predicted ones, from (n, 2) standard normals."""
    return np.asarray(index * np.exp(sd * z[:, 0] + DRIFT * math.sqrt(max(years, 0.0)) * z[:, 1]))
