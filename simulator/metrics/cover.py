"""How long the focal industry's stock would last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, during, last, quotient

Floats = NDArray[np.float64]


@metric(unit="days", better="higher")
def days_of_cover(trace: ChainTrace, windows: Windows) -> Floats:
    """Days that the focal industry's stock covers at the window's rate of demand.

    Stock at the end of the window divided by daily demand in it. The government stock is not counted:
    it is released by decision, not drawn by need.

    Parameters
    ----------
    trace
        A block of replications; ``stock`` in tonnes, ``demanded`` cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), days, 0 or more; ``nan`` where nothing was demanded in the window.

    Notes
    -----
    ``S(t) w / (D(t) - D(t - w))``, the usual days of supply [1]_.

    References
    ----------
    .. [1] Silver, E. A., Pyke, D. F. and Thomas, D. J. (2017). *Inventory and Production Management in
       Supply Chains*, 4th ed.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], demanded=[[0, 180]], stock=[[70, 60]])
    >>> days_of_cover(trace, Windows((90.0,)))
    array([[30.]])
    """
    demanded = during(trace.demanded, trace.days, windows)
    stock = last(trace.stock, trace.days, windows.end_days) * windows.length_days
    return quotient(stock, demanded)
