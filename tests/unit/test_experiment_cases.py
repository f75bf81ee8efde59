"""Runs that were finished earlier are read when their turn comes, not all at once."""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import pytest

from simulator.experiment.cases import CaseRun, run_cases
from tests.support.faulty import CASE, fine

CASES = 12


class Part:
    """What a block came to; the live ones are counted."""

    def __init__(self, position: int) -> None:
        self.position = position


class Kept:
    """Keeps the part of one case, which an earlier run finished or did not."""

    alive: ClassVar[weakref.WeakSet[Part]] = weakref.WeakSet()
    most: ClassVar[int] = 0

    def __init__(self, position: int, there: bool) -> None:
        self._position, self._there = position, there

    def finished(self) -> list[tuple[tuple[int, int], Part]]:
        return [((0, 32), self._part())] if self._there else []

    def keep(self, block: tuple[int, int], part: Any) -> Part:
        return self._part()

    def failed(self, failure: Any) -> None:
        raise AssertionError

    def _part(self) -> Part:
        part = Part(self._position)
        Kept.alive.add(part)
        Kept.most = max(Kept.most, len(Kept.alive))
        return part


def nothing(trace: Any) -> None:
    return None


@pytest.mark.parametrize("missing", [(), (0,), (CASES - 1,), (5,), (2, 7), tuple(range(6, CASES))])
def test_finished_runs_come_in_their_order_and_are_not_held(missing: tuple[int, ...]) -> None:
    Kept.most = 0
    wanted = [
        CaseRun(CASE, 32, 0, nothing, keeper=Kept(position, position not in missing)) for position in range(CASES)
    ]
    told: list[int] = []
    found = [
        (position, outcomes.parts[0].position, outcomes.completed)
        for position, outcomes in run_cases(wanted, simulate=fine, progress=lambda done, *_: told.append(done))
    ]
    assert found == [(position, position, 32) for position in range(CASES)]
    assert Kept.most <= 3
    assert told == sorted(told)
