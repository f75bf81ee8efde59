"""Provenance labels: additive tags that travel with every tonne of a chain.

The labels of a quantity are one array whose last axis holds them side by side, in a layout that depends on how far
along its chain the quantity has come (``Layout``): no tonne carries a label of what has not been done to it yet, nor
one that others tell. They are

* the first partner touched (``places.PARTNER_LABELS``). They partition the tonnes.
* what China did: tonnes done there at any stage so far, and tonnes done there at each. Sums are all that is asked for:
  which stages go together is not kept, or there would be ``2 ** S`` labels.
* for each stage but the last, the tonnes that passed its largest producer outside China (the runner-up).
* the least and the most of the tonnes that may have been through China, whoever got which (``segregation``).

Amounts add up and mix in proportion; a step of processing only moves tonnes between labels. A producer does the same to
all its tonnes: its feed and its stock of product carry the labels of its feed, and what it does itself is added when
they are sold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Chain
from simulator.domain.places import CHINA, PARTNER_LABELS, REST
from simulator.model.rows import add_up

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each label stands, in goods that have passed the stages of a chain as far as one of them.

    Goods of the first stage were done in China there or nowhere, and who got which does not matter as all goods of a
    producer are alike: one label says what was done in China at all, at that stage, and at least and at most.
    """

    size: int
    bounds: tuple[int, int]
    """Labels of the least and the most tonnes that may have been through China."""
    apart: slice
    """The same where they do not mix in proportion in a sale; nothing at the first stage."""
    mixing: slice
    """All others."""
    received: slice
    """Those of them that goods of the stage before have as well, in the same order."""
    partners: slice
    """Labels of the first partner touched; none so far comes first."""
    exposed: int
    """Label of tonnes done in China at any stage."""
    exposed_at: tuple[int, ...]
    """Label of tonnes done in China at each stage so far."""
    runner_ups: tuple[int, ...]
    """Label of tonnes that passed the runner-up of each stage so far but the chain's last."""

    @property
    def nowhere(self) -> int:
        """Label of tonnes that no partner has touched."""
        return int(self.partners.start)

    @property
    def china(self) -> list[int]:
        """Every label of tonnes done in China."""
        return sorted({self.exposed, *self.exposed_at})


def _layout(stage: int, stages: int, partners: int) -> Layout:
    first = 2 if stage else 0
    exposed = first + partners
    place, received = exposed + 1, first
    exposed_at, runner_ups = [exposed], []
    for s in range(stage + 1):
        if s > 0:
            received = place
        if s == 1:
            exposed_at[0], place = place, place + 1
        if s > 0:
            exposed_at.append(place)
            place += 1
        if s < stages - 1:
            runner_ups.append(place)
            place += 1
    return Layout(
        size=place,
        bounds=(0, 1) if stage else (exposed, exposed),
        apart=slice(0, first),
        mixing=slice(first, place),
        received=slice(first, received),
        partners=slice(first, exposed),
        exposed=exposed,
        exposed_at=tuple(exposed_at),
        runner_ups=tuple(runner_ups),
    )


class Labels:
    """Label layouts of one chain and the relabelling done by each producer of each stage."""

    def __init__(self, chain: Chain) -> None:
        self.stages = len(chain.stages)
        present = {country for stage in chain.stages for country in stage.producers}
        self.partner_names = tuple(name for name in PARTNER_LABELS if name == PARTNER_LABELS[0] or name in present)
        """Partners that produce anything in this chain; no tonne can carry the label of another."""
        self.layouts = tuple(_layout(s, self.stages, len(self.partner_names)) for s in range(self.stages))
        """Layout of goods that each stage sells."""
        self._known: dict[tuple[int, tuple[str, ...]], tuple[list[tuple[int, int]], list[int], list[int]]] = {}
        self.runner_up = tuple(_largest_outside_china(stage.producers, stage.output) for stage in chain.stages)
        producers = chain.stages[0].producers
        self.fresh = np.zeros((len(producers), self.layouts[0].size))
        """(P, L) labels of a tonne that each producer of the first stage sells."""
        self.fresh[:, self.layouts[0].nowhere] = 1.0
        self.relabel(self.fresh[None], np.ones((1, len(producers))), 0, producers)

    def relabel(self, amounts: Floats, tonnes: Floats, stage: int, producers: tuple[str, ...]) -> None:
        """Label what producers do at ``stage`` to tonnes (n, P) that they sell, in place.

        ``amounts`` (n, P, L), in the layout of the stage, hold the labels that the goods were received with, and
        anything beyond. The bounds of producers outside China are left as they are.
        """
        layout, planes, whole = self.layouts[stage], amounts.T, tonnes.T
        firsts, chinese, runner_up = self._moves(stage, producers)
        for p, first in firsts:
            planes[first, p] += planes[layout.nowhere, p]
            planes[layout.nowhere, p] = 0.0
        if stage == 1:  # in goods of the first stage one label says both
            planes[layout.exposed_at[0]] = planes[layout.exposed]
        if stage > 0:
            planes[layout.exposed_at[stage]] = 0.0
        for p in chinese:
            for label in (layout.exposed, layout.exposed_at[stage], *layout.bounds):
                planes[label, p] = whole[p]
        if stage < self.stages - 1:
            planes[layout.runner_ups[stage]] = 0.0
        for p in runner_up:
            planes[layout.runner_ups[stage], p] = whole[p]

    def _moves(self, stage: int, producers: tuple[str, ...]) -> tuple[list[tuple[int, int]], list[int], list[int]]:
        """Place of each partner among producers, and its label; places of China, and of a runner-up with a label."""
        key = stage, producers
        if key not in self._known:
            places = dict(enumerate(producers))
            names, start = self.partner_names, self.layouts[stage].partners.start
            self._known[key] = (
                [(p, start + names.index(country)) for p, country in places.items() if country in names],
                [p for p, country in places.items() if country == CHINA],
                [p for p, country in places.items() if country == self.runner_up[stage] and stage < self.stages - 1],
            )
        return self._known[key]


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
