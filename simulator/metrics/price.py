"""What the scarcity does to the price outside China."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, last

Floats = NDArray[np.float64]


@metric(unit="1", better="lower")
def price_index(trace: ChainTrace, windows: Windows) -> Floats:
    """Price outside China relative to the base year, as last recorded on the window's last day.

    A level, not a mean over the window: the length of the window has no effect.

    Parameters
    ----------
    trace
        A block of replications; ``price_world`` is 1 at the base year.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), dimensionless, above 0; never ``nan``.

    Notes
    -----
    An index of scarcity that the model moves by unmet orders, not a forecast of a quoted price.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 14, 28], price_world=[[1.0, 1.5, 2.0]])
    >>> price_index(trace, Windows((20.0,)))
    array([[1.5]])
    """
    return last(trace.price_world, trace.days, windows.end_days)
