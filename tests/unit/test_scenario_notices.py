"""An event that can do nothing is valid, and said to do nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from simulator.instruments.base import Instrument
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.outage import Outage
from simulator.scenario import load, resolve
from simulator.scenario.notices import notices
from tests.support import worlds

ROOT = Path(__file__).parents[2]
CASE = worlds.case([worlds.chain("antimony"), worlds.chain("gallium")])
"""Made in CHN and OTH; mined in TJK; oxide in BEL and USA."""


def told(*events: Instrument) -> tuple[str, ...]:
    return notices(replace(CASE, instruments=events))


def ban(imposer: str = "CHN", commodities: tuple[str, ...] = ("antimony",), **fields: object) -> ExportBan:
    return ExportBan(
        id="ban", imposer=imposer, target=("USA",), commodities=commodities, **{"at": date(2026, 1, 1), **fields}
    )


def test_a_ban_that_bites_is_passed_over_in_silence() -> None:
    assert told(ban(), ban("CHN", ("ALL",)), ban("TJK", stages=("mine",))) == ()


def test_a_ban_by_a_country_that_produces_none_of_it_is_noticed() -> None:
    (text,) = told(ban("KAZ"))
    assert text == "events.ban: the model knows no producer of antimony in KAZ, so nothing happens there"
    (text,) = told(ban("TJK", stages=("oxide",)))
    assert "in TJK at oxide" in text


def test_an_outage_where_nobody_produces_is_noticed() -> None:
    outage = Outage(id="strike", country="KAZ", commodities=("antimony", "gallium"), at=date(2026, 1, 1))
    assert "antimony, gallium in KAZ" in told(outage)[0]


def test_an_event_on_what_is_not_simulated_is_left_out_on_purpose() -> None:
    assert told(ban("CHN", ("tungsten",))) == ()


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"at": date(2031, 1, 1)}, "begins on 2031-01-01, after the model's last day 2028-05-05"),
        ({"at": date(2024, 1, 1), "until": date(2024, 6, 1)}, "ends on 2024-06-01, before"),
        ({"probability": 0.0}, "never happens"),
    ],
)
def test_an_event_outside_the_clock_or_without_a_chance_is_noticed(fields: dict[str, object], word: str) -> None:
    (text,) = told(ban(**fields))
    assert word in text


def test_the_shipped_scenarios_contain_no_event_that_does_nothing() -> None:
    for path in sorted((ROOT / "scenarios").glob("*.yaml")):
        assert notices(resolve(load(path))) == (), path.name


def test_validate_and_run_say_it_on_stderr_and_succeed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "idle.yaml"
    file.write_text(
        "name: Idle\ncommodities: [gallium]\nevents:\n"
        "  - {id: idle, type: export_ban, at: +3mo, imposer: BOL, target: USA, commodities: [gallium]}\n"
    )
    wanted = f"{file}: notice: events.idle: the model knows no producer of gallium in BOL"
    assert exit_code(["validate", str(file)]) == 0
    assert wanted in capfd.readouterr().err
    assert exit_code(["validate", str(file), "--json"]) == 0
    assert "BOL" in json.loads(capfd.readouterr().out)["files"][0]["notices"][0]
    assert exit_code(["run", str(file), "--replications", "16", "--jobs", "1"]) == 0
    assert wanted in capfd.readouterr().err
