"""``validate``, ``schema`` and ``init`` on the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli.main import exit_code

ROOT = Path(__file__).parents[2]
INVALID = sorted(str(path) for path in (ROOT / "tests" / "scenarios_invalid").glob("*.yaml"))
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")


def test_every_invalid_file_is_reported_in_one_call_with_exit_code_3(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["validate", *INVALID]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert len(re.findall(r"\.yaml:\d+:\d+: ", err)) == 10
    assert "Traceback" not in err


def test_valid_files_beside_an_invalid_one_are_still_said_to_be_valid(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["validate", BASELINE, INVALID[0]]) == 3
    assert "baseline.yaml: valid (Baseline; 18 events)" in capfd.readouterr().out


def test_a_valid_file_is_exit_code_0_and_its_origins_can_be_shown(capfd: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "scenarios" / "snapback_2026.yaml")
    assert exit_code(["validate", path, "--show-origins", "--set", "review_days=7"]) == 0
    out = capfd.readouterr().out
    assert re.search(r"events\.us_ban_suspension\.renewal_probability +0\.0 +\S*snapback_2026\.yaml:\d+", out)
    assert re.search(r"events\.us_ban_suspension\.until +\"2026-11-27\" +\S*baseline\.yaml:\d+", out)
    assert re.search(r"review_days +7 +--set review_days=7", out)
    assert re.search(r"events\.us_ban_suspension\.probability +1\.0 +default", out)


def test_json_is_one_document_on_success_and_on_failure(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["validate", BASELINE, INVALID[0], "--json", "--show-origins"]) == 3
    document = json.loads(capfd.readouterr().out)
    assert document["schema"] == "simulator.validate/1"
    good, bad = document["files"]
    assert good["valid"]
    assert {"path": "name", "value": "Baseline", "origin": f"{BASELINE}:3"} in good["values"]
    assert not bad["valid"]
    assert ".yaml:" in bad["report"]


def test_a_bad_override_is_a_usage_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["validate", BASELINE, "--set", "events.us_ban.probability=1"]) == 2
    assert "did you mean 'us_ban_2024'?" in capfd.readouterr().err


def test_a_problem_of_an_override_names_the_event_as_the_override_does(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["validate", BASELINE, "--set", "events.us_ban_suspension.renewal_probability=5"]) == 2
    err = capfd.readouterr().err
    assert ": events.us_ban_suspension.renewal_probability: 5 is not accepted" in err
    assert "events[" not in err


def test_the_schema_is_printed_and_its_instruments_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["schema"]) == 0
    assert json.loads(capfd.readouterr().out)["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert exit_code(["schema", "--list"]) == 0
    assert re.search(r"^export_ban +A country stops", capfd.readouterr().out, re.M)


def test_the_starter_scenario_is_valid_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(["init"]) == 0
    text = (tmp_path / "scenario.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=")
    assert exit_code(["validate", "scenario.yaml"]) == 0
    (tmp_path / "scenario.yaml").write_text("mine")
    assert exit_code(["init"]) == 2
    assert (tmp_path / "scenario.yaml").read_text() == "mine"
    assert exit_code(["init", "nowhere/x.yaml"]) == 2
    assert "Traceback" not in capfd.readouterr().err


def test_importing_the_commands_imports_nothing_heavy() -> None:
    heavy = "('numpy', 'pydantic', 'yaml')"
    code = f"import sys, simulator.cli.scenario_commands; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
