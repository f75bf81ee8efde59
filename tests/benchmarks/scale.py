"""How cost grows, and what many workers bring: ``python -m tests.benchmarks.scale [PART...] [--quick] [--json FILE]``.

Parts: ``slopes`` (against replications, commodities, scenarios), ``workers`` (efficiency on two, local and through a
scheduler of distributed on this machine), ``long`` (100,000 futures of one commodity), ``many`` (1,200 scenarios as a
sweep, stopped by a kill of the parent and gone on with, and as one ``run``). All run the real command line. A process
is counted with its workers; memory is the sum of the peaks of all its processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BASELINE = "scenarios/baseline.yaml"
COMMODITY = "gallium"
COMMODITIES = ("gallium", "antimony", "bismuth", "indium", "tellurium", "rhenium", "beryllium", "vanadium")
TARGETS = {"local": 0.85, "distributed": 0.75}
"""Parallel efficiency on two workers that is asked for."""
LONG_BYTES = 1 << 30
"""Memory that the long run may take."""


@dataclass
class Cost:
    wall_s: float
    cpu_s: float
    """Processor time of all its processes, as far as they were seen twice a second."""
    parent_bytes: int
    """Peak memory of the program itself."""
    all_bytes: int
    """Sum of the peaks of all its processes."""
    code: int


def below(pid: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    left = [pid]
    while left:
        one = left.pop()
        yield one
        left += parents.get(one, [])


def peak(pid: int) -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def used(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measured(
    *words: str, until: Callable[[], bool] | None = None, err: Path | None = None, also: tuple[int, ...] = ()
) -> Cost:
    """Run the command line and watch it; killed once ``until`` is true. ``also`` are processes that work for it."""
    began = time.monotonic()
    before = {pid: used(pid) for one in also for pid in below(one)}
    with (err or Path(os.devnull)).open("w") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", *words],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=told,
        )  # fmt: skip
    peaks: dict[int, int] = {}
    seconds: dict[int, float] = {}
    while process.poll() is None:
        for root in (process.pid, *also):
            for pid in below(root):
                peaks[pid] = max(peaks.get(pid, 0), peak(pid))
                seconds[pid] = max(seconds.get(pid, 0.0), used(pid) - before.get(pid, 0.0))
        if until is not None and until():
            process.kill()
        time.sleep(0.2)
    return Cost(
        wall_s=round(time.monotonic() - began, 2),
        cpu_s=round(sum(seconds.values()), 2),
        parent_bytes=peaks.get(process.pid, 0),
        all_bytes=sum(size for pid, size in peaks.items()),
        code=process.wait(),
    )


def run(*words: str, **options: Any) -> Cost:
    cost = measured(*words, "--quiet", **options)
    if cost.code:
        raise SystemExit(f"simulator {' '.join(words)} ended with {cost.code}")
    return cost


def slope(points: list[tuple[int, Cost]]) -> dict[str, Any]:
    """Fixed cost and cost of one more, by least squares, in processor seconds."""
    xs, ys = [float(x) for x, _ in points], [cost.cpu_s for _, cost in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum((x - mean_x) ** 2 for x in xs)
    return {
        "cpu_s_each": round(rise, 6),
        "cpu_s_fixed": round(mean_y - rise * mean_x, 3),
        "points": [{"n": x, **asdict(cost)} for x, cost in points],
    }


def slopes(quick: bool, place: Path) -> dict[str, Any]:
    n = (128, 256, 512) if quick else (1024, 2048, 4096, 8192)
    k = (1, 2) if quick else (1, 2, 4, 8)
    s = (2, 4) if quick else (8, 16, 32, 64)
    few = ("--jobs", "1", "--replications", "64" if quick else "512")
    alone = ("--commodity", COMMODITY, "--jobs", "1")
    less = "64" if quick else "256"

    def names(count: int) -> tuple[str, ...]:
        return tuple(word for name in COMMODITIES[:count] for word in ("--commodity", name))

    return {
        "replications": slope([(x, run("run", BASELINE, *alone, "--replications", str(x))) for x in n]),
        "commodities": slope([(x, run("run", BASELINE, *few, *names(x))) for x in k]),
        "scenarios": slope([(x, run("sweep", BASELINE, *alone, "--replications", less, "--grid", grid(x))) for x in s]),
    }


def grid(count: int) -> str:
    return f"events.us_ban_suspension.renewal_probability=0:1:{count}"


def workers(quick: bool, place: Path) -> dict[str, Any]:
    """Wall time of one worker over twice that of two; on a busy machine this says little.

    The run takes half a minute with one worker: in a shorter one the start of the workers shows.
    """
    words = ("run", BASELINE, "--commodity", COMMODITY, "--replications", "512" if quick else "131072")
    one, two = run(*words, "--jobs", "1"), run(*words, "--jobs", "2")
    found: dict[str, Any] = {
        "jobs_1": asdict(one),
        "jobs_2": asdict(two),
        "local": round(one.wall_s / (2 * two.wall_s), 3),
    }
    try:
        import distributed  # noqa: F401  # only whether it is there
    except ImportError:
        return found
    from tests.faults.test_cluster import cluster

    with cluster(place / "scratch") as there:
        time.sleep(5)
        serving = tuple(process.pid for process in (*there.workers, there.scheduler))
        run(*words[:-1], "64", "--executor", there.address)  # workers that have read their tables, as a cluster has
        through = run(*words, "--executor", there.address, also=serving)
    found["distributed_2"] = asdict(through)
    found["distributed"] = round(one.wall_s / (2 * through.wall_s), 3)
    found["targets"] = TARGETS
    return found


def long(quick: bool, place: Path) -> dict[str, Any]:
    n = 4096 + 1024 if quick else 100_000
    words = ("--commodity", COMMODITY, "--replications", str(n), "--jobs", "2", "--out", str(place / "long"))
    cost = run("run", BASELINE, *words)
    size = sum(path.stat().st_size for path in (place / "long").rglob("*") if path.is_file())
    return {
        "replications": n,
        **asdict(cost),
        "bytes_kept": size,
        "under_1_gib": cost.all_bytes < LONG_BYTES,
        "parent_under_1_gib": cost.parent_bytes < LONG_BYTES,
    }


def many(quick: bool, place: Path) -> dict[str, Any]:
    """1,200 scenarios: a sweep undisturbed and one whose parent is killed half way, and a run of as many files."""
    a, b = (4, 3) if quick else (40, 30)
    words = ("sweep", BASELINE, "--commodity", COMMODITY, "--replications", "64" if quick else "256", "--jobs", "2",
             "--grid", grid(a), "--grid", f"events.october_suspension.renewal_probability=0:1:{b}")  # fmt: skip
    whole = run(*words, "--csv", str(place / "whole.csv"))
    kept = place / "kept"
    half = a * b // 2
    cut = measured(*words, "--out", str(kept), until=lambda: len(list(kept.glob("*/deadline.json"))) >= half)
    there = len(list(kept.glob("*/deadline.json")))
    resumed = run(*words, "--out", str(kept), "--csv", str(place / "resumed.csv"))
    same = (place / "whole.csv").read_bytes() == (place / "resumed.csv").read_bytes()
    folder = place / "project" / "scenarios"
    folder.mkdir(parents=True)
    (folder / "baseline.yaml").write_bytes((ROOT / BASELINE).read_bytes())
    files = []
    for number in range(a * b):
        file = folder / f"s{number:04d}.yaml"
        file.write_text(
            f"name: Scenario {number:04d}\nextends: baseline.yaml\nevents:\n"
            f"  - {{id: us_ban_suspension, renewal_probability: {number / (a * b):.6f}}}\n"
        )
        files.append(str(file))
    several = ("--commodity", COMMODITY, "--replications", "64" if quick else "256", "--jobs", "2")
    cost = run("run", *files, *several, "--json", "--out", str(place / "runs"))
    told = place / "told.txt"
    cut_run = measured(
        "run", *files, *several, "--json", "--out", str(place / "runs_cut"), err=told,
        until=lambda: len(list((place / "runs_cut").glob("*/summary.json"))) >= half,
    )  # fmt: skip
    go_on = shlex.split(re.findall(r"go on with: simulator (.*)", told.read_text())[-1])
    resumed_run = run(*go_on, "--jobs", "2", "--json")
    return {
        "scenarios": a * b,
        "sweep": asdict(whole),
        "sweep_killed_after": there,
        "sweep_killed": asdict(cut),
        "sweep_resumed": asdict(resumed),
        "sweep_same_bytes": same,
        "run": asdict(cost),
        "run_killed": asdict(cut_run),
        "run_resumed": asdict(resumed_run),
        "run_same_bytes": _results(place / "runs") == _results(place / "runs_cut"),
    }


def _results(parent: Path) -> dict[str, bytes]:
    return {
        path.relative_to(parent).as_posix(): path.read_bytes()
        for path in sorted(parent.rglob("*"))
        if path.suffix in (".npz", ".csv")
    }


PARTS: dict[str, tuple[Callable[[bool, Path], dict[str, Any]], str]] = {
    "slopes": (slopes, "about 4 minutes"),
    "workers": (workers, "about 4 minutes"),
    "long": (long, "about 6 minutes"),
    "many": (many, "about 30 minutes"),
}
"""Part -> what it does, and how long it takes on two quiet cores."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    parser.add_argument("--json", metavar="FILE", help="write the result there as well")
    asked = parser.parse_args()
    if strange := sorted(set(asked.parts) - PARTS.keys()):
        parser.error(f"no part {strange[0]!r}; there are {', '.join(PARTS)}")
    result: dict[str, Any] = {
        "schema": "simulator.benchmark.scale/1",
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()},
        "quick": asked.quick,
    }
    for name in asked.parts or PARTS:
        part, duration = PARTS[name]
        print(f"{name}: {'a minute or two' if asked.quick else duration}", file=sys.stderr)  # noqa: T201
        with tempfile.TemporaryDirectory() as place:
            result[name] = part(asked.quick, Path(place))
        if asked.json:
            Path(asked.json).write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(json.dumps(result, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
