"""Conservation of mass, checked at the end of every block.

Per stage and replication: opening stock and goods on the way + own output = closing stock and goods on the
way + feed consumed downstream + consumption + losses. First partners partition every labelled stock, so their labels
must add up to its tonnes; of these no more can be China-exposed than there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ModelError
from simulator.model.chain_world import ChainWorld
from simulator.model.labels import Layout

Floats = NDArray[np.float64]
TOLERANCE = 1e-9
"""Largest imbalance, as a share of the stage's throughput."""


def balance_errors(world: ChainWorld) -> Floats:
    """(n, S) imbalance of each stage's product as a share of its throughput."""
    errors = []
    for s, market in enumerate(world.markets):
        state = market.state
        closing = state.held() + world.beyond(s)
        out = state.consumed - state.clipped
        if market.focal is not None:
            out = out + market.focal.used
        if s + 1 < len(world.markets):
            out = out + world.markets[s + 1].state.feed_used
        throughput = state.opening + state.produced
        errors.append(np.abs(state.opening + state.produced - closing - out) / np.maximum(throughput, 1e-12))
    return np.stack(errors, axis=1)


def clipped_tonnes(world: ChainWorld) -> Floats:
    """(n, S) tonnes booked to losses where round-off left a negative stock."""
    return np.stack([market.state.clipped for market in world.markets], axis=1)


def label_errors(world: ChainWorld) -> Floats:
    """(n, S) largest gap between a labelled stock and what its labels add up to, per throughput."""
    errors = []
    for market in world.markets:
        state = market.state
        labelled: list[tuple[Floats, Floats, Layout]] = [(state.feed, state.feed_labels, state.received)]
        if state.product_labels is not None:
            labelled.append((state.product, state.product_labels, state.received))
        if market.focal is not None:
            focal = market.focal
            on_way = focal.labels_on_way
            if on_way is not None:
                labelled.append((focal.pool, on_way, focal.layout))
            labelled += [
                (focal.stock, focal.stock_labels, focal.layout),
                (focal.government, focal.government_labels, focal.layout),
                (focal.used, focal.consumed, focal.layout),
            ]
        throughput = np.maximum(state.opening + state.produced, 1e-12)
        worst = np.zeros_like(throughput)
        for tonnes, labels, layout in labelled:
            exposed, at_stages = labels[..., layout.exposed], labels[..., layout.exposed_at]
            for gap in (
                np.abs(labels[..., layout.partners].sum(axis=-1) - tonnes),
                exposed - tonnes,
                # What China did at a stage is part of what it did at all, and all of it was done at some stage.
                at_stages.max(axis=-1) - exposed,
                exposed - at_stages.sum(axis=-1),
            ):
                worst = np.maximum(worst, gap if gap.ndim == 1 else np.maximum(gap, 0.0).sum(axis=1))
        errors.append(worst / throughput)
    return np.stack(errors, axis=1)


def check(world: ChainWorld) -> None:
    """Raise ``ModelError`` when mass or labels do not add up."""
    for what, errors in (("mass balance", balance_errors(world)), ("label balance", label_errors(world))):
        worst = errors.max(axis=0)
        for s, error in enumerate(worst):
            if not error <= TOLERANCE:
                stage = world.chain.stages[s].name
                raise ModelError(f"{world.chain.commodity} {stage}: the {what} is off by {error:.3g} of throughput")
