"""Front-loading: what leaves between the announcement of a control and its effect.

Targeted buyers lay in what the multiple of their ordinary orders comes to over that time. Orders take some days to
reach the port, so it leaves in the rest of it, and at the latest on the day of effect. Sellers run all their capacity
from the announcement on. Buyers get no more than sellers have: the orders pass the same market as all others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import ControlChange
from simulator.model.rows import outer, reaches

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class FrontLoading:
    """Orders ahead of one announced control; a rule may put its days on the clock later."""

    def __init__(self, change: ControlChange, covered: Floats, hoarding: Floats, preparing_days: float) -> None:
        """Set up what one control pulls forward.

        Parameters
        ----------
        change
            The control, with the day of its announcement.
        covered
            (B,) whether it targets each buyer.
        hoarding
            (n,) multiple of ordinary orders before a control.
        preparing_days
            From an order to the port.
        """
        assert change.announced is not None
        self.change = change
        self.announced: Floats = change.announced
        self.part = covered * change.covered_share
        """(B,) part of each buyer's orders that the control covers."""
        self._hoarding = hoarding
        self._preparing_days = preparing_days
        mask = change.mask
        dated = bool(np.isfinite(change.day[mask]).all())
        first, end = self.announced[mask].min(initial=np.inf), change.day[mask].max(initial=-np.inf)
        self._span = (float(first), float(end)) if dated else (-np.inf, np.inf)
        """Days between which it may be announced and not hold; always, where a rule may put them on the clock."""

    def _begin(self) -> tuple[Floats, Floats]:
        """(n,) first day on which goods leave ahead, and how much denser they leave for having begun late."""
        dated = np.isfinite(self.change.day) & np.isfinite(self.announced)
        window = np.subtract(self.change.day, self.announced, out=np.zeros_like(self.announced), where=dated)
        window = np.maximum(window, 0.0)
        preparing = np.minimum(self._preparing_days, window / 2.0)
        return self.announced + preparing, window / np.maximum(window - preparing, 1.0)

    def _awaited(self, day: float) -> Mask | None:
        """(n,) whether the control is announced and does not hold on ``day``; None where it is so nowhere."""
        first, end = self._span
        if not first <= day < end:
            return None
        awaited = self.change.mask & (self.announced <= day) & (day < self.change.day)
        return awaited if awaited.any() else None

    def ahead(self, day: float) -> Mask | None:
        """(n,) whether buyers lay in for a control that is announced and does not hold on ``day``; None for nobody."""
        awaited = self._awaited(day)
        return None if awaited is None else np.asarray(awaited & (self._hoarding > 1.0))

    def leaving(self, day: float) -> Mask | None:
        """(n,) whether goods leave ahead of the control on ``day``; None where none do."""
        ahead = self._awaited(day)
        if ahead is None:
            return None
        ahead &= self._begin()[0] <= day
        return ahead if ahead.any() else None

    def laying_in(self, day: float) -> Mask | None:
        """(n, B) whether a buyer lays in stock on ``day``; None where none does."""
        leaving = self.leaving(day)
        return None if leaving is None else reaches(leaving & (self._hoarding > 1.0), self.part)

    def extra(self, day: float, step: float) -> Floats | None:
        """(n, B) order on top, as a share of the ordinary claim, with a review every ``step`` days; None for none.

        A review sends what was made ready since the one before, the first in the rush no more than since it began.
        What would leave between this review and the day of effect has to leave now.
        """
        leaving = self.leaving(day)
        if leaving is None:
            return None
        begin, denser = self._begin()
        boost = outer((self._hoarding - 1.0) * denser, self.part)
        ready = np.clip((day - begin) / step, 0.0, 1.0)
        left = self.change.day - day
        hurry = np.where(left <= step, left / step, 0.0)
        return np.asarray((boost * ready[:, None] + (self.part[None, :] + boost) * hurry[:, None]) * leaving[:, None])
