"""When something is first met, of futures watched equally long, and how far the others are from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import Estimate, known_mean_interval, probability, quantile
from simulator.analysis.lifetimes import Lifetime, lifetime

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

SPREAD: Final = {"p05": 0.05, "p50": 0.50, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class FirstMet:
    """The first day on which something is met, from the start on; right-censored at the last day watched."""

    ever: Estimate
    """P(met on some day watched)."""
    days: Lifetime
    """Quantiles of the first day, in days from the start; ``inf`` is beyond the last day watched."""
    watched: tuple[float, ...]
    """Days looked at."""
    not_yet: tuple[Estimate, ...]
    """P(not met on that day nor before), for each of them: the survival curve."""


def first_met(met: Flags, watched: Sequence[float], weights: Floats | None = None) -> FirstMet:
    """Return when flags (n, days) are first true, with intervals.

    Every future is watched on the same days to the same end, so the Kaplan-Meier curve is the share of futures that
    have not met it yet [1]_; it is known on the days watched alone, market reviews four weeks apart and checkpoints.
    Its intervals are those of ``probability``, those of the quantiles between order statistics.

    >>> met = np.zeros((16, 3), dtype=bool)
    >>> met[:8, 1:] = True
    >>> found = first_met(met, (0.0, 28.0, 56.0))
    >>> found.ever.value, found.days.quantiles["p50"].value, [item.value for item in found.not_yet]
    (0.5, 28.0, [1.0, 0.5, 0.5])

    References
    ----------
    .. [1] Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete observations. *JASA* 53.
    """
    days = first_days(met, watched)
    left = np.asarray(watched)[:, None] < days
    counts = np.count_nonzero(left, axis=1).tolist()
    # Futures only leave: on days on which equally many are left, they are the same ones.
    some_day = {count: k for k, count in enumerate(counts)}
    estimates = {count: probability(left[k], weights=weights) for count, k in some_day.items()}
    not_yet = tuple(estimates[count] for count in counts)
    ever = probability(np.isfinite(days), weights=weights)
    return FirstMet(ever, lifetime(days, watched[-1], weights), tuple(watched), not_yet)


def first_days(met: Flags, watched: Sequence[float]) -> Floats:
    """(n,) first day on which flags (n, days) are true; ``inf`` where on none."""
    found = np.asarray(watched)[np.argmax(met, axis=1)]
    return np.where(met.any(axis=1), found, np.inf)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far futures are from a threshold at the deadline; 0 where they are within it."""

    unit: str
    mean: Estimate
    quantiles: Mapping[str, Estimate]
    """``p05``, ``p50``, ``p95`` -> quantile over futures with its interval between order statistics."""


def distance_of(values: Floats, unit: str, weights: Floats | None = None) -> Distance:
    """Return the spread of (n,) distances over the futures that define them."""
    spread = {name: quantile(values, q, weights=weights) for name, q in SPREAD.items()}
    return Distance(unit, known_mean_interval(values, weights=weights), spread)
