"""Import duties on one stage's product: dearer origins lose custom, and dearer goods are used less.

The part of a duty that importers bear raises the landed price of the origin; sellers absorb the rest. Buyers of the
imposing country shift their sourcing by the trade elasticity ``s``: the share of an origin goes as
``(1 + borne duty) ** -s``. They shift half of the way in the time in which they qualify a supplier, and back when the
duty ends. Final use falls at once with the trade-weighted borne duty and the commodity's own elasticity of demand;
the use of feed follows the processor's output and does not answer. No duty makes or keeps back a tonne.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter
from simulator.domain.changes import DutyChange
from simulator.domain.places import belongs
from simulator.model.market import over_producers
from simulator.model.policy import covers
from simulator.model.rows import ones, rows_last, zeros
from simulator.model.switches import Switch, Switchboard

Floats = NDArray[np.float64]
_TINY = 1e-300


class Duty(Switch):
    """One duty of a scenario."""

    def __init__(self, change: DutyChange, producers: tuple[str, ...]) -> None:
        super().__init__(change.mask.size)
        self.borne = change.borne
        self.covered = np.array([covers(change.origins, producer, change.imposer) for producer in producers])
        """(P,) 1 for the producers whose goods pay."""


class Duties(Switchboard[Duty]):
    """Every duty that one country or region lays on one stage's product."""

    def __init__(
        self,
        imposer: str,
        producers: tuple[str, ...],
        buyers: tuple[str, ...],
        half_days: Floats,
        demand_elasticity: Floats,
    ) -> None:
        super().__init__()
        n = half_days.size
        self.imposer = imposer
        self.buyers = np.flatnonzero([belongs(buyer, imposer) for buyer in buyers])
        """Columns of the buyers that pay."""
        self.producers = producers
        self.borne = zeros(n, len(producers))
        """(n, P) duty that raises the landed price now, as a share of value."""
        self.answered = zeros(n, len(producers))
        """(n, P) the duty that sourcing has answered so far."""
        self.use_factor = ones(n, len(buyers))
        """(n, B) final use relative to what it would be without duties."""
        self._at_start = self.use_factor
        self._half_days = half_days
        self._elasticity = demand_elasticity
        self._trade_elasticity = parameter("trade_elasticity").value

    def register(self, change: DutyChange) -> None:
        """Make a duty known before the clock starts."""
        self.switches[change.event_id] = Duty(change, self.producers)

    def refresh(self, day: float) -> None:
        """Add up the duties in force."""
        self.borne = np.zeros_like(self.borne)
        for duty in self.switches.values():
            self.borne += np.where(duty.active, duty.borne, 0.0)[:, None] * duty.covered[None, :]

    def since_start(self, column: int) -> Floats:
        """(n,) factor by which a buyer's duties have changed its final use since the scenario's start."""
        return np.asarray(self.use_factor[:, column] / self._at_start[:, column])

    def shift(self, share: Floats, day: float, step: float) -> None:
        """Move sourcing shares (P, B, n) in place to what they are on ``day``, ``step`` days after the last call.

        Touches the columns of the buyers that pay, and notes how much dearer they buy.
        """
        kept = np.exp2(-step / np.maximum(self._half_days, step / 100.0))[:, None]
        self.answered = self.borne + (self.answered - self.borne) * kept
        touched = (self.answered > 0.0).any(axis=1)
        weight = rows_last(np.power(1.0 + self.answered, -self._trade_elasticity))
        borne = rows_last(self.borne)
        for column in self.buyers:
            usual = np.ascontiguousarray(share[:, column])
            moved = usual * weight
            moved *= _total(usual) / np.maximum(_total(moved), _TINY)
            moved = np.where(touched, moved, usual)
            share[:, column] = moved
            self.use_factor[:, column] = np.power(1.0 + _total(moved * borne), self._elasticity)
        if day <= 0:
            self._at_start = self.use_factor.copy(order="K")


def _total(rows: Floats) -> Floats:
    """(n,) sums of (P, n)."""
    return np.asarray(over_producers(rows[:, None])[0])
