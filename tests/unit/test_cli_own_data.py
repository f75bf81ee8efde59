"""``--data DIR``: the user's own rows in what is shown, run, recorded and refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator.catalogue.own_columns import KEYS
from simulator.catalogue.own_rows import read_own_rows
from simulator.catalogue.tables import overlay
from simulator.cli.main import exit_code

ROOT = Path(__file__).parents[2]
OWN = str(ROOT / "tests" / "own_data")
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")
GALLIUM = (BASELINE, "--commodity", "gallium", "--quiet")

Captured = pytest.CaptureFixture[str]


def said(capsys: Captured, *arguments: str, code: int = 0) -> str:
    assert exit_code(list(arguments)) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


def ran(capsys: Captured, *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(said(capsys, "run", *GALLIUM, "--json", *arguments))
    del document["execution"]
    return document


def test_own_rows_are_shown_as_such_with_what_they_replaced(capsys: Captured) -> None:
    text = said(capsys, "data", "show", "gallium", "--data", OWN)
    assert "Own rows laid over the catalogue (4)" in text
    assert "value 21000, value_std 21\tvalue 18700, value_std 18.7\testimated\town survey" in text
    assert "\t21\tt/yr\t2024\testimated\town data: own survey of buyers, 2025-09\t" in text
    assert "Own rows" not in said(capsys, "data", "show", "gallium")


def test_a_commodity_shows_only_rows_that_touch_it(capsys: Captured) -> None:
    document = json.loads(said(capsys, "data", "show", "antimony", "--data", OWN, "--json"))
    assert [row["file"] for row in document["own_rows"]] == ["model_parameters.csv"]


def test_the_list_and_the_sources_follow_the_own_rows(capsys: Captured) -> None:
    plain, own = (json.loads(said(capsys, "data", "list", "--json", *more)) for more in ((), ("--data", OWN)))
    changed = [
        before["commodity"]
        for before, after in zip(plain["commodities"], own["commodities"], strict=True)
        if before["us_demand_t_per_year"] != after["us_demand_t_per_year"]
    ]
    assert changed == ["gallium"]
    sources = json.loads(said(capsys, "data", "sources", "--data", OWN, "--json"))
    assert any(entry["source"] == "own data: own order book" for entry in sources["sources"])
    assert len(sources["own_rows"]) == 4


def test_the_readme_states_the_keys() -> None:
    lines = re.findall(r"^\| (`[a-z_`, ]+) \| (`[a-z_`, ]+) \|$", (ROOT / "README.md").read_text("utf-8"), re.M)
    stated = {
        table: tuple(re.findall(r"`(\w+)`", key)) for tables, key in lines for table in re.findall(r"`(\w+)`", tables)
    }
    stated = {table: key for table, key in stated.items() if table in KEYS}
    assert len(stated) > 20
    assert stated == {table: KEYS[table] for table in stated}


def test_a_run_records_what_was_laid_over(capsys: Captured, tmp_path: Path) -> None:
    plain = ran(capsys, "--replications", "16", "--jobs", "1")
    own = ran(capsys, "--replications", "16", "--jobs", "1", "--data", OWN, "--out", str(tmp_path))
    assert own["data"]["sha256"] != plain["data"]["sha256"]
    assert "own" not in plain["data"]
    assert {"file": "input_priors.csv", "replaced": 1, "added": 1} in own["data"]["own"]["tables"]
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["data"] == own["data"]
    assert read_own_rows(folder / "own_data").sha256 == own["data"]["own"]["sha256"]


def test_workers_read_the_same_rows(capsys: Captured) -> None:
    one, two = (
        ran(capsys, "--replications", "128", "--jobs", jobs, "--data", OWN, "--set", "review_days=28")
        for jobs in ("1", "2")
    )
    assert one == two
    assert overlay() is None


def test_the_report_names_the_own_rows(capsys: Captured) -> None:
    text = said(capsys, "run", *GALLIUM, "--replications", "16", "--jobs", "1", "--data", OWN)
    assert "Own rows laid over the catalogue: input_priors.csv 1 replaced, 1 added;" in text


def test_wrong_rows_are_refused_before_anything_runs(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "us_balanc.csv").write_text("commodity\n", "utf-8")
    for command in (["run", BASELINE], ["validate", BASELINE], ["data", "list"], ["data", "sources"]):
        text = said(capsys, *command, "--data", str(tmp_path), code=3)
        assert (
            "us_balanc.csv:1:1: 'us_balanc.csv' is not a table of the catalogue; did you mean us_balance.csv?" in text
        )


def test_rows_with_which_the_tables_no_longer_close_are_named_as_the_cause(capsys: Captured, tmp_path: Path) -> None:
    text = (ROOT / "tests" / "own_data" / "us_balance.csv").read_text("utf-8")
    (tmp_path / "us_balance.csv").write_text(text.replace("21000", "900000").replace(",21,", ",900,"), "utf-8")
    assert f"with the rows of {tmp_path} over the catalogue: " in said(
        capsys, "data", "show", "gallium", "--data", str(tmp_path), code=3
    )
