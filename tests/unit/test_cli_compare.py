"""``simulator compare`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis import study as analysis
from simulator.cli.main import exit_code
from simulator.errors import IncompleteError
from simulator.experiment.blocks import Outcomes, PartialRun

ROOT = Path(__file__).parents[2]
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")
BAN = str(ROOT / "scenarios" / "export_ban_full.yaml")
SMALL = ("--commodity", "gallium", "--replications", "16", "--jobs", "1")

Captured = pytest.CaptureFixture[str]


def compared(capsys: Captured, *arguments: str) -> dict[str, Any]:
    assert exit_code(["compare", *arguments, *SMALL, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_the_document_holds_every_difference_with_interval_and_chance(capsys: Captured) -> None:
    document = compared(capsys, BASELINE, BAN, BASELINE)
    assert document["schema"] == "simulator.compare/1"
    assert (document["seed"], document["replications"], document["deadline"]) == (0, 16, "2027-05-06")
    ban, itself = document["comparisons"]
    assert (ban["identical"], itself["identical"]) == (False, True)
    (gallium,) = ban["commodities"]
    assert gallium["yardsticks"].keys() >= {"reliance", "direct", "crma65"}
    kpis = {"china_exposed_share", "direct_china_share", "unmet_share", "days_of_cover", "price_index", "hhi"}
    assert gallium["kpis"].keys() >= kpis
    for item in (
        *gallium["yardsticks"].values(),
        *gallium["kpis"].values(),
        ban["overall"]["reliance"]["expected_met"],
    ):
        assert item["ci"][0] <= item["difference"] <= item["ci"][1]
        assert item["difference"] == pytest.approx(item["other"] - item["reference"])
        assert 0 <= item["p_improvement_ci"][0] <= item["p_improvement"] <= item["p_improvement_ci"][1] <= 1
    assert gallium["kpis"]["direct_china_share"]["difference"] < 0
    assert all(item["difference"] == 0 for item in itself["commodities"][0]["kpis"].values())


def test_workers_change_nothing_but_the_execution(capsys: Captured) -> None:
    one = compared(capsys, BASELINE, BAN)
    assert exit_code(["compare", BASELINE, BAN, *SMALL[:-1], "2", "--json"]) == 0
    two = json.loads(capsys.readouterr().out)
    assert {**one, "execution": None} == {**two, "execution": None}


def test_a_scenario_against_itself_is_said_to_be_identical(capsys: Captured) -> None:
    assert exit_code(["compare", BASELINE, BASELINE, *SMALL]) == 0
    told = capsys.readouterr()
    assert "identical" in told.out
    assert "gallium" not in told.out
    assert "2 scenarios: 32 replications begin" in told.err


def test_the_table_is_at_most_124_wide_and_shows_all_when_asked(capsys: Captured) -> None:
    assert exit_code(["compare", BASELINE, BAN, *SMALL, "--all", "--quiet"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert max(len(line) for line in told.out.splitlines()) <= 124
    assert "days of cover" in told.out
    assert "P(met crma65), %" in told.out


def test_other_deadlines_are_not_comparable(tmp_path: Path, capfd: Captured) -> None:
    later = tmp_path / "later.yaml"
    later.write_text(f"name: Later\nextends: {BASELINE}\ntarget: {{deadline: +20mo}}\n")
    assert exit_code(["compare", BASELINE, str(later), *SMALL]) == 5
    told = capfd.readouterr()
    assert told.out == ""
    assert "deadline 2027-05-06 and 2027-07-06" in told.err


def test_one_scenario_alone_is_a_usage_error(capfd: Captured) -> None:
    assert exit_code(["compare", BASELINE]) == 2
    assert "OTHER" in capfd.readouterr().err


def test_what_was_complete_when_stopped_is_still_compared(capfd: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    real = analysis.run_several

    def stops_at_the_third(planned: Any, **options: Any) -> Iterator[analysis.Study]:
        yield from real(planned[:2], **options)
        nothing: Outcomes[Any] = Outcomes(0, 16, (), (), 0.0, 1)
        error = PartialRun("interrupted after 0 of 16 replications", nothing)
        error.exit_code = 130
        raise analysis.PartialStudy(error, None) from IncompleteError("interrupted")

    monkeypatch.setattr(analysis, "run_several", stops_at_the_third)
    assert exit_code(["compare", BASELINE, BAN, BASELINE, *SMALL]) == 130
    told = capfd.readouterr()
    assert "Full export ban against Baseline" in told.out
    assert "compared 2 of 3 scenarios" in told.err
