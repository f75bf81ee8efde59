"""Re-routing: part of what a control blocks reaches the target through third countries, under their names.

Each intermediary country takes its share of the re-routed tonnes after a lag, from the restriction to their arrival,
up to what it can handle: a stated part of the base-year flow it stands in for. What is denied is what would ordinarily
come less what still does: orders that pile up while nobody serves them do not make the way any wider. Traders differ in
the premium they want, so the part that comes grows with what the denied buyer offers over the Chinese price: at
``reroute_premium`` half of it pays, and premia are log-logistic with a spread of ``reroute_premium_p90_multiple``.
Enforcement stops a share of what goes through a country, makes it start later, and raises the premium from which it
pays. What one intermediary cannot take does not go through another.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.intermediaries import Intermediary
from simulator.domain.changes import EnforcementChange, covered
from simulator.model.rows import divisor
from simulator.model.switches import Switch, Switchboard

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
_TINY = 1e-300
_LOG_ODDS_P90 = math.log(9.0)
SEEN_BETWEEN = ("reroute_seen_from_months", "reroute_seen_to_months")
"""Parameters: months after the first denial between which leakage was seen."""


def share_after(leakage: Floats, lag_months: Floats, begin_months: float, end_months: float) -> Floats:
    """(n,) share of a denied flow that passes once it flows, at most all of it.

    ``leakage`` (n,) is what was seen between two dates after the first denial, in months; nothing came before the lag.

    >>> share_after(np.array([0.3, 0.3, 0.3]), np.array([1.0, 4.5, 7.0]), 2.0, 7.0).round(3)
    array([0.3, 0.6, 1. ])
    """
    flowing = np.maximum(end_months - np.maximum(lag_months, begin_months), _TINY)
    return np.asarray(np.clip(leakage * (end_months - begin_months) / flowing, 0.0, 1.0))


class Enforcement(Switch):
    """Action of a scenario against re-routing through some countries."""

    def __init__(self, change: EnforcementChange, countries: tuple[str, ...]) -> None:
        n = change.mask.size
        super().__init__(n)
        self.reached = np.array([covered(country, change.intermediaries) for country in countries])
        """(I,) intermediaries it reaches."""
        self.passing = 1.0 - change.stopped
        self.lag_multiplier = change.lag_multiplier
        self.premium = np.broadcast_to(np.asarray(change.added_premium, dtype=float), (n,))


class _Terms:
    """When a way opens and what it costs."""

    def __init__(self, lag_days: Floats, bar: Floats) -> None:
        self.lag_days = lag_days
        """(I, n) days from a restriction to the arrival of the first lots through each intermediary."""
        self.longest = float(lag_days.max(initial=0.0))
        self.bar = bar
        """(n,) or (I, n) as ``Rerouting._bar`` has it."""


class Rerouting(Switchboard[Enforcement]):
    """Ways of one commodity around controls."""

    def __init__(
        self,
        ways: tuple[Intermediary, ...],
        share: Floats,
        lag_days: Floats,
        premium: Floats,
        premium_p90_multiple: float,
    ) -> None:
        """Set up the ways.

        Parameters
        ----------
        ways
            Intermediary countries of the commodity.
        share
            (n,) part of a blocked flow that finds a way at all, 0 to 1.
        lag_days
            (n,) days from the start of a restriction to the arrival of the first re-routed lots.
        premium
            (n,) premium over the Chinese price at which half of the traders re-route.
        premium_p90_multiple
            Premium that nine traders in ten are content with, over that of the median one; above 1.
        """
        super().__init__()
        n = share.size
        self.ways = ways
        self.countries = tuple(way.country for way in ways)
        self.share = share
        self.passing = np.ones((len(ways), n))
        """(I, n) part of each way's tonnes that enforcement lets through."""
        self._of_way = np.array([way.share for way in ways])[:, None]
        self._capacity = np.array([way.capacity_share for way in ways])[:, None]
        self._steepness = _LOG_ODDS_P90 / math.log(premium_p90_multiple)
        self._free = _Terms(np.array([lag_days * way.lag_factor for way in ways]), self._bar(premium))
        self._enforced = self._free
        self._premium = premium

    def register(self, change: EnforcementChange) -> None:
        """Make an action known before the clock starts."""
        self.switches[change.event_id] = Enforcement(change, self.countries)

    def refresh(self, day: float) -> None:
        """Actions on the same country add up: what one lets through, the next may stop."""
        self.passing.fill(1.0)
        slower, dearer = np.ones_like(self.passing), np.zeros_like(self.passing)
        for action in self.switches.values():
            reached = action.reached[:, None] & action.active
            self.passing *= np.where(reached, action.passing, 1.0)
            slower *= np.where(reached, action.lag_multiplier, 1.0)
            dearer += np.where(reached, action.premium, 0.0)
        self._enforced = _Terms(self._free.lag_days * slower, self._bar(self._premium + dearer))

    def reach(
        self,
        blocked: Floats,
        usual: Floats,
        waited: Floats | None,
        offered: Floats,
        future: Places,
        *,
        enforced: bool = True,
    ) -> Floats:
        """Tonnes (I, K) that come through each intermediary now to K buyers who are denied some, if they are to be had.

        Parameters
        ----------
        blocked
            (K,) tonnes that would ordinarily come now and that policy stops.
        usual
            (K,) base-year flow in a review, tonnes: the measure of what an intermediary can handle.
        waited
            (K,) days since the restriction began; None where no way has a lag that is longer (``longest_lag``).
        offered
            (K,) premium over the Chinese price that each buyer pays or would pay.
        future
            (K,) replication in which each of them is denied.
        enforced
            Whether actions against re-routing count; without them, what would come if nobody took any.
        """
        enforced = enforced and bool(self.switches)
        terms = self._enforced if enforced else self._free
        found = self._of_way * (self.share.take(future) * blocked)
        np.minimum(found, self._capacity * usual, out=found)
        if waited is not None:
            found *= waited >= terms.lag_days.take(future, axis=1)
        worth = np.power(np.maximum(offered, 0.0), self._steepness)
        passing = worth / (worth + terms.bar.take(future, axis=-1))
        if enforced:
            passing = passing * self.passing.take(future, axis=1)
        found *= passing
        return found

    @property
    def longest_lag(self) -> float:
        """Days after which every way is open, in every replication of the block."""
        return max(self._free.longest, self._enforced.longest)

    def _bar(self, premium: Floats) -> Floats:
        """What ``premium`` (..., n), at which half of the traders go, comes to beside a worth; above 0."""
        return divisor(np.power(premium, self._steepness))
