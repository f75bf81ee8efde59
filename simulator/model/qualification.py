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
        lag = np.maximum(np.ceil(days / step).astype(np.int64), 1)
        n = days.size
        self._places = lag * n + np.arange(n)
        """(n,) place in the flat ``_accepting`` of what has begun at review 0."""
        self._beyond = reviews * n + np.arange(n)
        self._trigger = parameter("qualification_shortage_trigger").value
        self._steepness = _LOG_ODDS_P90 / math.log(parameter("qualification_trigger_p90_multiple").value)
        self._forget = 0.5 ** (step / parameter("price_gap_smoothing_days").value)
        self.shortfall = np.zeros(days.size)
        """(n,) smoothed unfilled share of what the focal buyer needs."""
        self._now = np.zeros(n)
        """(n,) part of the firms that has begun."""
        self._accepting = np.zeros((reviews + 1, n))
        """(T + 1, n) part of the firms that accept others at each review; the last row takes what would come later."""

    def accepted(self, index: int) -> Floats:
        """(n,) part of firms that may take what they miss from any supplier at review ``index``; not to be changed."""
        return np.asarray(self._accepting[index])

    def note(self, short: Floats, index: int) -> None:
        """Learn the unfilled share (n,) of review ``index``."""
        self.shortfall = short + (self.shortfall - short) * self._forget
        odds = np.power(self.shortfall / self._trigger, self._steepness)
        odds /= 1.0 + odds
        self._now = np.maximum(self._now, odds)
        places = np.minimum(self._places + index * odds.size, self._beyond)
        self._accepting.reshape(-1)[places] = self._now
