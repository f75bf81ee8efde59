"""Whether the world could do without its largest supplier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, during, quotient, share

Floats = NDArray[np.float64]


@metric(unit="1", better="higher")
def n_minus_1(trace: ChainTrace, windows: Windows) -> Floats:
    """World supply without the largest foreign supplier over world demand without that country's own.

    At every modelled stage up to the judged one, and of these the smallest: a chain is as strong as the stage that
    could spare its largest supplier least. Supply is what the producers made in the window, from scrap too; demand is
    what regions would use at prices as they were and what plants of the next stage would feed. The largest supplier is
    the one of the two largest base-year producers outside the focal economy that made more in the window: an economy
    does not cut itself off.

    Parameters
    ----------
    trace
        A block of replications; ``world_output`` and ``world_demand`` hold cumulative tonnes by stage,
        ``supplier_output`` and ``supplier_demand`` those of the two ``suppliers`` of each stage.
    windows
        Windows, in days from the scenario's start, and the judged stage.

    Returns
    -------
    Floats
        (n, M), dimensionless, 0 or more; ``nan`` where nobody else demanded anything at any stage.

    Notes
    -----
    ``(Q - Q_k) / (D - D_k)``, the "N-1" supply over the "N-1" demand of the International Energy Agency [1]_: the
    largest supplier's supply and its own demand are both taken out. The Agency compares projections of its scenarios;
    here both are simulated. Output is what was made, not what others could make if asked: a lower bound.

    References
    ----------
    .. [1] International Energy Agency (2025). *Global Critical Minerals Outlook 2025*, Paris.

    Examples
    --------
    The world makes and needs 100 t; China makes 60 and needs 20, so the others' 40 meet half of the others' 80:

    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(
    ...     days=[0, 365], suppliers=("CHN", "KAZ"), world_output=[[[0], [100]]], world_demand=[[[0], [100]]],
    ...     supplier_output=[[[0, 0], [60, 15]]], supplier_demand=[[[0, 0], [20, 0]]],
    ... )
    >>> n_minus_1(trace, Windows((365.0,), 365.0))
    array([[0.5]])
    """
    supply, demand = without_largest(trace, windows)
    least: Floats = quotient(supply, demand, otherwise=np.inf).min(axis=2, initial=np.inf)
    np.copyto(least, np.nan, where=np.isinf(least))
    return least


def supplier_shares(trace: ChainTrace, windows: Windows) -> Floats:
    """Return shares of what the world made of the two suppliers of each stage that can be left out: (n, M, S, 2)."""
    last = len(trace.stages) - 1 if windows.judged_stage is None else windows.judged_stage
    made = during(trace.world_output, trace.days, windows)
    own = during(trace.supplier_output, trace.days, windows).reshape((*made.shape, 2))
    return share(own, made[..., None])[:, :, : last + 1]


def without_largest(trace: ChainTrace, windows: Windows) -> tuple[Floats, Floats]:
    """Return supply and demand of each stage without its largest foreign supplier: (n, M, S) tonnes in the window."""
    stages = len(trace.stages) if windows.judged_stage is None else windows.judged_stage + 1
    made = during(trace.world_output, trace.days, windows)[:, :, :stages]
    needed = during(trace.world_demand, trace.days, windows)[:, :, :stages]
    per_stage = (*made.shape, 2)
    own_made = during(trace.supplier_output, trace.days, windows)[:, :, : 2 * stages].reshape(per_stage)
    own_needed = during(trace.supplier_demand, trace.days, windows)[:, :, : 2 * stages].reshape(per_stage)
    # Only who makes anything can be left out; of equals, the larger one of the base year.
    second = own_made[..., 1] > own_made[..., 0]
    supply = made - np.maximum(own_made[..., 0], own_made[..., 1])
    demand = needed - np.where(second, own_needed[..., 1], own_needed[..., 0])
    return np.clip(supply, 0.0, np.inf, out=supply), np.clip(demand, 0.0, np.inf, out=demand)
