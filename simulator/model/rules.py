"""Reactive rules: an observation goes in, changes come out.

What a rule sets off is compiled before the clock starts, with every day at +inf, and registered like any other
change; draws are named by event, so they are the same whether or not the rule fires. When it fires in some
replications, the days of its changes are written in place, and what acts on a day is put on the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import Change
from simulator.domain.draws import Draws
from simulator.instruments.base import NEVER, EventDraws, Instrument
from simulator.model.chain_world import ChainWorld
from simulator.model.observations import Watch
from simulator.scenario.case import Case
from simulator.scenario.rules import Rule

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that waits for its rule to fire."""

    change: Change
    """With every day at +inf until then."""
    delays: dict[str, Floats]
    """Field of the change that holds days -> (n,) days after the rule fires."""

    @classmethod
    def of(cls, compiled: Change) -> Pending:
        """Take the days off a change that was compiled as if its rule fired on day 0."""
        delays = {name: np.array(getattr(compiled, name)) for name in _dates(compiled)}
        never: dict[str, Any] = {name: np.full_like(delay, NEVER) for name, delay in delays.items()}
        return cls(replace(compiled, **never), delays)

    def set_off(self, day: float, fired: Mask) -> None:
        """Date the change in the replications of ``fired``: the day after at the earliest, news at once."""
        for name, delay in self.delays.items():
            earliest = 0.0 if name == "announced" else 1.0
            getattr(self.change, name)[fired] = day + np.maximum(delay[fired], earliest)


def _dates(change: Change) -> Iterator[str]:
    """Names of the fields of a change that hold days of the calendar, not lengths."""
    for item in fields(change):
        value: Any = getattr(change, item.name)
        if isinstance(value, np.ndarray) and (item.name in ("day", "announced", "until") or item.name.endswith("_day")):
            yield item.name


class Reaction:
    """One rule in a block of replications: its draws, its changes, and when it fired."""

    def __init__(self, rule: Rule, case: Case, draws: Draws) -> None:
        self.rule = rule
        answers = EventDraws(draws, rule.id, case.start, case.horizon)
        self.reacts = answers.happens(rule.probability)
        self.begins = answers.day(rule.at) if rule.at is not None else np.zeros(draws.n)
        self.ends = answers.day(rule.until, "until")
        when = rule.when
        self.above = answers.number(when.above, "above", 0.0) if when.above is not None else np.full(draws.n, NEVER)
        self.below = answers.number(when.below, "below", 0.0) if when.below is not None else np.full(draws.n, -NEVER)
        self.reviews = np.zeros(draws.n, dtype=np.int64)
        """(n,) reviews in a row at which the condition held."""
        self.armed_from = np.full(draws.n, -NEVER)
        self.first_day = np.full(draws.n, NEVER)
        self.pending: list[Pending] = []
        over = np.zeros(draws.n)
        for event in rule.then:
            # A rule may fire as early as the spin-up: what recurs until the horizon recurs from there.
            inside = EventDraws(draws, event.id, case.start, case.horizon + (case.start - case.spin_up))
            self.pending.extend(Pending.of(change) for change in event.changes(inside))
            over = np.maximum(over, _over(event, inside))
        self.rest = np.full(draws.n, NEVER) if rule.cooldown_days is None else np.maximum(over, rule.cooldown_days)
        """(n,) days from firing until it may fire again."""

    def fires(self, day: float, figure: Floats) -> Mask:
        """(n,) replications in which it fires, seeing ``figure`` (n,); a figure that does not exist holds nothing."""
        holds = (figure > self.above) | (figure < self.below)
        self.reviews = np.where(holds, self.reviews + 1, 0)
        may = self.reacts & (self.begins <= day) & (day < self.ends) & (self.armed_from <= day)
        fired = may & (self.reviews >= self.rule.when.for_reviews)
        self.armed_from = np.where(fired, day + self.rest, self.armed_from)
        self.first_day = np.where(fired, np.minimum(self.first_day, day), self.first_day)
        return np.asarray(fired)


def _over(event: Instrument, answers: EventDraws) -> Floats:
    """(n,) days from firing until nothing of an event is left to happen."""
    return answers.day(event.until, "until") if event.lasts else answers.day(event.at)


class RuleBook:
    """The rules of a case in a block of replications."""

    def __init__(self, case: Case, draws: Draws) -> None:
        self.reactions = [Reaction(rule, case, draws) for rule in case.rules]
        self._deadline = float(case.day(case.deadline))
        self._watches: list[Watch] = []

    @property
    def changes(self) -> list[Change]:
        """Everything the rules may set off."""
        return [pending.change for reaction in self.reactions for pending in reaction.pending]

    def watch(self, chains: Sequence[ChainWorld]) -> None:
        """Show the observers what they watch."""
        by_name = {chain.chain.commodity: chain for chain in chains}
        self._watches = [Watch(item.rule.when, by_name[item.rule.when.commodity]) for item in self.reactions]

    def review(self, day: float, put: Callable[[Change, Mask], None]) -> None:
        """Let every actor look at its figure on ``day``; ``put`` puts a dated change on the clock."""
        figures = [watch.figure(day) for watch in self._watches]
        for reaction, figure in zip(self.reactions, figures, strict=True):
            fired = reaction.fires(day, figure)
            if fired.any():
                for pending in reaction.pending:
                    pending.set_off(day, fired)
                    put(pending.change, pending.change.mask & fired)

    def branches(self) -> dict[str, Mask]:
        """Name of the branch -> (n,) replications in which the rule fired before the deadline."""
        return {f"rule/{item.rule.id}/fired": item.first_day < self._deadline for item in self.reactions}

    def first_days(self) -> dict[str, Floats]:
        """Rule -> (n,) day on which it first fired."""
        return {item.rule.id: item.first_day for item in self.reactions}
