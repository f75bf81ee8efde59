"""``simulator trace`` on the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.cli import lots as command
from simulator.cli.main import exit_code

ROOT = Path(__file__).parents[2]
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")
ASKED = ("trace", BASELINE, "--replication", "3", "--commodity", "gallium")

Captured = pytest.CaptureFixture[str]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_what_is_piped_is_csv_and_a_file_holds_the_same(capsys: Captured, tmp_path: Path) -> None:
    assert exit_code([*ASKED]) == 0
    piped = capsys.readouterr().out
    file = tmp_path / "lots.csv"
    assert exit_code([*ASKED, "--csv", str(file)]) == 0
    told = capsys.readouterr()
    assert (file.read_text("utf-8"), told.out) == (piped, "")
    found = rows(piped)
    assert f"wrote {len(found):,} lots" in told.err
    assert {row["commodity"] for row in found} == {"gallium"}
    assert all(row["departed"] < row["landed"] for row in found if row["landed"])
    assert [float(row["departed_day"]) for row in found] == sorted(float(row["departed_day"]) for row in found)


def test_the_document_holds_the_same_lots(capsys: Captured) -> None:
    assert exit_code([*ASKED]) == 0
    piped = rows(capsys.readouterr().out)
    assert exit_code([*ASKED, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["schema"] == "simulator.trace/1"
    assert (document["replication"], document["seed"]) == (3, 0)
    assert [lot["tonnes"] for lot in document["lots"]] == [float(row["tonnes"]) for row in piped]


def test_a_terminal_gets_a_table(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.sys.stdout, "isatty", lambda: True, raising=False)
    assert exit_code([*ASKED]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["departed", "commodity"]
    assert all("," not in line.split()[0] for line in lines)


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    """As ``| head`` does."""
    program = [sys.executable, "-m", "simulator", *ASKED]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=os.environ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"departed,")
        process.stdout.close()
        told = process.stderr.read()
        assert (process.wait(), told) == (0, b"")


def test_other_futures_have_other_lots_and_the_same_future_the_same(capsys: Captured) -> None:
    texts = []
    for number in ("3", "3", "19"):
        assert exit_code(["trace", BASELINE, "--replication", number, "--commodity", "gallium"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("trace", BASELINE), "replication"),
        (("trace", BASELINE, "--replication", "-1"), "-1"),
        (
            ("trace", BASELINE, "--replication", "99999999999"),
            "replication 99,999,999,999 is in no run; they count from 0",
        ),
        ((*ASKED, "--json", "--csv", "x"), "exclude"),
        ((*ASKED, "--csv", "/nowhere/lots.csv"), "cannot be written"),
    ],
)
def test_a_wrong_option_is_a_usage_error(arguments: tuple[str, ...], word: str, capfd: Captured) -> None:
    assert exit_code(list(arguments)) == 2
    assert word in capfd.readouterr().err
