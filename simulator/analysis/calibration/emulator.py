"""What a target comes to at a set of parameters, whatever chance adds: a quadratic fit through the simulated points.

One future at each point is a noisy look at it. Weighing points by their own futures would prefer those with luck, and
would take the luck for knowledge of the parameters; so points are weighted by the median that the parameters give [1]_.

References
----------
.. [1] Vernon, I., Goldstein, M. and Bower, R. G. (2010). Galaxy formation: a Bayesian uncertainty analysis. *Bayesian
   Anal.* 5 (history matching on an emulator).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDS: Final = 10
"""Rounds of reweighted least squares, in which the fit moves from the mean to the median."""
RIDGE: Final = 1.0
"""Weight of nothing at all, in points: it only matters where there are hardly more points than terms."""
_EDGE: Final = 0.01
_NARROW: Final = 0.05


def medians(places: Mapping[str, Floats], predicted: Floats) -> Floats:
    """Return (n,) conditional medians of a target given the positions of all inputs, by least absolute deviations.

    Terms are linear, quadratic and products of two. Futures in which the target is not defined are left out of the
    fit; the outermost hundredth on each side is cut to the rest, which moves no median. What is fitted stays within
    what was simulated. Too few points for the terms leave the median of all.
    """
    terms = _terms(places)
    known = np.isfinite(predicted)
    if known.sum() <= 2 * terms.shape[1]:
        return np.full(len(predicted), float(np.median(predicted[known])) if known.any() else np.nan)
    low, high = np.quantile(predicted[known], (_EDGE, 1.0 - _EDGE))
    seen, given = np.clip(predicted[known], low, high), terms[known]
    scale = float(np.median(np.abs(seen - np.median(seen))))
    if scale == 0.0:
        scale = float(seen.std())
    if scale == 0.0:
        return np.full(len(predicted), float(seen[0]))
    weights = np.ones(len(seen))
    penalty = RIDGE * np.eye(terms.shape[1])
    penalty[0, 0] = 0.0
    for _ in range(ROUNDS):
        weighted = given * weights[:, None]
        fitted = np.linalg.solve(weighted.T @ given + penalty, weighted.T @ seen)
        weights = 1.0 / np.maximum(np.abs(seen - given @ fitted) / scale, _NARROW)
    return np.asarray(np.clip(terms @ fitted, low, high))


def _terms(places: Mapping[str, Floats]) -> Floats:
    """(n, 1 + d + d (d + 1) / 2) a constant, positions around their middle, squares and products."""
    linear = np.stack([item - 0.5 for item in places.values()], axis=1)
    first, second = np.triu_indices(linear.shape[1])
    products = linear[:, first] * linear[:, second]
    return np.concatenate([np.ones((len(linear), 1)), linear, products - products.mean(axis=0)], axis=1)
