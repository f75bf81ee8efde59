"""New output from scrap, as far as there is scrap.

A recycler is new capacity like a project: it wins custom at everybody's expense, the focal economy's own
recyclers from the focal buyer first, and sells to the focal buyer once qualified. It needs no feed, and its product
carries no label but its country's. Where evidence says how much of a region's demand scrap can serve
(``scrap_ceiling/...``), all recycling of the region together stays below it; where there is none, nothing bounds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameters
from simulator.domain.chain import Chain
from simulator.domain.changes import RecyclingChange
from simulator.domain.places import region_of
from simulator.model.new_capacity import NewCapacity, outlets
from simulator.model.offtake import Plant
from simulator.model.stage_market import Market

Floats = NDArray[np.float64]


@dataclass(slots=True, eq=False, kw_only=True)
class Recycler(NewCapacity):
    """New output from scrap; ``start`` and ``qualified`` follow the day of its change."""

    change: RecyclingChange
    qualification_days: Floats

    def review(self, day: float) -> None:
        """Follow the day of the change, which a rule may set, then review it as any plant."""
        self.start = np.where(self.change.mask, self.change.day, np.inf)
        self.qualified = self.start + self.qualification_days
        self._date()
        NewCapacity.review(self, day)

    def output(self, day: float) -> Floats:
        """(n,) output reached on ``day``, t/yr: it rises evenly, and stops when the change ends."""
        change = self.change
        holds = change.holds(day)
        age = np.where(holds, day - self.start, 0.0)
        ramped = np.where(age < change.ramp_days, age / np.maximum(change.ramp_days, 1.0), 1.0)
        return np.where(holds, self.capacity * ramped, 0.0)


def add_recyclers(
    chain: Chain, markets: Sequence[Market], changes: Iterable[RecyclingChange], focal: str, qualification_days: Floats
) -> None:
    """Put recyclers into their markets; their ties are settled with those of all new capacity."""
    for change in changes:
        market = next(m for m in markets if m.stage.name == change.stage)
        plant = Plant(change.event_id, change.country, change.commodity, 0.0)
        never = np.full(change.mask.size, np.inf)
        before = [new for other in markets for new in other.projects]
        market.projects.append(
            Recycler(
                plant=plant,
                producer=market.stage.producers.index(change.country),
                start=never,
                qualified=never,
                capacity=np.minimum(change.output, _scrap_left(chain, change, before)),
                curve=None,
                sold_to=outlets(market.stage, plant, focal, np.zeros(change.mask.size), 1.0),
                change=change,
                qualification_days=qualification_days,
            )
        )


def _scrap_left(chain: Chain, change: RecyclingChange, before: Sequence[NewCapacity]) -> Floats | float:
    """(n,) t/yr of scrap that a region's recyclers may still use: its share of base-year demand less what is used.

    ``before`` is the new capacity of the chain so far. Infinite where no evidence bounds it.
    """
    ceiling = parameters().get(f"scrap_ceiling/{chain.commodity}")
    if ceiling is None:
        return np.inf
    region = region_of(change.country)
    demand = used = 0.0
    for stage in chain.stages:
        demand += sum(d for where, d in zip(stage.regions, stage.demand, strict=True) if where == region)
        used += sum(s for c, s in zip(stage.producers, stage.secondary, strict=True) if region_of(c) == region)
    room: Floats = np.full(change.mask.size, ceiling.value * demand - used)
    for other in before:
        if isinstance(other, Recycler) and region_of(other.change.country) == region:
            room = room - np.where(other.change.mask, other.capacity, 0.0)
    return np.maximum(room, 0.0)
