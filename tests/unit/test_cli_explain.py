"""``simulator explain`` on the command line, and the file it leaves beside a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from simulator.errors import InputError
from simulator.report.explain_store import EXPLAINED, read_explained
from simulator.report.figures.attribution import attribution_bars
from simulator.report.run_reader import read_run
from tests.unit.test_analysis_explain import FEW, SCENARIOS
from tests.unit.test_report_page import Page, Strict, faults

Captured = pytest.CaptureFixture[str]
SMALL = ("--replications", "16", "--commodity", "magnesium_metal", "--jobs", "1", "--quiet")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("few") / "few.yaml"
    path.write_text(FEW.format(baseline=SCENARIOS / "baseline.yaml"))
    return str(path)


def test_the_document_holds_groups_levers_contributions_costs_and_runs(file: str, capsys: Captured) -> None:
    assert exit_code(["explain", file, *SMALL, "--json", "--seed", "3"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["seed"], document["complete"]) == ("simulator.explain/1", 3, True)
    assert document["runs"] == {"finished": 2, "needed": 2, "avoided": document["runs"]["avoided"]}
    assert "magnesium_ban" in {item["group"]: item["members"] for item in document["groups"]}["China"]
    ban = [item for item in document["levers"] if item["lever"] == "magnesium_ban"]
    assert ban == [
        {"lever": "magnesium_ban", "kind": "export_ban", "whose": "CHN", "touches": ["magnesium_metal"],
         "money_usd_m": None},
    ]  # fmt: skip
    for item in document["contributions"]:
        assert item["ci"][0] <= item["value"] <= item["ci"][1]
        assert item["n"] == 16
    assert set(document["execution"]) == {"wall_s", "jobs"}


def test_a_kept_run_is_explained_beside_itself_and_read_back(file: str, tmp_path: Path, capsys: Captured) -> None:
    parent = str(tmp_path / "runs")
    assert exit_code(["run", file, *SMALL, "--out", parent]) == 0
    (folder,) = Path(parent).iterdir()
    assert exit_code(["explain", str(folder), "--jobs", "1", "--quiet"]) == 0
    kept = (folder / EXPLAINED).read_bytes()
    study = read_run(folder).study
    found = read_explained(folder, study)
    assert found is not None
    assert found.replications == 16
    assert "China" in found.rows("magnesium_metal", "met", "group")

    # The parent folder and the scenario file lead to the same place and the same bytes.
    (folder / EXPLAINED).unlink()
    assert exit_code(["explain", file, *SMALL, "--out", parent]) == 0
    assert (folder / EXPLAINED).read_bytes() == kept
    capsys.readouterr()
    assert exit_code(["explain", str(folder), "--seed", "1"]) == 2
    assert "--seed does not go with" in capsys.readouterr().err
    assert exit_code(["explain", file, "--set", "review_days=7", *SMALL, "--out", str(folder)]) == 3
    assert "not of this scenario" in capsys.readouterr().err

    for damage, phrase in (
        (kept[:100], "not JSON"),
        (b'{"schema": "simulator.run/1"}', "schema is 'simulator.run/1'"),
        (kept.replace(study.case.sha256.encode(), b"0" * 64), "another scenario"),
        (kept.replace(b'"seed": 0', b'"seed": "0"'), "seed"),
    ):
        (folder / EXPLAINED).write_bytes(damage)
        with pytest.raises(InputError, match=phrase):
            read_explained(folder, study)


def test_the_page_of_an_explained_run_says_what_drives_it_with_the_numbers_of_every_bar(
    file: str, tmp_path: Path
) -> None:
    parent, page = str(tmp_path / "runs"), tmp_path / "page.html"
    assert exit_code(["run", file, *SMALL, "--out", parent, "--html", str(page)]) == 0
    assert "rank correlation" in page.read_text("utf-8").lower()
    (folder,) = Path(parent).iterdir()
    assert exit_code(["explain", str(folder), "--jobs", "1", "--quiet"]) == 0
    assert exit_code(["report", str(folder), "--html", str(page), "--quiet"]) == 0
    text = page.read_text("utf-8")
    assert faults(text) == []
    assert Strict(text).faults == []
    assert "rank correlation" not in text.lower()
    said = " ".join(Page(text).text.split())
    assert "Shapley values of groups, which sum to the difference exactly" in said
    assert "magnesium_ban (export ban, CHN)" in said
    study = read_run(folder).study
    explained = read_explained(folder, study)
    assert explained is not None
    bars = attribution_bars(explained, "magnesium_metal")
    assert [bar.part for bar in bars] == ["group", "lever"]
    assert all(bar.floor >= (bar.high - bar.low) / 2 for bar in bars), "looked at together, the floor is higher"
    # The same run again writes the same page, since the attribution lies beside it.
    again = tmp_path / "again.html"
    assert exit_code(["run", file, *SMALL, "--out", parent, "--html", str(again)]) == 0
    assert again.read_text("utf-8") == text
    (folder / EXPLAINED).write_bytes(b"{")
    assert exit_code(["report", str(folder), "--html", str(page), "--quiet"]) == 3


def test_a_run_can_be_kept_where_its_explanation_lies_already(file: str, tmp_path: Path) -> None:
    assert exit_code(["explain", file, *SMALL, "--out", str(tmp_path)]) == 0
    assert exit_code(["run", file, *SMALL, "--out", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    assert {"manifest.json", EXPLAINED} <= {item.name for item in folder.iterdir()}


def test_wrong_groups_say_where_and_what_was_meant(file: str, tmp_path: Path, capsys: Captured) -> None:
    groups = tmp_path / "groups.yaml"
    groups.write_text("bans: [magnesium_bann]\n")
    assert exit_code(["explain", file, *SMALL, "--groups", str(groups)]) == 3
    printed = capsys.readouterr().err
    assert f"{groups}:1:8: bans: 'magnesium_bann'" in printed
    assert "did you mean 'magnesium_ban'?" in printed
    assert exit_code(["explain", file, *SMALL, "--groups", "by_partner"]) == 3
    assert "there is no file 'by_partner'" in capsys.readouterr().err
