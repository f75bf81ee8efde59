"""Keep a run in a folder of its own: what was run, on what, and what came out.

The folder is named after the scenario and a digest of everything that the results follow from, so
that equal runs meet in one folder and different ones never do. Every file is written beside itself and
moved into place, so that a reader never sees half of one.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from simulator import __version__
from simulator.analysis.conditioning import weights_of
from simulator.analysis.study import Study
from simulator.domain.plain_files import opened, text_of
from simulator.domain.target import BRANCHED
from simulator.errors import InputError, UsageError
from simulator.experiment.environment import code_digest, environment
from simulator.experiment.streaming import Failure
from simulator.metrics.outcome import KPIS, YEAR_KPIS
from simulator.report.document import data_of, run_document, text, without_nan
from simulator.report.run_arrays import shards
from simulator.report.run_manifest import FAILURES, MANIFEST, MANIFEST_SCHEMA, MAX_MANIFEST_BYTES
from simulator.scenario.case import Case
from simulator.scenario.loader import Scenario

RANDOM_SCHEME: Final = "philox-by-cause/1, owen-sobol-16/1"
"""Name of the way random numbers are made; changes when the same seed gives other numbers."""
EXPLAINED: Final = "explain.json"
"""What a run can be put down to, where it has been asked; no part of the run, so not in its manifest."""


def check_folder(parent: str) -> None:
    """Make the parent folder and write to it once, so that a run is not lost for want of a place.

    Raises
    ------
    UsageError
        If it is a file.
    InputError
        If nothing can be written there.
    """
    path = Path(parent)
    try:
        if path.exists() and not path.is_dir():
            raise UsageError(f"--out {parent}: is a file, not a folder")
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise InputError(f"--out {parent}: cannot write there: {error.strerror or error}") from error


def run_id(study: Study) -> str:
    """Return the digest of everything the results of a study follow from."""
    return results_id(study.case, study.requested, study.seed)


def results_id(case: Case, replications: int, seed: int) -> str:
    """Return the digest of everything that results follow from: scenario, data, futures, commodities and version."""
    identity = {
        "scenario": case.sha256,
        "data": case.data_sha256,
        "seed": seed,
        "replications": replications,
        "commodities": [chain.commodity for chain in case.chains],
        "scheme": RANDOM_SCHEME,
        "version": __version__,
    }
    return sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def folder_of(case: Case, identity: str, parent: str) -> Path:
    """Return the folder of a run inside its parent folder.

    Raises
    ------
    UsageError
        If the folder is there and holds something else.
    """
    folder = Path(parent) / f"{slug(case.name)}-{identity[:8]}"
    _check_ours(folder, identity)
    return folder


def keep(study: Study, parent: str) -> Path:
    """Write a study into its folder under ``parent`` and return the folder.

    Raises
    ------
    UsageError
        If the folder is there and holds something else.
    InputError
        If it cannot be written.
    """
    folder = folder_of(study.case, run_id(study), parent)
    try:
        write_run(folder, study)
    except OSError as error:
        raise InputError(f"cannot write the run to {folder}: {error.strerror or error}") from error
    return folder


def write_run(folder: Path, study: Study) -> None:
    """Write every file of a run directory; what is there already with the same bytes is left alone."""
    kept: dict[str, Any] = {}
    for name, content in contents(study):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _holds(path, content):
            write_whole(path, content)
        kept[name] = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    for path in (folder / "shards").iterdir():
        # Of an earlier run of other length there is none, since that has a folder of its own; of damage there may be.
        if f"shards/{path.name}" not in kept:
            path.unlink()
    # Last, because a manifest says that the rest is there.
    write_manifest(
        folder,
        study.scenario,
        study.case,
        study.requested,
        study.seed,
        status="complete" if study.complete else "partial",
        completed=study.replications,
        failed=[failure.replication for failure in study.failed],
        kept=kept,
        execution={"jobs": study.jobs, "wall_s": round(study.wall_s, 3)},
    )


def _holds(path: Path, content: bytes) -> bool:
    try:
        with opened(path) as file:
            return file.read(len(content) + 1) == content
    except OSError:
        return False


def begin_run(folder: Path, scenario: Scenario, case: Case, replications: int, seed: int) -> None:
    """Write what is known of a run before anything is simulated: all that it takes to go on with it."""
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    for name, content in before_results(scenario, case):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, content)
    execution = {"jobs": 1, "wall_s": 0.0}
    write_manifest(folder, scenario, case, replications, seed, status="running", execution=execution)


def contents(study: Study) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file of a run directory but the manifest."""
    for number, shard in shards(study.outcome):
        yield f"shards/{number:05d}.npz", shard
    yield from before_results(study.scenario, study.case)
    yield "kpis.csv", _kpis(study).encode()
    if study.failed:
        yield FAILURES, b"".join(failure_line(failure, study.seed) for failure in study.failed)
    yield "summary.json", text(run_document(study)).encode()


def before_results(scenario: Scenario, case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files that say what is simulated."""
    for name, rows in _own_tables(case):
        yield f"own_data/{name}", rows
    yield "scenario.resolved.json", _json(_scenario(scenario, case))


def failure_line(failure: Failure, seed: int) -> bytes:
    """Return the line of ``failures.jsonl`` on a replication that came to nothing."""
    told = {
        "replication": failure.replication,
        "seed": seed,
        "kind": failure.kind,
        "message": failure.message,
        "last_lines": failure.last_lines.splitlines(),
    }
    return (json.dumps(told, ensure_ascii=False) + "\n").encode()


def slug(name: str) -> str:
    """Return a scenario's name as a part of a file's name.

    >>> slug("Snap-back in November 2026")
    'snap-back-in-november-2026'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "run"


def _check_ours(folder: Path, identity: str) -> None:
    refuse_links(folder, folder / "shards", folder / "own_data")
    if not folder.exists():
        return
    try:
        known = json.loads(text_of(folder / MANIFEST, MAX_MANIFEST_BYTES))["run_id"]
    except FileNotFoundError:
        # Begun and never finished, or not ours: only the first may be filled.
        begun = {"shards", "own_data", "scenario.resolved.json", EXPLAINED}
        known = identity if all(entry.name in begun or entry.name[:1] == "." for entry in folder.iterdir()) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        known = None
    if known != identity:
        raise UsageError(f"{folder} holds something other than this run; nothing was written, choose another --out")


def refuse_links(*places: Path) -> None:
    """Refuse to write through a link that somebody left, since what is kept lies inside ``--out``.

    Raises
    ------
    UsageError
        If one of the folders is a link.
    """
    for place in places:
        if place.is_symlink():
            raise UsageError(f"{place} is a link to another place; nothing was written, remove it")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside itself and move it into place, so that a reader never sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.unlink(missing_ok=True)
        # Exclusively, so that no link of that name is followed.
        with beside.open("xb") as file:
            file.write(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _json(value: object) -> bytes:
    plain = without_nan(value)
    return (json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _own_tables(case: Case) -> Iterator[tuple[str, bytes]]:
    """Yield the user's own rows as files that ``--data`` reads again."""
    overlay = case.overlay
    for table, rows in overlay.tables.items() if overlay is not None else ():
        buffer = io.StringIO()
        lines = csv.DictWriter(buffer, tuple(rows[0].cells), lineterminator="\n")
        lines.writeheader()
        lines.writerows(row.cells for row in rows)
        yield f"{table}.csv", buffer.getvalue().encode()


def _kpis(study: Study) -> str:
    """One row per replication, commodity and moment; units as in the metrics' documentation.

    Where observations weight the futures, each has its weight, 1 on average.
    """
    outcome = study.outcome
    weights = weights_of(study.case, outcome)
    heads = [] if weights is None else ["weight"]
    own = [] if weights is None else [[f"{value:.9g}" for value in weights.tolist()]]
    names = (*KPIS, *(f"{name}_365d" for name in YEAR_KPIS), "top_country_share")
    yardsticks = tuple(outcome.chains[0].met) if outcome.chains else ()
    buffer = io.StringIO()
    rows = csv.writer(buffer, lineterminator="\n")
    rows.writerow(["replication", "commodity", "moment", *heads, *names, *(f"met_{name}" for name in yardsticks)])
    numbers = outcome.replications.tolist()
    for chain in outcome.chains:
        for m, moment in enumerate(outcome.moments):
            columns = [*own]
            columns += [
                ["" if value != value else f"{value:.9g}" for value in chain.values[name][:, m].tolist()]
                for name in names
            ]
            # One that takes a branch of its own is known at the deadline alone.
            columns += [
                ["" if name in BRANCHED and moment != "deadline" else str(int(flag)) for flag in flags]
                for name, flags in ((name, chain.met[name][:, m].tolist()) for name in yardsticks)
            ]
            rows.writerows(
                (number, chain.commodity, moment, *values) for number, *values in zip(numbers, *columns, strict=True)
            )
    return buffer.getvalue()


def _scenario(scenario: Scenario, case: Case) -> dict[str, Any]:
    return {
        "schema": "simulator.scenario.resolved/1",
        "name": case.name,
        "sha256": case.sha256,
        "values": {path: _plain(value) for path, value in scenario.values.items()},
        "origins": dict(scenario.origins),
    }


def _plain(value: object) -> object:
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def write_manifest(
    folder: Path,
    scenario: Scenario,
    case: Case,
    requested: int,
    seed: int,
    *,
    status: str,
    completed: int = 0,
    failed: Sequence[int] = (),
    kept: Mapping[str, Any] | None = None,
    execution: Mapping[str, Any],
) -> None:
    """Write the manifest of a run; see ``run_manifest.Manifest``."""
    document = {
        "schema": MANIFEST_SCHEMA,
        "run_id": results_id(case, requested, seed),
        "status": status,
        "tool": {"name": "oresight", "version": __version__, "code_sha256": code_digest()},
        "scenario": {"name": case.name, "sha256": case.sha256, "document": scenario.document},
        "focal": case.focal,
        "data": data_of(case),
        "commodities": [chain.commodity for chain in case.chains],
        "seed": {"root": seed, "scheme": RANDOM_SCHEME},
        "replications": {
            "requested": requested,
            "completed": completed,
            **({"failed": list(failed)} if failed else {}),
        },
        "files": dict(kept or {}),
        "environment": environment(),
        "execution": {"created_utc": datetime.now(UTC).isoformat(timespec="seconds"), **execution},
    }
    write_whole(folder / MANIFEST, _json(document))
