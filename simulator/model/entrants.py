"""New capacity of a chain: projects by their gates, own projects of the scenario, and whom all output is tied to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Project
from simulator.domain.changes import CapacityChange
from simulator.domain.draws import Draws
from simulator.model.gates import start_days
from simulator.model.new_capacity import NewCapacity, outlets
from simulator.model.offtake import Levers, Plant, plant_ties, producer_ties, settle
from simulator.model.stage_market import DAYS_PER_YEAR, Market
from simulator.scenario.case import Case

Floats = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Entrants:
    """What adds capacity to one commodity's markets, and the ties of its output."""

    case: Case
    commodity: str
    draws: Draws
    levers: Levers
    qualification_days: Floats
    """(n,) from first output to acceptance by the focal buyer."""
    markets: Sequence[Market]

    def enter(self, capacity: Iterable[CapacityChange]) -> None:
        """Put own projects, then those of the catalogue, into their markets, and settle every tie."""
        for change in capacity:
            if change.commodity == self.commodity:
                self._own(change)
        for project in self.case.projects:
            if project.commodity == self.commodity:
                self._project(project)
        self.settle()

    def settle(self) -> None:
        """Settle the ties anew: for a bid made since, what was settled before keeps its place by its day."""
        focal, levers, draws = self.case.focal, self.levers, self.draws
        for market in self.markets:
            for new in market.projects:
                asked = plant_ties(new.plant, market.stage, focal, levers, draws)
                new.sold_to.ties = settle(asked, new.sold_to.loose)
            if levers.offtakes:
                market.ties = producer_ties(self.commodity, market.stage, focal, levers, draws, DAYS_PER_YEAR)

    def _project(self, project: Project) -> None:
        """A catalogue project as it fares in each replication."""
        promised = self.case.project_dates == "promised"
        start = start_days(project, self.case, self.draws, self.levers)
        self._add(
            Plant(project.id, project.country, project.commodity, project.china_offtake),
            project.stage,
            start,
            np.full(self.draws.n, project.capacity),
            qualified=start if promised else start + self.qualification_days,
            ramp_type=0 if promised else project.ramp_type,
            tied=np.zeros(self.draws.n),
            accessible=project.focal_accessible,
        )

    def _own(self, change: CapacityChange) -> None:
        start = np.where(change.mask, change.day, np.inf)
        self._add(
            Plant(change.event_id, change.country, change.commodity, change.china_offtake),
            change.stage,
            start,
            change.capacity,
            qualified=start + self.qualification_days,
            ramp_type=change.ramp_type,
            tied=np.where(change.mask, change.focal_offtake, 0.0),
            accessible=1.0,
            closes=change.until,
        )

    def _add(
        self,
        plant: Plant,
        stage: str,
        start: Floats,
        capacity: Floats,
        *,
        qualified: Floats,
        ramp_type: int,
        tied: Floats,
        accessible: float,
        closes: Floats | None = None,
    ) -> None:
        market = next(m for m in self.markets if m.stage.name == stage)
        market.projects.append(
            NewCapacity(
                plant=plant,
                producer=market.stage.producers.index(plant.country),
                start=start,
                qualified=qualified,
                capacity=capacity,
                curve=_curve(ramp_type),
                sold_to=outlets(market.stage, plant, self.case.focal, tied, accessible),
                closes=closes,
            )
        )


def _curve(ramp_type: int) -> tuple[tuple[float, float], ...] | None:
    from simulator.catalogue.parameters import ramp_curve

    return ramp_curve(ramp_type) if ramp_type else None
