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
        lag = np.maximum(np.ceil(days / step).astype(np.int64), 1)
        n = days.size
        self._soonest = int(lag.min())
        self._order = np.argsort(lag, kind="stable")
        self._rank = np.argsort(self._order)
        self._columns = np.arange(n)
        self._behind = self._columns - (lag[self._order] - 1) * n
        """(n,) place in ``_begun`` of what is accepted at review 0; below ``_columns`` where nobody could be yet."""
        self._trigger = parameter("qualification_shortage_trigger").value
        self._steepness = _LOG_ODDS_P90 / math.log(parameter("qualification_trigger_p90_multiple").value)
        self._forget = 0.5 ** (step / parameter("price_gap_smoothing_days").value)
        self.shortfall = np.zeros(days.size)
        """(n,) smoothed unfilled share of what the focal buyer needs."""
        self._now = np.zeros(n)
        """(n,) part of the firms that has begun."""
        self._begun = np.zeros((reviews + 1, n))
        """(T + 1, n) the same before each review; replications with the same lag side by side, read together."""

    def accepted(self, index: int) -> Floats:
        """(n,) part of the firms that may take what they miss from any supplier at review ``index``."""
        if index + 1 <= self._soonest:
            return np.zeros(self._now.size)
        places = np.maximum(self._behind + index * self._now.size, self._columns)
        return np.asarray(self._begun.take(places).take(self._rank))

    def note(self, short: Floats, index: int) -> None:
        """Learn the unfilled share (n,) of review ``index``."""
        self.shortfall = short + (self.shortfall - short) * self._forget
        odds = np.power(self.shortfall / self._trigger, self._steepness)
        odds /= 1.0 + odds
        self._now = np.maximum(self._now, odds)
        self._begun[index + 1] = self._now.take(self._order)
