"""Samplers by inverse distribution function: one uniform in, one value out.

Every function is elementwise over uniforms ``u`` in the open interval (0, 1) and broadcasts its
parameters, so a replication's value never depends on its neighbours in the block.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LOW_QUANTILE = 0.05
"""Quantile that ``UncertainInput.low`` stands for."""
HIGH_QUANTILE = 0.95
"""Quantile that ``UncertainInput.high`` stands for."""


def standard_normal(u: ArrayLike) -> Floats:
    """Return standard normal values, the normal quantile of ``u``."""
    from scipy.special import ndtri  # costly to import, and not every run draws a normal

    value: Floats = np.asarray(ndtri(np.ascontiguousarray(u, dtype=np.float64)), dtype=np.float64)
    return value


def normal(u: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Floats:
    """Return normal values with the given mean and standard deviation."""
    return np.asarray(np.asarray(mean) + np.asarray(sd) * standard_normal(u), dtype=np.float64)


def lognormal(u: ArrayLike, median: ArrayLike, p90: ArrayLike) -> Floats:
    """Return lognormal values with the given median and 90th percentile, both above 0.

    >>> lognormal([0.5, 0.9], 45.0, 70.0).round(6)
    array([45., 70.])
    """
    sigma = np.log(np.asarray(p90, dtype=np.float64) / np.asarray(median, dtype=np.float64)) / standard_normal(0.9)
    return np.asarray(np.asarray(median) * np.exp(sigma * standard_normal(u)), dtype=np.float64)


def lognormal_cdf(value: ArrayLike, median: ArrayLike, p90: ArrayLike) -> Floats:
    """Return the share of lognormal values below ``value`` (above 0): the inverse of ``lognormal``.

    >>> lognormal_cdf([45.0, 70.0], 45.0, 70.0).round(6)
    array([0.5, 0.9])
    """
    from scipy.special import ndtr  # costly to import, as above

    sigma = np.log(np.divide(p90, median)) / standard_normal(0.9)
    return np.asarray(ndtr(np.log(np.divide(value, median)) / sigma), dtype=np.float64)


def uniform(u: ArrayLike, low: ArrayLike, high: ArrayLike) -> Floats:
    """Return values spread evenly from ``low`` to ``high``."""
    low = np.asarray(low, dtype=np.float64)
    return np.asarray(low + (np.asarray(high) - low) * np.asarray(u), dtype=np.float64)


def triangular(u: ArrayLike, low: float, mode: float, high: float) -> Floats:
    """Return triangular values; ``low <= mode <= high``, and a zero width gives the constant ``low``."""
    u = np.ascontiguousarray(u, dtype=np.float64)
    width = high - low
    if width == 0.0:
        return np.full_like(u, low)
    turn = (mode - low) / width
    rising = low + np.sqrt(u * width * (mode - low))
    falling = high - np.sqrt((1.0 - u) * width * (high - mode))
    return np.where(u < turn, rising, falling)


def choice(u: ArrayLike, values: Sequence[float], weights: Sequence[float] | None = None) -> Floats:
    """Return one of ``values`` with probability proportional to ``weights`` (equal where not given).

    >>> choice([0.1, 0.3, 0.9], (1.0, 2.0), (1.0, 3.0))
    array([1., 2., 2.])
    """
    share = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    edges = np.cumsum(share / share.sum())[:-1]
    return np.asarray(values, dtype=np.float64)[np.searchsorted(edges, u, side="right")]


def three_point(
    u: ArrayLike,
    low: ArrayLike,
    median: ArrayLike,
    high: ArrayLike,
    minimum: ArrayLike = float("-inf"),
    maximum: ArrayLike = float("inf"),
) -> Floats:
    """Return values of the piecewise linear quantile function of an ``UncertainInput``, or of several side by side.

    It passes through ``low`` at 5 %, ``median`` at 50 % and ``high`` at 95 %, goes on at the same
    slopes to 0 and 100 %, and is cut at ``minimum`` and ``maximum``.

    >>> three_point([0.05, 0.5, 0.95], 0.5, 0.8, 0.95).round(12)
    array([0.5 , 0.8 , 0.95])
    """
    u = np.ascontiguousarray(u, dtype=np.float64)
    low, median, high = (np.asarray(point, dtype=np.float64) for point in (low, median, high))
    below = median + (u - 0.5) * ((median - low) / (0.5 - LOW_QUANTILE))
    above = median + (u - 0.5) * ((high - median) / (HIGH_QUANTILE - 0.5))
    return np.clip(np.where(u < 0.5, below, above), minimum, maximum)
