"""Ways of lots: transit times, corridors that close, and what they have in common.

A lot takes the first way of its origin, in order of use, that is open on the day it leaves; where all are shut it
waits for the one that lands it first. A corridor that shuts holds the lots on it until it reopens
(``closures``); a lot turns round instead if the first other way open that day lands it sooner, after going back
as long as it has come. No lot lands before its usual way would have landed it without closures. Random
closures of a corridor strike every commodity that uses it in the same replications on the same days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.corridors import capacities, gross_t_per_t
from simulator.catalogue.parameters import parameter
from simulator.domain.chain import Lane, Stage
from simulator.domain.changes import AlignmentChange, ClosureChange, covered
from simulator.domain.draws import Draws
from simulator.domain.places import C5, CHINA
from simulator.domain.sampling import lognormal, standard_normal
from simulator.model.closures import Rows, Shut, arrival, met, united
from simulator.model.focal import SERVICE_DAYS, Services
from simulator.model.own_ways import Others, OwnWays
from simulator.model.passage import Joins, Passage, Queues
from simulator.model.rows import anywhere, zeros
from simulator.model.transit_times import open_days, open_services, services_of

Floats = NDArray[np.float64]
_DAYS_PER_YEAR = 365.25
MOST_IN_A_BYTE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Detour:
    """What closures did to those lots of one producer that met any."""

    ways: tuple[Lane, ...]
    """Ways that are not closed for good, usual way first."""
    rows: NDArray[np.int64]
    """(c,) replication of each such lot, by its place in the block."""
    reviews: NDArray[np.int64]
    """(c,) review at which it leaves."""
    taken: NDArray[np.int64]
    """(c,) index of the way it takes."""
    lands: Floats
    """(c,) days from departure to landing."""


@dataclass(frozen=True, slots=True, eq=False)
class Transits:
    """How long one stage's lots take to the focal buyer."""

    weeks: Services
    """(n, T, P + 1) services from departure to landing; the last lane carries re-routed Chinese lots."""
    usual_days: Floats
    """(n, P) mean days of each producer's usual way without closures, in whole services."""
    passage: Passage | None
    """Where the lots meet corridors of limited capacity; None where they meet none."""
    detours: Mapping[int, Detour]
    """Producer -> what closures did to its lots, where they met any."""


Causes = tuple[str, tuple[int, ...], tuple[int, ...]]
"""Corridor, and places among the closures and alignments of the scenario."""


class Corridors:
    """Closures and queues of every corridor of one block."""

    def __init__(
        self,
        draws: Draws,
        days: Floats,
        first_day: float,
        end: float | None = None,
        closures: Sequence[ClosureChange] = (),
        alignments: Sequence[AlignmentChange] = (),
    ) -> None:
        """Prepare a block.

        Parameters
        ----------
        draws
            Random numbers of the block.
        days
            (T,) market reviews.
        first_day
            Day from which random closures are drawn.
        end
            First day after the clock stops; the last review where None.
        closures
            Closures the scenario puts on the clock.
        alignments
            Alignments of countries: ways across them close less often by chance.
        """
        self._draws = draws
        self._days = days
        self._first_day = first_day
        self._end = float(days[-1]) if end is None else end
        self._closures = closures
        self._alignments = alignments
        self._shut: dict[Causes, Shut] = {}
        self._median: dict[tuple[tuple[Lane, ...], tuple[Causes, ...]], Detour | None] = {}
        self._by_chance: dict[str, Shut] = {}
        self._longest = parameter("transit_days_longest").value
        limited = {name: item.left_t_per_year for name, item in capacities().items()}
        known = {name: left for name, left in limited.items() if left}
        self.queues = Queues(tuple(known), tuple(left / _DAYS_PER_YEAR for left in known.values()), draws.n, days.size)

    def shut(self, lane: Lane, commodity: str) -> Shut:
        """Closures of a lane for a commodity's goods, random ones and the scenario's."""
        key = _, mine, calmer = self._causes(lane, commodity)
        if key not in self._shut:
            parts = [self._thinned(lane, calmer)]
            for i in mine:
                one = self._closures[i]
                held = one.mask & (one.day < one.until)
                parts.append((np.where(held, one.day, np.inf)[None], np.where(held, one.until, np.inf)[None]))
            # What comes by chance alone follows on each other.
            self._shut[key] = united(parts) if mine or calmer else parts[0]
        return self._shut[key]

    def _causes(self, lane: Lane, commodity: str) -> Causes:
        """What shuts a lane for a commodity's goods: chance on its corridor, closures, and alignments that calm it."""
        mine = tuple(i for i, closure in enumerate(self._closures) if closes(closure, lane, commodity))
        calmer = tuple(a for a, one in enumerate(self._alignments) if one.country in (lane.origin, *lane.crosses))
        return lane.corridor, mine, calmer

    def _thinned(self, lane: Lane, calmer: Sequence[int]) -> Shut:
        """Random closures without those that alignments spare the lane: each is spared by a draw of its own."""
        begins, ends = self._random(lane)
        slots = len(begins) - 1
        if not calmer or not slots:
            return begins, ends
        strikes = np.ones_like(begins)
        for a in calmer:
            one = self._alignments[a]
            holds = one.mask & (one.day <= begins) & (begins < one.until)
            strikes = np.where(holds, strikes * one.closure_factor, strikes)
        u = np.ones_like(begins)
        u[:-1] = self._draws.uniform(f"corridor/{lane.corridor}/aligned", slots).T
        return np.where(u < strikes, begins, np.inf), np.where(u < strikes, ends, np.inf)

    def _random(self, lane: Lane) -> Shut:
        """Closures that come by chance: exponential gaps, lognormal lengths cut at the longest transit."""
        if lane.corridor in self._by_chance:
            return self._by_chance[lane.corridor]
        years = (float(self._days[-1]) - self._first_day) / _DAYS_PER_YEAR
        slots = int(np.ceil(2 * years * lane.closures_per_year)) + 2 if lane.closures_per_year > 0 else 0
        begins, ends = np.full((2, slots + 1, self._draws.n), np.inf)
        if slots:
            u = np.ascontiguousarray(self._draws.uniform(f"corridor/{lane.corridor}", 2 * slots).T)
            median, p90 = parameter("corridor_closure_days_median").value, parameter("corridor_closure_days_p90").value
            gaps = np.log(u[::2].copy()) * (_DAYS_PER_YEAR / lane.closures_per_year)
            lengths = np.minimum(lognormal(u[1::2], median, p90), self._longest)
            opened: Floats | float = self._first_day
            for k in range(slots):
                begins[k] = opened - gaps[k]
                opened = ends[k] = begins[k] + lengths[k]
        self._by_chance[lane.corridor] = begins, ends
        return begins, ends

    def transits(self, stage: Stage, commodity: str) -> Transits:
        """Services from departure to landing of every lot of a stage, closures included."""
        n, reviews, producers = self._draws.n, self._days.size, len(stage.producers)
        never = services_of(self._never(self._days))
        weeks = np.empty((reviews, producers + 1, n), dtype=np.uint8 if never.max() <= MOST_IN_A_BYTE else np.int16)
        usual_days = zeros(n, producers)
        uses: dict[int, Joins] = {}
        detours: dict[int, Detour] = {}
        for p, country in enumerate(stage.producers):
            ways = stage.open_ways(country)
            if not ways:
                weeks[:, p] = 1
                usual_days[:, p] = SERVICE_DAYS
                continue
            u = self._draws.uniform(f"transit/{commodity}/{stage.name}/{country}", reviews)
            services = open_services(ways[0], self._longest, u)
            weeks[:, p] = services.T
            usual_days[:, p] = services.sum(axis=1, dtype=np.int64) / reviews * SERVICE_DAYS
            detour = self._detour(ways, commodity, u, int(services.max(initial=1)))
            if detour is not None:
                detours[p] = detour
                weeks[detour.reviews, p, detour.rows] = self._services(detour)
            joins = self._joins(ways, detour)
            if joins is not None:
                uses[p] = joins
        # Re-routed goods take as long as China's own and some days more.
        own = weeks[:, stage.producers.index(CHINA)] if CHINA in stage.producers else np.zeros((reviews, 1))
        more = services_of(np.array([parameter("reroute_extra_days").value]))
        weeks[:, producers] = np.minimum(own + more, never[:, None])
        passage = Passage(self.queues, uses, gross_t_per_t(commodity, stage.name), reviews) if uses else None
        return Transits(weeks.transpose(2, 0, 1), usual_days, passage, detours)

    def own_ways(self, stage: Stage, commodity: str, step: int, *, without: str | None) -> OwnWays | None:
        """Lots of the pairs of a stage that have ways of their own, but for a buyer with lanes; None for no such pair.

        They take the median transit of their way. What leaves Central Asia queues for corridors of limited capacity;
        what enters it travels against the stream.
        """
        places = {buyer: b for b, buyer in enumerate(stage.buyers) if buyer != without}
        pairs = sorted((pair for pair in stage.between if pair[1] in places), key=lambda pair: places[pair[1]])
        if not pairs:
            return None
        services = np.empty(len(pairs), dtype=np.int16)
        others: list[Others] = []
        uses: dict[int, Joins] = {}
        for k, (producer, buyer) in enumerate(pairs):
            ways = stage.between[producer, buyer]
            (services[k],) = services_of(open_days(ways[0], self._longest, None))
            # Goods of several commodities take the same ways in the same time.
            key = ways, tuple(self._causes(way, commodity) for way in ways)
            if key not in self._median:
                self._median[key] = self._detour(ways, commodity, None, int(services[k]))
            detour = self._median[key]
            if detour is not None:
                others.append((np.full(detour.rows.size, k), detour.rows, detour.reviews, self._services(detour)))
            joins = self._joins(ways, detour)
            if joins is not None and producer in C5:
                uses[k] = joins
        return OwnWays(
            np.array([stage.producers.index(p) for p, _ in pairs]),
            np.array([places[b] for _, b in pairs]),
            services,
            others,
            Passage(self.queues, uses, gross_t_per_t(commodity, stage.name), self._days.size) if uses else None,
            step,
            len(stage.regions),
            (self._draws.n, self._days.size),
        )

    def _joins(self, ways: tuple[Lane, ...], detour: Detour | None) -> Joins | None:
        """Queues that the lots of some ways join; None where none of the ways has one."""
        limited = np.array([self._queue(way) for way in ways])
        if (limited < 0).all():
            return None
        if detour is None:
            nobody = np.zeros(0, dtype=np.int64)
            return Joins(int(limited[0]), nobody, nobody, nobody)
        joined = limited[detour.taken]
        moved = np.flatnonzero(joined != limited[0])
        return Joins(int(limited[0]), detour.rows[moved], detour.reviews[moved], joined[moved])

    def _queue(self, lane: Lane) -> int:
        """Queue in which the lots of a lane wait, -1 for none."""
        names = self.queues.names
        return names.index(lane.shared) if lane.shared in names else -1

    def _services(self, detour: Detour) -> NDArray[np.int16]:
        """Whole services of detours; what lands long after the clock stops lands just after."""
        return services_of(np.minimum(detour.lands, self._never(self._days[detour.reviews])))

    def _never(self, left: Floats) -> Floats:
        """Days under way of what leaves on ``left`` and does not land before the clock stops."""
        return np.maximum(self._end - left + 2 * SERVICE_DAYS, 2 * self._longest)

    def _detour(self, ways: tuple[Lane, ...], commodity: str, u: Floats | None, most: int) -> Detour | None:
        """Find another way, or wait, for lots that meet a closure of their usual way.

        ``u`` (n, T) uniforms for their transit; None for the median. They take ``most`` services at most if it is open.
        """
        rows, columns, place, drawn = self._disturbed(ways[0], commodity, u, most)
        if not rows.size:
            return None
        left = self._days[columns]
        shut = [self.shut(way, commodity) for way in ways]

        def took(k: int, lots: Rows) -> Floats:
            return open_days(ways[k], self._longest, None if drawn is None else drawn[lots])

        lands, way = _first_open(ways, shut, took, rows, left, place)
        undisturbed = left + took(0, np.arange(rows.size))
        return Detour(ways, rows, columns, way, np.maximum(lands, undisturbed) - left)

    def _disturbed(
        self, way: Lane, commodity: str, u: Floats | None, most: int
    ) -> tuple[Rows, Rows, Rows, Floats | None]:
        """Lots that would meet a closure of their usual way, at the origin or under way.

        Replication and review of each (c,), in that order, place of the first closure that it meets, and its transit's
        standard normal number, None for the median; the rest is as for ``_detour``.
        """
        begins, ends = self.shut(way, commodity)
        n, reviews = self._draws.n, self._days.size
        rows, slots = np.divmod(np.flatnonzero((begins < self._end).T), len(begins))
        place = slots * n + rows
        begin = begins.take(place)
        # Only those that leave while the lane is shut, or at most so many services before, are looked at; none again
        # that leaves before the end of an earlier closure.
        first = np.searchsorted(self._days, begin - most * SERVICE_DAYS * way.exposed_share - 1.0)
        end = np.searchsorted(self._days, ends.take(place))
        np.maximum(first[1:], end[:-1] * (slots[1:] > 0), out=first[1:])
        lots = end - first
        closure = np.repeat(np.arange(rows.size), lots)
        columns = np.arange(closure.size) + np.repeat(end - np.cumsum(lots), lots)
        rows = rows[closure]
        z = None if u is None else standard_normal(u.take(rows * reviews + columns))
        days = open_days(way, self._longest, z)
        meets = np.flatnonzero(begin[closure] < self._days[columns] + days * way.exposed_share)
        return rows[meets], columns[meets], place[closure[meets]], None if z is None else z[meets]


def closes(closure: ClosureChange, lane: Lane, commodity: str) -> bool:
    """Whether a closure shuts a lane for a commodity's goods."""
    if not covered(commodity, closure.commodities):
        return False
    named = lane.corridor in closure.corridors or (bool(lane.shared) and lane.shared in closure.corridors)
    return named or closure.country in lane.crosses


def _first_open(
    ways: Sequence[Lane],
    shut: Sequence[Shut],
    took: Callable[[int, Rows], Floats],
    rows: Rows,
    left: Floats,
    place: Rows,
) -> tuple[Floats, Rows]:
    """(c,) landing day and index of the way of lots of replications ``rows`` (c,) that leave on ``left`` (c,).

    ``shut`` has the closures of every way, ``place`` (c,) is where each lot's usual way has the one that the lot meets,
    and ``took`` says how many days some of the lots are on an open way.
    """

    def landing(k: int, lots: Rows, place: Rows, day: Floats) -> Floats:
        return arrival(shut[k], place, day, took(k, lots), ways[k].exposed_share)

    way, lands = np.zeros(left.size, dtype=np.int64), np.empty(left.size)
    shuts = np.full(left.size, np.inf)
    waiting = np.arange(left.size)
    begin = shut[0][0].take(place)
    for k in range(len(ways)):
        if k:
            place, begin = met(shut[k], rows[waiting], left[waiting])
        closed = begin <= left[waiting]
        open_ = ~closed
        sets_out = waiting[open_]
        way[sets_out], shuts[sets_out] = k, begin[open_]
        lands[sets_out] = landing(k, sets_out, place[open_], left[sets_out])
        waiting = waiting[closed]
    if waiting.size:
        rest = rows[waiting], left[waiting]
        direct = np.stack([landing(k, waiting, met(shut[k], *rest)[0], rest[1]) for k in range(len(ways))])
        way[waiting], lands[waiting] = direct.argmin(axis=0), direct.min(axis=0)
    # A lot that its open way holds up turns round where that is quicker, once.
    for k in range(len(ways)):
        lots = np.flatnonzero((way == k) & (shuts < np.inf))
        held = lots[lands[lots] > left[lots] + took(k, lots)]
        day = shuts[held]
        for j in range(len(ways)):
            if j == k or not held.size:  # its own way is shut
                continue
            free = met(shut[j], rows[held], day)[1] > day
            if not anywhere(free):
                continue
            turns, back = held[free], day[free] + (day[free] - left[held[free]])
            landed = landing(j, turns, met(shut[j], rows[turns], back)[0], back)
            sooner = landed < lands[turns]
            turned = turns[sooner]
            way[turned], lands[turned], shuts[turned] = j, landed[sooner], np.inf
            held, day = held[~free], day[~free]
    return lands, way
