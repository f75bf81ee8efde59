"""Scarcity price index of one commodity, for China and for the rest of the world.

The gap, smoothed, sets the price that would clear the market at the stated sum of short-run elasticities ``e``
of supply and demand: ``(1 - gap) ** (-1 / e)``, capped. The gap is the larger of what buyers go short of and
what policy withholds from them before supply and demand have answered. The index rises towards it within weeks
and falls back with the observed halving time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class PriceIndex:
    """One market's index, 1 in the base year."""

    def __init__(
        self,
        elasticity: Floats,
        halving_days: Floats,
        restart_days: Floats,
        rise_days: float,
        smoothing_days: float,
        cap: float,
    ) -> None:
        n = elasticity.size
        self.value = np.ones(n)
        self.gap = np.zeros(n)
        self.believed = np.ones(n)
        """(n,) index that producers act on: it follows ``value`` with the time an idle plant takes to restart."""
        self._exponent = -1.0 / elasticity
        self._halving_days = halving_days
        self._restart_days = restart_days
        self._rise_days = rise_days
        self._smoothing_days = smoothing_days
        self._cap = cap

    def review(self, gap: Floats, days: float) -> None:
        """Move with the unmet share (n,) of the last review."""
        self.gap = gap + (self.gap - gap) * 0.5 ** (days / self._smoothing_days)
        clearing = np.minimum(np.power(1.0 - np.clip(self.gap, 0.0, 0.99), self._exponent), self._cap)
        keep = np.where(clearing > self.value, 0.5 ** (days / self._rise_days), np.exp2(-days / self._halving_days))
        self.value = clearing + (self.value - clearing) * keep
        self.believed = self.value + (self.believed - self.value) * np.exp2(-days / self._restart_days)
