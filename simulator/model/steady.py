"""The state the clock starts from: base-year flows that have always run.

Stocks stand at their targets, pipelines are full, and labels are those of the balanced flows. The spin-up
then brings in the controls that were really in force.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.model.labels import Labels

Floats = NDArray[np.float64]


def compositions(chain: Chain, labels: Labels) -> list[Floats]:
    """(P, L) labels of a tonne of each producer's product at each stage, in the base year."""
    result: list[Floats] = []
    for s, stage in enumerate(chain.stages):
        fresh = labels.origin(s, stage.producers)
        if s == 0:
            result.append(fresh)
            continue
        upstream = chain.stages[s - 1]
        feed = upstream.flows[:, len(upstream.regions) :]
        incoming = feed.T @ result[s - 1] / np.maximum(feed.sum(axis=0), 1e-300)[:, None]
        labels.relabel(incoming[None], s, stage.producers)
        scrap = np.divide(stage.secondary, stage.output, out=np.zeros_like(stage.output), where=stage.output > 0)[
            :, None
        ]
        mixed = scrap * fresh + (1.0 - scrap) * incoming
        result.append(np.where(stage.output[:, None] > 0, mixed, fresh))
    return result
