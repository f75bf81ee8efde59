"""The focal buyer at one stage: lots on the way, industry and government stock, consumption.

Lots land on the weekly service day at or after their transit time. On a lane, goods on the way mix: what
lands carries the lane's average labels. Consumption runs continuously between landings and is settled
lazily, whenever somebody looks at the stock or adds to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.model.calendars import Calendar
from simulator.model.labels import Layout, Makeup
from simulator.model.rows import anywhere, beyond, divisor, mixed, part, row_sums, zeros
from simulator.model.stockpile import Purchase, Release

if TYPE_CHECKING:
    from simulator.model.passage import Passage

Floats = NDArray[np.float64]
Services = NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.int32]
"""Weekly services from departure to landing."""
SERVICE_DAYS = 7
"""Days between sailings of a liner service: lots land on these days."""
NEAR_WEEKS, FAR_WEEKS = 12, 8
"""Services ahead at which nearly all lots land, and services after which those further ahead are looked through."""
GRAM = 1e-6
"""Tonnes up to which nothing counts as a lot: tiny shares of custom and round-off leave less."""


class FocalBuyer:
    """Focal economy's purchases, stocks and use of one stage's product."""

    def __init__(
        self,
        weeks: Services,
        layout: Layout,
        fixed: Floats | None,
        release: float,
    ) -> None:
        """Set up empty stocks and an empty calendar.

        Parameters
        ----------
        weeks
            (n, T, lanes) services from departure at each review to landing; copied if replications lie apart.
        layout
            Layout of the labels of what it buys.
        fixed
            (lanes, labels) composition of every lot of a lane where it never changes (product made from ore),
            else None.
        release
            Share of its holding the government releases in a day of shortage.
        """
        n, _, lanes = weeks.shape
        labels = layout.size
        self.layout = layout
        self.fixed = fixed
        self._makeup = None if fixed is None else Makeup(fixed)
        self.weeks = np.ascontiguousarray(weeks.transpose(1, 2, 0)).swapaxes(1, 2)
        """(T, n, lanes)"""
        self.calendar = Calendar(NEAR_WEEKS, FAR_WEEKS, lanes, n)
        """Tonnes that land on each lane at each coming service day."""
        self.pool = zeros(n, lanes)
        self.pool_labels = zeros(n, lanes, labels) if fixed is None else None
        """(n, lanes, L) labels of what was on the way after the last dispatch; None where a lane's are fixed."""
        self._labelled = self.pool
        """(n, lanes) tonnes that were on the way then."""
        self.stock = np.zeros(n)
        self.stock_labels = zeros(n, labels)
        self.government = np.zeros(n)
        self.government_labels = zeros(n, labels)
        self.purchases: list[Purchase] = []
        """Programmes of the government, in the order in which they are served."""
        self.public_rate = np.zeros(n)
        """(n,) what the government bought between the last two reviews, t/day: demand beside industry's use."""
        self._bought = np.zeros(n)
        """(n,) tonnes it has bought since the last review."""
        self.releases: list[Release] = []
        self.release = release
        self.reserve = np.zeros(n)
        """(n,) stock below which the government buys nothing."""
        self.rate = np.zeros(n)
        """(n,) use the buyer asks for, t/day, since the last settlement."""
        self.wanted = np.zeros(n)
        """(n,) demand it is judged by, t/day: not less than what it would use at the start's prices."""
        self.settled = 0.0
        self.demanded = np.zeros(n)
        self.consumed = zeros(n, labels)
        self.used = np.zeros(n)
        self.landed = zeros(n, lanes)
        self._denied_due = np.zeros((1, n))
        """(W, n) tonnes that would land at each coming service day but for Chinese controls."""
        self._week = 0
        self._denied = np.zeros(n)
        """(n,) tonnes that would lie in stock but for Chinese controls; below zero where licences made up for more."""
        self.withheld = np.zeros(n)
        """(n,) cumulative tonnes of habitual purchases that Chinese controls kept back, once they would be used."""
        self.lots = np.zeros(n, dtype=np.int64)
        """(n,) lots dispatched so far."""
        self.log: Callable[[int, Services, Floats, Floats | None], None] | None = None
        """Told of every departure: review, services until landing (n, lanes), and what ``dispatch`` was given."""
        self.usual_days = zeros(n, lanes - 1)
        """(n, P) mean transit of each producer's usual way while it is open, days."""
        self.passage: Passage | None = None
        """Where lots queue for corridors of limited capacity; None where they use none."""

    def dispatch(self, review: int, tonnes: Floats, labels: Floats | None) -> None:
        """Lots (n, lanes) leave now with their labels (n, lanes, L), None where a lane's are fixed."""
        weeks: Services = self.weeks[review]
        if self.passage is not None:
            wait = self.passage.enter(review, tonnes)
            weeks = weeks if wait is None else weeks + wait
        self.calendar.put(weeks.T, tonnes.T)
        if self.pool_labels is not None and labels is not None:
            self.pool_labels *= part(self.pool, self._labelled)[:, :, None]
            self.pool_labels += labels
        self.pool += tonnes
        self._labelled = self.pool
        self.lots += np.add.reduce(tonnes.T > GRAM, axis=0, dtype=np.uint8)
        if self.log is not None:
            self.log(review, weeks, tonnes, labels)

    def settle(self, day: float) -> None:
        """Consume from the last settlement to ``day``; the government releases before, and buys after."""
        span = day - self.settled
        if span <= 0:
            return
        self.settled = day
        for release in self.releases:
            if anywhere(release.rate):
                self._released(release.take(span, self.government))
        need = self.rate * span
        self.demanded += need if self.wanted is self.rate else self.wanted * span
        take = np.minimum(self.stock, need)
        share = part(need, self.stock)
        moved = self.stock_labels * share[:, None]
        self.stock_labels -= moved
        self.stock = self.stock - take
        self.consumed += moved
        self.used += take
        missed = self._denied * share
        self._denied = self._denied - missed
        self.withheld = self.withheld + missed
        if anywhere(self.government):
            freed = np.minimum(
                np.minimum(need - take, self.government), self.government * min(1.0, self.release * span)
            )
            share = freed / divisor(self.government)
            moved = self.government_labels * share[:, None]
            self.government_labels -= moved
            self.government = self.government - freed
            self.consumed += moved
            self.used += freed
        for purchase in self.purchases:
            if anywhere(purchase.rate):
                bought, moved = purchase.take(span, self.stock, self.stock_labels, self.reserve)
                self.stock_labels -= moved
                self.stock = self.stock - bought
                self.government_labels += moved
                self.government = self.government + bought
                self._bought = self._bought + bought

    def deny(self, tonnes: Floats, services: Services | NDArray[np.int64]) -> None:
        """Chinese controls keep back tonnes (n,) of habitual purchases; below zero they make up for earlier ones.

        They would have landed in so many ``services`` and been used when the stock they are missing from is: so they
        are counted with the exposed tonnes of the same purchases, neither before them nor in the lumps in which
        licences come.
        """
        self.foresee(int(services.max(initial=0)))
        # Counted back from the end of the ring, as in ``Calendar.put``.
        length, n = self._denied_due.shape
        places = (services.astype(np.int64) + (self._week % length - length)) * n
        places += np.arange(n)
        np.add.at(self._denied_due.reshape(-1), places, tonnes)

    def foresee(self, services: int) -> None:
        """Make room for what would have landed so many services ahead."""
        length = len(self._denied_due)
        if services >= length:
            begun = np.roll(self._denied_due, -(self._week % length), axis=0)
            more = np.zeros((services + 1 - length, self.stock.size))
            self._denied_due = np.roll(np.concatenate([begun, more]), self._week % (services + 1), axis=0)

    def _released(self, tonnes: Floats) -> None:
        """Move tonnes (n,) from the government's stock to industry's."""
        moved = self.government_labels * (tonnes / divisor(self.government))[:, None]
        self.government_labels -= moved
        self.government = self.government - tonnes
        self.stock_labels += moved
        self.stock = self.stock + tonnes

    def review(self, day: float, step: float, usd_per_t: Floats) -> None:
        """Pace the government's programmes for the ``step`` days that begin, at today's price (n,)."""
        self.public_rate, self._bought = self._bought / step, np.zeros_like(self._bought)
        for release in self.releases:
            release.review(day, step, self.government)
        for purchase in self.purchases:
            purchase.review(day, step, usd_per_t)

    def land(self, day: float) -> None:
        """The service of ``day`` calls: its lots join the stock."""
        self.settle(day)
        self._week += 1
        due = self.calendar.turn()
        landing = due.T
        if self.pool_labels is None:
            assert self._makeup is not None, "a lane without labels of its own has a fixed composition"
            self._makeup.add_to(self.stock_labels, landing.T)
        else:
            share = part(landing, self._labelled)
            self.stock_labels += mixed(self.pool_labels, share.T[:, None])[:, 0]
        self.stock = self.stock + row_sums(landing)
        self.pool = beyond(self.pool, landing)
        self.landed += landing
        due.fill(0.0)
        denied = self._denied_due[self._week % len(self._denied_due)]
        self._denied = self._denied + denied
        denied.fill(0.0)

    @property
    def labels_on_way(self) -> Floats | None:
        """(n, lanes, L) labels of what is on the way; None where a lane's are fixed."""
        if self.pool_labels is None:
            return None
        return np.asarray(self.pool_labels * part(self.pool, self._labelled)[:, :, None])

    def held(self) -> Floats:
        """(n,) tonnes on the way, in industry stock and in government stock."""
        return row_sums(self.pool) + self.stock + self.government
