"""One replication of a run by itself, with the log of its lots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.domain.traces import Trace
from simulator.experiment.points import RANDOMISATIONS, input_values
from simulator.experiment.streams import BlockDraws

if TYPE_CHECKING:
    from simulator.model.lot_log import Lot
    from simulator.scenario.case import Case


def replication_lots(case: Case, *, replication: int, seed: int = 0) -> tuple[Trace, tuple[Lot, ...]]:
    """Simulate replication ``replication`` alone: the same bytes as in a run of any length that contains it.

    Parameters
    ----------
    case
        The resolved scenario.
    replication
        Number of the future, from 0.
    seed
        Root seed of the run.
    """
    from simulator.model.lot_log import simulate_lots

    # The first points of a longer run are the points of a shorter one.
    whole = (replication // RANDOMISATIONS + 1) * RANDOMISATIONS
    chosen = np.array([replication], dtype=np.int64)
    inputs = {name: np.ascontiguousarray(v[chosen]) for name, v in input_values(case.inputs, whole, seed).items()}
    return simulate_lots(case, BlockDraws(seed, chosen, inputs), chosen)
