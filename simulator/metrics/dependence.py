"""How much the focal economy depends on China, counting what China keeps back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, during, share

Floats = NDArray[np.float64]


@metric(unit="1", better="lower")
def china_dependent_share(trace: ChainTrace, windows: Windows) -> Floats:
    """China-exposed share of consumption, tonnes that Chinese controls keep back counted as exposed.

    A control takes Chinese tonnes out of consumption and so makes the exposed share fall. That is
    denial, not independence: what the buyer would have bought from China under its habits, and may not,
    still says whom it depends on. Without controls this is the China-exposed share of consumption.

    Parameters
    ----------
    trace
        A block of replications of one commodity; ``exposed``, ``withheld``, ``demanded`` and ``consumed``
        are cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [0, 1]; ``nan`` where nothing was consumed or demanded in the window.

    Notes
    -----
    ``(E + W) / (C + min(W, D - C))`` over the window, at most 1, with exposed E, withheld W, consumed C and
    demanded D. Withheld tonnes that others replaced are in C already; those that nobody replaced are part
    of the unmet demand D - C and are added. Tonnes that enforcement keeps from being re-routed are in neither E nor
    W: its own side, not China, stops them [1]_.

    References
    ----------
    .. [1] The claim under test, as this simulator reads it (README, "How a verdict is reached"): no statistic counts
       what a control keeps back.

    Examples
    --------
    Of 10 t, China sold 4 and Belgium 6. Under a ban Belgium sells 9 and 1 goes unmet:

    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(
    ...     days=[0, 90], demanded=[[0, 10], [0, 10]], consumed=[[0, 10], [0, 9]],
    ...     exposed=[[0, 4], [0, 0]], withheld=[[0, 0], [0, 4]],
    ... )
    >>> china_dependent_share(trace, Windows((90.0,)))
    array([[0.4],
           [0.4]])
    """
    consumed = during(trace.consumed, trace.days, windows)
    unmet = np.clip(during(trace.demanded, trace.days, windows) - consumed, 0.0, np.inf)
    withheld = during(trace.withheld, trace.days, windows)
    exposed = during(trace.exposed, trace.days, windows)
    return share(exposed + withheld, consumed + np.minimum(withheld, unmet))
