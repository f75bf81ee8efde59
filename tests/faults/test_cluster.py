"""A real scheduler and two worker processes on this machine: the same bytes, through kills of any of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.processes import ROOT, contents, environment, eventually, resume_command, run, shards, started

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals"),
]
pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

BASELINE = "scenarios/baseline.yaml"
LONG = ("--commodity", "gallium", "--replications", "512")


@dataclass
class Cluster:
    port: int
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"dask://127.0.0.1:{self.port}"

    def add_worker(
        self, *, threads: int = 1, place: str, folder: Path = ROOT, nanny: bool = False, **more: str
    ) -> None:
        words = ("dask_worker", f"tcp://127.0.0.1:{self.port}", "--nthreads", str(threads), "--no-dashboard", "--host",
                 "127.0.0.1", "--nanny" if nanny else "--no-nanny", "--local-directory", place)  # fmt: skip
        self.workers.append(program(*words, folder=folder, **more))


def program(module: str, *words: str, folder: Path = ROOT, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *words],
        cwd=folder,
        env=environment(**more) | {"PYTHONPATH": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextmanager
def cluster(place: Path, workers: int = 2, nanny: bool = False, **more: str) -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    found = Cluster(port, program("dask_scheduler", *words, **more))
    try:
        eventually(lambda: answers(port))
        for _ in range(workers):
            found.add_worker(place=str(place), nanny=nanny, **more)
        yield found
    finally:
        for process in (*found.workers, found.scheduler):
            # With its group: a nanny's worker would outlive it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    parent = tmp_path_factory.mktemp("undisturbed")
    run("run", BASELINE, *LONG, "--jobs", "2", "--out", str(parent), "--quiet")
    return contents(parent)


def test_two_workers_of_a_scheduler_give_the_bytes_of_this_machine(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    with cluster(tmp_path / "scratch") as found:
        run("run", BASELINE, *LONG, "--executor", found.address, "--out", str(tmp_path / "runs"))
        assert contents(tmp_path / "runs") == undisturbed
        # The same from Python, with an executor of one's own.
        code = (
            "import simulator\n"
            "from distributed import Client\n"
            f"client = Client('tcp://127.0.0.1:{found.port}')\n"
            f"result = simulator.run({BASELINE!r}, replications=512, commodities=['gallium'],"
            " executor=client.get_executor())\n"
            f"print(result.save({str(tmp_path / 'python')!r}))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "python") == undisturbed


def test_a_killed_worker_of_a_scheduler_costs_nothing(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    with cluster(tmp_path / "scratch", FAULT="slow", FAULT_S="4") as found:
        process = started(
            "run", BASELINE, *LONG, "--executor", found.address, "--out", str(tmp_path / "runs"),
            FAULT="slow", FAULT_S="4",
        )  # fmt: skip
        eventually(lambda: list((tmp_path / "runs").glob("*/manifest.json")))
        time.sleep(6)
        found.workers[0].kill()
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert contents(tmp_path / "runs") == undisturbed


def test_a_stopped_worker_of_a_scheduler_costs_nothing(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    """Its connection stays open; the scheduler misses its heartbeats and gives what it had to another."""
    more = {"FAULT": "slow", "FAULT_S": "10", "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "15s"}
    with cluster(tmp_path / "scratch", **more) as found:
        process = started("run", BASELINE, *LONG, "--executor", found.address, "--out", str(tmp_path / "runs"), **more)
        eventually(lambda: list((tmp_path / "runs").glob("*/manifest.json")))
        time.sleep(6)
        found.workers[0].send_signal(signal.SIGSTOP)
        assert len(shards(tmp_path / "runs")) < 2
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert contents(tmp_path / "runs") == undisturbed


def test_a_killed_scheduler_ends_the_run_and_what_was_finished_is_kept(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    more = {"FAULT": "slow", "FAULT_S": "8", "FAULT_AT": "500"}
    with cluster(tmp_path / "scratch", **more) as found:
        process = started("run", BASELINE, *LONG, "--executor", found.address, "--out", str(tmp_path / "runs"), **more)
        eventually(lambda: shards(tmp_path / "runs"))
        found.scheduler.send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 4, err
    assert "the connection to the scheduler is lost" in err
    assert "Traceback" not in err
    assert shards(tmp_path / "runs")
    _, told = run(*resume_command(err), "--jobs", "2")
    assert "replications were there already" in told
    assert contents(tmp_path / "runs") == undisturbed


@pytest.mark.parametrize("ends", ["workers", "scheduler"])
def test_a_scheduler_without_workers_is_waited_for_no_longer_than_was_said(
    tmp_path: Path, undisturbed: dict[str, bytes], ends: str
) -> None:
    """Its workers are killed, or it is stopped itself and answers nothing."""
    more = {"FAULT": "slow", "FAULT_S": "60", "FAULT_AT": "500"}
    asked = ("run", BASELINE, *LONG, "--wait-for-workers", "10", "--out", str(tmp_path / "runs"))
    with cluster(tmp_path / "scratch", **more) as found:
        process = started(*asked, "--executor", found.address, **more)
        eventually(lambda: shards(tmp_path / "runs"))
        began = time.monotonic()
        if ends == "workers":
            for worker in found.workers:
                worker.kill()
        else:
            found.scheduler.send_signal(signal.SIGSTOP)
        _, err = process.communicate(timeout=120)
        assert time.monotonic() - began < 60
    assert process.returncode == 4, err
    what = "has no workers any more" if ends == "workers" else "does not answer any more"
    assert f"the scheduler {what}, for 10 s (--wait-for-workers)" in err
    assert "Traceback" not in err
    _, told = run(*resume_command(err), "--jobs", "2")
    assert "replications were there already" in told
    assert contents(tmp_path / "runs") == undisturbed


@pytest.mark.parametrize(("fault", "kind"), [("raise", "ArithmeticError: tonnes appeared"), ("die", "WorkerDied: ")])
def test_a_replication_that_fails_on_workers_of_a_scheduler_is_found(tmp_path: Path, fault: str, kind: str) -> None:
    """One that kills its workers goes to several, which their nannies start again."""
    more = {"FAULT": fault, "FAULT_AT": "77"}
    with cluster(tmp_path / "scratch", nanny=True, **more) as found:
        out, err = run(
            "run", BASELINE, "--commodity", "gallium", "--replications", "128", "--executor", found.address, "--json",
            program="tests.support.faulty_cli", code=4, **more,
        )  # fmt: skip
    assert f"number 77; {kind}" in err
    assert [item["replication"] for item in json.loads(out)["failed"]] == [77]


def test_a_replication_that_hangs_on_workers_of_a_scheduler_is_found(tmp_path: Path) -> None:
    """Its worker answers that it hangs, ends, and is started again by its nanny."""
    more = {"FAULT": "hang", "FAULT_AT": "13"}
    with cluster(tmp_path / "scratch", nanny=True, **more) as found:
        out, err = run(
            "run", BASELINE, "--commodity", "gallium", "--replications", "32", "--executor", found.address, "--json",
            "--unit-timeout", "15", program="tests.support.faulty_cli", code=4, **more,
        )  # fmt: skip
    assert "number 13; WorkerHung: no answer within 15 s" in err
    document = json.loads(out)
    assert (document["replications"], [item["replication"] for item in document["failed"]]) == (31, [13])


def test_a_machine_with_other_versions_is_refused_by_name(tmp_path: Path) -> None:
    """The worker's copy of the program is another one: its code differs in a comment."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "simulator", copy / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "simulator/model/world.py").open("a") as file:
        file.write("# another version\n")
    with cluster(tmp_path / "scratch", workers=0) as found:
        found.add_worker(place=str(tmp_path), folder=copy)
        _, err = run("run", BASELINE, *LONG, "--executor", found.address, code=3)
        assert "workers with other versions would come to other bytes" in err
        assert re.search(r"program text [0-9a-f]{12} \(here [0-9a-f]{12}\)", err)
        # One that comes later, when the versions have been compared, is refused by its own first unit.
        found.add_worker(place=str(tmp_path))
        code = (
            "import simulator\n"
            "from distributed import Client\n"
            f"client = Client('tcp://127.0.0.1:{found.port}')\n"
            "client.wait_for_workers(2)\n"
            f"simulator.run({BASELINE!r}, replications=512, commodities=['gallium'], executor=client.get_executor())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
        )
        assert re.search(r"PartialStudy: .* has other versions than the machine that asks: program text", done.stderr)


def test_what_is_wrong_with_a_scheduler_is_said_with_the_fix(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, err = run("run", BASELINE, *LONG, "--executor", f"dask://127.0.0.1:{port}", code=3)
    assert "no scheduler answers there; start one with" in err
    _, err = run("run", BASELINE, *LONG, "--executor", "tcp://here", code=2)
    assert "write dask://HOST:PORT" in err
    with cluster(tmp_path, workers=0) as found:
        _, err = run("run", BASELINE, *LONG, "--executor", found.address, code=3)
        assert "the scheduler has no workers; start some with" in err
        found.add_worker(threads=2, place=str(tmp_path))
        _, err = run("run", BASELINE, *LONG, "--executor", found.address, code=3)
        assert "workers need one thread each" in err
