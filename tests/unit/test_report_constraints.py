"""What bound in a run is named: corridors that commodities share, and reserves that the government's purchases meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator import Scenario, Study, load, run
from simulator.catalogue.corridors import Capacity
from simulator.model import corridors
from simulator.report.document import run_document
from simulator.report.page.build import markdown
from simulator.report.terminal import remarks, terminal

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
N = 16
NAMES = ("titanium_sponge",)


@pytest.fixture(scope="module")
def free() -> Study:
    return run(SCENARIOS / "baseline.yaml", replications=N, commodities=NAMES, jobs=1)


@pytest.fixture(scope="module")
def crowded() -> Study:
    """The same with a railway to China's ports that passes next to nothing, and a greedy stockpile."""
    scenario = Scenario.load(SCENARIOS / "baseline.yaml").with_event(
        id="greedy", type="stockpile_purchase", commodities=["titanium_sponge"], at="+1mo", tonnes_per_year=1e6
    )
    with pytest.MonkeyPatch.context() as patch:
        narrow = Capacity("China transit", 100.0, 1.0, None, 2025, "test", "assumed", "")
        patch.setattr(corridors, "capacities", lambda: {"China transit": narrow})
        return run(scenario, replications=N, commodities=NAMES, jobs=1)


def test_a_crowded_corridor_is_named_with_its_odds_and_day(crowded: Study) -> None:
    found = crowded.verdict.bound["corridor/China transit"]
    assert found.fired.value == 1.0
    text = " ".join(terminal(crowded).split())
    assert "Constraints that bound before the deadline, of futures: capacity of China transit in 100" in text
    assert any("capacity of China transit" in remark for remark in remarks(crowded))


def test_purchases_that_industry_cannot_spare_are_named(crowded: Study) -> None:
    found = crowded.verdict.bound["stockpile/greedy"]
    assert found.fired.value == 1.0
    assert 30.0 <= found.first_day.p50 <= 90.0


def test_a_run_in_which_nothing_is_short_names_no_corridor(free: Study) -> None:
    assert not any(name.startswith("corridor/") for name in free.verdict.bound)
    assert "capacity of China transit" not in terminal(free)


def test_the_document_and_the_kept_run_say_the_same(crowded: Study, tmp_path: Path) -> None:
    told = run_document(crowded)["constraints"]["corridor/China transit"]
    assert told["p"] == 1.0
    assert told["first_day"]["p50"] == crowded.verdict.bound["corridor/China transit"].first_day.p50
    kept = load(crowded.save(tmp_path))
    for name, days in crowded.outcome.bound_days.items():
        assert np.array_equal(kept.outcome.bound_days[name], days)
    assert kept.verdict.bound.keys() == crowded.verdict.bound.keys()


def test_the_page_names_it(crowded: Study) -> None:
    assert "capacity of China transit" in markdown([crowded])
