"""Several runs of one command, remembered together so that all of them can be gone on with."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from simulator.errors import InputError, UsageError
from simulator.report.json_files import Name, Part, checked, read_json
from simulator.report.run_directory import write_whole
from simulator.report.run_manifest import MANIFEST, MAX_MANIFEST_BYTES, read_manifest
from simulator.report.run_store import is_run

BATCH_SCHEMA: Final = "simulator.batch/1"
_PATTERN: Final = ".batch-*.json"
_LONGEST: Final = 255
"""Letters of a folder's name."""


class _Batch(Part):
    batch_schema: Literal["simulator.batch/1"] = Field(alias="schema")
    runs: list[Name] = Field(min_length=1)


def remember(parent: str, folders: Sequence[Path]) -> Path:
    """Write down, in their parent folder, which runs belong together and in which order; return the file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    names = [folder.name for folder in folders]
    digest = sha256("\n".join(names).encode()).hexdigest()[:8]
    path = Path(parent) / f".batch-{digest}.json"
    document = {"schema": BATCH_SCHEMA, "runs": names}
    try:
        write_whole(path, (json.dumps(document, indent=2) + "\n").encode())
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def runs_of(place: str) -> tuple[Path, ...]:
    """Return the folders that ``--resume`` means: of a run, of a batch, or of what is unfinished in a parent folder.

    Raises
    ------
    InputError
        If there is nothing that could be gone on with.
    UsageError
        If it is not clear which of several batches is meant.
    """
    path = Path(place)
    if path.name == MANIFEST or is_run(path):
        return (path.parent if path.name == MANIFEST else path,)
    if path.is_file():
        return _listed(path)
    if not path.is_dir():
        raise InputError(f"--resume {place}: there is no such folder")
    batches = {file: _listed(file) for file in sorted(path.glob(_PATTERN))}
    open_ones = [file for file, folders in batches.items() if any(_unfinished(folder) for folder in folders)]
    if len(open_ones) > 1:
        raise UsageError(
            f"--resume {place}: holds several batches that are not finished; name one: {', '.join(map(str, open_ones))}"
        )
    if open_ones:
        return batches[open_ones[0]]
    single = [folder for folder in sorted(path.iterdir()) if is_run(folder) and _unfinished(folder)]
    if single:
        return tuple(single)
    if len(batches) == 1:
        return next(iter(batches.values()))
    raise InputError(f"--resume {place}: holds no run that is not finished")


def _unfinished(folder: Path) -> bool:
    return read_manifest(folder).status != "complete"


def _listed(path: Path) -> tuple[Path, ...]:
    advice = "remove it, and --resume of its folder goes on with the unfinished runs there"
    try:
        document = read_json(path, MAX_MANIFEST_BYTES, "a list of runs", advice)
    except FileNotFoundError:
        raise InputError(f"{path}: not found any more") from None
    names = checked(_Batch, document, path, BATCH_SCHEMA, advice).runs
    strange = [name for name in names if name != Path(name).name or name in ("", ".", "..") or len(name) > _LONGEST]
    if strange:
        raise InputError(f"{path}: {reprlib.repr(strange[0])} is not the name of a run's folder; {advice}")
    if len(set(names)) < len(names):
        raise InputError(f"{path}: names a run twice; {advice}")
    folders = tuple(path.parent / name for name in names)
    for folder in folders:
        if not is_run(folder):
            raise InputError(f"{path}: lists {folder.name!r}, and there is no such run beside it; {advice}")
    return folders
