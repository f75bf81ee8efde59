from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from glob import glob
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.main import exit_code
from simulator.cli.run import run
from simulator.report.document import text
from simulator.scenario import load, resolve

ROOT = Path(__file__).parents[2]
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")
NO_DEALS = str(ROOT / "scenarios" / "no_deals.yaml")
SMALL = ("--commodity", "gallium", "--replications", "32", "--jobs", "1")

Captured = pytest.CaptureFixture[str]


def ran(capsys: Captured, *arguments: str) -> dict[str, Any]:
    assert exit_code(["run", *arguments, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def without_execution(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "execution"}


def test_the_document_has_what_the_contract_promises(capsys: Captured) -> None:
    document = ran(capsys, BASELINE, *SMALL)
    assert document["schema"] == "simulator.run/1"
    assert (document["seed"], document["replications"]) == (0, 32)
    assert (document["start"], document["as_of"], document["deadline"]) == ("2025-11-06", "2025-11-06", "2027-05-06")
    assert document["lots"] > 0
    assert len(document["scenario"]["sha256"]) == len(document["data"]["sha256"]) == 64
    overall = document["overall"]["reliance"]
    assert overall.keys() >= {"p", "ci", "n", "expected_met", "of"}
    (gallium,) = document["commodities"]
    assert gallium.keys() >= {"commodity", "grade", "headline", "yardsticks", "kpis", "binding_stage"}
    for name in ("reliance", "direct", "crma65"):
        yardstick = gallium["yardsticks"][name]
        assert yardstick.keys() >= {"p", "ci", "n", "threshold", "met_at_start"}
        assert yardstick["ci"][0] <= yardstick["p"] <= yardstick["ci"][1]
    for kpi in ("china_exposed_share", "direct_china_share", "unmet_share", "days_of_cover", "price_index", "hhi"):
        for moment in ("start", "deadline"):
            spread = gallium["kpis"][kpi][moment]
            assert spread["p05"] <= spread["p50"] <= spread["p95"]


def test_workers_change_nothing_but_the_execution(capsys: Captured) -> None:
    one = ran(capsys, BASELINE, "--commodity", "gallium", "--replications", "128", "--jobs", "1")
    two = ran(capsys, BASELINE, "--commodity", "gallium", "--replications", "128", "--jobs", "2")
    assert two["execution"]["jobs"] == 2
    assert without_execution(one) == without_execution(two)


def test_several_scenarios_give_a_list_of_runs(capsys: Captured) -> None:
    assert exit_code(["run", BASELINE, NO_DEALS, *SMALL, "--json"]) == 0
    told = capsys.readouterr().out
    document = json.loads(told)
    assert told == text(document)
    assert document["schema"] == "simulator.runs/1"
    assert [run["schema"] for run in document["runs"]] == ["simulator.run/1"] * 2
    assert len({run["scenario"]["sha256"] for run in document["runs"]}) == 2


def test_the_table_goes_to_stdout_plain_and_at_most_124_wide(capsys: Captured) -> None:
    assert exit_code(["run", BASELINE, *SMALL]) == 0
    told = capsys.readouterr()
    assert "gallium" in told.out
    assert "simulated futures (95 % interval" in told.out
    assert "\x1b" not in told.out
    assert "…" not in told.out
    assert max(len(line) for line in told.out.splitlines()) <= 124
    assert "32 replications begin" in told.err
    assert "32/32 replications" in told.err


def test_quiet_leaves_stderr_empty(capsys: Captured) -> None:
    assert exit_code(["run", BASELINE, *SMALL, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "phrase"),
    [
        ((BASELINE, "--replications", "100"), 2, "100 is not a positive multiple of 16; the nearest is 96"),
        ((BASELINE, "--replications", "99999999984"), 2, "99,999,999,984 are too many; at most 1,048,576"),
        ((BASELINE, "--unit-timeout", "nan"), 2, "nan is not a number of seconds"),
        ((BASELINE, "--wait-for-workers", "nan"), 2, "nan is not a number of seconds"),
        ((BASELINE, "--wait-for-workers", "60"), 2, "--wait-for-workers is for --executor"),
        ((BASELINE, "--replications", "0"), 2, "the nearest is 16"),
        ((BASELINE, "--commodity", "galium"), 2, "did you mean 'gallium'?"),
        ((BASELINE, "--seed", "-1"), 2, "-1"),
        ((BASELINE, "--set", "focal"), 2, "focal"),
        ((BASELINE, "--out", BASELINE), 2, "is a file"),
        (("missing.yaml",), 3, "missing.yaml"),
        ((BASELINE, "missing.yaml"), 3, "missing.yaml"),
        ((BASELINE, NO_DEALS, BASELINE), 2, "is named twice"),
        ((BASELINE, os.path.relpath(BASELINE)), 2, "are the same file"),
        ((BASELINE, "--out", "/dev/null/runs"), 3, "cannot write there"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    capsys: Captured, arguments: tuple[str, ...], code: int, phrase: str
) -> None:
    assert exit_code(["run", *arguments]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert phrase in told.err
    assert "/1,024 replications" not in told.err


def test_work_is_announced_only_once_the_file_is_read(capsys: Captured) -> None:
    assert exit_code(["run", "missing.yaml"]) == 3
    assert "begin" not in capsys.readouterr().err


def test_what_cannot_be_run_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    assert exit_code(["run", BASELINE, "--commodity", "galium", "--out", str(folder)]) == 2
    assert not folder.exists()


def test_the_examples_of_the_help_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example line is loaded and resolved with its overrides as ``run`` would, only not simulated."""
    examples = [line.split()[2:] for line in (run.help or "").splitlines() if line.strip().startswith("simulator run")]
    assert len(examples) == 6
    monkeypatch.chdir(ROOT)
    for words in examples:
        sets = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
        names = [words[place + 1] for place, word in enumerate(words) if word == "--commodity"]
        for path in glob(words[0]):
            seen = words[words.index("--observed") + 1] if "--observed" in words else None
            resolve(load(path, sets, seen), names or None)


def test_a_run_is_kept_once_and_a_stranger_is_left_alone(capsys: Captured, tmp_path: Path) -> None:
    assert exit_code(["run", BASELINE, *SMALL, "--out", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("baseline-")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {"manifest.json", "summary.json", "kpis.csv", "scenario.resolved.json", "shards/00000.npz"}
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["status"] == "complete"
    assert manifest["replications"] == {"requested": 32, "completed": 32}
    before = (folder / "kpis.csv").read_bytes(), (folder / "shards" / "00000.npz").read_bytes()
    assert len(before[0].splitlines()) == 1 + 32 * 3

    # The same again: the same folder, the same bytes.
    assert exit_code(["run", BASELINE, *SMALL, "--out", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert before == ((folder / "kpis.csv").read_bytes(), (folder / "shards" / "00000.npz").read_bytes())

    # Another seed: another folder.
    assert exit_code(["run", BASELINE, *SMALL, "--seed", "1", "--out", str(tmp_path)]) == 0
    assert len(list(tmp_path.iterdir())) == 2

    manifest["run_id"] = "of another run"
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    capsys.readouterr()
    assert exit_code(["run", BASELINE, *SMALL, "--out", str(tmp_path)]) == 2
    assert "something other than this run" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_ends_with_130_and_no_traceback() -> None:
    command = [sys.executable, "-m", "simulator", "run", BASELINE, "--replications", "16384", "--jobs", "1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    begun = time.monotonic()
    first = process.stderr.readline()
    assert "replications begin" in first
    assert time.monotonic() - begun < 20.0  # far below the time of the run, on a busy machine too
    time.sleep(2.0)
    os.kill(process.pid, 2)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "interrupted" in told


TWO = ("--commodity", "gallium", "--commodity", "antimony", "--jobs", "1")


def test_cutoff_on_request_is_the_branch_of_the_stress(capsys: Captured) -> None:
    """Asked for, the yardstick appears everywhere and moves no other number; met less often than without the cut."""
    plain = ran(capsys, BASELINE, *TWO, "--replications", "32")
    asked = ran(capsys, BASELINE, *TWO, "--replications", "32", "--cutoff")
    assert "cutoff" not in plain["yardsticks"]
    assert asked["yardsticks"]["cutoff"]["threshold"] == 0.10
    assert asked["overall"]["cutoff"]["of"] == 2
    chances: dict[str, float] = {}
    for before, after in zip(plain["commodities"], asked["commodities"], strict=True):
        cutoff = after["yardsticks"].pop("cutoff")
        chances[after["commodity"]] = cutoff["p"]
        assert before == after
        assert (cutoff["later"], cutoff["first_met"], cutoff["p_at_start"]) == (None, None, None)
    assert exit_code(["stress", BASELINE, *TWO, "--replications", "32", "--cut", "CHN", "--at", "+18mo", "--json"]) == 0
    stressed = json.loads(capsys.readouterr().out)
    (same,) = [item for item in stressed["commodities"] if item["commodity"] == "antimony"]
    # Other futures, since the stress watches longer; the same branch.
    assert abs(same["cutoff"]["p"] - chances["antimony"]) < 0.35
    assert chances["antimony"] < same["cutoff_without"]["p"]


def test_a_scenario_may_ask_for_cutoff_and_a_kept_run_reads_back(capsys: Captured, tmp_path: Path) -> None:
    file = tmp_path / "cut.yaml"
    criteria = "[{yardstick: cutoff, max_unmet_share: 0.3}, {name: stock, metric: days_of_cover, min_value: 30}]"
    file.write_text(f"name: Cut\nextends: {BASELINE}\ntarget: {{criteria: {criteria}}}\n", "utf-8")
    document = ran(capsys, str(file), *SMALL, "--out", str(tmp_path / "runs"), "--quiet")
    assert document["yardsticks"]["cutoff"]["threshold"] == 0.3
    assert document["yardsticks"]["stock"]["formula"] == "days_of_cover >= 30 days over 90 days"
    (folder,) = (tmp_path / "runs").iterdir()
    assert exit_code(["rerun", str(folder), "--jobs", "1", "--quiet"]) == 0
    assert "identical" in capsys.readouterr().out


def test_a_precision_is_run_for_and_the_result_is_that_of_so_many_futures(capsys: Captured) -> None:
    small = ("--commodity", "magnesium_metal", "--jobs", "1")
    document = ran(capsys, BASELINE, *small, "--precision", "0.03")
    found = document.pop("precision")
    assert found["reached"]
    assert found["half_width"] <= 0.03
    assert found["looks"][-1] == document["replications"] == document["replications_requested"]
    plain = ran(capsys, BASELINE, *small, "--replications", str(document["replications"]))
    assert without_execution(plain) == without_execution(document)


def test_a_precision_out_of_reach_is_incomplete_and_says_what_it_would_take(capsys: Captured) -> None:
    arguments = (BASELINE, "--commodity", "antimony", "--jobs", "1", "--precision", "0.0005", "--replications", "512")
    assert exit_code(["run", *arguments]) == 4
    text = capsys.readouterr()
    assert "+/- 0.0005 not reached with 512 futures: antimony" in " ".join(text.out.split())
    assert "about --replications" in text.err


@pytest.mark.parametrize(("option", "value"), [("--precision", "0"), ("--precision", "0.5"), ("--precision", "x")])
def test_a_precision_that_says_nothing_is_a_usage_error(option: str, value: str, capsys: Captured) -> None:
    assert exit_code(["run", BASELINE, option, value]) == 2
    assert "precision" in capsys.readouterr().err
