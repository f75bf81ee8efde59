"""Where there is no clone, the scenarios that come with the program are found by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.analysis.past.episode import shipped_episodes
from simulator.cli.main import exit_code
from simulator.errors import InputError
from simulator.report.baseline_run import baselines_folder, scenario_files
from simulator.scenario import load, tree
from simulator.scenario.library import shipped

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without a project, where a scenario may name files of its tree alone."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tree, "_allowed", False)


@pytest.mark.parametrize("name", ["baseline", "scenarios/baseline.yaml"])
def test_a_shipped_scenario_is_found_by_its_name(name: str) -> None:
    scenario = load(name)
    assert scenario.path == str(shipped() / "scenarios" / "baseline.yaml")
    assert scenario.sha256 == load(shipped() / "scenarios" / "baseline.yaml").sha256


def test_a_shipped_scenario_brings_the_files_it_names() -> None:
    assert load("nowcast").model.as_of > load("baseline").model.start
    assert load("scenarios/observed/nowcast_2026_07.yaml").model.observed
    assert load("scenarios/backtests/antimony_2024.yaml").model.backtest


@pytest.mark.parametrize("base", ["baseline", "scenarios/baseline.yaml"])
def test_a_scenario_of_ones_own_extends_a_shipped_one(base: str) -> None:
    Path("own.yaml").write_text(f"name: Own\nextends: {base}\nreview_days: 7\n")
    own = load("own.yaml")
    assert (own.name, own.model.review_days) == ("Own", 7)
    assert own.model.events == load("baseline").model.events


def test_files_of_the_folder_come_first() -> None:
    Path("baseline").write_text("name: A file of that name\n")
    assert load("baseline").name == "A file of that name"
    Path("scenarios").mkdir()
    Path("scenarios/no_deals.yaml").write_text("name: Of the folder\n")
    assert load("no_deals").name == "Of the folder"
    assert load("snapback_2026").path.startswith(str(shipped()))


def test_a_project_of_ones_own_is_not_mixed_with_the_shipped_one(capsys: Captured) -> None:
    Path("scenarios").mkdir()
    with pytest.raises(InputError, match=r"there is no file 'scenarios/baseline\.yaml'; did you mean 'baseline'"):
        load("scenarios/baseline.yaml")
    with pytest.raises(InputError, match="holds no scenarios"):
        scenario_files(())
    with pytest.raises(InputError, match="there is no folder"):
        shipped_episodes()
    assert baselines_folder("tests/baselines") == Path("tests/baselines")


def test_no_file_outside_the_library_is_reached_by_way_of_it() -> None:
    Path("own.yaml").write_text("name: Own\nextends: scenarios/../pyproject.toml\n")
    with pytest.raises(InputError, match=r"leads out of the scenario's tree|there is no file"):
        load("own.yaml")


def test_what_is_misspelt_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'snapback_2026', which comes with the program"):
        load("snapback_2025")


def test_baselines_and_episodes_are_at_hand_too(capsys: Captured) -> None:
    assert len(scenario_files(())) > 20
    assert len(shipped_episodes()) > 4
    assert exit_code(["baseline", "check", "gallium_device_maker", "--quiet", "--jobs", "1"]) == 0
    assert "baseline ok: 1 scenario" in capsys.readouterr().out


def test_a_scenario_is_not_run_twice_under_two_names(capsys: Captured) -> None:
    assert exit_code(["run", "baseline", "scenarios/baseline.yaml"]) == 2
    assert "are the same file" in capsys.readouterr().err
