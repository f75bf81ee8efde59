"""The numbers of a run as npz files, and back: every field of an outcome by its own name.

Arrays have the replication axis first and are cut into shards; names and days stand in every shard. Reading
trusts nothing: a file may be cut short, made by another program, or made to do harm.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from simulator.domain.plain_files import opened
from simulator.errors import InputError
from simulator.metrics.outcome import SERIES_MOST, ChainOutcome, Outcome

SHARD: Final = 256
"""Replications per shard file, by their number; independent of how the run was cut into blocks."""
MAX_ARRAYS: Final = 100_000
"""Arrays in one shard; a run of all commodities has a few thousand."""
_KINDS: Final = "bifU"
"""Kinds of numbers and names we write; no Python objects."""
_AXES: Final = {
    "values": "moments",
    "met": "moments",
    "bounds": "moments",
    "distance": "moments",
    "met_days": "watched",
    "series": "months",
}
"""Field -> what its second axis runs over."""

Arrays = dict[str, NDArray[Any]]


def shards(outcome: Outcome) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each shard file; equal outcomes give equal bytes."""
    of_shard = outcome.replications // SHARD
    for number in np.unique(of_shard).tolist():
        yield number, shard(outcome, slice(*np.searchsorted(of_shard, (number, number + 1)).tolist()))


def shard(outcome: Outcome, rows: slice = slice(None)) -> bytes:
    """Return the content of a file with some rows of an outcome."""
    arrays = _arrays(outcome, "", rows)
    for chain in outcome.chains:
        arrays |= _arrays(chain, f"{chain.commodity}/", rows)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _arrays(item: Outcome | ChainOutcome, prefix: str, rows: slice) -> Arrays:
    arrays: Arrays = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}{field.name}"] = value[rows]
        elif isinstance(value, Mapping):
            arrays |= {f"{prefix}{field.name}/{name}": array[rows] for name, array in value.items()}
        elif field.name not in ("chains", "commodity"):
            # Names and days, the same in every replication; an empty tuple has no type of its own.
            arrays[f"{prefix}{field.name}"] = np.array(value) if value else np.array((), dtype=np.str_)
    return arrays


def read_outcome(paths: Sequence[Path]) -> Outcome:
    """Read the outcome of a run from its shard files, in replication order.

    Raises
    ------
    InputError
        If one is not what ``shards`` writes, or they do not fit together; the text names the file.
    """
    parts = [(path, read_arrays(path)) for path in paths]
    for path, arrays in parts[1:]:
        if arrays.keys() != parts[0][1].keys():
            odd = sorted(arrays.keys() ^ parts[0][1].keys())[0]
            raise InputError(f"{path}: holds other arrays than {parts[0][0].name}, such as {odd!r}")
    for path, arrays in parts:
        _check_rows(path, arrays)
    joined = {name: _joined(name, parts) for name in parts[0][1]}
    numbers = joined["replications"]
    if numbers.dtype.kind != "i" or (np.diff(numbers) <= 0).any():
        raise InputError(f"{paths[0]}: the replications are not in order")
    return _outcome(paths[0], joined)


def read_arrays(path: Path) -> Arrays:
    """Read an npz file as ``np.savez`` writes it: stored, not packed, and no Python objects.

    Raises
    ------
    InputError
        If it is anything else.
    """
    try:
        with opened(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            # Stored members that add up to less than the file cannot unpack into more than the file.
            if len(members) > MAX_ARRAYS or sum(member.file_size for member in members) > path.stat().st_size:
                raise InputError(f"{path}: claims to hold more than it can")
            return {member.filename.removesuffix(".npy"): _array(path, archive, member) for member in members}
    except FileNotFoundError:
        raise InputError(f"{path}: not found, and the manifest lists it") from None
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: not a file of results: {error}") from None


def _array(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    name = member.filename
    if not name.endswith(".npy") or member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise InputError(f"{path}: {name!r} is not an array as we write it")
    content = archive.read(member)
    stream = io.BytesIO(content)
    if npy.read_magic(stream) != (1, 0):
        raise InputError(f"{path}: {name!r} is not an array as we write it")
    shape, in_columns, kind = npy.read_array_header_1_0(stream)
    length = math.prod(shape) * kind.itemsize
    if (
        kind.kind not in _KINDS
        or kind.hasobject
        or (in_columns and len(shape) > 1)
        or len(content) != stream.tell() + length
    ):
        raise InputError(f"{path}: {name!r} holds something other than the numbers it claims")
    return np.frombuffer(content, dtype=kind, offset=stream.tell()).reshape(shape).copy()


def _check_rows(path: Path, arrays: Arrays) -> None:
    if "replications" not in arrays:
        raise InputError(f"{path}: holds no replications")
    numbers = arrays["replications"]
    if numbers.dtype.kind != "i" or numbers.ndim != 1:
        raise InputError(f"{path}: the replications are not whole numbers in a row")
    with_series = (int(np.count_nonzero(numbers < SERIES_MOST)),)
    for name, array in arrays.items():
        n = with_series if "/series/" in name else numbers.shape
        if not _constant(name) and array.shape[:1] != n:
            raise InputError(f"{path}: {name!r} has {array.shape[:1]} rows where the shard has {n} replications")


def _constant(name: str) -> bool:
    """Whether an array holds names or days, which every shard repeats."""
    return name.rpartition("/")[2] in _NAMES and name.count("/") < 2


_NAMES: Final = frozenset(
    field.name for kind in (Outcome, ChainOutcome) for field in fields(kind) if str(field.type).startswith("tuple")
)


def _joined(name: str, parts: Sequence[tuple[Path, Arrays]]) -> NDArray[Any]:
    arrays = [part[name] for _, part in parts]
    first = arrays[0]
    for (path, _), array in zip(parts, arrays, strict=True):
        if array.dtype != first.dtype or array.shape[1:] != first.shape[1:]:
            raise InputError(f"{path}: {name!r} does not fit what the other shards hold")
        if _constant(name) and not np.array_equal(array, first):
            raise InputError(f"{path}: {name!r} differs from the other shards")
    return first if _constant(name) else np.concatenate(arrays, axis=0)


def _outcome(path: Path, joined: Arrays) -> Outcome:
    commodities = dict.fromkeys(name.partition("/")[0] for name in joined if name.endswith("/stages"))
    chains = tuple(
        ChainOutcome(commodity=commodity, **_fields(path, ChainOutcome, joined, f"{commodity}/"))
        for commodity in commodities
    )
    found = Outcome(chains=chains, **_fields(path, Outcome, joined, ""))
    lengths = {"moments": len(found.moments), "months": len(found.month_days), "watched": len(found.watched)}
    if len(found.moment_days) != len(found.moments) or not {"start", "deadline"} <= set(found.moments):
        raise InputError(f"{path}: the moments do not fit their days")
    for chain in chains:
        for field, axis in _AXES.items():
            for name, array in getattr(chain, field).items():
                if array.ndim < 2 or array.shape[1] != lengths[axis]:
                    raise InputError(f"{path}: '{chain.commodity}/{field}/{name}' does not have one column per day")
    return found


def _fields(path: Path, kind: type[Outcome] | type[ChainOutcome], joined: Arrays, prefix: str) -> dict[str, Any]:
    """Return the fields of an outcome from the arrays whose names begin with ``prefix``."""
    found: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in ("chains", "commodity"):
            continue
        key = f"{prefix}{field.name}"
        if key in joined:
            found[field.name] = tuple(joined[key].tolist()) if _constant(key) else joined[key]
        elif str(field.type).startswith("Mapping"):
            inside = f"{key}/"
            found[field.name] = {
                name[len(inside) :]: array for name, array in joined.items() if name.startswith(inside)
            }
        elif field.default is MISSING and field.default_factory is MISSING:
            raise InputError(f"{path}: holds no {key!r}; it was made by another version")
    return found
