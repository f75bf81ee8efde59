"""Intervals of statistics that are no means: correlations, ratios of variances."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from simulator.analysis.intervals import LEVEL, Estimate
from simulator.experiment.points import RANDOMISATIONS

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


def jackknife(statistic: Callable[[Places], Floats], n: int, level: float = LEVEL) -> tuple[Estimate, ...]:
    """Estimate several statistics of n points in their order, each with the interval of the grouped jackknife.

    With ``s`` the statistic of all points and ``s_r`` that without randomisation ``r`` (of R = 16, point k
    belongs to ``k mod 16``), the pseudo-values ``R s - (R - 1) s_r`` are about independent [1]_; the interval
    is ``s`` plus or minus Student's t with R - 1 degrees of freedom times their standard error.

    Parameters
    ----------
    statistic
        Function of the places of the points to count, returning shape (k,).
    n
        Number of points.
    level
        Level of the intervals.

    Returns
    -------
    tuple
        One estimate per statistic; ``nan`` ends where it is not defined without some randomisation.

    References
    ----------
    .. [1] Tukey, J. W. (1958). Bias and confidence in not-quite large samples. *Ann. Math. Statist.* 29.
    """
    places = np.arange(n)
    whole = statistic(places)
    if n < 2 * RANDOMISATIONS:
        return tuple(Estimate(float(value), math.nan, math.nan, n) for value in whole)
    without = np.stack([statistic(places[places % RANDOMISATIONS != r]) for r in range(RANDOMISATIONS)])
    pseudo = RANDOMISATIONS * whole - (RANDOMISATIONS - 1) * without
    t = float(stdtrit(RANDOMISATIONS - 1, 0.5 + level / 2.0))
    halves = t * pseudo.std(axis=0, ddof=1) / math.sqrt(RANDOMISATIONS)
    return tuple(
        Estimate(float(value), float(value - half), float(value + half), n)
        for value, half in zip(whole, halves, strict=True)
    )
