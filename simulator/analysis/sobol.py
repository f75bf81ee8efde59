"""Variance of a result by its sources: Sobol indices, and what we do not know against what chance decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import Estimate
from simulator.analysis.jackknife import Places, jackknife

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Indices:
    """Sobol indices of some factors, in their order."""

    first: tuple[Estimate, ...]
    """Share of the variance that the factor explains by itself."""
    total: tuple[Estimate, ...]
    """Share that would be left if all but the factor were known: with its interactions."""


def sobol_indices(a: Floats, b: Floats, mixed: Floats, noise: Floats | float = 0.0) -> Indices:
    """Estimate first-order and total indices from a Saltelli design.

    With f at N points A, at N independent points B, and at the points of A with factor i taken from B:
    first order ``mean((f_B - m) (f_ABi - f_A)) / V`` (Saltelli et al. 2010 [1]_, centred at the mean m),
    total ``mean((f_A - f_ABi)^2) / (2 V)`` (Jansen 1999 [2]_). ``V`` is the variance of f over A and B, less
    ``noise``. Where row j of A, B and all AB_i has the same chance (common random numbers), chance cancels from
    both numerators, apart from interactions of chance with the factors.

    Parameters
    ----------
    a, b
        (N,) results at the points of A and B; points k of the 16 randomisations as in a run.
    mixed
        (k, N) results at A with one factor from B.
    noise
        (N,) or one: variance that chance leaves in a result.

    Returns
    -------
    Indices
        Jackknife intervals over the randomisations; ``nan`` where the inputs make no variance.

    References
    ----------
    .. [1] Saltelli, A. et al. (2010). Variance based sensitivity analysis of model output. *Comput. Phys.
       Commun.* 181.
    .. [2] Jansen, M. J. W. (1999). Analysis of variance designs for model output. *Comput. Phys. Commun.* 117.
    """
    left = np.broadcast_to(np.asarray(noise, dtype=np.float64), a.shape)
    k = len(mixed)

    def among(places: Places) -> Floats:
        ours, theirs, both = a[places], b[places], mixed[:, places]
        middle, variance = _spread(ours, theirs, left[places])
        if variance <= 0.0:
            return np.full(2 * k, np.nan)
        first = ((theirs - middle) * (both - ours)).mean(axis=1)
        total = 0.5 * ((ours - both) ** 2).mean(axis=1)
        return np.concatenate([first, total]) / variance

    found = jackknife(among, len(a))
    return Indices(found[:k], found[k:])


def noise_floor(a: Floats, b: Floats, again: Floats, noise: Floats | float = 0.0) -> Indices:
    """Estimate the indices of a dummy factor, which changes nothing but the chance that a result is met with.

    The total index is that of ``sobol_indices`` with f at the points of A under other chance as f_ABi; the
    first-order one pairs these with B one round of the randomisations on, so that nothing is in common and the
    truth is zero. Indices of an input below them would drown in chance if chance were not common.
    """
    left = np.broadcast_to(np.asarray(noise, dtype=np.float64), a.shape)
    shifted = np.roll(b, -_round(len(b)))

    def among(places: Places) -> Floats:
        ours, other = a[places], again[places]
        middle, variance = _spread(ours, b[places], left[places])
        if variance <= 0.0:
            return np.full(2, np.nan)
        first = ((shifted[places] - middle) * (other - ours)).mean()
        return np.array([first, 0.5 * ((ours - other) ** 2).mean()]) / variance

    first, total = jackknife(among, len(a))
    return Indices((first,), (total,))


def _round(n: int) -> int:
    from simulator.experiment.points import RANDOMISATIONS

    return min(RANDOMISATIONS, max(n - 1, 0))


def _spread(a: Floats, b: Floats, noise: Floats) -> tuple[float, float]:
    """Mean of all results, and their variance without what chance leaves in them."""
    both = np.concatenate([a, b])
    return float(both.mean()), float(both.var(ddof=1) - noise.mean())


@dataclass(frozen=True, slots=True)
class Sources:
    """Variance of a result over futures, by the law of total variance."""

    epistemic: Estimate
    """Share of it that would go if the uncertain inputs were known, 0 to 1."""
    epistemic_variance: float
    aleatory_variance: float
    points: int
    """Sets of input values."""
    repeats: int
    """Futures under each, different by chance alone."""


def sources_of_variance(values: Floats) -> Sources:
    """Split the variance of a result into what inputs do and what chance does.

    ``Var(Y) = Var(E[Y | X]) + E[Var(Y | X)]``. The second is estimated by the mean variance within the points;
    the first by the variance between the means of the points less the second over the repeats, for the means
    still hold that much chance (one-way analysis of variance with random effects [1]_). A negative estimate of
    the first counts as 0.

    Parameters
    ----------
    values
        (points, repeats) results; point j belongs to randomisation j mod 16.

    References
    ----------
    .. [1] Searle, S. R., Casella, G. and McCulloch, C. E. (1992). *Variance Components*, section 3.5. Wiley.
    """
    points, repeats = values.shape
    within = values.var(axis=1, ddof=1)
    means = values.mean(axis=1)

    def between(places: Places) -> float:
        return max(0.0, float(means[places].var(ddof=1) - within[places].mean() / repeats))

    def share(places: Places) -> Floats:
        whole = between(places) + float(within[places].mean())
        return np.array([between(places) / whole if whole > 0.0 else np.nan])

    (found,) = jackknife(share, points)
    everything = np.arange(points)
    cut = Estimate(found.value, float(np.clip(found.low, 0.0, 1.0)), float(np.clip(found.high, 0.0, 1.0)), values.size)
    return Sources(cut, between(everything), float(within.mean()), points, repeats)
