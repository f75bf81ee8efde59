"""Read a run directory back into the study it was kept from."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from simulator.analysis.study import Study
from simulator.analysis.verdict import judge
from simulator.catalogue.own_rows import read_own_rows
from simulator.catalogue.tables import Overlay, laid_over
from simulator.domain.plain_files import opened, text_of
from simulator.errors import InputError, SimulatorError
from simulator.experiment.streaming import Failure
from simulator.metrics.outcome import KPIS, MONTHLY, SERIES, TABLES, YEAR_KPIS, Outcome
from simulator.metrics.yardsticks import criteria
from simulator.report.json_files import shortened
from simulator.report.run_arrays import read_outcome
from simulator.report.run_manifest import FAILURES, MANIFEST, MAX_MANIFEST_BYTES, RESTORE, Manifest, read_manifest
from simulator.scenario.case import Case
from simulator.scenario.loader import Scenario, from_document
from simulator.scenario.resolution import resolve

VALUES: Final = (*KPIS, *(f"{name}_365d" for name in YEAR_KPIS), *TABLES)
"""Metrics that every run holds at its moments."""
MAX_FILE_BYTES: Final = 2 * 1024**3
"""Longest file of a run directory that is read."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptRun:
    """A run directory that has been checked and read."""

    folder: Path
    manifest: Manifest
    study: Study
    notices: tuple[str, ...]
    """What a reader of its numbers must know, such as that the catalogue has changed since."""


def read_run(path: str | os.PathLike[str]) -> KeptRun:
    """Read a run directory as ``run_directory.keep`` writes it.

    Parameters
    ----------
    path
        The folder, or the manifest in it.

    Raises
    ------
    InputError
        If it is missing, incomplete, changed since or made by something else; the text names the file.
    """
    folder = Path(path)
    folder = folder.parent if folder.name == MANIFEST else folder
    manifest = read_manifest(folder)
    if manifest.status == "running":
        raise InputError(
            f"{folder}: the run is under way or was stopped before its end; go on with "
            f"`simulator run --resume {shlex.quote(str(folder))}`"
        )
    check_files(folder, manifest)
    scenario, case, notices = read_case(folder, manifest)
    try:
        outcome = read_outcome([folder / name for name in manifest.shards])
        first = folder / manifest.shards[0]
        _check_numbers(first, manifest, outcome)
        check_outcome(first, outcome, case)
    except InputError as error:
        # The manifest vouches for them, so going on with the run would not make them again.
        raise InputError(f"{error}; {RESTORE}") from None
    verdict = judge(case, outcome)
    study = Study(
        scenario=scenario,
        case=case,
        outcome=outcome,
        verdict=verdict,
        seed=manifest.seed.root,
        requested=manifest.replications.requested,
        jobs=manifest.execution.jobs,
        wall_s=manifest.execution.wall_s,
        failed=read_failures(folder, manifest),
    )
    return KeptRun(folder, manifest, study, notices)


def read_failures(folder: Path, manifest: Manifest) -> tuple[Failure, ...]:
    """Return the replications of a run that came to nothing, as its ``failures.jsonl`` tells them.

    Raises
    ------
    InputError
        If the file does not say of each what the manifest lists.
    """
    if not manifest.replications.failed:
        return ()
    path = folder / FAILURES
    try:
        with opened(path) as file:
            told = [json.loads(line) for line in file.read(MAX_MANIFEST_BYTES).splitlines()]
        found = tuple(
            Failure(int(item["replication"]), str(item["kind"]), str(item["message"]), "\n".join(item["last_lines"]))
            for item in told
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path}: cannot be read as failures of the run: {shortened(str(error))}; {_mended(folder, FAILURES)}"
        ) from None
    if [item.replication for item in found] != manifest.replications.failed:
        raise InputError(f"{path}: holds other failures than the manifest lists; {_mended(folder, FAILURES)}")
    return found


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file that the manifest lists with its digest.

    Raises
    ------
    InputError
        At the first that is missing, cut short or changed.
    """
    for name, what in damages(folder, manifest):
        raise InputError(f"{what}; {_mended(folder, name)}")


def damages(folder: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield name and what is wrong of each file that is not as the manifest lists it."""
    for name, kept in manifest.files.items():
        path = folder / name
        try:
            length = path.stat().st_size
            changed = length == kept.bytes <= MAX_FILE_BYTES and digest_of(path) != kept.sha256
        except FileNotFoundError:
            yield name, f"{path}: not found, and the manifest lists it"
        except OSError as error:
            yield name, f"{path}: cannot be read: {error.strerror or error}"
        except InputError as error:
            yield name, str(error)
        else:
            if length != kept.bytes or length > MAX_FILE_BYTES:
                yield name, f"{path}: {length:,} bytes where the manifest says {kept.bytes:,}; it is cut or changed"
            elif changed:
                yield name, f"{path}: changed since the run was kept (its digest is not the manifest's)"


def _mended(folder: Path, name: str) -> str:
    """Say how a file of a run is mended: results can be made again, what they follow from cannot."""
    if name.startswith("own_data/") or name == "scenario.resolved.json":
        return RESTORE
    return f"make it again with `simulator run --resume {shlex.quote(str(folder))}`"


def digest_of(path: Path) -> str:
    """Return the SHA-256 digest of a file.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    digest = sha256()
    try:
        with opened(path) as file:
            while part := file.read(1 << 20):
                digest.update(part)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()


def read_case(folder: Path, manifest: Manifest) -> tuple[Scenario, Case, tuple[str, ...]]:
    """Return the scenario of a run directory, resolved on its own rows, and what to say if the facts have changed."""
    path = folder / MANIFEST
    overlay = _overlay(folder, manifest)
    try:
        scenario = from_document(manifest.scenario.document, f"{path}: scenario.document")
        with laid_over(overlay):
            case = resolve(scenario, manifest.commodities)
    except SimulatorError as error:
        text = f"{path}: the scenario in it is damaged or does not fit this version; {RESTORE}; what does not fit:"
        raise InputError(f"{text}\n{error}") from error
    if scenario.sha256 != manifest.scenario.sha256:
        raise InputError(
            f"{path}: scenario.document: changed since the run was kept, or read otherwise by this version; {RESTORE}"
        )
    notices = []
    if case.data_sha256 != manifest.data.sha256:
        notices.append(
            f"{folder} was simulated on other facts (data {manifest.data.sha256[:12]}) than this version ships "
            f"({case.data_sha256[:12]}): its results stand, names, grades and sources are those of today"
        )
        case = replace(case, data_sha256=manifest.data.sha256)
    return replace(scenario, origins=_origins(folder, scenario)), case, tuple(notices)


def _overlay(folder: Path, manifest: Manifest) -> Overlay | None:
    if manifest.data.own is None:
        return None
    try:
        own = read_own_rows(folder / "own_data")
    except SimulatorError as error:
        raise InputError(f"{folder / 'own_data'}: {error}") from error
    if own.sha256 != manifest.data.own.sha256:
        raise InputError(f"{folder / 'own_data'}: not the rows that the run was simulated with; {RESTORE}")
    return own


def _origins(folder: Path, scenario: Scenario) -> Mapping[str, str]:
    """Return where each value came from when the run was made."""
    path = folder / "scenario.resolved.json"
    try:
        document: Any = json.loads(text_of(path, MAX_MANIFEST_BYTES))
        origins = document["origins"]
        known = {str(key): str(value) for key, value in origins.items()}
    except FileNotFoundError:
        raise InputError(f"{path}: not found; {RESTORE}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: not a resolved scenario: {shortened(str(error))}; {RESTORE}") from None
    return {name: known.get(name, origin) for name, origin in scenario.origins.items()}


def check_outcome(path: Path, outcome: Outcome, case: Case) -> None:
    """Check that an outcome read from files has every measure of a run, and of the commodities of its case.

    Raises
    ------
    InputError
        If it does not; ``path`` is named.
    """
    judged = tuple(criterion.yardstick for criterion in criteria(case.target))
    for chain in outcome.chains:
        kinds = (("values", VALUES), ("met", judged), ("met_days", judged), ("series", (*SERIES, *MONTHLY)))
        lacking = [f"{kind}/{name}" for kind, names in kinds for name in names if name not in getattr(chain, kind)]
        if lacking:
            raise InputError(f"{path}: '{chain.commodity}/{lacking[0]}' is not there")
        axes = (("stage_china_share", chain.stages), ("landed_by_origin", chain.origins))
        for name, along in axes:
            if chain.series[name].shape[2:] != (len(along),):
                raise InputError(f"{path}: '{chain.commodity}/series/{name}' does not fit its names")
    found = [chain.commodity.partition(":")[0] for chain in outcome.chains]
    if list(dict.fromkeys(found)) != [chain.commodity for chain in case.chains]:
        raise InputError(f"{path}: the shards hold {', '.join(found) or 'no commodity'}, not those of the manifest")


def _check_numbers(path: Path, manifest: Manifest, outcome: Outcome) -> None:
    completed, requested = manifest.replications.completed, manifest.replications.requested
    numbers = outcome.replications
    if len(numbers) != completed or numbers[0] < 0 or numbers[-1] >= requested:
        raise InputError(f"{path}: the shards hold {len(numbers):,} replications, and the manifest says {completed:,}")
