"""Rank correlation of uncertain inputs with a result, and what inputs without influence would show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from simulator.analysis.intervals import Estimate
from simulator.analysis.jackknife import Places, jackknife

Floats = NDArray[np.float64]


def spearman(inputs: Floats, result: Floats) -> Floats:
    """Return Spearman's rank correlation of each input with the result: (k,).

    Pearson's correlation of the ranks, equal values sharing the mean of theirs [1]_; ``nan`` where an
    input or the result is the same everywhere.

    Parameters
    ----------
    inputs
        (n, k) values, one column per input.
    result
        (n,) values; yes or no as 1 and 0.

    References
    ----------
    .. [1] Spearman, C. (1904). The proof and measurement of association between two things. *Am. J. Psychol.* 15.

    Examples
    --------
    >>> spearman(np.array([[1.0, 3.0], [2.0, 2.0], [5.0, 1.0]]), np.array([0.1, 0.2, 0.9])).round(6)
    array([ 1., -1.])
    """
    x = rankdata(inputs, axis=0)
    y = rankdata(result)
    x -= x.mean(axis=0)
    y -= y.mean()
    scale = np.sqrt((x * x).sum(axis=0) * (y * y).sum())
    found: Floats = np.divide((x * y[:, None]).sum(axis=0), scale, out=np.full(x.shape[1], np.nan), where=scale > 0.0)
    return found


def rank_correlations(inputs: Floats, result: Floats) -> tuple[Estimate, ...]:
    """Estimate ``spearman`` of each input with the interval of the jackknife over the 16 randomisations."""

    def among(places: Places) -> Floats:
        return spearman(inputs[places], result[places])

    found = jackknife(among, len(result))
    return tuple(replace(item, low=max(-1.0, item.low), high=min(1.0, item.high)) for item in found)


def null_band(dummies: Floats, result: Floats, inputs: int, level: float = 0.95) -> float:
    """Return the absolute correlation that, with probability ``level``, none of ``inputs`` without influence passes.

    The quantile at ``1 - (1 - level) / inputs`` (Bonferroni) of the absolute correlations of dummy inputs,
    which are drawn like the others and read by nobody.

    Parameters
    ----------
    dummies
        (n, d) values of the dummy inputs.
    result
        (n,) values.
    inputs
        Number of inputs that are looked at together.
    """
    apart = np.abs(spearman(dummies, result))
    return float(np.quantile(apart, 1.0 - (1.0 - level) / inputs)) if not np.isnan(apart).any() else float("nan")
