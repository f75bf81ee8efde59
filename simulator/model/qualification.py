"""Qualification: how much of what it misses the focal buyer may take from suppliers that are new to its firms.

The focal economy's users of a product are many firms, each with suppliers of its own. To take more from another it must
qualify it first, and it begins when supply falls short. Firms bear a shortage differently well, so the part that has
begun grows with the lasting shortage: half of them at ``qualification_shortage_trigger``, log-logistic with a spread of
``qualification_trigger_p90_multiple``. Who has begun goes on, and accepts other suppliers after the qualification time.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter

Floats = NDArray[np.float64]
_TINY = 1e-300
_LOG_ODDS_P90 = math.log(9.0)


class Qualification:
    """How many firms of the focal economy accept other suppliers of one stage."""

    def __init__(self, days: Floats, step: float, reviews: int) -> None:
        """Nobody has begun yet.

        Parameters
        ----------
        days
            (n,) from the beginning of qualification to acceptance.
        step
            Days between reviews.
        reviews
            Number of reviews.
        """
        self._lag = np.ceil(days / step).astype(np.int64)
        self._trigger = parameter("qualification_shortage_trigger").value
        self._steepness = _LOG_ODDS_P90 / math.log(parameter("qualification_trigger_p90_multiple").value)
        self._forget = 0.5 ** (step / parameter("price_gap_smoothing_days").value)
        self.shortfall = np.zeros(days.size)
        """(n,) smoothed unfilled share of what the focal buyer needs."""
        self._begun = np.zeros((reviews + 1, days.size))
        """(T + 1, n) part of the firms that has begun before each review."""
        self._rows = np.arange(days.size)

    def accepted(self, index: int) -> Floats:
        """(n,) part of the firms that may take what they miss from any supplier at review ``index``."""
        return np.asarray(self._begun[np.clip(index + 1 - self._lag, 0, index), self._rows])

    def note(self, short: Floats, index: int) -> None:
        """Learn the unfilled share (n,) of review ``index``."""
        self.shortfall = short + (self.shortfall - short) * self._forget
        odds = np.power(self.shortfall / self._trigger, self._steepness)
        self._begun[index + 1] = np.maximum(self._begun[index], odds / (1.0 + odds))
