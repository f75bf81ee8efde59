"""The focal government's stockpile: purchases from industry stock, and releases to it.

Both go through industry's stock, which industry refills by ordering: a purchase draws material into the
country, a release saves orders. The pace of a programme is set at every market review for the interval that
begins, from the price of that day; industry never sells below its reserve, and nobody releases what is not held.

A purchase of clean material takes what China touched at no modelled stage out of the mix, and leaves industry
with the rest. Which partners' material that is nobody knows: first partners go along in proportion.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import PurchasePlan
from simulator.domain.changes import PurchaseChange, ReleaseChange
from simulator.model.labels import Layout
from simulator.model.rows import anywhere
from simulator.scenario.case import Case

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.25
PLAN_ID = "annual_materials_plan"
"""Event id of the purchases that the catalogue's plans foresee."""
_TINY = 1e-300
_ROUNDING = 1e-9


class Programme:
    """A dated plan of the government, at so much a year or an amount in all."""

    def __init__(self, n: int) -> None:
        self.rate = np.zeros(n)
        """(n,) tonnes a day it means to move until the next review."""
        self._began = np.full(n, np.nan)
        self._left = np.zeros(n)
        """(n,) what is left of an amount in all."""

    def _spread(self, change: PurchaseChange | ReleaseChange, amount: Floats, day: float, step: float) -> Floats:
        """(n,) a day's part of what is left of ``amount`` (n,), evenly over the days that are left.

        A rule may set it off again later: it then means to move the amount once more.
        """
        begins = change.holds(day) & (self._began != change.day)
        self._began = np.where(begins, change.day, self._began)
        self._left = np.where(begins, amount, self._left)
        return np.asarray(self._left / np.maximum(change.until - day, step))


class Purchase(Programme):
    """A programme of purchases and what it has bought so far."""

    def __init__(self, change: PurchaseChange, layout: Layout) -> None:
        n = change.mask.size
        super().__init__(n)
        self.change = change
        self._layout = layout
        self._usd_per_t = np.ones(n)
        self.bought = np.zeros(n)
        """(n,) tonnes bought so far."""
        self.spent = np.zeros(n)
        """(n,) USD spent so far, at the price index of the day."""
        self.behind = np.full(n, np.inf)
        """(n,) day of the review at which it first had bought less than it meant to; +inf for never."""
        self._short = np.zeros(n, dtype=bool)

    def review(self, day: float, step: float, usd_per_t: Floats) -> None:
        """Set the pace for the ``step`` days that begin, at today's price (n,)."""
        if anywhere(self._short):
            self.behind = np.where(self._short & np.isinf(self.behind), day, self.behind)
        change, self._usd_per_t = self.change, usd_per_t
        holds = change.holds(day)
        if not anywhere(holds):
            self.rate = np.zeros(holds.size)
            return
        pace = change.amount / DAYS_PER_YEAR if change.per_year else self._spread(change, change.amount, day, step)
        tonnes = pace if change.unit == "t" else pace / np.maximum(usd_per_t, _TINY)
        self.rate = np.where(holds, tonnes, 0.0)

    def take(self, span: float, stock: Floats, labels: Floats, reserve: Floats) -> tuple[Floats, Floats]:
        """Tonnes (n,) bought in ``span`` days from ``stock`` (n,) and their labels (n, L)."""
        tonnes = np.minimum(self.rate * span, np.maximum(stock - reserve, 0.0))
        if self.change.clean:
            tonnes = np.minimum(tonnes, np.maximum(stock - labels[:, self._layout.exposed], 0.0))
        self._short |= tonnes < self.rate * span * (1.0 - _ROUNDING)
        moved = labels * (tonnes / np.maximum(stock, _TINY))[:, None]
        if self.change.clean:
            moved[:, self._layout.china] = 0.0
            # However the rest was mixed, no more of it can be exposed than there is.
            bounds = self._layout.apart
            moved[:, bounds] = np.maximum(labels[:, bounds] - (stock - tonnes)[:, None], 0.0)
        money = tonnes * self._usd_per_t
        self._left = np.maximum(self._left - (tonnes if self.change.unit == "t" else money), 0.0)
        self.bought = self.bought + tonnes
        self.spent = self.spent + money
        return tonnes, moved


class Release(Programme):
    """A dated release of stockpiled material to industry."""

    def __init__(self, change: ReleaseChange) -> None:
        super().__init__(change.mask.size)
        self.change = change

    def review(self, day: float, step: float, held: Floats) -> None:
        """Set the pace for the ``step`` days that begin; ``held`` (n,) is what the government holds now."""
        change = self.change
        yearly = change.unit == "t_per_year"
        pace = change.amount / DAYS_PER_YEAR if yearly else self._spread(change, change.amount * held, day, step)
        self.rate = np.where(change.holds(day), pace, 0.0)

    def take(self, span: float, held: Floats) -> Floats:
        """Tonnes (n,) released in ``span`` days out of ``held`` (n,)."""
        tonnes = np.minimum(self.rate * span, held)
        self._left = np.maximum(self._left - tonnes, 0.0)
        return tonnes


def planned(plans: tuple[PurchasePlan, ...], commodity: str, case: Case, n: int) -> list[PurchaseChange]:
    """Purchases of the public plans, the same in every replication."""
    return [
        PurchaseChange(
            event_id=PLAN_ID,
            day=np.full(n, float(case.day(date.fromisoformat(plan.begins)))),
            until=np.full(n, float(case.day(date.fromisoformat(plan.ends)))),
            mask=np.ones(n, dtype=np.bool_),
            commodity=commodity,
            amount=np.full(n, plan.t_per_year),
            unit="t",
            per_year=True,
            clean=False,
        )
        for plan in plans
        if plan.t_per_year > 0
    ]
