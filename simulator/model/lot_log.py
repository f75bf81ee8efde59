"""The log of every lot that leaves for a focal buyer: when, from where, by which way, and why it took so long.

Only what goes to the focal buyer travels as lots; goods between the stages of a chain and to other regions move in
bulk and have no log. Nothing is logged, and nothing costs anything, unless the log is switched on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.domain.draws import Draws
from simulator.domain.places import CHINA
from simulator.domain.traces import REROUTED, Trace
from simulator.errors import UsageError
from simulator.model.block import RECORDED_REVIEWS
from simulator.model.corridors import Corridors
from simulator.model.focal import GRAM, SERVICE_DAYS, Services
from simulator.model.recorder import Recorder
from simulator.model.surroundings import Surroundings
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


@dataclass(frozen=True, slots=True)
class _Way:
    """How a lot travels."""

    corridor: str
    late: int
    """Services by which it lands later than on its usual way, open."""
    why: str


class LotLog:
    """Listens at one focal buyer, in a block of one replication."""

    def __init__(self, world: World, recorder: Recorder) -> None:
        if recorder.focal.stock.size != 1:
            raise UsageError("lots are logged in a block of one replication")
        self._world = world
        self._recorder = recorder
        self._stage = recorder.market.stage
        # Asked again rather than kept: the log is rare, and the same draws give the same ways.
        commodity = recorder.world.chain.commodity
        self._transits = world.corridors.transits(self._stage, commodity)
        calm = Corridors(recorder.world.draws, world.reviews, float(world.first), float(world.end))
        self._open_weeks = calm.transits(_never_shut(self._stage), commodity).weeks
        """(1, T, P + 1) services that the same lots would take if no corridor ever shut."""
        self._lots = list(self._opening())
        recorder.focal.log = self._departed
        recorder.market.via = np.zeros((1, len(recorder.world.rerouting.ways)))

    def _opening(self) -> Iterator[Lot]:
        """Lots already on the way when the clock begins; they left as the first lots of the clock do."""
        focal = self._recorder.focal
        share = self._exposed_shares(focal.labels_on_way, focal.pool)
        first = float(self._world.first)
        coming = focal.calendar.coming()[:, :, 0]
        for week, lane in np.argwhere(coming > GRAM).tolist():
            landing = first + week * SERVICE_DAYS
            departed = landing - float(focal.weeks[0, 0, lane]) * SERVICE_DAYS
            tonnes = float(coming[week, lane])
            yield self._lot(lane, departed, landing, tonnes, share[lane], self._way(lane, 0))

    def _departed(self, review: int, weeks: Services, tonnes: Floats, labels: Floats | None) -> None:
        day = float(self._world.reviews[review])
        share = self._exposed_shares(labels, tonnes)
        for lane in np.flatnonzero(tonnes[0] > GRAM).tolist():
            landing = day + float(weeks[0, lane]) * SERVICE_DAYS
            queued = int(weeks[0, lane]) - int(self._transits.weeks[0, review, lane])
            way = self._way(lane, review, queued)
            self._lots.append(self._lot(lane, day, landing, float(tonnes[0, lane]), share[lane], way))

    def _exposed_shares(self, labels: Floats | None, tonnes: Floats) -> Floats:
        """(lanes,) China-exposed share of what leaves on each lane."""
        if labels is None:
            fixed = self._recorder.focal.fixed
            assert fixed is not None, "a lane without labels of its own has a fixed composition"
            return np.asarray(fixed[:, self._recorder.focal.layout.exposed])
        whole = np.where(tonnes[0] > 0, tonnes[0], 1.0)
        return np.asarray(labels[0][:, self._recorder.focal.layout.exposed] / whole)

    def _way(self, lane: int, review: int, queued: int = 0) -> _Way:
        """The way of the lot that leaves at a review, and what delays it; ``queued`` services in a queue."""
        producers = self._stage.producers
        if lane == len(producers):
            return self._third_country(review)
        ways = self._stage.open_ways(producers[lane])
        if not ways:
            return _Way("", 0, "")
        late = int(self._transits.weeks[0, review, lane]) - int(self._open_weeks[0, review, lane])
        taken = ways[self._taken(lane, review)]
        causes = []
        if taken is not ways[0]:
            causes.append(f"{ways[0].corridor} closed: another way")
        elif late:
            causes.append(f"{taken.corridor} closed: held")
        if queued:
            causes.append(f"{taken.shared}: queue")
        return _Way(taken.corridor, late + queued, "; ".join(causes))

    def _taken(self, lane: int, review: int) -> int:
        """Index of the way taken, 0 for the usual one."""
        detour = self._transits.detours.get(lane)
        if detour is None:
            return 0
        (met,) = np.nonzero(detour.reviews == review)
        return int(detour.taken[met[0]]) if met.size else 0

    def _third_country(self, review: int) -> _Way:
        """The way of Chinese goods through a third country: as long as China's own and the days it costs more."""
        producers = self._stage.producers
        if CHINA not in producers:
            return _Way("third country", 0, "")
        lane = producers.index(CHINA)
        own = self._way(lane, review)
        late = int(self._transits.weeks[0, review, len(producers)]) - int(self._open_weeks[0, review, lane])
        countries = self._recorder.world.rerouting.countries
        named = ", ".join(countries[i] for i in np.flatnonzero(self._recorder.market.via_now[0]))
        third = f"third country: {named}" if named else "third country"
        return _Way(f"{own.corridor} via a third country", late, "; ".join(c for c in (own.why, third) if c))

    def _lot(self, lane: int, departed: float, landing: float, tonnes: float, exposed_share: float, way: _Way) -> Lot:
        producers = self._stage.producers
        rerouted = lane == len(producers)
        origin = CHINA if rerouted else producers[lane]
        return Lot(
            commodity=self._recorder.commodity,
            stage=self._stage.name,
            departed=departed,
            declared_origin=REROUTED if rerouted else origin,
            true_origin=origin,
            path=way.corridor,
            tonnes=tonnes,
            exposed_tonnes=tonnes * float(exposed_share),
            landing=landing,
            landed=landing < self._world.end,
            delay_days=float(way.late * SERVICE_DAYS),
            why=way.why,
        )

    def lots(self) -> tuple[Lot, ...]:
        """Every lot so far, in order of departure, then of lanes."""
        return tuple(sorted(self._lots, key=lambda lot: lot.departed))


def _never_shut(stage: Stage) -> Stage:
    """The stage with ways that no chance closes."""
    lanes = {
        country: tuple(replace(way, closures_per_year=0.0) for way in ways) for country, ways in stage.lanes.items()
    }
    return replace(stage, lanes=lanes)


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
    world = World(Surroundings(case, draws, RECORDED_REVIEWS))
    logs = [LotLog(world, recorder) for recorder in world.recorders]
    trace = world.run(replications)
    lots = sorted((lot for log in logs for lot in log.lots()), key=lambda lot: lot.departed)
    return trace, tuple(lots)
