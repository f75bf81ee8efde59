"""What is written down of a run: everything on every recorded day, deliveries around the days they are asked for."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.metrics.outcome import outcome
from simulator.model import simulate, surroundings
from simulator.model.recorded_days import checkpoints, delivery_days
from simulator.model.recorder import Sheet
from simulator.scenario import Scenario, resolve
from simulator.scenario.case import Case
from tests.support import worlds

BASELINE = Scenario.load(Path(__file__).parents[2] / "scenarios" / "baseline.yaml")
SIGNED = date(2026, 6, 3)


@cache
def case() -> Case:
    """Rare earths and their magnets, with an agreement signed between two recorded days."""
    event = {"id": "late", "type": "agreement", "partners": ["MYS"], "commodities": ["ree_light"]}
    return resolve(BASELINE.with_event(**event, at=SIGNED.isoformat()), ["ree_light"])


def test_few_days_give_the_same_deliveries_as_all(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = np.arange(16)
    few = simulate(case(), worlds.draws_of(case(), chosen), chosen)
    monkeypatch.setattr(surroundings, "delivery_days", lambda case, days: days)
    every = simulate(case(), worlds.draws_of(case(), chosen), chosen)
    assert len(few.chains[0].delivery_days) < len(every.chains[0].delivery_days) / 2
    for one, other in zip(outcome(few, case()).chains, outcome(every, case()).chains, strict=True):
        assert {name: value.tobytes() for name, value in one.values.items()} == {
            name: value.tobytes() for name, value in other.values.items()
        }


def test_deliveries_are_kept_on_both_sides_of_a_day_between_two() -> None:
    days = np.union1d(np.arange(-465.0, 912.0, 28.0), checkpoints(case()))
    kept = delivery_days(case(), days)
    place = np.searchsorted(days, case().day(SIGNED))
    assert days[place] != case().day(SIGNED)
    assert {days[place - 1], days[place]} <= set(kept)
    later = case().day(case().deadline + timedelta(days=366))
    assert {0.0, case().day(case().deadline), -365.0, later} <= set(kept)


def test_a_sheet_holds_what_was_written_and_zeros_where_nothing_was() -> None:
    sheet = Sheet(np.array([0.0, 7.0]))
    for day in range(2):
        sheet.write({"stock": [np.full(3, day + 1.0)], "project_output": [np.array([[0.0, day]] * 3), np.zeros(3)]})
    assert sheet.level("stock").tolist() == [[1.0, 2.0]] * 3
    assert sheet["project_output"].tolist() == [[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]] * 3
    assert sheet.due == np.inf
