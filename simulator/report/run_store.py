"""Take the blocks of a run into its folder as they come, so that a run that was stopped goes on where it stood.

A shard of the folder holds the replications of one range of numbers; it is written anew, whole, whenever more of them
are finished. What a killed process leaves is thus a folder whose manifest says ``running`` and whose shards are
sound: at most the blocks under way are lost.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simulator.analysis.study import Planned, Study
from simulator.errors import IncompleteError, InputError, NotComparableError
from simulator.experiment.environment import code_digest, environment
from simulator.experiment.executors import Block
from simulator.experiment.streaming import Failure
from simulator.metrics.outcome import Outcome, joined, selected
from simulator.report.run_arrays import SHARD, read_outcome, shard
from simulator.report.run_directory import (
    RANDOM_SCHEME,
    begin_run,
    failure_line,
    folder_of,
    results_id,
    write_run,
    write_whole,
)
from simulator.report.run_manifest import FAILURES, MANIFEST, Manifest, read_manifest
from simulator.report.run_reader import check_outcome, damages, digest_of, read_case
from simulator.scenario.case import Case
from simulator.scenario.loader import Scenario


class CannotKeep(IncompleteError):
    """What was finished cannot be written, as on a full disk."""


class RunStore:
    """The folder of one run.

    Parameters
    ----------
    folder
        The folder, which ``begun`` or ``found`` prepared.
    case
        What is simulated.
    replications
        Random futures asked for.
    seed
        Root seed.
    kept
        The manifest of what was finished earlier, None to begin anew.
    """

    def __init__(self, folder: Path, case: Case, replications: int, seed: int, kept: Manifest | None) -> None:
        self.folder = folder
        self._case, self._replications, self._seed, self._kept = case, replications, seed, kept
        self._open: dict[int, Outcome] = {}
        """Shard -> what of it is finished, while it lacks replications."""
        self.reused = 0
        """Replications that were finished earlier."""
        self.damaged: list[str] = []
        """Files that could not be read and are made again."""
        self.written_again = ""
        """What was wrong with a file of a whole run that follows from its shards; empty where nothing was."""
        self._failed: list[Failure] = []

    @property
    def whole(self) -> bool:
        """Whether the folder held the complete run before anything was done now."""
        return self._kept is not None and self._kept.status == "complete" and self.reused == self._replications

    def finished(self) -> Sequence[tuple[Block, Outcome]]:
        """Return what the folder's sound shards hold, by stretches of replications."""
        found: list[tuple[Block, Outcome]] = []
        for path in sorted((self.folder / "shards").glob("[0-9]*.npz")) if self._kept is not None else ():
            try:
                part = self._read(path)
            except InputError as error:
                self.damaged.append(str(error))
                continue
            number = int(path.stem)
            if len(part.replications) < self._size(number):
                self._open[number] = part
            edges = np.flatnonzero(np.diff(part.replications) > 1) + 1
            for rows in np.split(np.arange(len(part.replications)), edges):
                stretch = part if len(rows) == len(part.replications) else selected(part, rows)
                numbers = stretch.replications
                found.append(((int(numbers[0]), int(numbers[-1]) + 1), stretch))
        self.reused = sum(end - first for (first, end), _ in found)
        return found

    def keep(self, block: Block, part: Outcome) -> Outcome:
        """Write the shards that a block adds to."""
        first, end = block
        for number in range(first // SHARD, (end - 1) // SHARD + 1):
            rows = np.flatnonzero(part.replications // SHARD == number)
            piece = part if len(rows) == len(part.replications) else selected(part, rows)
            if number in self._open:
                both = joined([self._open[number], piece])
                piece = selected(both, np.argsort(both.replications))
            self._write(f"shards/{number:05d}.npz", shard(piece))
            if len(piece.replications) < self._size(number):
                self._open[number] = piece
            else:
                self._open.pop(number, None)
        return part

    def failed(self, failure: Failure) -> None:
        """Add a line to ``failures.jsonl``."""
        self._failed.append(failure)
        self._write(FAILURES, b"".join(failure_line(item, self._seed) for item in self._failed))

    def finish(self, study: Study) -> None:
        """Write all that belongs to the folder of a run that ended, whole or not; the manifest last."""
        if self.whole and not self.damaged:
            assert self._kept is not None
            self.written_again = _damage(self.folder, self._kept)
            if not self.written_again:
                return
        try:
            if not study.failed:
                (self.folder / FAILURES).unlink(missing_ok=True)
            write_run(self.folder, study)
        except OSError as error:
            raise self._cannot(error) from error

    def holds(self, study: Study) -> bool:
        """Whether a study is this folder's."""
        return study.case is self._case

    def _size(self, number: int) -> int:
        return min(SHARD, self._replications - number * SHARD)

    def _read(self, path: Path) -> Outcome:
        assert self._kept is not None
        listed = self._kept.files.get(f"shards/{path.name}")
        if listed is not None and digest_of(path) != listed.sha256:
            raise InputError(f"{path}: changed since the run was kept")
        part = read_outcome([path])
        check_outcome(path, part, self._case)
        number = int(path.stem)
        low, high = number * SHARD, min((number + 1) * SHARD, self._replications)
        if not len(part.replications) or part.replications[0] < low or part.replications[-1] >= high:
            raise InputError(f"{path}: holds other replications than its name says")
        return part

    def _write(self, name: str, content: bytes) -> None:
        try:
            write_whole(self.folder / name, content)
        except OSError as error:
            raise self._cannot(error) from error

    def _cannot(self, error: OSError) -> CannotKeep:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        hint = "; make room, then go on" if full else ""
        return CannotKeep(f"cannot write to {self.folder}: {error.strerror or error}{hint}")


def begun(scenario: Scenario, case: Case, replications: int, seed: int, parent: str) -> RunStore:
    """Return the store of a run that is about to begin; what an earlier one finished is used again.

    Raises
    ------
    UsageError
        If its folder holds something else.
    InputError
        If it cannot be written.
    """
    folder = folder_of(case, results_id(case, replications, seed), parent)
    kept = _usable(folder)
    try:
        if kept is None:
            for path in (folder / "shards").glob("*.npz"):
                path.unlink()
        if kept is None or kept.status != "complete":
            begin_run(folder, scenario, case, replications, seed)
    except OSError as error:
        raise InputError(f"cannot write the run to {folder}: {error.strerror or error}") from error
    return RunStore(folder, case, replications, seed, kept)


def _usable(folder: Path) -> Manifest | None:
    """Return the manifest of what can be gone on with: made by the same program text with the same libraries."""
    try:
        kept = read_manifest(folder)
    except InputError:
        return None
    return None if _apart(kept) else kept


def _apart(kept: Manifest) -> list[str]:
    """Return what differs between the machine or program of a kept run and this one, as far as bytes depend on it."""
    then, now = kept.environment.model_dump(), environment()
    found = []
    if kept.tool.code_sha256 != code_digest():
        found.append("the program's text or tables")
    for name, version in now["libraries"].items():
        if then["libraries"].get(name) != version:
            found.append(f"{name} {then['libraries'].get(name, 'none')} (now {version})")
    for name in ("python", "machine"):
        if then[name] != now[name]:
            found.append(f"{name} {then[name]} (now {now[name]})")
    if then["cpu_features"] != now["cpu_features"]:
        found.append("processor features")
    return found


def resumed(folder: Path) -> tuple[Planned, RunStore, tuple[str, ...]]:
    """Return a run that was stopped, ready to go on, its store, and what to say about its data.

    Raises
    ------
    InputError
        If the folder is not a run's, or is damaged beyond its shards.
    NotComparableError
        If this program or machine would give other bytes than those that are there.
    """
    manifest = read_manifest(folder)
    scenario, case, notices = read_case(folder, manifest)
    apart = _apart(manifest)
    if manifest.seed.scheme != RANDOM_SCHEME:
        apart.append(f"random numbers {manifest.seed.scheme!r} (now {RANDOM_SCHEME!r})")
    if notices:
        apart.append("the facts behind it")
    if apart and (manifest.status != "complete" or _damage(folder, manifest)):
        raise NotComparableError(
            f"{folder}: was begun with other {', '.join(apart)}; what is there cannot be joined with what would be "
            "simulated now: go on where it was begun, or run the scenario anew into another --out"
        )
    n, seed = manifest.replications.requested, manifest.seed.root
    store = RunStore(folder, case, n, seed, manifest)
    return Planned(scenario, case, n, seed, store), store, notices


def _damage(folder: Path, manifest: Manifest) -> str:
    """Return what is wrong with the first file that is not as the manifest lists it; nothing where all are."""
    return next((what for _, what in damages(folder, manifest)), "")


def is_run(path: Path) -> bool:
    """Whether a folder is that of a run."""
    return (path / MANIFEST).is_file()
