"""How much of the focal economy's demand goes without."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, during, share

Floats = NDArray[np.float64]


@metric(unit="1", better="lower")
def unmet_share(trace: ChainTrace, windows: Windows) -> Floats:
    """Share of the focal economy's demand that was not met.

    One minus the fill rate: tonnes demanded in the window and not consumed, divided by tonnes demanded.
    Demand counts before any shortage, and so does use that a price rise since the start squeezed out.

    Parameters
    ----------
    trace
        A block of replications; ``demanded`` and ``consumed`` are cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [0, 1]; ``nan`` where nothing was demanded in the window.

    Notes
    -----
    ``1 - (C(t) - C(t - w)) / (D(t) - D(t - w))``, the complement of the volume fill rate [1]_.

    References
    ----------
    .. [1] Silver, E. A., Pyke, D. F. and Thomas, D. J. (2017). *Inventory and Production Management in
       Supply Chains*, 4th ed.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], demanded=[[0, 10]], consumed=[[0, 9]])
    >>> unmet_share(trace, Windows((90.0,))).round(12)
    array([[0.1]])
    """
    demanded = during(trace.demanded, trace.days, windows)
    return share(demanded - during(trace.consumed, trace.days, windows), demanded)
