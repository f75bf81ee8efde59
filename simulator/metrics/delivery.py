"""Tonnes that agreements and partner countries deliver, since the start and in the year before a moment.

What is credited to an agreement is the output of the plants it supports from its day on, whether or not
they would have come without it; what it changes is a comparison of two runs. A plant that several agreements
support is credited to each, so agreements must not be added up, nor stages: one feeds the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.places import ASIAN_PARTNERS, C5
from simulator.domain.traces import ChainTrace
from simulator.instruments.agreement import Agreement
from simulator.instruments.project import Project as OwnProject
from simulator.metrics.windows import Windows, at, during

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]

PARTNERS: Final = (*C5, *ASIAN_PARTNERS)
"""Countries with which the agreements under test were signed."""
OUTPUT, ACCESSIBLE = 0, 1
"""Places on the last axis: made anywhere, and of that open to the focal buyer (qualified, tied to it or to nobody)."""
YEAR_DAYS: Final = 365.0


@dataclass(frozen=True, slots=True)
class Group:
    """Projects of one commodity and stage whose output is added up."""

    key: str
    """``agreement/<id>/<stage>`` or ``partner/<country>/<stage>``."""
    projects: tuple[str, ...]
    since: float
    """Day from which output counts, days from start."""


def groups(case: Case, commodity: str) -> Iterator[Group]:
    """Yield the projects of a commodity by agreement and by partner, stage by stage."""
    known = [item for item in case.projects if item.commodity == commodity]
    sites = [(item.id, item.country, item.stage) for item in known]
    for event in case.instruments:
        if isinstance(event, OwnProject) and event.at is not None and event.commodity == commodity:
            sites.append((event.id, str(event.country), str(event.stage)))
    for agreement in case.instruments:
        if isinstance(agreement, Agreement):
            supported = [item for item in known if agreement.supports(item.id, item.country, commodity)]
            for stage in dict.fromkeys(item.stage for item in supported):
                ids = tuple(item.id for item in supported if item.stage == stage)
                yield Group(f"agreement/{agreement.id}/{stage}", ids, max(0.0, agreement.first_day(case.start)))
    for partner in PARTNERS:
        for stage in dict.fromkeys(stage for _, country, stage in sites if country == partner):
            ids = tuple(id_ for id_, country, where in sites if country == partner and where == stage)
            yield Group(f"partner/{partner}/{stage}", ids, 0.0)


def deliveries(trace: ChainTrace, case: Case, moments: tuple[float, ...]) -> dict[str, Floats]:
    """Tonnes delivered by each moment.

    Parameters
    ----------
    trace
        A block of replications; of an end product only partners' consumption and landings are taken, its
        projects stand with the commodity.
    case
        The case simulated.
    moments
        (M,) days from start.

    Returns
    -------
    dict[str, Floats]
        ``agreement/<id>/<stage>`` and ``partner/<country>/<stage>``: (n, M, 2) tonnes made since the start, or since
        signature where that is later, and the part of them accessible to the focal buyer (``OUTPUT``,
        ``ACCESSIBLE``); ``partner/<country>``: (n, M, 2) tonnes in the year before, consumed by the focal economy with
        that country as first partner touched, and landed with it as declared origin. All 0 or more.
    """
    found: dict[str, Floats] = {}
    year = Windows(moments, YEAR_DAYS)
    if ":" not in trace.commodity:
        place = {name: j for j, name in enumerate(trace.projects)}
        series = ((trace.project_output, trace.days), (trace.project_accessible, trace.delivery_days))
        by_then = [at(*one, moments) for one in series]
        grown: dict[tuple[float, ...], list[Floats]] = {}
        """First days -> growth of both series since; many groups count from the same days."""
        for group in groups(case, trace.commodity):
            columns = [place[name] for name in group.projects]
            since = tuple(max(min(group.since, moment), 0.0) for moment in moments)
            if since not in grown:
                grown[since] = [late - at(*one, since) for one, late in zip(series, by_then, strict=True)]
            made = [tonnes[:, :, columns].sum(axis=2) for tonnes in grown[since]]
            found[group.key] = np.maximum(np.stack(made, axis=2), 0.0)
    consumed = during(trace.by_partner, trace.delivery_days, year)
    landed = during(trace.landed, trace.days, year)
    for partner in PARTNERS:
        used, came = _column(consumed, trace.partners, partner), _column(landed, trace.origins, partner)
        found[f"partner/{partner}"] = np.maximum(np.stack([used, came], axis=2), 0.0)
    return found


def _column(tonnes: Floats, names: tuple[str, ...], name: str) -> Floats:
    """(n, M) column of a name; zeros where it stands for nothing here."""
    return tonnes[:, :, names.index(name)] if name in names else np.zeros(tonnes.shape[:2])
