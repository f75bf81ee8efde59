"""Export licences as a queue by destination.

Exporters apply for each order once. A decision comes after a lag with a heavy tail and grants part of what was
asked for; most of the rest is applied for again, and so is what lapses unused, while the buyer still orders. An order
not delivered at one review stands again at the next: what is new is the claim less the unserved part of the last one,
or the buyer's ordinary use where orders are at their ceiling and hide what is new.

With ordinary claims ``c``, approval ``a``, fill ``f`` and the refiled share ``r`` of what is not granted, the steady
throughput is ``c * a * f / (1 - r * (1 - a * f))``; with nothing filed again it is ``c * a * f`` exactly.

Under an *established* regime, older than the model's first day, base-year flows already are what it lets
through: ordinary claims are granted in full, after the same lag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import part, zeros

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_PLENTY = 1e200
"""So many times a claim is more than anybody applies for again: no limit, where there is any claim."""


@dataclass(slots=True)
class Licences:
    """Inputs of the licence queue, (n,) each."""

    approval: Floats
    """Share of applications approved, 0 to 1."""
    fill: Floats
    """Share of the requested tonnes that an approval grants, 0 to 1."""
    validity_reviews: Floats
    """Reviews until half of an unused licence has lapsed."""
    lag_reviews: NDArray[np.int16]
    """(T, n) reviews from application to decision of the cohort of each review."""
    longest: int
    """Longest lag there can be, reviews."""
    refiled: float
    """Share of the tonnes refused, or left out of an approval, that is applied for again, 0 to 1."""


class LicenceQueue:
    """Applications and licences of one producer's exporters, by buyer."""

    def __init__(self, n: int, buyers: int, terms: Licences) -> None:
        self.terms = terms
        self.buyers: list[int] = []
        """Buyers that a regime covers; the others never apply."""
        self.granted = zeros(n, buyers)
        """(n, B) tonnes that may ship under licence now."""
        self.unserved = zeros(n, buyers)
        """(n, B) tonnes claimed at the last review and not shipped: applied for already."""
        self._coming = np.zeros((terms.longest + 1, buyers, n))
        """(H, B, n) tonnes decided on at each coming review; what one review decides lies together."""
        self._from = [self._coming.reshape(-1)[buyer * n :] for buyer in range(buyers)]
        """The same in one row, from the first tonnes of each buyer on."""
        self._columns = np.arange(n)
        self.now = 0
        self._kept = np.exp2(-1.0 / terms.validity_reviews)[:, None]
        self._lapsed = 1.0 - self._kept
        self.approve(zeros(n, buyers), np.zeros((n, buyers), dtype=bool, order="F"))

    @property
    def queue(self) -> Floats:
        """(n, H, B) tonnes decided on at each coming review."""
        return self._coming.transpose(2, 0, 1)

    @property
    def pending(self) -> Floats:
        """(n, B) tonnes applied for and not decided."""
        return np.asarray(self.queue.sum(axis=1))

    def approve(self, approval: Floats, settled: Mask) -> None:
        """From now on grant ``approval`` (n, B) of applications, and all of them where the regime is ``settled``."""
        filled = approval * self.terms.fill[:, None]
        self._grants = np.where(settled, 1.0, filled)
        """(n, B) part of the tonnes decided on that is granted."""
        self._refiled = np.where(settled, 0.0, (1.0 - filled) * self.terms.refiled)
        """(n, B) part of them that is applied for again."""

    def open_steady(self, tonnes: Floats) -> None:
        """Fill the queue as if ``tonnes`` (n, B) had been applied for, and granted, at every review before."""
        lags = self.terms.lag_reviews
        self.granted += tonnes
        for ago in range(1, min(self.terms.longest, len(lags))):
            left = lags[ago] - ago
            waiting = np.flatnonzero(left > 0)
            self._coming[(self.now + left[waiting]) % len(self._coming), :, waiting] += tonnes[waiting]

    def review(self, claim: Floats, usual: Floats, index: int) -> Floats:
        """Decide what is due, file new applications, and return the share (n, B) of claims with a licence in hand.

        Parameters
        ----------
        claim
            (n, B) tonnes that buyers would take under licence now.
        usual
            (n, B) what they use of it in a review.
        index
            Number of the review.
        """
        length = len(self._coming)
        self.now = (self.now + 1) % length
        due = self._coming[self.now]
        decided = due.T
        again = self._refiled * decided
        again += self.granted * self._lapsed
        np.minimum(again, claim * _PLENTY, out=again)
        self.granted *= self._kept
        self.granted += self._grants * decided
        due.fill(0.0)
        applied = np.minimum(claim, usual)
        np.maximum(claim - self.unserved, applied, out=applied)
        applied += again
        self.unserved = claim
        places = (self.terms.lag_reviews[index].astype(np.int64) + self.now) % length
        places *= due.size
        places += self._columns
        for buyer in self.buyers:  # they all wait alike
            np.add.at(self._from[buyer], places, applied[:, buyer])
        return part(self.granted, claim)

    def use(self, shipped: Floats) -> None:
        """Book tonnes (n, B) shipped under licence since the review."""
        for tonnes in (self.unserved, self.granted):
            np.maximum(tonnes, shipped, out=tonnes)
            tonnes -= shipped
