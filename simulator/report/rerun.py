"""Simulate a kept run again from its manifest, and compare the bytes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator import __version__
from simulator.analysis.study import Planned, Study, run_several
from simulator.errors import UsageError
from simulator.experiment.blocks import Progress
from simulator.experiment.environment import code_digest, environment
from simulator.experiment.executors import Jobs
from simulator.metrics.outcome import selected
from simulator.report.run_arrays import read_arrays
from simulator.report.run_directory import RANDOM_SCHEME, contents
from simulator.report.run_manifest import Manifest, read_manifest
from simulator.report.run_reader import check_files, read_case

ELSEWHERE: Final = 1e-9
"""Relative difference promised where libraries or processor differ; with equal ones bytes are equal."""
RESULTS: Final = ("shards/", "kpis.csv")
"""Files that hold nothing but results."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """How a run came out the second time."""

    folder: Path
    run_id: str
    identical: bool
    """Every result has the same bytes."""
    files: tuple[str, ...]
    """Files compared."""
    differing: tuple[str, ...]
    """Those that differ."""
    largest_difference: float
    """Largest difference of a number relative to its size; 0 when identical, inf where arrays do not match."""
    largest_in: str
    """Array in which it is; empty when identical."""
    elsewhere: tuple[str, ...]
    """What is not as it was: program, libraries, processor, facts."""
    not_kept: int
    """Futures asked for of which nothing was kept: they had failed, or were not finished."""
    failing: tuple[int, ...]
    """Futures that fail this time."""
    study: Study

    @property
    def holds(self) -> bool:
        """Whether what is promised holds: equal bytes, or elsewhere 1e-9."""
        return self.identical or (bool(self.elsewhere) and self.largest_difference <= ELSEWHERE)


def rerun(folder: Path, *, jobs: Jobs = 1, progress: Progress | None = None) -> Repetition:
    """Simulate a kept run again from its manifest and compare what comes out with what was kept.

    A future that fails this time is missing among the results: they hold if it failed the first time as well.

    Raises
    ------
    PartialStudy
        If it was interrupted, the workers are gone or no future came through.
    InputError
        If the folder is not a whole run directory.
    UsageError
        If this version makes random numbers in another way.
    """
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    if manifest.seed.scheme != RANDOM_SCHEME:
        raise UsageError(f"{folder}: its random numbers are {manifest.seed.scheme!r}, this version's {RANDOM_SCHEME!r}")
    scenario, case, notices = read_case(folder, manifest)
    kept_rows = np.concatenate([read_arrays(folder / name)["replications"] for name in manifest.shards])
    planned = Planned(scenario, case, manifest.replications.requested, manifest.seed.root)
    # What failed then may fail again: the others are compared.
    (again,) = run_several([planned], jobs=jobs, progress=progress)
    study = replace(
        again, outcome=selected(again.outcome, np.flatnonzero(np.isin(again.outcome.replications, kept_rows)))
    )
    made = {name: content for name, content in contents(study) if name.startswith(RESULTS)}
    compared = tuple(name for name in manifest.files if name.startswith(RESULTS))
    differing = tuple(
        name
        for name in sorted({*compared, *made})
        if name not in made
        or name not in manifest.files
        or sha256(made[name]).hexdigest() != manifest.files[name].sha256
    )
    largest, where = _largest(folder, differing, made)
    return Repetition(
        folder=folder,
        run_id=manifest.run_id,
        identical=not differing,
        files=compared,
        differing=differing,
        largest_difference=largest,
        largest_in=where,
        elsewhere=(*_elsewhere(manifest), *notices),
        not_kept=manifest.replications.requested - kept_rows.size,
        failing=tuple(failure.replication for failure in again.failed),
        study=again,
    )


def _largest(folder: Path, differing: tuple[str, ...], made: dict[str, bytes]) -> tuple[float, str]:
    """Return the largest relative difference of any number, and the array it is in."""
    largest, where = 0.0, ""
    for name in differing:
        if not name.endswith(".npz") or name not in made:
            continue
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "again.npz"
            path.write_bytes(made[name])
            again = read_arrays(path)
        kept = read_arrays(folder / name)
        for key in sorted({*kept, *again}):
            size = _apart(kept.get(key), again.get(key))
            if size > largest:
                largest, where = size, f"{name}: {key}"
    return (largest, where) if where or not differing else (float("inf"), differing[0])


def _apart(a: NDArray[Any] | None, b: NDArray[Any] | None) -> float:
    if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype:
        return float("inf")
    if a.dtype.kind != "f":
        return 0.0 if np.array_equal(a, b) else float("inf")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    one, other = a[~same].astype(np.float64), b[~same].astype(np.float64)
    if not (np.isfinite(one) & np.isfinite(other)).all():
        return float("inf")
    return float((np.abs(one - other) / np.maximum(1.0, np.abs(one))).max())


def _elsewhere(manifest: Manifest) -> tuple[str, ...]:
    now = environment()
    then = manifest.environment.model_dump()
    found = [f"version {manifest.tool.version}, now {__version__}"] if manifest.tool.version != __version__ else []
    if manifest.tool.code_sha256 not in (None, code_digest()):
        found.append("another text of the program or its tables")
    for name in ("python", "system", "machine"):
        if then[name] != now[name]:
            found.append(f"{name} {then[name]}, now {now[name]}")
    for name, version in then["libraries"].items():
        if now["libraries"].get(name) != version:
            found.append(f"{name} {version}, now {now['libraries'].get(name, 'none')}")
    if then["cpu_features"] != now["cpu_features"]:
        found.append("other processor features")
    return tuple(found)
