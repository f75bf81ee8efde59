"""Variants of a scenario made without reading its files again."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import Scenario
from simulator.errors import UsageError

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"


def test_a_variant_is_the_scenario_read_with_the_same_overrides() -> None:
    sets = ("events.us_ban_suspension.renewal_probability=0.5", "review_days=7")
    read, varied = Scenario.load(BASELINE, sets), Scenario.load(BASELINE).with_values(sets)
    assert varied == read
    assert varied.sha256 != Scenario.load(BASELINE).sha256


def test_overrides_of_a_variant_lie_over_those_of_the_scenario() -> None:
    first = Scenario.load(BASELINE, ("review_days=7",))
    assert first.with_values(("review_days=28",)).model.review_days == 28


def test_a_variant_with_an_unknown_path_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'us_ban_suspension'"):
        Scenario.load(BASELINE).with_values(("events.us_ban_suspensoin.until=2026-12-01",))
