"""One replication of a run by itself, with the log of its lots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.domain.draws import Draws
from simulator.domain.traces import Trace
from simulator.errors import UsageError
from simulator.experiment.blocks import BlockTask
from simulator.experiment.points import MOST_REPLICATIONS, Points

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

    Raises
    ------
    UsageError
        If no run has so many.
    """
    if not 0 <= replication < MOST_REPLICATIONS:
        raise UsageError(f"replication {replication:,} is in no run; they count from 0 to {MOST_REPLICATIONS - 1:,}")
    from simulator.model.lot_log import simulate_lots

    found: list[Lot] = []

    def simulate(case: Case, draws: Draws, replications: NDArray[np.int64]) -> Trace:
        trace, lots = simulate_lots(case, draws, replications)
        found.extend(lots)
        return trace

    # The first points of a longer run are the points of a shorter one.
    points = Points(case.inputs, replication + 1, seed)
    task = BlockTask(case, seed, _unchanged, simulate)
    values = points.values(replication, replication + 1)
    return task.trace(np.array([replication], dtype=np.int64), values), tuple(found)


def _unchanged(trace: Trace) -> Trace:
    return trace
