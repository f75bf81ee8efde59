"""What customs statistics would show of China."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.places import CHINA, at_home
from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, added, during, share

Floats = NDArray[np.float64]


@metric(unit="1", better="lower")
def direct_china_share(trace: ChainTrace, windows: Windows) -> Floats:
    """China's share of the focal buyer's imports, by declared origin.

    Tonnes landed in the window under the declared origin China, divided by tonnes landed under every
    origin but the focal country itself.

    Parameters
    ----------
    trace
        A block of replications; ``landed`` holds cumulative tonnes by declared origin.
    windows
        Windows, in days from the scenario's start, and the focal country.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [0, 1]; ``nan`` where nothing was imported in the window.

    Notes
    -----
    Deliveries of a member state are home deliveries of the Union. Re-routed Chinese material counts under
    the country that declared it, as in the import source tables of the U.S. Geological Survey [1]_.

    References
    ----------
    .. [1] U.S. Geological Survey (2026). *Mineral Commodity Summaries 2026*, import sources.

    Examples
    --------
    Half of the imports are Chinese; output at home does not count as an import:

    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], origins=("CHN", "KAZ", "USA"), landed=[[[0, 0, 0], [5, 5, 90]]])
    >>> direct_china_share(trace, Windows((90.0,)))
    array([[0.5]])
    """
    return share(*declared(trace, windows))


def declared(trace: ChainTrace, windows: Windows) -> tuple[Floats, Floats]:
    """Return tonnes (n, M) of imports declared Chinese, and of all imports."""
    landed = during(trace.landed, trace.days, windows)
    foreign = np.array([not at_home(origin, windows.focal) for origin in trace.origins], dtype=bool)
    chinese = np.array([origin == CHINA for origin in trace.origins], dtype=bool)
    return added(landed, chinese), added(landed, foreign)
