"""Scores of a predictive sample against what was seen: coverage, CRPS, pinball loss, skill.

The continuous ranked probability score of a sample is ``mean |x - y| - mean |x - x'| / 2``; for a sample of one value
it is the absolute error [1]_.

References
----------
.. [1] Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and estimation. *J. Am. Stat.
   Assoc.* 102, 359-378.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of the bands of 90 and 50 % and their middle."""


def crps(sample: Floats, seen: float) -> float:
    """Continuous ranked probability score of a sample (n,), in the unit of what was seen; 0 is perfect.

    >>> crps(np.array([3.0]), 5.0)
    2.0
    >>> crps(np.array([0.0, 1.0]), 0.0)
    0.25
    """
    ordered = np.sort(sample)
    n = ordered.size
    weights = 2.0 * np.arange(1, n + 1) - n - 1.0
    spread = float(np.sum(weights * ordered)) / (n * n)
    return float(np.mean(np.abs(ordered - seen))) - spread


def pinball(sample: Floats, seen: float) -> float:
    """Mean pinball loss over ``LEVELS``, in the unit of what was seen.

    >>> pinball(np.array([1.0]), 1.0)
    0.0
    """
    quantiles = np.quantile(sample, LEVELS)
    levels = np.array(LEVELS)
    return float(np.mean(np.where(seen >= quantiles, levels, levels - 1.0) * (seen - quantiles)))


def covered(sample: Floats, seen: float, share: float) -> bool:
    """Whether the middle ``share`` of a sample holds what was seen; its ends belong to it.

    >>> covered(np.arange(101.0), 95.0, 0.9), covered(np.arange(101.0), 96.0, 0.9)
    (True, False)
    """
    low, high = np.quantile(sample, [(1.0 - share) / 2, (1.0 + share) / 2])
    return bool(low <= seen <= high)


def skill(score: float, null: float) -> float | None:
    """One minus the score over that of a null model: above 0 is better than it; None where the null is perfect too."""
    if null == 0.0:
        return None if score == 0.0 else -np.inf
    return 1.0 - score / null
