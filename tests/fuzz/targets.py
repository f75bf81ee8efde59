"""What is fuzzed: each target takes bytes, and lets nothing escape but the errors a user is meant to see."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from simulator import load as load_run
from simulator.analysis.explain import explain
from simulator.analysis.sweep import Sweep, SweptPoint
from simulator.analysis.sweep import sweep as swept
from simulator.catalogue.observations import read_observations
from simulator.catalogue.own_rows import read_own_rows
from simulator.errors import InputError, NotComparableError, SimulatorError, UsageError
from simulator.report.baseline_files import read_baseline
from simulator.report.batch import remember, runs_of
from simulator.report.explain_store import keep_explained, read_explained
from simulator.report.figures.attribution import attribution
from simulator.report.figures.style import figure_of, svg
from simulator.report.page.attribution_part import attribution_blocks, attribution_table
from simulator.report.run_store import resumed
from simulator.report.sweep_document import sweep_csv, sweep_document
from simulator.report.sweep_store import FILE, FolderStore
from simulator.report.sweep_text import sweep_text
from simulator.scenario import load, resolve

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "scenarios/baseline.yaml"
LONGEST_MESSAGE = 20_000
ADVICE = re.compile(
    r"(; .*(remove it|choose another|restore it|simulate it again|go on where|with another --out))|--resume"
)
"""What to do, after what is wrong."""


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


def advised(place: Path, read: Callable[[], Any]) -> bool:
    """Whether what is read is refused by its own name, with what to do about it."""
    told: list[str] = []

    def noted() -> None:
        try:
            read()
        except SimulatorError as error:
            told.append(str(error))
            raise

    if not refused(noted, InputError, NotComparableError):
        return False
    assert told[0].startswith(str(place)), told[0][:300]
    assert ADVICE.search(told[0]), told[0][-300:]
    return True


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
    advised(folder, lambda: load_run(folder))
    advised(folder, lambda: resumed(folder)[1].finished())


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


@cache
def kept_sweep() -> tuple[Sweep, Path]:
    """A sweep of one combination, and the file in which that is kept."""
    place = scratch() / "sweep"
    asked = {"review_days": [14]}
    found = swept(SCENARIO, asked, replications=16, commodities=["gallium"], store=FolderStore(str(place)))
    (file,) = place.glob(f"*/{FILE}")
    return found, file


def combination(content: bytes) -> None:
    """A finished combination of a sweep that goes on."""
    found, file = kept_sweep()
    file.write_bytes(content)
    case = resolve(load(SCENARIO, ["review_days=14"]), ["gallium"])
    kept: list[Any] = []
    if not advised(file, lambda: kept.append(FolderStore(str(file.parents[1])).find(case, 16, 0))):
        point = SweptPoint(found.points[0].values, case.sha256, kept[0])
        again = replace(found, points=(point,))
        json.dumps(sweep_document(again, wall_s=0.0, jobs=1), allow_nan=False)
        for text in (sweep_csv(again), sweep_text(again)):
            text.encode()


@cache
def kept_batch() -> Path:
    """The list of two runs that were begun by one command."""
    place = scratch() / "batch"
    folders = [place / kept_run().name, place / "another"]
    for folder in folders:
        shutil.copytree(kept_run(), folder)
    return remember(str(place), folders)


def batch(content: bytes) -> None:
    """A list of runs that go on together."""
    file = kept_batch()
    file.write_bytes(content)
    for place in (str(file), str(file.parent)):
        advised(file, partial(runs_of, place))


@cache
def kept_attribution() -> Path:
    """What the verdict of the kept run was put down to."""
    folder = scratch() / "attributed"
    shutil.copytree(kept_run(), folder)
    return keep_explained(explain(SCENARIO, replications=16, commodities=["gallium"], groups="by-type"), folder)


def attributed(content: bytes) -> None:
    """An attribution beside the run that a report is made of."""
    file = kept_attribution()
    file.write_bytes(content)
    study = _study()
    found: list[Any] = []
    if not advised(file, lambda: found.append(read_explained(file.parent, study))):
        for item in study.verdict.commodities:
            attribution_table(found[0], item)
        list(attribution_blocks(study, found[0], study.verdict.commodities))
        svg(figure_of(attribution(study, found[0], "gallium"))).encode()


@cache
def _study() -> Any:
    return load_run(kept_run())


def _copy() -> Path:
    folder = scratch() / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept_run(), folder)
    return folder


def seeds() -> dict[str, bytes]:
    """A sound file for each target."""
    return {
        "scenario": SCENARIO.read_bytes(),
        "own_rows": (ROOT / "tests/own_data/us_balance.csv").read_bytes(),
        "observations": next((ROOT / "scenarios/observed").glob("*.csv")).read_bytes(),
        "baseline": (ROOT / "tests/baselines/baseline.json").read_bytes(),
        "manifest": (kept_run() / "manifest.json").read_bytes(),
        "shard": (kept_run() / "shards/00000.npz").read_bytes(),
        "combination": kept_sweep()[1].read_bytes(),
        "batch": kept_batch().read_bytes(),
        "attributed": kept_attribution().read_bytes(),
    }


TARGETS: dict[str, Callable[[bytes], None]] = {
    "scenario": scenario,
    "own_rows": own_rows,
    "observations": observations,
    "baseline": baseline,
    "manifest": manifest,
    "shard": shard,
    "combination": combination,
    "batch": batch,
    "attributed": attributed,
}
