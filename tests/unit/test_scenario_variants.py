"""Scenarios made from scenarios, as a notebook makes them, and written back as files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulator import Scenario
from simulator.errors import ModelError, UsageError

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FILES = sorted(SCENARIOS.glob("*.yaml"))
BASE = Scenario.load(SCENARIOS / "baseline.yaml")
BAN = {"type": "export_ban", "imposer": "CHN", "target": "USA", "commodities": ["antimony"], "at": "+12mo"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_scenario_written_as_yaml_is_the_same_scenario(file: Path, tmp_path: Path) -> None:
    scenario = Scenario.load(file)
    (tmp_path / "whole.yaml").write_text(scenario.to_yaml(), "utf-8")
    assert Scenario.load(tmp_path / "whole.yaml").sha256 == scenario.sha256


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_layer_turns_one_scenario_into_another_and_back(file: Path, tmp_path: Path) -> None:
    scenario = Scenario.load(file)
    for below, above in ((BASE, scenario), (scenario, BASE)):
        layer = tmp_path / "layer.yaml"
        layer.write_text(above.to_yaml(over=below), "utf-8")
        assert Scenario.load(layer).sha256 == above.sha256


def test_a_layer_says_no_more_than_what_differs() -> None:
    milder = BASE.with_set("events.us_ban_suspension.renewal_probability", 0.25).without_event("myanmar_halt_2024")
    assert milder.to_yaml(over=BASE) == (
        f"extends: {BASE.path}\n"
        "events:\n"
        "  - id: us_ban_suspension\n"
        "    renewal_probability: 0.25\n"
        "  - id: myanmar_halt_2024\n"
        "    type: null\n"
    )


def test_text_that_looks_like_a_number_or_nothing_stays_text(tmp_path: Path) -> None:
    for word in ("1e3", "null", "NO", "2026-01-01", "0x10", "true", "a: b # c", "~", "12:30", " x"):
        named = BASE.with_set("question", word)
        (tmp_path / "named.yaml").write_text(named.to_yaml(), "utf-8")
        assert Scenario.load(tmp_path / "named.yaml").model.question == word


def test_a_scenario_is_never_changed_only_another_made() -> None:
    before = (BASE.sha256, BASE.to_yaml())
    ban = BASE.with_event(**BAN, id="ban")
    ban.with_set("events.ban.at", date(2026, 9, 1)).only("antimony").without_event("ban")
    assert (BASE.sha256, BASE.to_yaml()) == before
    assert len(ban.model.events) == len(BASE.model.events) + 1


def test_a_value_set_is_the_value_a_file_would_hold() -> None:
    set_here = BASE.with_set("target.deadline", "+12mo").with_set("events.us_ban_suspension.until", date(2026, 12, 1))
    read = Scenario.load(BASE.path, ("target.deadline=+12mo", "events.us_ban_suspension.until=2026-12-01"))
    assert set_here.sha256 == read.sha256
    assert set_here.with_set("target", None).model.target == BASE.with_set("target", None).model.target


def test_the_difference_names_each_value_by_the_path_that_sets_it() -> None:
    milder = BASE.with_event(**BAN, id="ban").with_set("review_days", 28)
    changed = {item.path: (item.before, item.after) for item in BASE.diff(milder)}
    assert changed["review_days"] == (14, 28)
    assert changed["events.ban.imposer"] == (None, "CHN")
    assert str(BASE.diff(BASE)) == "no value differs"
    assert len(BASE.diff(BASE)) == 0
    hostile = BASE.with_set("name", "<script>")
    assert "<script>" not in BASE.diff(hostile)._repr_html_()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BASE.without_event("us_ban_suspensoin"), "did you mean 'us_ban_suspension'"),
        (lambda: BASE.without_event("us_ban_2024"), r"(?s)does not hold together.*us_ban_suspension|'us_ban_2024'"),
        (lambda: BASE.with_set("events.us_ban_suspension.renewal_probability", 2.0), "lies between 0 and 1"),
        (lambda: BASE.with_set("events..x", 1), "name what to set"),
        (lambda: BASE.with_set("evnets", 1), "did you mean 'events'"),
        (lambda: BASE.only("unobtainium"), "is not a commodity"),
    ],
)
def test_what_is_wrong_with_a_variant_is_said_in_a_line(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(UsageError, match=said):
        make()


def test_a_notebook_shows_the_message_of_an_error_and_all_of_a_bug() -> None:
    with pytest.raises(UsageError) as wrong:
        BASE.with_event(type="export_ban", imposer="China")
    lines = wrong.value._render_traceback_()
    assert len(lines) == 1
    assert lines[0].startswith("UsageError: with_event: events.export_ban_1.")
    assert "Traceback" not in lines[0]

    with pytest.raises(ModelError) as bug:
        raise ModelError("mass is lost")
    assert "test_scenario_variants" in "\n".join(bug.value._render_traceback_())


def test_a_scenario_shows_as_one_line() -> None:
    assert repr(BASE) == f"<Scenario 'Baseline': {len(BASE.model.events)} events, 0 rules, {BASE.sha256[:12]}>"
