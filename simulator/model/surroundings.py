"""What the commodities of one block have in common: the calendar, the scenario's changes, the corridors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import CapacityChange, Change, ClosureChange, RecyclingChange
from simulator.domain.draws import Draws
from simulator.instruments.base import EventDraws
from simulator.model.corridors import Corridors
from simulator.model.offtake import Levers
from simulator.model.recorded_days import checkpoints, delivery_days
from simulator.model.rules import RuleBook
from simulator.scenario.case import Case

Mask = NDArray[np.bool_]


class Surroundings:
    """Everything of a block that is not one commodity's own.

    It serves one world of all commodities, or one of each in turn: what they send through corridors adds up in it.
    """

    def __init__(self, case: Case, draws: Draws, every: int = 1) -> None:
        """``every`` k-th review is recorded, and every checkpoint; with each review, every series on each day."""
        self.case = case
        self.draws = draws
        self.first = case.day(case.spin_up)
        self.end = case.day(case.horizon)
        self.reviews = np.arange(self.first + case.review_days, self.end + 1, case.review_days, dtype=float)
        self.days = np.unique(np.concatenate([self.reviews[every - 1 :: every], checkpoints(case)]))
        self.delivery_days = self.days if every == 1 else delivery_days(case, self.days)
        self.branches: dict[str, Mask] = {}
        self.rules = RuleBook(case, draws)
        self.changes = [*self._compiled(), *self.rules.changes]
        self.levers = Levers.of(self.changes)
        self.capacity = [c for c in self.changes if isinstance(c, CapacityChange | RecyclingChange)]
        closures = [c for c in self.changes if isinstance(c, ClosureChange)]
        self.corridors = Corridors(
            draws, self.reviews, float(self.first), float(self.end), closures, self.levers.alignments
        )

    @property
    def shared(self) -> bool:
        """Whether one commodity may touch another at any time: a rule sees one and acts on others, and meters add up.

        Else they only meet in front of a corridor whose capacity is reached.
        """
        return bool(self.case.rules or self.case.meters)

    def _compiled(self) -> Iterator[Change]:
        """Compile every instrument, and note which branch each replication takes."""
        for instrument in self.case.instruments:
            answers = EventDraws(self.draws, instrument.id, self.case.start, self.case.horizon)
            yield from instrument.changes(answers)
            renewed = getattr(instrument, "renewed", None)
            if renewed is not None and instrument.until is not None:
                self.branches[f"suspension/{instrument.id}/renewed"] = renewed(answers)
            if instrument.probability != 1.0:
                self.branches[f"event/{instrument.id}/happens"] = instrument.span(answers)[2]
