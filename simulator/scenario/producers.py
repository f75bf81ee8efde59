"""Room in a chain for a producer that the base year does not know."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.between import own_ways
from simulator.domain.chain import Chain, Stage

Floats = NDArray[np.float64]


def with_producers(chain: Chain, wanted: Iterable[tuple[str, str]]) -> Chain:
    """Return the chain with a producer of no output for each (stage, country) that has none.

    A new producer buys its feed like an average producer of its stage: its transit is the mean of
    theirs, unless the pair has ways of its own. It has no lanes of its own to the focal buyer; the model's usual
    transit holds for it.
    """
    stages = list(chain.stages)
    for name, country in wanted:
        index = next(i for i, stage in enumerate(stages) if stage.name == name)
        if country in stages[index].producers:
            continue
        stages[index] = _with_producer(stages[index], country)
        if index > 0:
            stages[index - 1] = _with_buyer(stages[index - 1])
        for s in (index - 1, index):
            if s >= 0:
                stages[s] = _with_ways(chain.commodity, stages[s], stages[s + 1 : s + 2])
    return dataclasses.replace(chain, stages=tuple(stages))


def _with_producer(stage: Stage, country: str) -> Stage:
    return dataclasses.replace(
        stage,
        producers=(*stage.producers, country),
        plants=np.append(stage.plants, 1.0),
        output=np.append(stage.output, 0.0),
        capacity=np.append(stage.capacity, 0.0),
        secondary=np.append(stage.secondary, 0.0),
        flows=_padded(stage.flows, rows=1),
        committed=_padded(stage.committed, rows=1),
    )


def _with_buyer(stage: Stage) -> Stage:
    """Return the upstream stage with one more buyer at the end, the new producer."""
    makers = stage.lag_days[len(stage.regions) :]
    lag = float(np.mean(makers if len(makers) else stage.lag_days))
    return dataclasses.replace(
        stage,
        flows=_padded(stage.flows, columns=1),
        committed=_padded(stage.committed, columns=1),
        lag_days=np.append(stage.lag_days, lag),
    )


def _with_ways(commodity: str, stage: Stage, below: list[Stage]) -> Stage:
    """Return the stage with the ways of every pair that trades over corridors, the new one's included."""
    buyers = (*stage.regions, *(country for after in below for country in after.producers))
    return dataclasses.replace(stage, between=own_ways(stage.producers, buyers, stage.flows, commodity))


def _padded(matrix: Floats, *, rows: int = 0, columns: int = 0) -> Floats:
    return np.ascontiguousarray(np.pad(matrix, ((0, rows), (0, columns))))
