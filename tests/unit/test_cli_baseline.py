"""``simulator baseline`` on the command line, and whether it catches what it is there to catch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from simulator.analysis import baselines as analysis
from simulator.cli.main import exit_code
from simulator.errors import InterruptedRun
from simulator.model import corridors
from simulator.report import baseline_run
from simulator.scenario.case import Case

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two scenarios and their baselines."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "scenarios").mkdir()
    for name, commodities in (("two", "[gallium, antimony]"), ("one", "[antimony]")):
        text = f"name: {name.title()}\nquestion: Does it hold?\nextends: {BASELINE.as_posix()}\n"
        (folder / f"scenarios/{name}.yaml").write_text(f"{text}commodities: {commodities}\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("CI", raising=False)
        words = ["baseline", "update", "--all", "--because", "The first", "--replications", "128", "--jobs", "1"]
        assert exit_code([*words, "--quiet"]) == 0
    return folder


@pytest.fixture
def here(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, as the current folder, outside any build server."""
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    monkeypatch.chdir(folder)
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return folder


def check(*words: str) -> int:
    return exit_code(["baseline", "check", *words, "--jobs", "1", "--quiet"])


def with_inputs(prefix: str, factor: float) -> Callable[[Any], Case]:
    """A resolution that gives every case other uncertain inputs, as a change of the model's numbers would."""
    real = analysis.baseline_case

    def seeded(scenario: Any) -> Case:
        case = real(scenario)
        inputs = tuple(
            replace(one, low=one.low * factor, median=one.median * factor, high=one.high * factor)
            if one.name.startswith(prefix)
            else one
            for one in case.inputs
        )
        return replace(case, inputs=inputs)

    return seeded


def test_an_unchanged_model_passes_as_identical(here: Path, capsys: Captured) -> None:
    assert check() == 0
    said = capsys.readouterr().out
    assert said.startswith("baseline ok: 2 scenarios, 15 identical.")
    assert check("two", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "simulator.baseline.check/1"
    assert document["passed"]
    assert {item["verdict"] for item in document["scenarios"][0]["kpis"]} == {"identical"}


def _longer_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    real = corridors.open_services
    monkeypatch.setattr(corridors, "open_services", lambda way, longest, u: 2 * real(way, longest, u))


DEFECTS: list[tuple[str, Callable[[pytest.MonkeyPatch], None], str]] = [
    (
        "demand elasticity 20 % larger",
        lambda patch: patch.setattr(baseline_run, "baseline_case", with_inputs("demand_elasticity/", 1.2)),
        "antimony/price_index",
    ),
    (
        "no licence lag",
        lambda patch: patch.setattr(baseline_run, "baseline_case", with_inputs("licence_lag_months/", 1e-3)),
        "antimony/china_exposed_share",
    ),
    ("transit twice as long", _longer_ways, "gallium/days_of_cover"),
]


@pytest.mark.parametrize(("defect", "seed", "kpi"), DEFECTS, ids=[defect[0] for defect in DEFECTS])
def test_a_seeded_defect_is_caught_and_the_number_named(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, defect: str, seed: Any, kpi: str
) -> None:
    seed(monkeypatch)
    assert check("two", "--json") == 1, defect
    (found,) = json.loads(capsys.readouterr().out)["scenarios"]
    verdicts = {item["kpi"]: item["verdict"] for item in found["kpis"]}
    assert verdicts[kpi] in ("regressed", "improved", "changed"), verdicts


def test_what_moved_is_told_to_people_and_to_build_servers(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baseline_run, "baseline_case", with_inputs("licence_lag_months/", 1e-3))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    words = ("--markdown", "summary.md", "--junit", "junit.xml", "--actual", "actual")
    assert check("scenarios/one.yaml", *words) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("baseline moved: 1 scenario, 1 moved")
    assert 'Intended? simulator baseline update one --because "..."' in printed.out
    assert max(map(len, printed.out.splitlines())) <= 124
    assert "::error file=scenarios/one.yaml,line=1,title=baseline one::antimony/" in printed.err
    summary = Path("summary.md").read_text("utf-8")
    assert summary.startswith("### ✗ baseline moved")
    assert "| one | antimony/price_index |" in summary
    suite = ET.parse("junit.xml").getroot()[0]
    assert (suite.get("name"), suite.get("tests"), suite.get("errors")) == ("one", "5", "0")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert "antimony/price_index" in failed
    assert str(len(failed)) == suite.get("failures")
    assert sorted(path.name for path in Path("actual").iterdir()) == ["one.json", "one.kpis.csv"]


def test_an_update_moves_the_baseline_and_says_why_in_the_ledger(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["baseline", "update", "one", "--because", "Licences\ncome at once", "--jobs", "1", "--quiet"]
    with monkeypatch.context() as patch:
        patch.setattr(baseline_run, "baseline_case", with_inputs("licence_lag_months/", 1e-3))
        assert exit_code(words) == 0
        assert "antimony/price_index" in capsys.readouterr().out
        assert check("one") == 0
        ledger = Path("tests/baselines/LEDGER.md").read_text("utf-8")
        head, _, entry = ledger.rpartition("\n## ")
        assert head.startswith("# Why baselines moved\n")
        assert "The first" in head
        assert entry.partition("\n")[0].endswith(": Licences come at once")
        assert "- one: " in entry
        assert "antimony/price_index" in entry
        files = {path: path.read_bytes() for path in Path("tests/baselines").iterdir()}
        assert exit_code(words) == 0
        assert {path: path.read_bytes() for path in Path("tests/baselines").iterdir()} == files
    assert check("one") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("one",), "Missing option '--because'"),
        (("one", "--because", " \n"), "--because needs a reason"),
        (("--because", "x"), "name the scenarios to update, or give --all"),
        (("one", "--all", "--because", "x"), "name the scenarios to update, or give --all"),
        (("one", "--because", "x", "--replications", "20"), "the nearest is 16"),
        (("one", "scenarios/one.yaml", "--because", "x"), "two scenarios are named 'one'"),
    ],
)
def test_an_update_without_scenario_or_reason_is_refused(
    here: Path, capsys: Captured, words: tuple[str, ...], said: str
) -> None:
    assert exit_code(["baseline", "update", *words]) == 2
    assert said in capsys.readouterr().err


def test_an_update_is_refused_under_ci(here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    files = {path: path.read_bytes() for path in Path("tests/baselines").iterdir()}
    assert exit_code(["baseline", "update", "--all", "--because", "x", "--quiet"]) == 2
    assert "not updated under CI" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("tests/baselines").iterdir()} == files


def test_a_scenario_without_baseline_or_changed_since_is_not_comparable(here: Path, capsys: Captured) -> None:
    one = Path("scenarios/one.yaml")
    one.write_text(one.read_text("utf-8") + "review_days: 28\n", "utf-8")
    assert check("one") == 5
    assert "the scenario has changed since" in capsys.readouterr().out
    shutil.copy("scenarios/two.yaml", "scenarios/three.yaml")
    Path("scenarios/two.yaml").unlink()
    assert check("--junit", "junit.xml") == 5
    said = capsys.readouterr().out
    assert said.startswith("baseline not comparable: 3 scenarios, 3 not comparable.")
    assert "there is no baseline tests/baselines/three.json" in " ".join(said.split())
    assert "two: its scenario is gone" in said
    assert ET.parse("junit.xml").getroot().get("errors") == "3"


def test_other_facts_are_not_comparable_but_other_numbers_of_the_model_are(
    here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(changed: str) -> Callable[[str], str]:
        return lambda table: "f" * 64 if table == changed else real(table)

    real = analysis.table_sha256
    monkeypatch.setattr(analysis, "table_sha256", other("input_priors"))
    assert check("one") == 0
    monkeypatch.setattr(analysis, "table_sha256", other("routes"))
    assert check("one") == 5
    assert "it rests on other data (routes.csv)" in " ".join(capsys.readouterr().out.split())


def test_a_baseline_taken_over_to_other_facts_is_in_the_ledger_though_no_number_moved(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = analysis.table_sha256
    monkeypatch.setattr(analysis, "table_sha256", lambda table: "f" * 64 if table == "routes" else real(table))
    assert exit_code(["baseline", "update", "--all", "--because", "Routes", "--jobs", "1", "--quiet"]) == 0
    assert Path("tests/baselines/LEDGER.md").read_text("utf-8").endswith("- one, two: no number moved\n")
    assert check() == 0


def test_a_corrupt_baseline_ends_the_check_before_anything_runs(here: Path, capsys: Captured) -> None:
    Path("tests/baselines/one.json").write_text("{", "utf-8")
    assert check() == 3
    assert "tests/baselines/one.json: not a baseline" in capsys.readouterr().err
    assert exit_code(["baseline", "check", "--markdown", "none/summary.md"]) == 3
    assert "there is no folder 'none'" in capsys.readouterr().err


def test_ctrl_c_prints_what_is_checked(here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: Any, **options: Any) -> Iterator[Any]:
        yield next(iter(real(wanted, **options)))
        raise InterruptedRun("interrupted")

    real = analysis.run_many
    monkeypatch.setattr(analysis, "run_many", interrupted)
    assert check() == 130
    printed = capsys.readouterr()
    assert printed.out.startswith("baseline ok: 1 scenario, 5 identical.")
    assert "checked 1 of 2 scenarios" in printed.err
