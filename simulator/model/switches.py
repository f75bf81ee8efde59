"""Measures that a scenario turns on, off and suspends, replication by replication.

A ``Switchboard`` is whatever holds such measures: the control desk of a producer, the duties and origin rules of
a market, the enforcement against re-routing. Dated changes and reactive rules reach all of them the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Switch:
    """One measure of a scenario as it stands in the replications of a block."""

    def __init__(self, n: int) -> None:
        self.in_force = np.zeros(n, dtype=bool)
        self.suspensions: dict[str, Mask] = {}
        """Suspension -> (n,) where it lifts this measure now; they may overlap."""
        self.since = np.full(n, np.inf)
        """(n,) day on which it last became active."""

    @property
    def active(self) -> Mask:
        """(n,) in force and lifted by no suspension."""
        active = self.in_force.copy()
        for lifted in self.suspensions.values():
            active &= ~lifted
        return active

    def turned_on(self, day: float, mask: Mask) -> None:
        """Begin (again) in the replications of ``mask``."""
        self.since[mask] = day


Kind = TypeVar("Kind", bound=Switch)


class Switchboard(Generic[Kind]):
    """Measures of one kind by the event that brings them."""

    def __init__(self) -> None:
        self.switches: dict[str, Kind] = {}

    def apply(self, event_id: str, active: bool, day: float, mask: Mask) -> None:
        """A measure begins (``active``) or ends in the replications of ``mask``; unknown events are none of ours."""
        switch = self.switches.get(event_id)
        if switch is not None:
            before = switch.active
            switch.in_force[mask] = active
            self._turned(switch, before, day)

    def suspend(self, suspension: str, events: Sequence[str], active: bool, day: float, mask: Mask) -> None:
        """A suspension of some measures begins (``active``) or ends."""
        for event_id in events:
            switch = self.switches.get(event_id)
            if switch is not None:
                before = switch.active
                lifted = switch.suspensions.setdefault(suspension, np.zeros(mask.size, dtype=bool))
                lifted[mask] = active
                self._turned(switch, before, day)

    def resume(self, suspensions: Sequence[str], day: float, mask: Mask) -> None:
        """Suspensions are revoked: what they lifted is in force again."""
        for switch in self.switches.values():
            for suspension in suspensions:
                if suspension in switch.suspensions:
                    before = switch.active
                    switch.suspensions[suspension][mask] = False
                    self._turned(switch, before, day)

    def _turned(self, switch: Kind, before: Mask, day: float) -> None:
        switch.turned_on(day, switch.active & ~before)
        self.refresh(day)

    def refresh(self, day: float) -> None:
        """Work out again what follows from the measures now active."""
        raise NotImplementedError(f"{type(self).__name__} does not say what follows from its measures")
