"""What is fuzzed: each target takes bytes, and lets nothing escape but the errors a user is meant to see."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from simulator import load as load_run
from simulator.catalogue.observations import read_observations
from simulator.catalogue.own_rows import read_own_rows
from simulator.errors import InputError, NotComparableError, SimulatorError, UsageError
from simulator.report.baseline_files import read_baseline
from simulator.report.run_store import resumed
from simulator.scenario import load, resolve

ROOT = Path(__file__).parents[2]
LONGEST_MESSAGE = 20_000


@cache
def scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


@cache
def kept_run() -> Path:
    from tests.support.kept import baseline

    return baseline().save(scratch() / "runs")


def refused(read: Callable[[], Any], *errors: type[SimulatorError]) -> bool:
    """Whether what is read is refused as it should be; anything else that is raised is a fault of ours."""
    told = ""
    try:
        read()
    except errors as error:
        told = str(error) or "nothing said"
    assert len(told) < LONGEST_MESSAGE
    assert told != "nothing said"
    return bool(told)


def scenario(content: bytes) -> None:
    path = scratch() / "scenarios" / "fuzzed.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    found: list[Any] = []
    if not refused(lambda: found.append(load(path)), InputError, UsageError):
        refused(lambda: resolve(found[0], ["gallium"]), SimulatorError)


def own_rows(content: bytes) -> None:
    folder = scratch() / "rows"
    folder.mkdir(exist_ok=True)
    (folder / "us_balance.csv").write_bytes(content)
    refused(lambda: read_own_rows(folder), InputError)


def observations(content: bytes) -> None:
    path = scratch() / "observed.csv"
    path.write_bytes(content)
    refused(lambda: read_observations(path), InputError)


def baseline(content: bytes) -> None:
    """Either file of a baseline; the table with its digest set right, as a forger would."""
    folder = scratch() / "baselines"
    folder.mkdir(exist_ok=True)
    for name in ("baseline.json", "baseline.kpis.csv"):
        shutil.copyfile(ROOT / "tests" / "baselines" / name, folder / name)
    (folder / "baseline.json").write_bytes(content)
    refused(lambda: read_baseline(folder, "baseline"), InputError, NotComparableError)
    document = json.loads((ROOT / "tests" / "baselines" / "baseline.json").read_text("utf-8"))
    document["values_sha256"] = sha256(content).hexdigest()
    (folder / "baseline.json").write_text(json.dumps(document), "utf-8")
    (folder / "baseline.kpis.csv").write_bytes(content)
    refused(lambda: read_baseline(folder, "baseline"), InputError, NotComparableError)


def manifest(content: bytes) -> None:
    folder = _copy()
    (folder / "manifest.json").write_bytes(content)
    refused(lambda: load_run(folder), InputError)
    refused(lambda: resumed(folder)[1].finished(), InputError, NotComparableError)


def shard(content: bytes) -> None:
    """A shard for which the manifest vouches, and the same in a run that was stopped."""
    folder = _copy()
    (folder / "shards/00000.npz").write_bytes(content)
    document = json.loads((folder / "manifest.json").read_text("utf-8"))
    digest = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    document["files"]["shards/00000.npz"] = digest
    (folder / "manifest.json").write_text(json.dumps(document), "utf-8")
    refused(lambda: load_run(folder), InputError)
    (folder / "manifest.json").write_text(json.dumps(document | {"status": "running"}), "utf-8")
    refused(lambda: resumed(folder)[1].finished(), InputError, NotComparableError)


def _copy() -> Path:
    folder = scratch() / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept_run(), folder)
    return folder


def seeds() -> dict[str, bytes]:
    """A sound file for each target."""
    return {
        "scenario": (ROOT / "scenarios/baseline.yaml").read_bytes(),
        "own_rows": (ROOT / "tests/own_data/us_balance.csv").read_bytes(),
        "observations": next((ROOT / "scenarios/observed").glob("*.csv")).read_bytes(),
        "baseline": (ROOT / "tests/baselines/baseline.json").read_bytes(),
        "manifest": (kept_run() / "manifest.json").read_bytes(),
        "shard": (kept_run() / "shards/00000.npz").read_bytes(),
    }


TARGETS: dict[str, Callable[[bytes], None]] = {
    "scenario": scenario,
    "own_rows": own_rows,
    "observations": observations,
    "baseline": baseline,
    "manifest": manifest,
    "shard": shard,
}
