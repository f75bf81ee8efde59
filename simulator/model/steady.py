"""The state the clock starts from: base-year flows that have always run.

Stocks stand at their targets, pipelines are full, and labels are those of the balanced flows. The spin-up
then brings in the controls that were really in force.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.model.labels import Labels

Floats = NDArray[np.float64]


def compositions(chain: Chain, labels: Labels) -> list[tuple[Floats, Floats]]:
    """(P, L) labels of a tonne of product that each producer of each stage holds, and that it sells, in the base year.

    At the first stage the former are without meaning: goods of a producer are all alike.
    """
    result = [(labels.fresh, labels.fresh)]
    for s, (upstream, stage) in enumerate(pairwise(chain.stages), start=1):
        before, layout = labels.layouts[s - 1], labels.layouts[s]
        feed = upstream.flows[:, len(upstream.regions) :]
        incoming = feed.T @ result[s - 1][1] / np.maximum(feed.sum(axis=0), 1e-300)[:, None]
        scrap = np.where(stage.output > 0, stage.secondary / np.maximum(stage.output, 1e-300), 1.0)
        held = (1.0 - scrap)[:, None] * incoming
        held[:, before.nowhere] += scrap
        sold = np.zeros((1, len(stage.producers), layout.size))
        sold[0, :, layout.received] = held[:, before.mixing]
        sold[0, :, layout.apart] = held[:, before.bounds]
        labels.relabel(sold, np.ones(sold.shape[:2]), s, stage.producers)
        result.append((held, sold[0]))
    return result
