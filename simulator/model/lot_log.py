"""The log of every lot that leaves for a focal buyer: when, from where, by which way, and why it took so long.

Only what goes to the focal buyer travels as lots; goods between the stages of a chain and to other regions move in
bulk and have no log. Nothing is logged, and nothing costs anything, unless the log is switched on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.domain.draws import Draws
from simulator.domain.places import CHINA
from simulator.domain.traces import REROUTED, Trace
from simulator.errors import UsageError
from simulator.model.focal import SERVICE_DAYS
from simulator.model.recorder import Recorder
from simulator.model.world import World
from simulator.scenario.case import Case

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lot:
    """One consignment to the focal buyer, in one replication."""

    commodity: str
    """Catalogue name, or ``commodity:stage`` for an end product, as in ``ChainTrace.commodity``."""
    stage: str
    """Stage of the chain that made it."""
    departed: float
    """Day it left, days from the start; for lots on the way when the clock begins, reckoned from their landing."""
    declared_origin: str
    """Country it is declared to come from; ``REROUTED`` for Chinese goods that pass through a third country."""
    true_origin: str
    """Country of the producer."""
    path: str
    """Corridor it takes; empty for deliveries at home."""
    tonnes: float
    """Tonnes of the commodity's mass basis."""
    exposed_tonnes: float
    """Of these, tonnes with China at any modelled stage, when they left. On the way, the lots of a lane mix."""
    landing: float
    """Day it lands, or would land after the end of the clock."""
    landed: bool
    """Whether it lands before the clock stops."""
    delay_days: float
    """Days by which it lands later than the same lot on an open way."""
    why: str
    """What delayed it; empty where nothing did."""

    @property
    def transit_days(self) -> float:
        """Days from departure to landing."""
        return self.landing - self.departed


class LotLog:
    """Listens at one focal buyer, in a block of one replication."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        if recorder.focal.stock.size != 1:
            raise UsageError("lots are logged in a block of one replication")
        self._world = world
        self._recorder = recorder
        self._stage = recorder.market.stage
        self._exposed = np.flatnonzero(recorder.world.labels.exposed)
        self._lots = list(self._opening())
        recorder.focal.log = self._departed

    def _opening(self) -> Iterator[Lot]:
        """Lots already on the way when the clock begins."""
        focal = self._recorder.focal
        share = self._exposed_shares(None if focal.pool_labels is None else focal.pool_labels, focal.pool)
        first = float(self._world.first)
        for week, lane in np.argwhere(focal.calendar[:, 0, :] > 0):
            landing = first + float(week) * SERVICE_DAYS
            transit = float(focal.weeks[0, 0, lane]) * SERVICE_DAYS
            tonnes = float(focal.calendar[week, 0, lane])
            yield self._lot(int(lane), landing - transit, landing, tonnes, tonnes * share[lane])

    def _departed(self, review: int, weeks: NDArray[np.int32], tonnes: Floats, labels: Floats | None) -> None:
        day = float(self._world.reviews[review])
        share = self._exposed_shares(labels, tonnes)
        for lane in np.flatnonzero(tonnes[0]):
            landing = day + float(weeks[0, lane]) * SERVICE_DAYS
            sent = float(tonnes[0, lane])
            self._lots.append(self._lot(int(lane), day, landing, sent, sent * share[lane]))

    def _exposed_shares(self, labels: Floats | None, tonnes: Floats) -> Floats:
        """(lanes,) China-exposed share of what leaves on each lane."""
        if labels is None:
            fixed = self._recorder.focal.fixed
            assert fixed is not None, "a lane without labels of its own has a fixed composition"
            return np.asarray(fixed[:, self._exposed].sum(axis=1))
        whole = np.where(tonnes[0] > 0, tonnes[0], 1.0)
        return np.asarray(labels[0][:, self._exposed].sum(axis=1) / whole)

    def _lot(self, lane: int, departed: float, landing: float, tonnes: float, exposed: float) -> Lot:
        producers = self._stage.producers
        rerouted = lane == len(producers)
        origin = CHINA if rerouted else producers[lane]
        ways = self._stage.lanes.get(origin, ())
        return Lot(
            commodity=self._recorder.commodity,
            stage=self._stage.name,
            departed=departed,
            declared_origin=REROUTED if rerouted else origin,
            true_origin=origin,
            path=ways[0].corridor if ways else "",
            tonnes=tonnes,
            exposed_tonnes=float(exposed),
            landing=landing,
            landed=landing < self._world.end,
            delay_days=0.0,
            why="",
        )

    def lots(self) -> tuple[Lot, ...]:
        """Every lot so far, in order of departure, then of lanes."""
        return tuple(sorted(self._lots, key=lambda lot: lot.departed))


def simulate_lots(case: Case, draws: Draws, replications: NDArray[np.int64]) -> tuple[Trace, tuple[Lot, ...]]:
    """Simulate one replication with the log switched on.

    Parameters
    ----------
    case
        The resolved scenario.
    draws
        Random numbers and uncertain inputs of the replication.
    replications
        (1,) its number.

    Returns
    -------
    tuple[Trace, tuple[Lot, ...]]
        The record, the same bytes as without the log, and every lot by departure, commodity and lane.
    """
    world = World(case, draws)
    logs = [LotLog(world, recorder) for recorder in world.recorders]
    trace = world.run(replications)
    lots = sorted((lot for log in logs for lot in log.lots()), key=lambda lot: lot.departed)
    return trace, tuple(lots)
