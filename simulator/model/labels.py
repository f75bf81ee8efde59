"""Provenance labels: additive tags that travel with every tonne of a chain.

The labels of a quantity are one array whose last axis holds four groups side by side:

* ``2 ** S`` masks: bit ``s`` says that stage ``s`` was done in China. They partition the tonnes.
* the first partner touched (``places.PARTNER_LABELS``). They partition the tonnes too.
* for each stage but the last, the tonnes that passed its largest producer outside China (the runner-up).
* the least and the most of the tonnes that may have been through China, whoever got which (``segregation``).

Amounts add up and mix in proportion; a step of processing only moves tonnes between labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.domain.places import CHINA, PARTNER_LABELS, REST

Floats = NDArray[np.float64]


class Labels:
    """Label layout of one chain and the relabelling done by each producer of each stage."""

    def __init__(self, chain: Chain) -> None:
        self.stages = len(chain.stages)
        self.masks = 2**self.stages
        present = {country for stage in chain.stages for country in stage.producers}
        self.partner_names = tuple(name for name in PARTNER_LABELS if name == PARTNER_LABELS[0] or name in present)
        """Partners that produce anything in this chain; no tonne can carry the label of another."""
        self.partners = slice(self.masks, self.masks + len(self.partner_names))
        self.runner_ups = slice(self.partners.stop, self.partners.stop + self.stages - 1)
        self.bounds = slice(self.runner_ups.stop, self.runner_ups.stop + 2)
        self.size = self.bounds.stop
        self.runner_up = tuple(_largest_outside_china(stage.producers, stage.output) for stage in chain.stages)
        bits = np.arange(self.masks)
        self.exposed = bits > 0
        """(masks,) label touched China at any stage."""
        self.exposed_at = np.stack([(bits >> s) & 1 == 1 for s in range(self.stages)])
        """(S, masks) label touched China at that stage."""

    def origin(self, stage: int, producers: tuple[str, ...]) -> Floats:
        """(P, L) labels of a tonne that each producer makes at ``stage`` from nothing traced (ore or scrap)."""
        labels = np.zeros((len(producers), self.size))
        labels[:, 0] = 1.0
        labels[:, self.partners.start] = 1.0
        self.relabel(labels[None], stage, producers)
        return labels

    def relabel(self, amounts: Floats, stage: int, producers: tuple[str, ...]) -> None:
        """Move tonnes ``(..., P, L)`` between labels as each producer's processing at ``stage`` does, in place."""
        bit = 1 << stage
        for p, country in enumerate(producers):
            tonnes = amounts[..., p, :]
            if country == CHINA:
                for mask in range(self.masks):
                    if not mask & bit:
                        tonnes[..., mask | bit] += tonnes[..., mask]
                        tonnes[..., mask] = 0.0
                tonnes[..., self.bounds] = self.total(tonnes)[..., None]
            elif country in self.partner_names:
                first, other = self.partners.start + self.partner_names.index(country), self.partners.start
                tonnes[..., first] += tonnes[..., other]
                tonnes[..., other] = 0.0
            if country == self.runner_up[stage] and stage < self.stages - 1:
                tonnes[..., self.runner_ups.start + stage] = self.total(tonnes)

    def total(self, amounts: Floats) -> Floats:
        """(...) tonnes of amounts (..., L): all masks, added in one order whatever the block's size."""
        total: Floats = amounts[..., 0].copy()
        for mask in range(1, self.masks):
            total += amounts[..., mask]
        return total


def _largest_outside_china(producers: tuple[str, ...], output: Floats) -> str:
    named = [
        (tonnes, country) for country, tonnes in zip(producers, output, strict=True) if country not in (CHINA, REST)
    ]
    return max(named)[1] if named else ""
