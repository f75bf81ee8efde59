"""How far an estimate from a finite number of replications may be from the truth.

Where observations weight the replications, every function takes their weights; without them all count alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
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
    ess: float | None = field(default=None, repr=False)
    """Replications of equal weight that would say as much, where observations weight them; None where they do not."""


def wilson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
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


def mean_interval(values: ArrayLike, level: float = LEVEL, weights: Floats | None = None) -> Estimate:
    """Estimate the mean of values in replication order: Student's t over the means of the 16 randomisations.

    The randomisations are independent and each is a quasi-random sample, so the spread of their means
    counts what quasi-randomness gained, which the spread of single replications does not.
    """
    if weights is not None:
        return _weighted_mean(values, weights, level)
    table = _by_randomisation(values)
    if table.size == 0 or np.isnan(table).any():
        return Estimate(math.nan, math.nan, math.nan, table.size)
    return _of_means(table.mean(axis=1), table.size, level)


def _of_means(means: Floats, n: int, level: float) -> Estimate:
    """Estimate the mean of ``n`` values from the (16,) means of the randomisations: asked for by the thousand."""
    centre = float(np.add.reduce(means)) / RANDOMISATIONS
    apart = means - centre
    sd = math.sqrt(float(np.add.reduce(apart * apart)) / (RANDOMISATIONS - 1))
    half = float(stdtrit(RANDOMISATIONS - 1, 0.5 + level / 2.0)) * sd / math.sqrt(RANDOMISATIONS)
    return Estimate(centre, centre - half, centre + half, n)


def known_mean_interval(values: ArrayLike, level: float = LEVEL, weights: Floats | None = None) -> Estimate:
    """Estimate the mean of those values that are defined, in replication order; ``n`` counts them.

    As ``mean_interval``, over the means of what each randomisation knows; no interval where one knows nothing.
    """
    if weights is not None:
        return _weighted_mean(values, np.where(np.isnan(values), 0.0, weights), level)
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


def probability(flags: ArrayLike, level: float = LEVEL, weights: Floats | None = None) -> Estimate:
    """Estimate a probability from yes or no in replication order.

    The t interval of ``mean_interval`` cut to [0, 1]; where all randomisations agree it would have no
    width, which no finite sample can know, so Wilson's interval is given.
    """
    if weights is not None:
        return _weighted_share(flags, weights, level)
    table = _by_randomisation(flags)
    if table.size == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    counts = table.sum(axis=1)
    successes = int(counts.sum())
    if (counts == counts[0]).all():
        return Estimate(successes / table.size, *wilson(successes, table.size, level), table.size)
    estimate = _of_means(counts / table.shape[1], table.size, level)
    return Estimate(successes / table.size, max(0.0, estimate.low), min(1.0, estimate.high), table.size)


def counted_mean(values: ArrayLike, most: float, level: float = LEVEL, weights: Floats | None = None) -> Estimate:
    """Estimate the mean of how many of ``most`` things are so, in replication order.

    The t interval of ``mean_interval`` cut to [0, most]; where all randomisations agree, Wilson's of the share.

    >>> counted_mean(np.zeros(64), 3.0).low, round(counted_mean(np.zeros(64), 3.0).high, 3)
    (0.0, 0.17)
    """
    estimate = mean_interval(values, level, weights=weights)
    low, high = estimate.low, estimate.high
    if low == high and estimate.n > 0 and most > 0:
        ends = wilson(round(estimate.value / most * estimate.n), estimate.n, level)
        low, high = min(most * ends[0], low), max(most * ends[1], high)
    return replace(estimate, low=max(0.0, low), high=min(most, high))


def conditional_probability(
    flags: ArrayLike, given: ArrayLike, level: float = LEVEL, weights: Floats | None = None
) -> Estimate:
    """Estimate P(flags | given) by Wilson's interval over the replications in which ``given`` holds.

    Wilson's, because the randomisations then hold unequal and random numbers of replications.
    """
    if weights is not None:
        inside = np.asarray(given, dtype=bool)
        return _weighted_share(flags, np.where(inside, weights, 0.0), level)
    chosen = np.asarray(flags, dtype=bool)[np.asarray(given, dtype=bool)]
    if chosen.size == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    successes = int(chosen.sum())
    return Estimate(successes / chosen.size, *wilson(successes, chosen.size, level), chosen.size)


def quantile(values: ArrayLike, q: float, level: float = LEVEL, weights: Floats | None = None) -> Estimate:
    """Estimate a quantile with an interval between order statistics, valid for any distribution.

    Values that are ``nan`` are left out and ``n`` counts the others. The interval takes replications as
    independent, which for quasi-random ones errs on the wide side.

    >>> quantile(range(1, 1001), 0.5)
    Estimate(value=500.5, low=469.0, high=532.0, n=1000)
    >>> quantile([1.0, 2.0, np.inf, np.inf], 0.5).value
    inf
    """
    known = np.asarray(values, dtype=np.float64)
    if weights is not None:
        return _weighted_quantile(known, q, weights, level)
    known = np.sort(known[~np.isnan(known)])
    n = len(known)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    low, high = ranks(n, q, level)
    above = float(known[math.ceil(q * (n - 1))])
    # Between a number and what never comes lies nothing: half of the futures never see it.
    middle = above if math.isinf(above) else _linear(known, q)
    return Estimate(middle, float(known[low]), float(known[high]), n)


@lru_cache(maxsize=256)
def ranks(n: int, q: float, level: float = LEVEL) -> tuple[int, int]:
    """Places among ``n`` ascending values between which their quantile lies; asked again and again of the same few."""
    below = bdtr(np.arange(n), n, q)  # P(at most k of n lie below the quantile)
    tail = (1.0 - level) / 2.0
    low = max(int(np.searchsorted(below, tail, side="right")) - 1, 0)
    return low, min(int(np.searchsorted(below, 1.0 - tail, side="left")), n - 1)


def effective_size(weights: ArrayLike) -> float:
    """Return how many replications of equal weight say as much as weighted ones: squared sum over sum of squares.

    >>> effective_size([1.0, 1.0, 0.0, 0.0]), effective_size([3.0, 1.0])
    (2.0, 1.6)

    References
    ----------
    Kish, L. (1965). *Survey Sampling*. Wiley, section 11.7.
    """
    counted = np.asarray(weights, dtype=np.float64)
    squares = float((counted * counted).sum())
    return float(counted.sum()) ** 2 / squares if squares > 0 else 0.0


def quantiles_of(values: ArrayLike, levels: Sequence[float], weights: Floats | None = None) -> Floats:
    """Return quantiles of the values that are defined, ``nan`` where none is; between neighbours linear.

    With weights the sorted values stand at steps of the mean weight of two neighbours, so that equal weights give
    the quantiles of the values alone.

    >>> quantiles_of([3.0, 1.0, 2.0], [0.5, 1.0]), quantiles_of([1.0, 2.0, 9.0], [0.5], np.array([1.0, 1.0, 0.0]))
    (array([2., 3.]), array([1.5]))
    """
    given = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(given) if weights is None else ~np.isnan(given) & (weights > 0)
    found = given[known]
    if found.size == 0:
        return np.full(len(levels), np.nan)
    if weights is None:
        found = np.sort(found)
        return np.array([_linear(found, level) for level in levels])
    order = np.argsort(found, kind="stable")
    counted = weights[known][order]
    steps = np.concatenate([[0.0], np.cumsum((counted[1:] + counted[:-1]) / 2.0)])
    places = steps / steps[-1] if steps[-1] > 0 else steps
    return _between(places, found[order], np.asarray(levels, dtype=np.float64))


def _linear(ascending: Floats, level: float) -> float:
    """Return a quantile of sorted values as ``np.quantile`` does, which would look for its two neighbours first."""
    place = float(level) * (len(ascending) - 1)
    left = int(place)
    low, high = float(ascending[left]), float(ascending[min(left + 1, len(ascending) - 1)])
    part, gap = place - left, high - low
    return high - gap * (1.0 - part) if part >= 0.5 else low + gap * part


def _between(places: Floats, ascending: Floats, levels: Floats) -> Floats:
    """Interpolate linearly; next to an infinite value, which has no middle, take that value."""
    left = np.clip(np.searchsorted(places, levels, side="right") - 1, 0, len(places) - 1)
    right = np.minimum(left + 1, len(places) - 1)
    span = places[right] - places[left]
    part = np.divide(levels - places[left], span, out=np.zeros_like(levels), where=span > 0)
    low, high = ascending[left], ascending[right]
    with np.errstate(invalid="ignore"):
        return np.where(part <= 0, low, np.where(np.isinf(high), high, low + part * (high - low)))


def _weighted_mean(values: ArrayLike, weights: Floats, level: float) -> Estimate:
    """Estimate a weighted mean, with the interval of the jackknife that leaves one randomisation out at a time.

    A weighted mean is a ratio of two sums, so the spread of the randomisations' own means would count a
    randomisation of little weight as much as any other; the pseudo-values of the jackknife do not.
    """
    counted = _by_randomisation(weights)
    table = _by_randomisation(values)
    n, ess = int((counted > 0).sum()), effective_size(counted)
    amounts = np.where(counted > 0, counted * table, 0.0).sum(axis=1)
    totals = counted.sum(axis=1)
    left = totals.sum() - totals
    if n == 0 or np.isnan(amounts).any():
        return Estimate(math.nan, math.nan, math.nan, n, ess)
    centre = float(amounts.sum() / totals.sum())
    if (left <= 0).any():
        return Estimate(centre, math.nan, math.nan, n, ess)
    without = (amounts.sum() - amounts) / left
    pseudo = RANDOMISATIONS * centre - (RANDOMISATIONS - 1) * without
    half = float(stdtrit(RANDOMISATIONS - 1, 0.5 + level / 2.0)) * float(pseudo.std(ddof=1)) / math.sqrt(RANDOMISATIONS)
    return Estimate(centre, centre - half, centre + half, n, ess)


def _weighted_share(flags: ArrayLike, weights: Floats, level: float) -> Estimate:
    """Estimate a weighted share of yes; Wilson's interval of the effective sample where there is no spread to go by."""
    found = _weighted_mean(np.asarray(flags, dtype=np.float64), weights, level)
    if math.isnan(found.value) or found.ess is None:
        return found
    share = min(max(found.value, 0.0), 1.0)
    if math.isnan(found.low) or found.high - found.low < 1e-12:
        low, high = wilson(share * found.ess, found.ess, level)
        return replace(found, value=share, low=low, high=high)
    return replace(found, value=share, low=max(0.0, found.low), high=min(1.0, found.high))


def _weighted_quantile(values: Floats, q: float, weights: Floats, level: float) -> Estimate:
    """Estimate a weighted quantile, between the quantiles at the ends of the share's own interval (Woodruff 1952)."""
    counted = np.where(np.isnan(values), 0.0, weights)
    ess, n = effective_size(counted), int((counted > 0).sum())
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, ess)
    value, low, high = quantiles_of(values, (q, *wilson(q * ess, ess, level)), weights)
    return Estimate(float(value), float(low), float(high), n, ess)


def counted_rows(replications: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows that count: those of whole rounds, so that row k of them is of randomisation k mod 16.

    That is all of them in a run without failures. Where no round is whole, what is kept is too little for an interval.

    >>> counted_rows(np.delete(np.arange(48), 20)).tolist() == [*range(16), *range(31, 47)]
    True
    >>> len(counted_rows(np.delete(np.arange(32), [3, 20])))
    15
    """
    _, place, size = np.unique(replications // RANDOMISATIONS, return_inverse=True, return_counts=True)
    whole = np.flatnonzero(size[place] == RANDOMISATIONS)
    return whole if len(whole) else np.arange(min(len(replications), RANDOMISATIONS - 1))


def _by_randomisation(values: ArrayLike) -> Floats:
    """(16, n / 16) values; what a partial run has beyond whole rounds is left out."""
    array = np.asarray(values, dtype=np.float64)
    whole = len(array) // RANDOMISATIONS * RANDOMISATIONS
    return np.ascontiguousarray(array[:whole].reshape(-1, RANDOMISATIONS).T)
