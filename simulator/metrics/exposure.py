"""How much of what the focal economy consumes has been through China."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.registry import metric
from simulator.metrics.windows import Windows, during, share

Floats = NDArray[np.float64]


@metric(unit="1", better="lower")
def china_exposed_share(trace: ChainTrace, windows: Windows) -> Floats:
    """China-exposed share of the focal economy's consumption.

    Tonnes consumed in the window with China at any modelled stage, whatever origin was declared,
    divided by all tonnes consumed in it. Each tonne counts once, at the stage where the commodity is
    judged.

    Parameters
    ----------
    trace
        A block of replications of one commodity; ``exposed`` and ``consumed`` are cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [0, 1]; ``nan`` where nothing was consumed in the window.

    Notes
    -----
    ``(E(t) - E(t - w)) / (C(t) - C(t - w))``. It follows the tonne, as a bill of lading cannot; the U.S.
    net import reliance [1]_ counts the last country of shipment instead.

    References
    ----------
    .. [1] U.S. Geological Survey (2026). *Mineral Commodity Summaries 2026*, appendix on net import
       reliance. doi:10.5066/P1WKQ63T.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90, 180], consumed=[[0, 10, 20]], exposed=[[0, 8, 12]])
    >>> china_exposed_share(trace, Windows((90.0, 180.0)))
    array([[0.8, 0.4]])
    """
    return share(during(trace.exposed, trace.days, windows), during(trace.consumed, trace.days, windows))


@metric(unit="1", better="lower")
def china_exposed_share_min(trace: ChainTrace, windows: Windows) -> Floats:
    """Least China-exposed share of consumption that the same totals allow.

    As ``china_exposed_share``, had every seller set clean tonnes of each sale aside for the focal buyer, as far as
    there were any (``model.segregation``).

    Parameters
    ----------
    trace
        A block of replications of one commodity; ``exposed_min`` and ``consumed`` are cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [0, 1]; ``nan`` where nothing was consumed in the window.

    Notes
    -----
    Of ``f`` tonnes out of a sale of ``D``, a share ``x`` of it exposed, at least ``max(0, f - (1 - x) D)`` are [1]_.

    References
    ----------
    .. [1] Frechet, M. (1935). Generalisation du theoreme des probabilites totales. *Fundamenta Mathematicae* 25.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], consumed=[[0, 10]], exposed_min=[[0, 2]], exposed_max=[[0, 7]])
    >>> china_exposed_share_min(trace, Windows((90.0,)))
    array([[0.2]])
    """
    return share(during(trace.exposed_min, trace.days, windows), during(trace.consumed, trace.days, windows))


@metric(unit="1", better="lower")
def china_exposed_share_max(trace: ChainTrace, windows: Windows) -> Floats:
    """Largest China-exposed share of consumption that the same totals allow.

    As ``china_exposed_share``, had every seller given the focal buyer its China-exposed tonnes first
    (``model.segregation``).

    Parameters
    ----------
    trace
        A block of replications of one commodity; ``exposed_max`` and ``consumed`` are cumulative tonnes.
    windows
        Windows, in days from the scenario's start.

    Returns
    -------
    Floats
        (n, M), dimensionless, in [0, 1]; ``nan`` where nothing was consumed in the window.

    Notes
    -----
    Of ``f`` tonnes out of a sale of ``D``, a share ``x`` of it exposed, at most ``min(f, x D)`` are [1]_.

    References
    ----------
    .. [1] Frechet, M. (1935). Generalisation du theoreme des probabilites totales. *Fundamenta Mathematicae* 25.

    Examples
    --------
    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], consumed=[[0, 10]], exposed_min=[[0, 2]], exposed_max=[[0, 7]])
    >>> china_exposed_share_max(trace, Windows((90.0,)))
    array([[0.7]])
    """
    return share(during(trace.exposed_max, trace.days, windows), during(trace.consumed, trace.days, windows))
