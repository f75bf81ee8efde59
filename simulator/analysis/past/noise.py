"""What observation adds to a prediction: lots, scatter of prices, and levels known from few months.

*Flows.* Customs months are sums of lots. With ``m`` the mean monthly amount and ``cv`` the coefficient of variation
of the months before the event, lots number ``Poisson(k r)`` with exponential sizes of mean ``m / k`` and ``k = 2 /
cv^2``, where ``r`` is the predicted flow over ``m``: a flow that dries up gets fewer lots, so its months scatter more
and often are empty. A period of several months has as many lots more. The level itself is the mean of few months: it
is uncertain by ``cv / sqrt(months)``.

Flows also wander from year to year for reasons of their own, by ``trade_flow_drift_sd`` per square root of a year, use
by ``use_drift_sd``.

*Prices and shares.* Log prices scatter by ``sd`` around the index, and drift from what they were by the usual drift
of a price, ``price_drift_sd`` per square root of a year. A share of imports is the ratio of two noisy flows.

A flow of which nothing was seen before the start has the model's own tonnage as its level, uncertain by
``fitted_flow_sd``.

A few calm months before the event say too little: they are pooled with the usual value, which counts as
``usual_scatter_months``. A few wild ones are believed: months of a flow in lots look calmer than the flow is more
often than wilder. The names are those of ``model_parameters.csv``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter

Floats = NDArray[np.float64]

_MONTH_DAYS: Final = 365.25 / 12


def monthly_cv(amounts: Sequence[float], days: Sequence[int]) -> float:
    """Coefficient of variation of monthly rates, at least that of them pooled with the usual one.

    >>> round(monthly_cv([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [30] * 6), 3)
    0.212
    >>> round(monthly_cv([0.0, 0.0, 2.0, 2.0], [30] * 4), 3)
    1.155
    """
    usual = parameter("observed_flow_cv").value
    rates = np.array([amount / length for amount, length in zip(amounts, days, strict=True)])
    if rates.size < 2 or rates.mean() <= 0:
        return usual
    own = float(rates.var(ddof=1)) / float(rates.mean()) ** 2
    return math.sqrt(_pooled(own, rates.size, usual * usual))


def log_sd(values: Sequence[float]) -> float:
    """Standard deviation of log values, at least that of them pooled with the usual one."""
    usual = parameter("observed_price_sd").value
    logs = np.log(np.array([value for value in values if value > 0]))
    if logs.size < 2:
        return usual
    return math.sqrt(_pooled(float(logs.var(ddof=1)), logs.size, usual * usual))


def _pooled(own: float, count: int, usual: float) -> float:
    months = parameter("usual_scatter_months").value
    return max(own, (own * count + usual * months) / (count + months))


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
    drift = parameter("price_drift_sd").value * math.sqrt(max(years, 0.0))
    return np.asarray(index * np.exp(sd * z[:, 0] + drift * z[:, 1]))
