"""Ties of output to buyers: agreements, shifts of offtake, and bids that owners accept or not.

Ties are settled per replication in the order of their days, events of one day in the order of the
scenario: a later one gets at most what no owner and no earlier tie holds, and what an earlier one frees
when it ends goes back to the market. A bid is accepted by one draw per project or producer, with odds

    ln(p / (1 - p)) = log_odds + log_odds_per_owned x share owned by the bidder + alignments in force,

so an owner already half the bidder's accepts more easily, and one in a country that has aligned itself
with the focal economy less.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Project, Stage
from simulator.domain.changes import (
    AlignmentChange,
    Change,
    FloorChange,
    OfftakeChange,
    SetbackChange,
    SupportChange,
    covered,
)
from simulator.domain.draws import Draws
from simulator.domain.places import CHINA, REGIONS, at_home, region_of
from simulator.model.rows import outer

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Levers:
    """What a scenario does to projects and to whom output goes."""

    supports: tuple[SupportChange, ...] = ()
    setbacks: tuple[SetbackChange, ...] = ()
    offtakes: tuple[OfftakeChange, ...] = ()
    alignments: tuple[AlignmentChange, ...] = ()
    floors: tuple[FloorChange, ...] = ()

    @classmethod
    def of(cls, changes: Sequence[Change]) -> Levers:
        """Pick them from all changes of a block, in their order."""
        return cls(
            tuple(c for c in changes if isinstance(c, SupportChange)),
            tuple(c for c in changes if isinstance(c, SetbackChange)),
            tuple(c for c in changes if isinstance(c, OfftakeChange)),
            tuple(c for c in changes if isinstance(c, AlignmentChange)),
            tuple(c for c in changes if isinstance(c, FloorChange)),
        )


@dataclass(frozen=True, slots=True)
class Plant:
    """New capacity as ties see it."""

    id: str
    """Id of the project in the catalogue, or of the event that adds it."""
    country: str
    commodity: str
    china_offtake: float
    """Share of the output that Chinese owners or contracts hold, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Tie:
    """Part of an output that goes to one buyer."""

    begin: Floats
    """(n,) first day; +inf for never."""
    end: Floats
    """(n,) first day without it."""
    share: Floats
    """(n,) share of the output, 0 to 1."""
    columns: Floats
    """(B,) how it divides among the stage's buyers; sums to 1."""
    focal: bool
    """Whether the buyer is the focal one."""

    def held(self, day: float) -> Floats:
        """(n,) share tied on ``day``."""
        return np.where((self.begin <= day) & (day < self.end), self.share, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class ProducerTies:
    """Ties of a running producer, and what its custom becomes under them."""

    producer: int
    flows: Floats
    """(B,) base-year flows, t/day."""
    loose: Floats
    """(B,) part of them that neither owners nor home processors hold."""
    ties: tuple[Tie, ...]

    def began(self, day: float) -> bool:
        """Whether any tie holds on ``day`` in any replication; where none does, ``custom`` is the base year's."""
        return any(bool(tie.held(day).any()) for tie in self.ties)

    def custom(self, day: float) -> Floats:
        """(n, B) flows as tied, t/day: the same total, with every buyer of loose output giving up its part alike."""
        held = total(self.ties, day)
        output = self.flows.sum()
        part = held * (output / max(float(self.loose.sum()), _TINY))
        rows = self.flows[None, :] - outer(part, self.loose)
        for tie in self.ties:
            rows = rows + outer(tie.held(day) * output, tie.columns)
        return np.where((held > 0)[:, None], np.maximum(rows, 0.0), self.flows[None, :])


def total(ties: Iterable[Tie], day: float) -> Floats:
    """(n,) or scalar 0 without ties: share tied on ``day``, summed in their order."""
    held: Floats = np.zeros(1)
    for tie in ties:
        held = held + tie.held(day)
    return held


def spread(stage: Stage, chosen: Mask) -> Floats:
    """(B,) weights over the chosen buyers in proportion to what they take in the base year."""
    weight = np.where(chosen, stage.flows.sum(axis=0), 0.0)
    if weight.sum() > 0:
        return np.asarray(weight / weight.sum())
    return np.asarray(np.where(chosen, 1.0, 0.0) / max(1, int(chosen.sum())))


def buyers_of(stage: Stage, buyer: str) -> Mask:
    """(B,) columns in which a country or region buys: its own, else those of the region that counts its demand."""
    own = np.array([b == buyer or (buyer in REGIONS and region_of(b) == buyer) for b in stage.buyers], dtype=bool)
    if own.any():
        return own
    return np.array([region_of(b) == region_of(buyer) for b in stage.buyers], dtype=bool)


def covers(change: SupportChange | SetbackChange | OfftakeChange, project: Project | Plant) -> bool:
    """Whether a change concerns a project: by name, or by country and commodity."""
    if change.projects:
        return project.id in change.projects
    return covered(project.country, change.countries) and covered(project.commodity, change.commodities)


def plant_ties(plant: Plant, stage: Stage, focal: str, levers: Levers, draws: Draws) -> list[Tie]:
    """Ties of new capacity as asked for, before they are settled."""
    asked = []
    for support in levers.supports:
        if support.focal_offtake > 0 and covers(support, plant):
            share = np.where(support.mask, support.focal_offtake, 0.0)
            asked.append(_tie(support, support.until, share, stage, focal, focal))
    for change in levers.offtakes:
        here = covers(change, plant) and (not change.stages or stage.name in change.stages)
        if here and plant.country != change.buyer:
            owned = plant.china_offtake if change.buyer == CHINA else 0.0
            share = np.where(_accepted(change, plant.id, plant.country, owned, levers, draws), change.share, 0.0)
            asked.append(_tie(change, change.until, share, stage, change.buyer, focal))
    return asked


def producer_ties(
    commodity: str, stage: Stage, focal: str, levers: Levers, draws: Draws, days_per_year: float
) -> list[ProducerTies]:
    """Settled ties of the running producers of a stage; none where no change concerns one."""
    found = []
    for p, country in enumerate(stage.producers):
        asked = []
        for change in levers.offtakes:
            if change.projects or stage.output[p] <= 0 or country == change.buyer or not _at(change, commodity, stage):
                continue
            if covered(country, change.countries):
                columns = buyers_of(stage, change.buyer)
                owned = float(stage.committed[p][columns].sum())
                subject = f"{commodity}/{stage.name}/{country}"
                share = np.where(_accepted(change, subject, country, owned, levers, draws), change.share, 0.0)
                asked.append(_tie(change, change.until, share, stage, change.buyer, focal))
        if asked:
            flows = stage.flows[p] / days_per_year
            loose = np.maximum(flows - stage.committed[p] * stage.output[p] / days_per_year, 0.0)
            room = np.full(draws.n, float(loose.sum()) / float(flows.sum()))
            found.append(ProducerTies(p, flows, loose, settle(asked, room)))
    return found


def _at(change: OfftakeChange, commodity: str, stage: Stage) -> bool:
    return covered(commodity, change.commodities) and (not change.stages or stage.name in change.stages)


def _tie(change: Change, until: Floats, share: Floats, stage: Stage, buyer: str, focal: str) -> Tie:
    """A tie as asked for; void where the buyer has no column at the stage."""
    columns = buyers_of(stage, buyer)
    lives = change.mask & (change.day < until) & bool(columns.any())
    begin = np.where(lives, change.day, np.inf)
    return Tie(begin, until, np.where(lives, share, 0.0), spread(stage, columns), at_home(buyer, focal))


def _accepted(
    change: OfftakeChange, subject: str, country: str, owned: float, levers: Levers, draws: Draws
) -> Mask | np.bool_:
    if change.log_odds is None:
        return np.True_
    log_odds = change.log_odds + change.log_odds_per_owned * owned
    for alignment in levers.alignments:
        if alignment.country == country:
            log_odds = log_odds + np.where(alignment.holds(change.day), alignment.offer_log_odds, 0.0)
    u = draws.uniform(f"event/{change.event_id}/accepts/{subject}", 1)[:, 0]
    # u < p without the overflow of exp: the logit of u against the log-odds.
    return np.asarray(np.log(u) - np.log1p(-u) < log_odds)


def settle(asked: Sequence[Tie], room: Floats) -> tuple[Tie, ...]:
    """Give each tie what earlier ones leave of ``room`` (n,), in the order of their first days in each replication."""
    if not asked:
        return ()
    begin = np.stack([tie.begin for tie in asked], axis=1)
    wanted = np.stack([tie.share for tie in asked], axis=1)
    order = np.argsort(begin, axis=1, kind="stable")
    given, left = np.zeros_like(wanted), np.array(room, dtype=float)
    for rank in range(len(asked)):
        place = order[:, rank : rank + 1]
        got = np.minimum(np.take_along_axis(wanted, place, axis=1)[:, 0], left)
        np.put_along_axis(given, place, got[:, None], axis=1)
        left = left - got
    return tuple(
        Tie(tie.begin, tie.end, np.ascontiguousarray(given[:, j]), tie.columns, tie.focal)
        for j, tie in enumerate(asked)
    )
