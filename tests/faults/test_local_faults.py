"""Real processes, killed, stopped, hung and out of room: nothing finished is lost, and the bytes are the same."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.processes import (
    children,
    contents,
    eventually,
    resume_command,
    run,
    shards,
    small_disk,
    started,
    workers,
)

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals"),
]
BASELINE = "scenarios/baseline.yaml"
NO_DEALS = "scenarios/no_deals.yaml"
LONG = ("--commodity", "gallium", "--replications", "1024", "--jobs", "2")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    parent = tmp_path_factory.mktemp("undisturbed")
    run("run", BASELINE, *LONG, "--out", str(parent), "--quiet")
    return contents(parent)


def test_a_killed_worker_costs_nothing(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    process = started("run", BASELINE, *LONG, "--out", str(tmp_path), FAULT="slow", FAULT_S="3")
    for _ in range(2):
        victims = eventually(lambda: workers(process))
        time.sleep(1.0)
        os.kill(victims[-1], signal.SIGKILL)
        eventually(lambda victim=victims[-1]: not Path(f"/proc/{victim}/stat").exists() or True)
        time.sleep(1.0)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert contents(tmp_path) == undisturbed


def test_a_stopped_worker_is_ended_after_its_time_and_costs_nothing(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    words = ("run", BASELINE, *LONG, "--out", str(tmp_path), "--unit-timeout", "25")
    process = started(*words, FAULT="slow", FAULT_S="2")
    victims = eventually(lambda: workers(process))
    os.kill(victims[0], signal.SIGSTOP)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert contents(tmp_path) == undisturbed


def test_a_killed_parent_loses_what_was_under_way_and_leaves_no_orphans(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    process = started("run", BASELINE, *LONG, "--out", str(tmp_path), FAULT="slow", FAULT_S="4", FAULT_AT="900")
    eventually(lambda: shards(tmp_path))
    below = list(children(process.pid))
    process.kill()
    _, err = process.communicate(timeout=60)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), 20)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert json.loads((folder / "manifest.json").read_text())["status"] == "running"
    there = {path.name: path.stat().st_mtime_ns for path in shards(tmp_path)}
    assert 0 < len(there) < 4
    _, told = run(*resume_command(err))
    assert "replications were there already" in told
    assert contents(tmp_path) == undisturbed
    assert {name: (folder / "shards" / name).stat().st_mtime_ns for name in there} == there


@pytest.mark.usefixtures("heeded_ctrl_c")
@pytest.mark.parametrize("twice", [False, True])
def test_ctrl_c_once_finishes_what_has_begun_and_twice_does_not(
    tmp_path: Path, undisturbed: dict[str, bytes], twice: bool
) -> None:
    process = started(
        "run",
        BASELINE,
        *LONG,
        "--out",
        str(tmp_path),
        "--json",
        FAULT="slow",
        FAULT_S="60" if twice else "6",
        FAULT_AT="900",
    )
    eventually(lambda: shards(tmp_path))
    begun = time.monotonic()
    # As a terminal does: to every process of the group.
    os.killpg(process.pid, signal.SIGINT)
    if twice:
        time.sleep(0.7)
        os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "has begun is being finished" in err
    if twice:
        assert time.monotonic() - begun < 30.0
    document = json.loads(out)
    assert document["complete"] is (False if twice else document["replications"] == 1024)
    run(*resume_command(err))
    assert contents(tmp_path) == undisturbed


@pytest.mark.usefixtures("heeded_ctrl_c")
def test_a_worker_killed_after_ctrl_c_takes_its_block_alone(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    process = started("run", BASELINE, *LONG, "--out", str(tmp_path), FAULT="slow", FAULT_S="20", FAULT_AT="900")
    eventually(lambda: shards(tmp_path))
    time.sleep(1.0)
    victims = workers(process)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(1.0)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted after" in err
    assert "Traceback" not in err
    assert "internal error" not in err
    run(*resume_command(err))
    assert contents(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("raise", "ArithmeticError: tonnes appeared"), ("die", "WorkerDied: "), ("hang", "WorkerHung: ")],
)
def test_a_poison_replication_is_named_with_its_seed_and_the_others_are_kept(
    tmp_path: Path, undisturbed: dict[str, bytes], fault: str, kind: str
) -> None:
    small = ("--commodity", "gallium", "--replications", "128", "--jobs", "2", "--seed", "0")
    out, err = run(
        "run", BASELINE, *small, "--out", str(tmp_path), "--json", "--unit-timeout", "20",
        program="tests.support.faulty_cli", code=4, FAULT=fault, FAULT_AT="77",
    )  # fmt: skip
    assert re.search(rf"1 of 128 replications failed \(seed 0, number 77; {kind}", err)
    document = json.loads(out)
    assert (document["replications_requested"], document["replications"]) == (128, 127)
    assert [(item["replication"], item["seed"]) for item in document["failed"]] == [(77, 0)]
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (line,) = (folder / "failures.jsonl").read_text().splitlines()
    assert json.loads(line)["replication"] == 77
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["replications"] == {"requested": 128, "completed": 127, "failed": [77]}
    (replay,) = re.findall(r"replay with: simulator (.*)", err)
    assert shlex.split(replay)[:4] == ["trace", str(folder), "--replication", "77"]
    lots, _ = run(*shlex.split(replay))
    assert lots.count("\n") > 10
    # The fault mended, the run is made whole.
    run(*resume_command(err))
    run("run", BASELINE, *small, "--out", str(tmp_path / "other"), "--quiet")
    assert contents(folder) == contents(next((tmp_path / "other").iterdir()))


def test_several_scenarios_go_on_together_after_a_kill(tmp_path: Path) -> None:
    small = ("--commodity", "gallium", "--replications", "128", "--jobs", "2")
    expected, _ = run("run", BASELINE, NO_DEALS, *small, "--out", str(tmp_path / "whole"), "--json")
    process = started("run", BASELINE, NO_DEALS, *small, "--out", str(tmp_path / "cut"), FAULT="slow", FAULT_S="3")
    eventually(lambda: shards(tmp_path / "cut"))
    process.kill()
    _, err = process.communicate(timeout=60)
    found, _ = run(*resume_command(err), "--json")

    def plain(text: str) -> Any:
        return [{key: value for key, value in item.items() if key != "execution"} for item in json.loads(text)["runs"]]

    assert plain(found) == plain(expected)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_a_sweep_goes_on_after_a_kill(tmp_path: Path) -> None:
    words = ("sweep", BASELINE, "--commodity", "gallium", "--replications", "32", "--jobs", "2",
             "--grid", "review_days=7,14,21,28", "--json")  # fmt: skip
    expected, _ = run(*words)
    process = started(*words, "--out", str(tmp_path / "kept"), FAULT="slow", FAULT_S="2")
    eventually(lambda: list((tmp_path / "kept").glob("*/deadline.json")))
    process.kill()
    process.communicate(timeout=60)
    found, err = run(*words, "--out", str(tmp_path / "kept"))
    assert "combinations were there already" in err

    def plain(text: str) -> Any:
        return {key: value for key, value in json.loads(text).items() if key not in ("execution", "reused")}

    assert plain(found) == plain(expected)


def test_a_full_disk_ends_the_run_and_keeps_what_fitted(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    with small_disk(tmp_path) as disk:
        filler = disk / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, (16 << 20) - (1800 << 10))
        place = disk / "runs"
        place.mkdir()
        _, err = run("run", BASELINE, *LONG, "--out", str(place), code=4)
        assert "No space left on device; make room, then go on" in err
        assert shards(place)
        filler.unlink()
        _, told = run(*resume_command(err))
        assert "replications were there already" in told
        assert contents(place) == undisturbed
