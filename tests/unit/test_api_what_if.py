"""The interactive panel: what its controls make of a scenario, what it shows, and that it never blocks the kernel."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
import time
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from simulator import Scenario, run
from simulator.analysis import study as analysis
from simulator.api.background import Latest
from simulator.api.controls import controls_of
from simulator.api.spelled import as_python
from simulator.errors import UsageError
from simulator.experiment.blocks import Progress
from simulator.widgets import WhatIf

SCENARIOS = Path(__file__).parents[2] / "scenarios"
BASE = Scenario.load(SCENARIOS / "baseline.yaml")
SUSPENSION = "us_ban_suspension"


def panel(**options: Any) -> WhatIf:
    return WhatIf(BASE, **{"commodity": "antimony", "preview": 16, "full": 32, **options})


def said(html: str) -> str:
    """The words of a piece of HTML."""
    words: list[str] = []
    parser = HTMLParser()
    parser.handle_data = words.append  # type: ignore[method-assign]
    parser.feed(html)
    return " ".join(" ".join(words).split())


def test_a_panel_offers_every_event_that_concerns_the_commodity_with_its_days_odds_and_tonnes() -> None:
    found = {item.event: item for item in controls_of(Scenario.load(SCENARIOS / "recycling_push.yaml"), "antimony")}
    assert list(found) == ["antimony_licensing_2024", "us_ban_2024", SUSPENSION, "antimony_scrap"]
    kinds = {control.field: (control.kind, control.value) for control in found["antimony_scrap"].others}
    assert kinds["at"] == ("day", date(2026, 11, 6))
    assert kinds["output_t_per_year"] == ("amount", 770.0)
    assert kinds["probability"] == ("share", 1.0)
    assert found["us_ban_2024"].begun
    assert not found["antimony_scrap"].begun
    renewal = next(control for control in found[SUSPENSION].others if control.field == "renewal_probability")
    assert (renewal.drawn, renewal.value) == (True, 0.8)


def test_moving_a_control_changes_the_scenario_the_figure_and_the_verdict() -> None:
    shown = panel()
    before = (shown._figure.value, shown._verdict.value, shown.scenario.sha256)
    assert before[2] == BASE.sha256
    assert "Nothing is changed yet" in before[1]
    shown.move(SUSPENSION, "renewal_probability", 0.0)
    assert shown.scenario.sha256 == BASE.with_set(f"events.{SUSPENSION}.renewal_probability", 0.0).sha256
    assert shown._figure.value != before[0]
    words = said(shown._verdict.value)
    assert "Preview of 16 futures, seed 0" in words
    assert "95 % interval" in words
    assert "As loaded:" in words
    assert "Change on the same futures:" in words
    assert "mean change" in words
    assert 'role="img"' in shown._figure.value
    known = run(shown.scenario, commodities=["antimony"], replications=16)
    assert shown.result.to_dataframe("kpi").equals(known.to_dataframe("kpi"))


def test_switching_an_event_off_is_the_scenario_without_it() -> None:
    scrap = Scenario.load(SCENARIOS / "recycling_push.yaml")
    shown = WhatIf(scrap, commodity="antimony", preview=16)
    shown.move("antimony_scrap", "on", False)
    off = shown.result.outcome.chains[0]
    gone = run(scrap.without_event("antimony_scrap"), commodities=["antimony"], replications=16).outcome.chains[0]
    assert {name: off.values[name].tobytes() for name in gone.values} == {
        name: values.tobytes() for name, values in gone.values.items()
    }
    shown.move("antimony_scrap", "on", True)
    assert shown.scenario.sha256 == scrap.sha256


def test_what_was_run_once_is_remembered_and_a_full_run_is_made_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    simulate = analysis.run

    def counted(scenario: Scenario, **options: Any) -> Any:
        runs.append(options["replications"])
        return simulate(scenario, **options)

    monkeypatch.setattr(analysis, "run", counted)
    shown = panel()
    shown.move(SUSPENSION, "renewal_probability", 0.5)
    shown.move(SUSPENSION, "renewal_probability", 0.25)
    assert runs == [16, 16, 16]
    shown.move(SUSPENSION, "renewal_probability", 0.5)
    assert runs == [16, 16, 16]
    assert "remembered" in shown._verdict.value
    shown.full_run()
    assert runs == [16, 16, 16, 32, 32]
    assert "Full run of 32 futures" in said(shown._verdict.value)
    shown._yardstick.value = "crma65"
    assert "crma65 is met by" in said(shown._verdict.value)
    assert len(runs) == 5


def test_a_click_can_be_taken_away_as_a_file_and_as_a_script(tmp_path: Path) -> None:
    shown = panel()
    shown.move(SUSPENSION, "renewal_probability", 0.25)
    shown.move(SUSPENSION, "until", date(2027, 1, 1))
    shutil.copy(SCENARIOS / "baseline.yaml", tmp_path)
    file = tmp_path / "clicked.yaml"
    file.write_text(shown.yaml, "utf-8")
    assert Scenario.load(file).sha256 == shown.scenario.sha256
    names: dict[str, Any] = {}
    exec(shown.python, names)
    assert names["what_if"].sha256 == shown.scenario.sha256
    assert next(iter(names["compared"].results)) == "Baseline"
    made = BASE.with_set("review_days", 28).without_event("myanmar_halt_2024").with_set("target.deadline", "+12mo")
    exec(as_python(made, "antimony", 16, 0).partition("compared")[0], names)
    assert names["what_if"].sha256 == made.sha256


def test_controls_that_do_not_go_together_are_told_and_the_last_answer_stays() -> None:
    shown = panel()
    figure = shown._figure.value
    shown.move(SUSPENSION, "until", date(2025, 1, 1))
    assert "is not after `at`" in said(shown._status.value)
    assert shown._figure.value == figure
    shown._reset()
    assert said(shown._status.value) == ""
    assert shown.scenario.sha256 == BASE.sha256


def test_nothing_of_a_scenario_becomes_markup() -> None:
    hostile = Scenario.load(SCENARIOS / "baseline.yaml", ["name=<script>alert(1)</script>"])
    shown = WhatIf(hostile, commodity="gallium", preview=16)
    shown.move(SUSPENSION, "renewal_probability", 0.0)
    assert "<script" not in shown._figure.value + shown._verdict.value


def test_every_control_is_native_and_labelled() -> None:
    shown = panel()
    kinds = {type(widget).__name__ for widget in shown._controls.values()}
    assert kinds == {"Checkbox", "DatePicker", "BoundedFloatText"}
    assert all(widget.description for widget in (*shown._controls.values(), shown._commodity, shown._yardstick))
    numbers = [widget for widget in shown._controls.values() if hasattr(widget, "continuous_update")]
    assert numbers
    assert not any(widget.continuous_update for widget in numbers)


def test_the_kernel_goes_on_while_a_what_if_is_simulated_and_the_latest_wins() -> None:
    async def kernel() -> tuple[int, WhatIf]:
        shown = panel(preview=64)
        for probability in (0.1, 0.2, 0.3):
            shown.move(SUSPENSION, "renewal_probability", probability)
        beats = 0
        waiting = asyncio.ensure_future(shown.settled())
        while not waiting.done():
            await asyncio.sleep(0.005)
            beats += 1
        return beats, shown

    beats, shown = asyncio.run(kernel())
    assert beats > 5
    assert shown.result.scenario.sha256 == shown.scenario.sha256
    runs = [key[0] for key in shown._runs._kept]
    assert BASE.with_set(f"events.{SUSPENSION}.renewal_probability", 0.2).sha256 not in runs


def test_work_that_nobody_waits_for_is_given_up_where_it_stands() -> None:
    told: list[str] = []
    began = threading.Event()

    def endless(progress: Progress) -> str:
        began.set()
        while True:
            time.sleep(0.001)
            progress(0, 1, "")

    async def kernel() -> None:
        work: Latest[str] = Latest()
        ask: dict[str, Any] = {"done": told.append, "failed": lambda error: told.append(repr(error))}
        work.ask(endless, told=lambda done, total: None, **ask)
        await asyncio.to_thread(began.wait, 5)
        work.ask(lambda progress: "second", told=lambda done, total: None, **ask)
        await work.settled()
        work.ask(endless, told=lambda done, total: None, **ask)
        work.drop()
        await work.settled()

    asyncio.run(kernel())
    assert told == ["second"]


def test_what_is_not_there_is_named_with_what_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="'unobtainium' is not in 'Baseline'; known are gallium"):
        WhatIf(BASE, commodity="unobtainium")
    with pytest.raises(UsageError, match=r"no control us_ban_2024\.depth for antimony; known are"):
        panel().move("us_ban_2024", "depth", 1.0)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(UsageError, match=r"WhatIf needs ipywidgets: python -m pip install 'oresight\[notebook\]'"):
        panel()
