"""Programs that tests start, watch and kill."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def started(*words: str, program: str = "tests.support.faulty_cli", **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", program, *words],
        cwd=ROOT,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(*words: str, program: str = "simulator", code: int = 0, **more: str) -> tuple[str, str]:
    process = started(*words, program=program, **more)
    out, err = process.communicate(timeout=240)
    assert process.returncode == code, err
    assert "Traceback" not in err
    return out, err


def eventually(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 16 MiB in memory, mounted where a sleeping process alone sees it and seen through that process.

    A user namespace lets anybody mount; where there are none, root may still have a namespace of mounts.
    """
    mount = f'mount -t tmpfs -o size=16m tmpfs "{folder}" && echo ready && exec sleep 3600'
    for flags in ("-rm", "-m"):
        words = ("unshare", flags, "sh", "-c", mount)
        try:
            holder = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except FileNotFoundError:
            continue
        with holder:
            try:
                assert holder.stdout is not None
                if holder.stdout.readline() == "ready\n":
                    yield Path(f"/proc/{holder.pid}/root{folder}")
                    return
            finally:
                holder.kill()
    pytest.skip("no small file system can be mounted here")


def children(pid: int) -> Iterator[int]:
    """Processes below one: workers are children of the fork server."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if parent == pid:
                yield int(entry.name)
                yield from children(int(entry.name))


def workers(process: subprocess.Popen[str]) -> list[int]:
    """Workers of a program: forked copies of the fork server."""
    below = list(children(process.pid))
    return [pid for pid in below if any(pid in set(children(other)) for other in below)]


def shards(parent: Path) -> list[Path]:
    return sorted(parent.glob("*/shards/0*.npz"))


def contents(parent: Path) -> dict[str, bytes]:
    """Every file of the runs in a folder but what differs between equal runs."""
    found = {}
    for path in sorted(parent.rglob("*")):
        if path.is_file():
            name = path.relative_to(parent).as_posix()
            content = path.read_bytes()
            if path.name in ("manifest.json", "summary.json"):
                document = json.loads(content)
                document.pop("execution")
                if "files" in document:
                    document["files"] = {k: v for k, v in document["files"].items() if k != "summary.json"}
                content = json.dumps(document, sort_keys=True).encode()
            found[name] = content
    return found


def resume_command(told: str) -> list[str]:
    """The command that was told last: at the beginning, and again where the program could still speak."""
    return shlex.split(re.findall(r"go on with: (simulator run --resume .*)", told)[-1])[1:]
