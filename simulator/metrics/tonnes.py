"""Tonnes: what landed from where, and what projects brought."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, during

Floats = NDArray[np.float64]


@metric(unit="t", better="neither", axis="origins")
def landed_by_origin(trace: ChainTrace, windows: Windows) -> Floats:
    """Tonnes landed at the focal buyer in the window, by declared origin.

    Parameters
    ----------
    trace
        A block of replications; ``landed`` holds cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M, O), tonnes of the commodity's mass basis, 0 or more; 0 where nothing landed.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], origins=("CHN", "KAZ"), landed=[[[0, 0], [3, 4]]])
    >>> landed_by_origin(trace, Windows((90.0,)))
    array([[[3., 4.]]])
    """
    return during(trace.landed, trace.days, windows)


@metric(unit="t", better="higher", axis="projects")
def project_output(trace: ChainTrace, windows: Windows) -> Floats:
    """Tonnes that each project of the commodity produced in the window.

    Parameters
    ----------
    trace
        A block of replications; ``project_output`` holds cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M, J), tonnes of the commodity's mass basis, 0 or more; 0 before a project produces.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], projects=("P001",), project_output=[[[0], [12]]])
    >>> project_output(trace, Windows((90.0,)))
    array([[[12.]]])
    """
    return during(trace.project_output, trace.days, windows)
