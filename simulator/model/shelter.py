"""Price floors that shelter projects from a rival's low prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import FloorChange, SetbackChange, covered
from simulator.domain.places import CHINA

Floats = NDArray[np.float64]


def protects(floor: FloorChange, country: str, commodity: str) -> bool:
    """Whether the floor is for this commodity of this country; ``ALL`` is every country but China."""
    if floor.commodity != commodity or country == CHINA:
        return False
    return covered(country, floor.countries)


def sheltered(
    setbacks: Iterable[SetbackChange], floors: Sequence[FloorChange], country: str, commodity: str
) -> list[SetbackChange]:
    """Weaken setbacks that are a matter of price while a floor protects the project.

    The lender looks at the price the project would get: a floor that leaves it a part of the rival's discount
    leaves that part of the setback, a floor at the base-year price none of it.
    """
    left = list(setbacks)
    for floor in floors:
        if protects(floor, country, commodity):
            left = [part for setback in left for part in _around(setback, floor)]
    return left


def _around(setback: SetbackChange, floor: FloorChange) -> list[SetbackChange]:
    """Return the setback before, during and after the floor."""
    depth = setback.price_depth
    if depth is None:
        return [setback]
    # A floor below the rival's price shelters from nothing: it stands aside, to the last bit.
    helps = floor.mask & (floor.multiple > 1.0 - depth)
    begins, ends = np.where(helps, floor.day, np.inf), np.where(helps, floor.until, np.inf)
    still = np.where(helps, np.maximum(1.0 - floor.multiple, 0.0), depth)
    part = still / np.where(depth > 0, depth, 1.0)
    windows = (
        (setback.day, np.minimum(setback.until, begins), 1.0, depth),
        (np.maximum(setback.day, begins), np.minimum(setback.until, ends), part, still),
        (np.maximum(setback.day, ends), setback.until, 1.0, depth),
    )
    return [
        replace(
            setback,
            day=day,
            until=until,
            mask=setback.mask & (day < until),
            financing_odds_factor=1.0 - (1.0 - setback.financing_odds_factor) * weight,
            hazard_factor=1.0 + (setback.hazard_factor - 1.0) * weight,
            price_depth=deep,
        )
        for day, until, weight, deep in windows
    ]
