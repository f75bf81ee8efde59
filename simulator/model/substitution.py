"""Demand that moves to another material, and comes back when the substitution ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import SubstitutionChange

Floats = NDArray[np.float64]


def remaining(changes: Sequence[SubstitutionChange], region: str, day: float) -> Floats | None:
    """(n,) share of a region's demand that has not moved by ``day``; None where none ever moves.

    Several substitutions take their shares one after another of what the others leave.
    """
    left: Floats | None = None
    for change in changes:
        if change.region == region:
            holds = change.holds(day)
            age = np.where(holds, day - change.day, 0.0)
            moved = np.where(age < change.phase_in_days, age / np.maximum(change.phase_in_days, 1.0), 1.0)
            stays = np.where(holds, 1.0 - change.share * moved, 1.0)
            left = stays if left is None else left * stays
    return left
