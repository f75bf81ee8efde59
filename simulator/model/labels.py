"""Provenance labels: additive tags that travel with every tonne of a chain.

The labels of a quantity are one array whose last axis holds four groups side by side:

* what China did: tonnes done there at no stage and at any, which partition the tonnes, and tonnes done there at each
  stage. Sums are all that is asked for: which stages go together is not kept, or there would be ``2 ** S`` labels.
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
from simulator.model.rows import add_up

Floats = NDArray[np.float64]
CLEAN, EXPOSED = 0, 1
"""Labels of tonnes that China touched at no stage and at any."""


class Labels:
    """Label layout of one chain and the relabelling done by each producer of each stage."""

    def __init__(self, chain: Chain) -> None:
        self.stages = len(chain.stages)
        stages = np.arange(self.stages)
        self.exposed_at = 2 + stages if self.stages > 1 else 1 + stages
        """(S,) labels of tonnes done in China at each stage; of a single stage, that is ``EXPOSED``."""
        self.china = int(self.exposed_at[-1]) + 1
        """Number of labels that say what China did; they come first."""
        present = {country for stage in chain.stages for country in stage.producers}
        self.partner_names = tuple(name for name in PARTNER_LABELS if name == PARTNER_LABELS[0] or name in present)
        """Partners that produce anything in this chain; no tonne can carry the label of another."""
        self.partners = slice(self.china, self.china + len(self.partner_names))
        self.runner_ups = slice(self.partners.stop, self.partners.stop + self.stages - 1)
        self.bounds = slice(self.runner_ups.stop, self.runner_ups.stop + 2)
        self.size = self.bounds.stop
        self._known: dict[tuple[int, tuple[str, ...]], tuple[list[tuple[int, int]], list[int], list[int]]] = {}
        self.runner_up = tuple(_largest_outside_china(stage.producers, stage.output) for stage in chain.stages)

    def origin(self, stage: int, producers: tuple[str, ...]) -> Floats:
        """(P, L) labels of a tonne that each producer makes at ``stage`` from nothing traced (ore or scrap)."""
        labels = np.zeros((len(producers), self.size))
        labels[:, CLEAN] = 1.0
        labels[:, self.partners.start] = 1.0
        self.relabel(labels[None], stage, producers)
        return labels

    def relabel(self, amounts: Floats, stage: int, producers: tuple[str, ...]) -> None:
        """Move tonnes ``(..., P, L)`` between labels as each producer's processing at ``stage`` does, in place."""
        other, planes = self.partners.start, amounts.T
        firsts, chinese, runner_up = self._moves(stage, producers)
        for p, first in firsts:
            planes[first, p] += planes[other, p]
            planes[other, p] = 0.0
        for p in chinese:
            tonnes = planes[:, p]
            total = self.total(tonnes.T)
            tonnes[CLEAN] = 0.0
            tonnes[EXPOSED] = tonnes[self.exposed_at[stage]] = total
            tonnes[self.bounds] = total
        for p in runner_up:
            planes[self.runner_ups.start + stage, p] = self.total(planes[:, p].T)

    def _moves(self, stage: int, producers: tuple[str, ...]) -> tuple[list[tuple[int, int]], list[int], list[int]]:
        """Place of each partner among producers, and its label; places of China, and of a runner-up with a label."""
        key = stage, producers
        if key not in self._known:
            places = dict(enumerate(producers))
            names, start = self.partner_names, self.partners.start
            self._known[key] = (
                [(p, start + names.index(country)) for p, country in places.items() if country in names],
                [p for p, country in places.items() if country == CHINA],
                [p for p, country in places.items() if country == self.runner_up[stage] and stage < self.stages - 1],
            )
        return self._known[key]

    def total(self, amounts: Floats) -> Floats:
        """(...) tonnes of amounts (..., L)."""
        return np.asarray(amounts[..., CLEAN] + amounts[..., EXPOSED])


class Makeup:
    """Labels of goods that come from sources each of which has the same labels on every tonne.

    Every label is on all tonnes of a source or on none, so an amount of it is a sum over some sources.
    """

    def __init__(self, fresh: Floats) -> None:
        """``fresh`` (K, L) labels of a tonne of each source, 0 or 1."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for label in range(fresh.shape[1]):
            groups.setdefault(tuple(np.flatnonzero(fresh[:, label]).tolist()), []).append(label)
        self._groups = [(*_beginning(sources), labels) for sources, labels in groups.items() if sources]
        """Sources whose tonnes add up to the same labels, neighbours first and then the others, and these labels."""

    def add_to(self, labels: Floats, tonnes: Floats) -> None:
        """Add to (n, Q, L) labels what comes together from the sources, (K, Q, n) tonnes."""
        planes = labels.T
        for neighbours, others, same in self._groups:
            alone = neighbours.stop - neighbours.start == 1
            total = tonnes[neighbours.start] if alone else add_up(tonnes[neighbours])
            for source in others:
                total = total + tonnes[source]
            for label in same:
                planes[label] += total


def _beginning(sources: tuple[int, ...]) -> tuple[slice, tuple[int, ...]]:
    """The neighbours that sources, ascending, begin with, and the rest."""
    end = next((k for k, source in enumerate(sources) if source != sources[0] + k), len(sources))
    return slice(sources[0], sources[0] + end), sources[end:]


def _largest_outside_china(producers: tuple[str, ...], output: Floats) -> str:
    named = [
        (tonnes, country) for country, tonnes in zip(producers, output, strict=True) if country not in (CHINA, REST)
    ]
    return max(named)[1] if named else ""
