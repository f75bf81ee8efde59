from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from simulator.cli import main as command
from simulator.cli.main import exit_code
from simulator.errors import IncompleteError, InputError, SimulatorError, UsageError

ROOT = Path(__file__).parents[2]

Captured = pytest.CaptureFixture[str]


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command()
    @click.option("--json", is_flag=True)
    def run(json: bool) -> None:
        raise error

    monkeypatch.setattr(command.LazyGroup, "get_command", lambda self, ctx, name: run)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], ["run", "--help"], ["run", "-h"]])
def test_help_and_version_end_well(arguments: list[str], capsys: Captured) -> None:
    assert exit_code(arguments) == 0
    assert capsys.readouterr().out


def test_help_begins_with_an_example_and_lists_every_subcommand(capsys: Captured) -> None:
    exit_code(["--help"])
    text = capsys.readouterr().out
    assert text.index("Example:") < text.index("Commands:")
    assert all(re.search(rf"^  {name} ", text, flags=re.M) for name in command.SUBCOMMANDS)


@pytest.mark.parametrize("arguments", [["rum"], ["run"], ["run", "x.yaml", "--replication", "16"], ["--nope"]])
def test_bad_usage_ends_with_2_and_no_result(arguments: list[str], capsys: Captured) -> None:
    assert exit_code(arguments) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("which commodity?"), 2),
        (InputError("no such file"), 3),
        (IncompleteError("out of memory"), 4),
        (SimulatorError("ours"), 70),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_is_a_message_on_stderr_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, error: BaseException, code: int
) -> None:
    failing(monkeypatch, error)
    assert exit_code(["run"]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert str(error) in told.err
    assert "Traceback" not in told.err


def test_with_json_a_failure_is_one_document_too(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    failing(monkeypatch, InputError("x.yaml:1:1: empty"))
    assert exit_code(["run", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == {
        "schema": "simulator.run/1",
        "error": {"kind": "InputError", "message": "x.yaml:1:1: empty", "exit_code": 3},
    }


def test_a_bug_of_ours_keeps_its_traceback_in_a_file(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    failing(monkeypatch, ZeroDivisionError("by zero"))
    assert exit_code(["run"]) == 70
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    match = re.search(r"the traceback is in (\S+\.txt)", told.err)
    assert match is not None
    kept = Path(match.group(1))
    assert "ZeroDivisionError: by zero" in kept.read_text("utf-8")
    kept.unlink()


def test_ctrl_c_in_generated_code_still_ends_with_130(tmp_path: Path) -> None:
    """CPython marks KeyboardInterrupt in ``exec`` as unhandled even if caught, and ``-m`` then dies of the signal."""
    (tmp_path / "interrupted.py").write_text(
        "import click\n"
        "from simulator.cli import main as command\n"
        "run = click.Command('run', callback=lambda: exec('raise KeyboardInterrupt'))\n"
        "command.LazyGroup.get_command = lambda self, ctx, name: run\n"
        "command.main(['run'])\n",
        "utf-8",
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "interrupted" in done.stderr
    assert done.returncode == 130


@pytest.mark.parametrize(
    "verb",
    ["run", "rerun", "compare", "solve", "sweep", "stress", "backtest", "calibrate", "explain", "sensitivity"],
)
def test_every_command_that_simulates_lets_others_do_the_work(verb: str, capsys: Captured) -> None:
    assert exit_code([verb, "--help"]) == 0
    told = capsys.readouterr().out
    assert [
        option for option in ("--jobs", "--executor", "--unit-timeout", "--wait-for-workers") if option not in told
    ] == []
