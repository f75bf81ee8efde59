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
from simulator.model.rows import zeros
from simulator.model.switches import Switch, Switchboard

Floats = NDArray[np.float64]
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
        self.lag_days = lag_days
        self.premium = premium
        self._steepness = _LOG_ODDS_P90 / math.log(premium_p90_multiple)
        self.passing = np.ones((n, len(ways)))
        """(n, I) part of each way's tonnes that enforcement lets through."""
        self.slower = np.ones((n, len(ways)))
        self.dearer = np.zeros((n, len(ways)))

    def register(self, change: EnforcementChange) -> None:
        """Make an action known before the clock starts."""
        self.switches[change.event_id] = Enforcement(change, self.countries)

    def refresh(self, day: float) -> None:
        """Actions on the same country add up: what one lets through, the next may stop."""
        self.passing.fill(1.0)
        self.slower.fill(1.0)
        self.dearer.fill(0.0)
        for action in self.switches.values():
            reached = action.active[:, None] & action.reached[None, :]
            self.passing *= np.where(reached, action.passing[:, None], 1.0)
            self.slower *= np.where(reached, action.lag_multiplier, 1.0)
            self.dearer += np.where(reached, action.premium[:, None], 0.0)

    def reach(
        self, blocked: Floats, usual: Floats, since: Floats, offered: Floats, day: float, *, enforced: bool = True
    ) -> Floats:
        """Tonnes (n, I, B) that come through each intermediary now, if they are to be had.

        Parameters
        ----------
        blocked
            (n, B) tonnes that would ordinarily come now and that policy stops.
        usual
            (B,) base-year flow in a review, tonnes: the measure of what an intermediary can handle.
        since
            (n, B) day on which the restriction began.
        offered
            (n, B) premium over the Chinese price that each buyer pays or would pay.
        day
            Today.
        enforced
            Whether actions against re-routing count; without them, what would come if nobody took any.
        """
        found = zeros(blocked.shape[0], len(self.ways), blocked.shape[1])
        enforced = enforced and bool(self.switches)
        # Enforcement only adds to the premium: where re-routing does not pay without, it does not pay with it.
        if not (blocked.any() and (offered > 0.0).any()):
            return found
        pays = self._pays(offered, self.premium)
        wanted, age = self.share[:, None] * blocked, day - since
        for i, way in enumerate(self.ways):
            lag_days, passing = self.lag_days * way.lag_factor, pays
            if enforced:
                lag_days = lag_days * self.slower[:, i]
                passing = self._pays(offered, self.premium + self.dearer[:, i]) * self.passing[:, i, None]
            tonnes = found[:, i]
            np.minimum(wanted * way.share, way.capacity_share * usual, out=tonnes)
            tonnes *= age >= lag_days[:, None]
            tonnes *= passing
        return found

    def _pays(self, offered: Floats, premium: Floats) -> Floats:
        """(n, B) part of the traders who go for what is ``offered`` (n, B) where half want ``premium`` (n,)."""
        worth = np.power(np.maximum(offered, 0.0), self._steepness)
        return np.asarray(worth / np.maximum(worth + np.power(premium, self._steepness)[:, None], _TINY))
