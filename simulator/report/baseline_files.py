"""Baselines on disk: ``<scenario>.json`` and ``<scenario>.kpis.csv``, and the ledger of why they moved."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.analysis.baseline_verdict import Check, KpiVerdict
from simulator.analysis.baselines import DIGITS, Baseline, Kpi
from simulator.analysis.intervals import known_mean_interval, probability
from simulator.domain.plain_files import opened
from simulator.errors import InputError, NotComparableError
from simulator.experiment.points import RANDOMISATIONS
from simulator.metrics.registry import Better
from simulator.report.document import without_nan
from simulator.report.run_directory import RANDOM_SCHEME, write_whole

BASELINE_SCHEMA: Final = "simulator.baseline/1"
LEDGER: Final = "LEDGER.md"
MAX_BYTES: Final = 1_000_000
"""Longest file that is read; our own stay under 50,000 bytes."""
MAX_REPLICATIONS: Final = 4096
_SHOWN: Final = 6
"""Numbers named per scenario in the ledger."""
_LEDGER_HEAD: Final = (
    "# Why baselines moved\n\n"
    "Written by `simulator baseline update`; each entry says why, and what moved in which scenario.\n"
)

Floats = NDArray[np.float64]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Scenario(_Part):
    name: str
    sha256: Digest


class _Summary(_Part):
    mean: Number | None
    ci: tuple[Number | None, Number | None] = Field(strict=False)
    n: int = Field(ge=0)
    unit: str
    better: Better
    materiality: float = Field(gt=0, allow_inf_nan=False)


class _File(_Part):
    file_schema: Literal["simulator.baseline/1"] = Field(alias="schema")
    scenario: _Scenario
    commodities: list[str] = Field(min_length=1)
    seed: int = Field(ge=0)
    replications: int = Field(ge=RANDOMISATIONS, le=MAX_REPLICATIONS, multiple_of=RANDOMISATIONS)
    random_numbers: str
    values_sha256: Digest
    kpis: dict[str, _Summary] = Field(min_length=1)
    tables: dict[str, str]


def paths_of(folder: Path, scenario: str) -> tuple[Path, Path]:
    """Return the two files of a scenario's baseline."""
    return folder / f"{scenario}.json", folder / f"{scenario}.kpis.csv"


def read_baseline(folder: Path, scenario: str) -> Baseline:
    """Read the baseline of a scenario, by the name of its file.

    Raises
    ------
    NotComparableError
        If there is none, or it is of another version or scheme of random numbers.
    InputError
        If a file is corrupt; the text names it.
    """
    path, table = paths_of(folder, scenario)
    raw = _bytes(path)
    try:
        document = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a baseline: {error or 'nested too deeply'}") from None
    known = document.get("schema") if isinstance(document, dict) else None
    if isinstance(known, str) and known.startswith("simulator.baseline/") and known != BASELINE_SCHEMA:
        raise NotComparableError(f"{path} has schema {known!r}, and this version reads {BASELINE_SCHEMA!r}")
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        told = [f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        raise InputError("\n".join(told[:20])) from None
    if file.random_numbers != RANDOM_SCHEME:
        raise NotComparableError(f"{path} has random numbers {file.random_numbers!r}, not {RANDOM_SCHEME!r}")
    text = _plain(_bytes(table), table)
    if sha256(text.encode()).hexdigest() != file.values_sha256:
        raise InputError(
            f"{table}: not the values that {path.name} was written with; restore both, or remove and update"
        )
    values = _values(text, table, tuple(file.kpis), file.replications)
    return Baseline(
        name=file.scenario.name,
        sha256=file.scenario.sha256,
        tables=file.tables,
        commodities=tuple(file.commodities),
        seed=file.seed,
        replications=file.replications,
        kpis=tuple(
            Kpi(name, item.unit, item.better, item.materiality, values[:, place])
            for place, (name, item) in enumerate(file.kpis.items())
        ),
    )


def write_baseline(folder: Path, scenario: str, baseline: Baseline) -> None:
    """Write the two files of a baseline; the same baseline gives the same bytes.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    path, table = paths_of(folder, scenario)
    values = _table(baseline)
    document = {
        "schema": BASELINE_SCHEMA,
        "scenario": {"name": baseline.name, "sha256": baseline.sha256},
        "commodities": list(baseline.commodities),
        "seed": baseline.seed,
        "replications": baseline.replications,
        "random_numbers": RANDOM_SCHEME,
        "values_sha256": sha256(values.encode()).hexdigest(),
        "kpis": {kpi.name: _summary(kpi) for kpi in baseline.kpis},
        "tables": dict(sorted(baseline.tables.items())),
    }
    text = json.dumps(without_nan(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(table, values.encode())
        write_whole(path, text.encode())
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None


def with_materiality(baseline: Baseline, kept: Baseline) -> Baseline:
    """Return a baseline with the materiality that the one before it states for the same numbers."""
    stated = {kpi.name: kpi.materiality for kpi in kept.kpis}
    kpis = tuple(replace(kpi, materiality=stated.get(kpi.name, kpi.materiality)) for kpi in baseline.kpis)
    return replace(baseline, kpis=kpis)


def add_to_ledger(folder: Path, day: str, because: str, moved: Iterable[tuple[str, Check | None]]) -> None:
    """Append one entry to the ledger.

    Parameters
    ----------
    day
        Date of the entry.
    because
        The reason given.
    moved
        Scenario and how its numbers moved, None where there was nothing to compare with.
    """
    alike: dict[str, list[str]] = {}
    for scenario, check in moved:
        alike.setdefault(moved_text(check), []).append(scenario)
    lines = [f"\n## {day}: {because}\n", *(f"- {', '.join(names)}: {text}" for text, names in alike.items())]
    path = folder / LEDGER
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            if file.tell() == 0:
                file.write(_LEDGER_HEAD)
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None


def moved_text(check: Check | None) -> str:
    """Return in one line what moved in a scenario."""
    if check is None:
        return "new"
    if check.refused:
        return f"rewritten, not comparable with what was kept ({check.refused})"
    moved = [item for item in check.kpis if item.verdict != "identical"]
    if not moved:
        return "no number moved"
    ranked = sorted(moved, key=_size, reverse=True)
    told = [f"{item.kpi} {item.baseline:.4g} -> {item.now:.4g} ({item.verdict})" for item in ranked[:_SHOWN]]
    return "; ".join(told) + (f"; {len(ranked) - _SHOWN} more" if len(ranked) > _SHOWN else "")


def _size(item: KpiVerdict) -> float:
    size = abs(item.difference.value) / item.materiality
    return 0.0 if math.isnan(size) else size


def _summary(kpi: Kpi) -> dict[str, Any]:
    # Met or not in every future alike still leaves room for doubt, which only the interval of a probability says.
    found = probability(kpi.values) if "/met/" in kpi.name else known_mean_interval(kpi.values)
    return {
        "mean": _short(found.value),
        "ci": [_short(found.low), _short(found.high)],
        "n": found.n,
        "unit": kpi.unit,
        "better": kpi.better,
        "materiality": kpi.materiality,
    }


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _table(baseline: Baseline) -> str:
    lines = [",".join(("replication", *(kpi.name for kpi in baseline.kpis)))]
    for row in range(baseline.replications):
        cells = (float(kpi.values[row]) for kpi in baseline.kpis)
        lines.append(",".join((str(row), *("" if math.isnan(cell) else f"{cell:.{DIGITS}g}" for cell in cells))))
    return "\n".join(lines) + "\n"


def _values(text: str, path: Path, names: Sequence[str], replications: int) -> Floats:
    """(replications, names) values of a table that has been written by us, checked all the same."""
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise InputError(f"{path}: not a table of values: {error}") from None
    if not rows or rows[0] != ["replication", *names]:
        raise InputError(f"{path}:1: other columns than its baseline names")
    if len(rows) != replications + 1:
        raise InputError(f"{path}: {len(rows) - 1} futures where its baseline says {replications}")
    values = np.empty((replications, len(names)))
    for place, row in enumerate(rows[1:]):
        where = f"{path}:{place + 2}"
        if len(row) != len(names) + 1 or row[0] != str(place):
            raise InputError(f"{where}: not the {len(names)} values of future {place}")
        for column, cell in enumerate(row[1:]):
            if cell and not re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d{1,3})?", cell, re.ASCII):
                raise InputError(f"{where}: {cell[:40]!r} is not a number")
            values[place, column] = float(cell) if cell else math.nan
    if np.isinf(values).any():
        raise InputError(f"{path}: holds a number too large")
    return values


def _bytes(path: Path) -> bytes:
    try:
        with opened(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotComparableError(f"there is no baseline {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > MAX_BYTES:
        raise InputError(f"{path}: longer than {MAX_BYTES:,} bytes, so not a baseline")
    return raw


def _plain(raw: bytes, path: Path) -> str:
    """Text with the line ends that we write: git may have changed them."""
    try:
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not plain text: {error.reason}") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
