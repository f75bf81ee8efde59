"""Which stage and which country stand in the way of a commodity's target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.verdict import binding_stage, quantiles
from simulator.analysis.worths import Spared, Worth
from simulator.domain.places import CHINA
from simulator.metrics.yardsticks import criteria

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]

ANY_COUNTRY: Final = ("crma65",)
"""Yardsticks that look at the country of which most is used, whichever it is; the others look at China."""
DEPENDENT: Final = ("reliance", "complete", "crma65")
"""Yardsticks whose threshold is a share that the stages' shares can be held against; others take the half."""
HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Binding:
    """What stands in the way of one commodity with everything in place."""

    commodity: str
    stage: str | None
    """Stage with the largest share; None where no share exceeds the target's in any future."""
    country: str
    """Country that holds it; empty without a stage."""
    share: float
    """Its median share of the focal economy's use at that stage; by ``nminus1``, of the world's output there."""
    next_country: str
    """Largest other producer there that the model follows; empty where it follows none."""
    next_share: float


def binding(case: Case, yardstick: str, commodity: str, worth: Worth) -> Binding:
    """Return the binding stage of a commodity and the country that holds it, at the deadline."""
    criterion = next(item for item in criteria(case.target) if item.yardstick == yardstick)
    if worth.spared is not None:
        return _hardest_to_spare(commodity, worth.stages, worth.spared, criterion.threshold)
    most = criterion.threshold if yardstick in DEPENDENT else HALF
    china = _medians(worth.china)
    other = np.where(np.array(worth.runner_ups) != "", _medians(worth.runner_up), np.nan)
    if yardstick in ANY_COUNTRY:
        largest = np.fmax(china, other)
        exceeded = bool((np.fmax(worth.china, np.where(np.isnan(other), np.nan, worth.runner_up)) > most).any())
        place = int(np.nanargmax(largest)) if exceeded and not np.isnan(largest).all() else None
    else:
        stage = binding_stage(worth.stages, worth.china, worth.values["china_dependent_share"], most)
        place = None if stage is None else worth.stages.index(stage)
    if place is None:
        return _nothing(commodity)
    first, second = (CHINA, float(china[place])), (worth.runner_ups[place], float(other[place]))
    if yardstick in ANY_COUNTRY and second[1] > first[1]:
        first, second = second, first
    return Binding(commodity, worth.stages[place], *first, *second)


def _hardest_to_spare(commodity: str, stages: Sequence[str], spared: Spared, least: float) -> Binding:
    """Return the stage that could spare its largest supplier least, and that supplier: the larger one by the median."""
    ratios = _medians(spared.ratio)
    if np.isnan(ratios).all() or not (spared.ratio < least).any():
        return _nothing(commodity)
    place = int(np.nanargmin(ratios))
    both = zip(spared.suppliers[place], _medians(spared.shares[:, place]).tolist(), strict=True)
    first, second = sorted(both, key=lambda item: item[1], reverse=True)
    return Binding(commodity, stages[place], *first, *second)


def _nothing(commodity: str) -> Binding:
    return Binding(commodity, None, "", float("nan"), "", float("nan"))


def _medians(shares: Floats) -> Floats:
    return np.array([quantiles(shares[:, s]).p50 for s in range(shares.shape[1])])
