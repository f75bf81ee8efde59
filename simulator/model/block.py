"""Simulate one block: one commodity after the other where they can be told apart, else all of them on one clock.

Commodities touch each other in three places: a rule watches one and acts on others; meters add up what several do; and
what sets out for a shared corridor beyond its capacity makes the lots of all wait. Cases with rules or meters run
together. In the others no commodity knows of the rest as long as nothing waits. So each runs by itself, which keeps its
state in the cache and the memory small, and what all of them sent through a corridor is added up: had anything waited,
none of it counts, and all run again together. A replication comes to the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.domain.draws import Draws
from simulator.domain.traces import Trace
from simulator.model.surroundings import Surroundings
from simulator.model.world import World
from simulator.scenario.case import Case

Tick = Callable[[float], None]
RECORDED_REVIEWS = 2
"""A run's trace holds one review in so many: four weeks are enough for series by the month."""


class CommoditiesMeet(Exception):
    """Commodities that were run apart would have waited for each other."""


def simulate(case: Case, draws: Draws, replications: NDArray[np.int64], tick: Tick | None = None) -> Trace:
    """Simulate all commodities of a block on one clock.

    Parameters
    ----------
    case
        The resolved scenario.
    draws
        Random numbers and uncertain inputs of the block's replications.
    replications
        (n,) replication numbers, for the record.
    tick
        Told now and then which share of the clock has passed.

    Returns
    -------
    Trace
        Its series hold every second review, enough for months and half the memory.
    """
    return _run(Surroundings(case, draws, RECORDED_REVIEWS), None, replications, tick)


def one_by_one(case: Case, draws: Draws, replications: NDArray[np.int64], tick: Tick | None = None) -> Iterator[Trace]:
    """Yield the trace of one commodity after the other, or one of all where they run together.

    For the parameters see ``simulate``, which gives the same bytes at once.

    Raises
    ------
    CommoditiesMeet
        When they would have waited for each other: nothing that was yielded counts.
    """
    around = Surroundings(case, draws, RECORDED_REVIEWS)
    if around.shared or len(case.chains) < 2:
        yield _run(around, None, replications, tick)
        return
    done = 0

    def run(chain: Chain) -> Trace:
        nonlocal done
        before, done = done, done + 1

        def told(share: float) -> None:
            if tick is not None:
                tick((before + share) / len(case.chains))

        return _run(around, (chain,), replications, None if tick is None else told)

    # Who moves most fills a corridor first: then not much has been simulated in vain. Its trace waits for its turn.
    bulkiest = max(case.chains, key=_tonnes)
    ahead = [run(bulkiest)]
    for chain in case.chains:
        yield ahead.pop() if chain is bulkiest else run(chain)


def _tonnes(chain: Chain) -> float:
    """Output of all stages of a commodity in the base year, tonnes."""
    return float(sum(stage.output.sum() for stage in chain.stages))


def _run(
    around: Surroundings, chains: Sequence[Chain] | None, replications: NDArray[np.int64], tick: Tick | None
) -> Trace:
    world = World(around, chains)
    trace = world.run(replications, tick)
    world.close()
    if chains is not None and around.corridors.queues.overrun(around.case.review_days):
        raise CommoditiesMeet
    return trace
