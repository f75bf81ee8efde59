"""Commodities of one block of replications on one SimPy clock.

Order of events on the same day: changes of the scenario, then observations that fall between reviews, then
landings, then the market review, then the observation of that review. Changes and lone observations are
put on the clock before the first lot, and SimPy keeps the order of creation among equal times.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.domain.changes import (
    Change,
    DemandChange,
    LastingChange,
    OfftakeChange,
    OutageChange,
    SuspensionChange,
    SuspensionEndChange,
    SwitchChange,
    covered,
)
from simulator.domain.traces import Trace, earliest
from simulator.model.chain_world import ChainWorld
from simulator.model.economy import hang
from simulator.model.focal import SERVICE_DAYS
from simulator.model.ledger import check
from simulator.model.measures import hang_up, turn
from simulator.model.meters import MeterBoard
from simulator.model.recorder import ChainRecord, Recorder
from simulator.model.review import review
from simulator.model.surroundings import Surroundings

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
PARTS_TOLD = 25
"""Parts of a block's clock after each of which progress is told."""


class World:
    """Commodities of a case in one block; lives for one run and is never returned."""

    def __init__(self, around: Surroundings, chains: Sequence[Chain] | None = None) -> None:
        """All commodities of the case share the clock where ``chains`` is None.

        Of a part of them nothing waits in front of corridors, as that depends on the others; see ``block``.
        """
        self.around = around
        self.case = case = around.case
        self.first, self.end, self.reviews, self.days = around.first, around.end, around.reviews, around.days
        self.corridors, self.rules = around.corridors, around.rules
        self.env = simpy.Environment(initial_time=self.first)
        self._services: list[float] = []
        """Days of services whose lots are yet to land."""
        self._whole = chains is None
        self.chains = [
            ChainWorld(case, chain, around.draws, self.corridors, around.levers, around.capacity, self.reviews)
            for chain in (case.chains if chains is None else chains)
        ]
        self.recorders = [
            Recorder(record, s)
            for record in (ChainRecord(chain, self.days, around.delivery_days) for chain in self.chains)
            for s, market in enumerate(record.world.markets)
            if market.focal is not None
        ]
        self.meters = MeterBoard(case.meters, self.chains, self.reviews.size) if case.meters else None
        self.rules.watch(self.chains)
        self._register(around.changes)
        self._schedule(around.changes)

    def _register(self, changes: Sequence[Change]) -> None:
        """Hang measures and shocks on their chains, before the clock starts."""
        for change in changes:
            if isinstance(change, SwitchChange):
                for chain in self.chains:
                    hang_up(chain, change)
            elif isinstance(change, DemandChange):
                for chain in self._chains_of(change.commodities):
                    chain.demand_shocks.append(change)
            elif isinstance(change, LastingChange):
                for chain in self._chains_of((change.commodity,)):
                    hang(chain, change)
            elif isinstance(change, OutageChange):
                for chain in self._chains_of((change.commodity,)):
                    for market in chain.markets:
                        if change.stage in (None, market.stage.name):
                            market.add_outage(change)

    def _chains_of(self, commodities: Sequence[str]) -> list[ChainWorld]:
        return [chain for chain in self.chains if covered(chain.chain.commodity, commodities)]

    def _schedule(self, changes: Sequence[Change]) -> None:
        """Put dated changes, lone observations, then the weekly round on the clock."""
        for change in changes:
            self._put(change, change.mask)
        lone = np.setdiff1d(self.days, self.reviews)
        for day in lone:
            if day < self.end:
                self._at(int(day), self._observer(float(day)))
        self._rounds = self._round()
        self.env.process(self._rounds)

    def _put(self, change: Change, mask: Mask) -> None:
        """Put what a change does on its days, in the replications of ``mask``, on the clock."""
        if isinstance(change, _ON_THE_CLOCK):
            now = int(self.env.now)
            for day, concerned in by_day(change, mask, now, self.end):
                self._at(day, self._applier(change, concerned))
        elif isinstance(change, OfftakeChange) and self.env.now > self.first:
            for chain in self._chains_of(change.commodities):
                chain.entrants.settle()

    def _at(self, day: int, act: Callable[[], None]) -> None:
        event = self.env.timeout(day - int(self.env.now))
        assert event.callbacks is not None
        event.callbacks.append(lambda _: act())

    def _applier(self, change: SwitchChange | SuspensionChange | SuspensionEndChange, mask: Mask) -> Callable[[], None]:
        def act() -> None:
            day = float(self.env.now)
            for chain in self.chains:
                turn(chain, change, day, mask)

        return act

    def _observer(self, day: float) -> Callable[[], None]:
        def act() -> None:
            self.catch_up()
            for recorder in self.recorders:
                recorder.record(day)

        return act

    def catch_up(self) -> None:
        """Land the lots of every service so far, for who looks at stocks between two reviews."""
        for chain in self.chains:
            self._land(chain)
        self._services.clear()

    def _land(self, chain: ChainWorld) -> None:
        for market in chain.markets:
            if market.focal is not None:
                for day in self._services:
                    market.focal.land(day)

    def _round(self) -> Generator[simpy.Event, None, None]:
        """Every service day lots land; every ``review_days`` the markets are reviewed after that.

        Nobody looks at what has landed before the next review or observation: until then services only queue up, and
        one commodity after the other takes its turn, whose arrays then lie near at hand.
        """
        observed = set(self.days.tolist())
        while True:
            yield self.env.timeout(SERVICE_DAYS)
            day = float(self.env.now)
            self._services.append(day)
            if (self.env.now - self.first) % self.case.review_days == 0:
                for chain in self.chains:
                    self._land(chain)
                    review(chain, day)
                self._services.clear()
                if self.meters is not None:
                    self.meters.close()
                if self._whole:
                    self.corridors.queues.review(day, self.case.review_days)
                if day in observed:
                    self._observer(day)()
                self.rules.review(day, self._put)

    def _behind(self) -> dict[str, Floats]:
        """Programme of purchases -> (n,) day on which it first fell behind for any of its commodities."""
        return earliest(
            {purchase.change.event_id: purchase.behind}
            for chain in self.chains
            for market in chain.markets
            for purchase in (() if market.focal is None else market.focal.purchases)
        )

    def run(self, replications: NDArray[np.int64], tick: Callable[[float], None] | None = None) -> Trace:
        """Run to the horizon, check conservation and hand over the record; ``tick`` hears the share done so far."""
        if tick is not None:
            for part in range(1, PARTS_TOLD):
                self.env.run(until=self.first + (self.end - self.first) * part // PARTS_TOLD)
                tick(part / PARTS_TOLD)
        self.env.run(until=self.end)
        self.catch_up()
        for recorder in self.recorders:
            if not recorder.complete:
                recorder.record(float(self.end))
        for chain in self.chains:
            check(chain)
        return Trace(
            replications=replications,
            chains=tuple(recorder.trace() for recorder in self.recorders),
            branches=self.around.branches | self.rules.branches(),
            rule_days=self.rules.first_days(),
            behind=self._behind(),
            bound=self.corridors.queues.first_bound(),
            metered={} if self.meters is None else self.meters.finished(),
            review_days=self.reviews[: 0 if self.meters is None else self.meters.reviews],
        )

    def close(self) -> None:
        """Let go of everything: clock and world refer to each other, and would keep a block's memory for a while."""
        self._rounds.close()
        vars(self).clear()


_ON_THE_CLOCK = SwitchChange | SuspensionChange | SuspensionEndChange
"""Changes that act on a day of their own; the others are looked up at every review."""


def by_day(change: Change, mask: Mask, first: int, end: int) -> Iterable[tuple[int, Mask]]:
    """Group a change's replications within ``mask`` by whole day; what is older than ``first`` acts on it."""
    live = mask & (change.day < end)
    days = np.maximum(np.ceil(np.where(live, change.day, 0.0)), first).astype(int)
    found = days[live]
    for day in np.unique(found) if (found != found[:1]).any() else found[:1]:
        yield int(day), live & (days == day)
