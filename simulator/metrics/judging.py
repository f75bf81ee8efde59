"""Hold the trace of one commodity against every yardstick of its case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.distance import distance, missing_per_year
from simulator.metrics.unmet import unmet_share
from simulator.metrics.windows import Windows
from simulator.metrics.yardsticks import ON_REQUEST, criteria, met_by
from simulator.scenario.moments import moments_of

if TYPE_CHECKING:
    from simulator.domain.target import Criterion
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BOUNDED: Final = ("china_dependent_share", "china_exposed_share")
"""Metrics of a user's own that depend on who got the exposed tonnes of a sale; of the published, reliance does."""
SIDES: Final = ("min", "max")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What the yardsticks say of one commodity in every future; see ``outcome.ChainOutcome``."""

    met: dict[str, Flags]
    bounds: dict[str, Flags]
    met_days: dict[str, Flags]
    distance: dict[str, Floats] = field(default_factory=dict)


def bounded(criterion: Criterion) -> bool:
    """Whether who got the exposed tonnes of a sale could decide a yardstick."""
    return criterion.yardstick in ("reliance", "complete") or criterion.metric in BOUNDED


def yardsticks(
    trace: ChainTrace, under_cut: ChainTrace | None, case: Case, windows: Windows, watched: tuple[float, ...]
) -> Judged:
    """Judge a commodity at the moments of its case and on every day watched.

    Parameters
    ----------
    trace
        The commodity in one block.
    under_cut
        The same futures with China cut off on the deadline, where they were simulated.
    case
        The case, with its target.
    windows
        Windows that end on the case's moments.
    watched
        Days on which it is asked whether a yardstick is met.
    """
    wanted = criteria(case.target)
    moments = len(windows.end_days)
    days = replace(windows, end_days=(*windows.end_days, *watched))
    flags = met_by(trace, wanted, days)
    found = Judged(
        met={name: item[:, :moments] for name, item in flags.items()},
        bounds={},
        met_days={name: item[:, moments:] for name, item in flags.items()},
    )
    sides = {side: replace(trace, exposed=getattr(trace, f"exposed_{side}")) for side in SIDES}
    asked = tuple(item for item in wanted if bounded(item))
    for side, other in sides.items():
        found.bounds.update({f"{name}/{side}": item for name, item in met_by(other, asked, windows).items()})
    for item in wanted:
        own = windows
        if item.deadline is not None:
            own = replace(windows, end_days=tuple(moments_of(case, item.deadline).values()))
            found.met.update(met_by(trace, (item,), own))
            if bounded(item):
                for side, other in sides.items():
                    found.bounds[f"{item.yardstick}/{side}"] = met_by(other, (item,), own)[item.yardstick]
        found.distance.update(distance(trace, item, own))
    if under_cut is not None:
        for item in criteria(case.target, branched=True):
            if item.yardstick in ON_REQUEST:
                _cutoff(found, under_cut, item, windows, list(moments_of(case)).index("deadline"))
    return found


def _cutoff(found: Judged, under_cut: ChainTrace, criterion: Criterion, windows: Windows, deadline: int) -> None:
    """Judge the year after the cut; of any other moment nothing is known."""
    length = float(criterion.window_days)
    year = replace(windows, end_days=(windows.end_days[deadline] + length,), length_days=length)
    n, moments = len(under_cut.lots), len(windows.end_days)
    met, missing = np.zeros((n, moments), dtype=bool), np.full((n, moments), np.nan)
    met[:, deadline] = unmet_share(under_cut, year)[:, 0] <= criterion.threshold
    missing[:, deadline] = missing_per_year(under_cut, criterion.threshold, year)[:, 0]
    found.met[criterion.yardstick], found.distance[criterion.yardstick] = met, missing
