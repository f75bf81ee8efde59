"""``simulator sweep`` on the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis import sweep as analysis
from simulator.cli.main import exit_code
from simulator.errors import InterruptedRun

BASELINE = str(Path(__file__).parents[2] / "scenarios" / "baseline.yaml")
TRUCE = "events.us_ban_suspension.renewal_probability"
ASKED = (BASELINE, "--grid", f"{TRUCE}=0,1", "--grid", "review_days=14,28")
SMALL = ("--commodity", "gallium", "--replications", "16", "--jobs", "1")

Captured = pytest.CaptureFixture[str]


def test_the_document_and_the_files_hold_every_combination(capsys: Captured, tmp_path: Path) -> None:
    table, figure = tmp_path / "table.csv", tmp_path / "map.svg"
    words = ["sweep", *ASKED, *SMALL, "--json", "--csv", str(table), "--heatmap", str(figure), "--yardstick", "direct"]
    assert exit_code(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "simulator.sweep/1"
    assert (document["combinations"], document["complete"], document["replications"]) == (4, True, 16)
    assert document["points"][1]["values"] == {TRUCE: "0", "review_days": "28"}
    for point in document["points"]:
        for item in point["measures"]:
            assert item["n"] == 16
            assert item["value"] is None or item["ci"][0] <= item["value"] <= item["ci"][1]
    lines = table.read_text("utf-8").splitlines()
    assert lines[0] == f"{TRUCE},review_days,commodity,measure,value,low,high,n"
    assert len(lines) == 1 + sum(len(point["measures"]) for point in document["points"])
    assert "P(met direct)" in figure.read_text("utf-8")


def test_ctrl_c_prints_what_is_finished_and_the_command_that_goes_on(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(wanted: Any, **options: Any) -> Iterator[Any]:
        found = real(wanted, **options)
        yield next(found)
        raise InterruptedRun("interrupted")

    real = analysis.run_many
    out = str(tmp_path / "my sweeps")
    monkeypatch.setattr(analysis, "run_many", interrupted)
    assert exit_code(["sweep", *ASKED, *SMALL, "--out", out, "--quiet"]) == 130
    printed = capsys.readouterr()
    assert "1 of them finished" in printed.out
    command = shlex.split(printed.err.rpartition("go on with: ")[2])
    assert command == [
        "simulator",
        "sweep",
        *ASKED,
        "--out",
        out,
        "--replications",
        "16",
        *SMALL[:2],
        *SMALL[4:],
        "--quiet",
    ]
    monkeypatch.setattr(analysis, "run_many", real)
    assert exit_code([*command[1:], "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["execution"]["reused"], document["complete"]) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--grid", "events.us_ban_suspensoin.until=2026-12-01"), 2, "did you mean 'us_ban_suspension'"),
        (("--grid", "reviw_days=14"), 2, "--grid reviw_days=14: reviw_days: unknown field"),
        (("--grid", "review_days=14", "--heatmap", "map.svg"), 2, "a heat map shows two grids"),
        (("--grid", "a=1", "--grid", "b=1", "--heatmap", "map.pdf"), 2, "must end in .svg or .png"),
        (("--grid", "a=1", "--grid", "b=1", "--heatmap", "map.svg", "--yardstick", "hope"), 2, "known are reliance"),
        (("--grid", "review_days=14", "--csv", "no/such/folder/t.csv"), 3, "there is no folder"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(words: tuple[str, ...], code: int, said: str, capsys: Captured) -> None:
    assert exit_code(["sweep", BASELINE, *words, *SMALL, "--quiet"]) == code
    assert said in capsys.readouterr().err


def test_a_yardstick_with_a_branch_of_its_own_is_said_to_be_left_out(capsys: Captured) -> None:
    words = ["sweep", BASELINE, "--grid", "review_days=14", *SMALL, "--set", "target.criteria=[{yardstick: cutoff}]"]
    assert exit_code(words) == 0
    assert "notice: sweep does not judge cutoff, which takes a branch of its own" in capsys.readouterr().err
