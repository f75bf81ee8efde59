"""How far a future is from meeting a yardstick: tonnes a year to be replaced or filled, or its own unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simulator.domain.target import Criterion
from simulator.domain.traces import ChainTrace
from simulator.metrics.concentration import largest_third_countries
from simulator.metrics.direct import declared
from simulator.metrics.n_minus_1 import without_largest
from simulator.metrics.registry import metrics
from simulator.metrics.windows import Windows, during
from simulator.metrics.yardsticks import along_axis, published

Floats = NDArray[np.float64]

YEAR_DAYS = 365.25
TONNES = "t/yr"


def unit(criterion: Criterion) -> str:
    """Return the unit of a criterion's distance: tonnes a year, of a user's own yardstick its metric's."""
    return TONNES if published(criterion) is not None else metrics()[str(criterion.metric)].unit


def distance(trace: ChainTrace, criterion: Criterion, windows: Windows) -> Mapping[str, Floats]:
    """Return how far each future is from the threshold at the end of each window.

    Parameters
    ----------
    trace
        A block of replications of one commodity.
    criterion
        The yardstick; its own window is used.
    windows
        Ends of the windows, focal economy and judged stage.

    Returns
    -------
    Mapping[str, Floats]
        The yardstick's name -> (n, M), 0 where its metric is within the threshold. For ``reliance`` and ``complete``
        tonnes a year of China-exposed use, withheld tonnes included, to be had from elsewhere; for ``direct``, tonnes
        a year of imports declared Chinese; for ``crma65``, of the country furthest above its share; for ``nminus1``,
        of output that the others lack at the stage that lacks most, in that stage's product. Where unmet demand is
        asked of too, ``NAME/unmet``: tonnes a year of demand to be filled. For a user's own yardstick, in its unit.

    Examples
    --------
    A buyer of 100 t in a quarter, 80 of them China-exposed, must replace 30 a quarter to come down to one half:

    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(days=[0, 90], demanded=[[0, 100]], consumed=[[0, 100]], exposed=[[0, 80]])
    >>> found = distance(trace, Criterion("reliance"), Windows((90.0,)))
    >>> {name: tonnes.round(2).tolist() for name, tonnes in found.items()}
    {'reliance': [[121.75]], 'reliance/unmet': [[0.0]]}
    """
    windows = windows.of_length(float(criterion.window_days))
    yardstick, name = published(criterion), criterion.yardstick
    if yardstick is None:
        return {name: _own(trace, criterion, windows)}
    gap = {
        "reliance": _exposed,
        "complete": _exposed,
        "direct": _declared,
        "crma65": _largest,
        "nminus1": _lacking,
    }[name](trace, criterion.threshold, windows)
    found = {name: _per_year(gap, windows)}
    if yardstick.counts_unmet:
        found[f"{name}/unmet"] = missing_per_year(trace, criterion.max_unmet_share, windows)
    return found


def missing_per_year(trace: ChainTrace, most: float, windows: Windows) -> Floats:
    """Return tonnes a year of demand to be filled (n, M), until no more than ``most`` of it goes unmet."""
    demanded = during(trace.demanded, trace.days, windows)
    missing = demanded - during(trace.consumed, trace.days, windows)
    return _per_year(missing - most * demanded, windows)


def _per_year(tonnes: Floats, windows: Windows) -> Floats:
    return np.asarray(np.maximum(tonnes, 0.0) * (YEAR_DAYS / windows.length_days))


def _exposed(trace: ChainTrace, threshold: float, windows: Windows) -> Floats:
    consumed = during(trace.consumed, trace.days, windows)
    unmet = np.maximum(during(trace.demanded, trace.days, windows) - consumed, 0.0)
    withheld = during(trace.withheld, trace.days, windows)
    whole = consumed + np.minimum(withheld, unmet)
    # As the share is at most one, no more than all can be replaced.
    dependent = np.minimum(during(trace.exposed, trace.days, windows) + withheld, whole)
    return np.asarray(dependent - threshold * whole)


def _declared(trace: ChainTrace, threshold: float, windows: Windows) -> Floats:
    chinese, foreign = declared(trace, windows)
    return np.asarray(chinese - threshold * foreign)


def _largest(trace: ChainTrace, threshold: float, windows: Windows) -> Floats:
    most = np.zeros((len(trace.lots), len(windows.end_days)))
    for tonnes, whole in largest_third_countries(trace, windows):
        most = np.maximum(most, tonnes - threshold * whole)
    return most


def _lacking(trace: ChainTrace, threshold: float, windows: Windows) -> Floats:
    supply, demand = without_largest(trace, windows)
    return np.asarray((threshold * demand - supply).max(axis=2, initial=0.0))


def _own(trace: ChainTrace, criterion: Criterion, windows: Windows) -> Floats:
    known = metrics()[str(criterion.metric)]
    value = known(trace, windows)
    if known.axis:
        value = along_axis(trace, known, criterion, value)
    gap = criterion.threshold - value if criterion.at_least else value - criterion.threshold
    gap = np.maximum(gap, 0.0)
    return np.asarray(gap.max(axis=2, initial=0.0) if gap.ndim > 2 else gap)
