"""How far an estimate from a finite number of replications may be from the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, ndtri, stdtrit

from simulator.experiment.points import RANDOMISATIONS

Floats = NDArray[np.float64]

LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its confidence interval; all ``nan`` when there was nothing to estimate from."""

    value: float
    low: float
    high: float
    n: int
    """Replications behind it."""


def wilson(successes: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion.

    >>> low, high = wilson(0, 1024)
    >>> low, round(high, 6)
    (0.0, 0.003737)

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. *JASA* 22.
    """
    z2 = float(ndtri(0.5 + level / 2.0)) ** 2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # At 0 and 1 the ends are exact, which round-off would hide.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return low, high


def mean_interval(values: ArrayLike, level: float = LEVEL) -> Estimate:
    """Estimate the mean of values in replication order: Student's t over the means of the 16 randomisations.

    The randomisations are independent and each is a quasi-random sample, so the spread of their means
    counts what quasi-randomness gained, which the spread of single replications does not.
    """
    table = _by_randomisation(values)
    if table.size == 0 or np.isnan(table).any():
        return Estimate(math.nan, math.nan, math.nan, table.size)
    means = table.mean(axis=1)
    half = float(stdtrit(RANDOMISATIONS - 1, 0.5 + level / 2.0)) * float(means.std(ddof=1)) / math.sqrt(RANDOMISATIONS)
    centre = float(means.mean())
    return Estimate(centre, centre - half, centre + half, table.size)


def known_mean_interval(values: ArrayLike, level: float = LEVEL) -> Estimate:
    """Estimate the mean of those values that are defined, in replication order; ``n`` counts them.

    As ``mean_interval``, over the means of what each randomisation knows; no interval where one knows nothing.
    """
    table = _by_randomisation(values)
    known = ~np.isnan(table)
    if known.all():
        return mean_interval(values, level)
    n = int(known.sum())
    if not known.any(axis=1).all():
        centre = float(table[known].mean()) if n else math.nan
        return Estimate(centre, math.nan, math.nan, n)
    means = np.where(known, table, 0.0).sum(axis=1) / known.sum(axis=1)
    return replace(mean_interval(means, level), n=n)


def probability(flags: ArrayLike, level: float = LEVEL) -> Estimate:
    """Estimate a probability from yes or no in replication order.

    The t interval of ``mean_interval`` cut to [0, 1]; where all randomisations agree it would have no
    width, which no finite sample can know, so Wilson's interval is given.
    """
    table = _by_randomisation(flags)
    if table.size == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    counts = table.sum(axis=1)
    successes = int(counts.sum())
    if (counts == counts[0]).all():
        return Estimate(successes / table.size, *wilson(successes, table.size, level), table.size)
    estimate = mean_interval(table.T.ravel(), level)
    return Estimate(successes / table.size, max(0.0, estimate.low), min(1.0, estimate.high), table.size)


def conditional_probability(flags: ArrayLike, given: ArrayLike, level: float = LEVEL) -> Estimate:
    """Estimate P(flags | given) by Wilson's interval over the replications in which ``given`` holds.

    Wilson's, because the randomisations then hold unequal and random numbers of replications.
    """
    chosen = np.asarray(flags, dtype=bool)[np.asarray(given, dtype=bool)]
    if chosen.size == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    successes = int(chosen.sum())
    return Estimate(successes / chosen.size, *wilson(successes, chosen.size, level), chosen.size)


def quantile(values: ArrayLike, q: float, level: float = LEVEL) -> Estimate:
    """Estimate a quantile with an interval between order statistics, valid for any distribution.

    Values that are ``nan`` are left out and ``n`` counts the others. The interval takes replications as
    independent, which for quasi-random ones errs on the wide side.

    >>> quantile(range(1, 1001), 0.5)
    Estimate(value=500.5, low=469.0, high=532.0, n=1000)
    """
    known = np.asarray(values, dtype=np.float64)
    known = np.sort(known[~np.isnan(known)])
    n = len(known)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    below = bdtr(np.arange(n), n, q)  # P(at most k of n lie below the quantile)
    tail = (1.0 - level) / 2.0
    low = max(int(np.searchsorted(below, tail, side="right")) - 1, 0)
    high = min(int(np.searchsorted(below, 1.0 - tail, side="left")), n - 1)
    return Estimate(float(np.quantile(known, q)), float(known[low]), float(known[high]), n)


def _by_randomisation(values: ArrayLike) -> Floats:
    """(16, n / 16) values; what a partial run has beyond whole rounds is left out."""
    array = np.asarray(values, dtype=np.float64)
    whole = len(array) // RANDOMISATIONS * RANDOMISATIONS
    return np.ascontiguousarray(array[:whole].reshape(-1, RANDOMISATIONS).T)
