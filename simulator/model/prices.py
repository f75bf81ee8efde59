"""Scarcity price index of one commodity, for the world outside China and for China.

The gap, smoothed, sets the price that would clear the market at the stated sum of short-run elasticities ``e``
of supply and demand: ``(1 - gap) ** (-1 / e)``, capped. The gap is the larger of what buyers go short of and
what policy withholds from them before supply and demand have answered, as a share of their use; a buyer bids for it
only as far as its stock, or its ordinary supply, is below what it means to hold (``trade.py``, ``deprivation.py``). The
index rises towards it within weeks and falls back with the observed halving time. A rival that dumps undercuts whatever
price scarcity makes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


class PriceIndex:
    """Index of the two markets of a commodity, outside China and in it, 1 in the base year.

    Arrays (2, n) have the market outside China in row 0 and China's in row 1.
    """

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
        self.value = np.ones((2, n))
        self.scarcity = np.ones((2, n))
        """(2, n) index that scarcity alone would make: ``value`` unless a rival undercuts it."""
        self.undercut = np.ones(n)
        """(n,) factor that a rival's offers have put on it so far outside China, above 0 to 1."""
        self.gap = np.zeros((2, n))
        """(2, n) smoothed unmet share."""
        self.believed = np.ones((2, n))
        """(2, n) index that producers act on: it follows ``value`` with the time an idle plant takes to restart."""
        self._exponent = -1.0 / elasticity
        self._known: dict[float, tuple[float, float, Floats, Floats]] = {}
        self._halving_days = halving_days
        self._restart_days = restart_days
        self._rise_days = rise_days
        self._smoothing_days = smoothing_days
        self._cap = cap

    @property
    def world(self) -> Floats:
        """(n,) index outside China."""
        return np.asarray(self.value[0])

    @property
    def china(self) -> Floats:
        """(n,) index in China."""
        return np.asarray(self.value[1])

    def review(self, gap: Floats, days: float, offered: Floats | None = None) -> None:
        """Move with the unmet share (2, n) of the last review, and with what a rival asks for its goods.

        ``offered`` (n,) is a rival's price outside China over the one that scarcity makes, 1 where nobody undercuts it;
        None where nobody ever does. The market follows it, down and back up, within the weeks it takes to rise.
        """
        smoothed, rising, falling, _ = self._left(days)
        moved = self.gap - gap
        moved *= smoothed
        moved += gap
        self.gap = moved
        clearing = self.clearing(moved)
        # Where it rises nothing is above the lower of the two, and where it falls that is the clearing price itself.
        lower = np.minimum(self.scarcity, clearing)
        moved = np.power(lower / clearing, rising)
        moved *= clearing
        above = np.subtract(self.scarcity, lower, out=lower)
        above *= falling
        moved += above
        self.value = self.scarcity = moved
        if offered is not None:
            self.undercut = offered + (self.undercut - offered) * rising
            self.value = self.scarcity.copy()
            self.value[0] *= self.undercut
        self.believed = self.follow(self.believed, self.value, days)

    def clearing(self, gap: Floats, futures: Places | None = None) -> Floats:
        """(2, n) price that would clear the market at an unmet share ``gap`` (2, n), 0 or more.

        With ``futures`` (K,), replications, it is what would clear it there at shares ``gap`` (K,).
        """
        exponent = self._exponent if futures is None else self._exponent.take(futures)
        met = np.minimum(gap, 0.99)
        np.subtract(1.0, met, out=met)
        return np.minimum(np.power(met, exponent, out=met), self._cap, out=met)

    def follow(self, believed: Floats, price: Floats, days: float) -> Floats:
        """(n,) or (2, n) index that producers act on after ``days`` at ``price``."""
        moved = believed - price
        moved *= self._left(days)[3]
        moved += price
        return moved

    def _left(self, days: float) -> tuple[float, float, Floats, Floats]:
        """What is left after ``days`` of a gap, of a rise, and (n,) of a price that falls and of what is believed."""
        if days not in self._known:  # all reviews are the same number of days apart
            self._known = {
                days: (
                    0.5 ** (days / self._smoothing_days),
                    0.5 ** (days / self._rise_days),
                    np.exp2(-days / self._halving_days),
                    np.exp2(-days / self._restart_days),
                )
            }
        return self._known[days]
