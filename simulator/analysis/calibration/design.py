"""The inputs that are calibrated, and points spread over their priors, the same in every episode.

A global input has one value for all commodities. An input by commodity has one *position* for all of them: the share
of each commodity's own prior that lies below its value. So there is one set of parameters for all episodes, no
episode has a knob of its own, and what tells commodities apart is the evidence in the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.inputs import ALL, BY_COMMODITY, CALIBRATED
from simulator.domain.facts import UncertainInput
from simulator.domain.sampling import three_point
from simulator.experiment.points import input_uniforms

Floats = NDArray[np.float64]

ROLES: Final = CALIBRATED
"""Calibrated inputs, by role."""


def positions(inputs: Iterable[UncertainInput], replications: int, seed: int) -> dict[str, Floats]:
    """Return role -> (replications,) positions in the prior, spread by the same scrambled Sobol points as in any run.

    An input by commodity takes the dimension of its first commodity, which it stands in for: another input's
    dimension, however scrambled, would tie the two.
    """
    by_role: dict[str, UncertainInput] = {}
    for item in inputs:
        role = item.name.partition("/")[0]
        if role in ROLES:
            known = by_role.get(role)
            if known is None or item.dimension < known.dimension:
                by_role[role] = item
    wanted = [replace(by_role[role], name=f"{role}/{ALL}") for role in ROLES]
    drawn = input_uniforms(wanted, replications, seed)
    return {role: drawn[f"{role}/{ALL}"] for role in ROLES}


def values(inputs: Iterable[UncertainInput], places: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return input -> (replications,) values at the positions of its role in its own prior."""
    return {
        item.name: three_point(places[role], item.low, item.median, item.high, item.minimum, item.maximum)
        for item in inputs
        for role in (item.name.partition("/")[0],)
        if role in places
    }


def is_global(role: str) -> bool:
    """Whether an input has one value for all commodities."""
    return role not in BY_COMMODITY
