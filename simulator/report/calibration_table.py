"""The posterior as a table of the catalogue: ``input_posteriors.csv``, the same bytes for the same calibration."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Final

from simulator.analysis.calibration.posterior import Marginal
from simulator.analysis.calibration.study import DIGITS, Calibration
from simulator.catalogue.tables import shipped
from simulator.errors import InputError

TABLE: Final = "input_posteriors"
HEAD: Final = ("role", "low", "median", "high", "learnt", "apart", "source", "quality", "note")


def rows(found: Calibration) -> list[dict[str, str]]:
    """Return one row per calibrated input: its position in the prior, and whether anything was learnt."""
    source = (
        f"simulator calibrate: {', '.join(found.episodes)}; {found.replications} points, seed {found.seed}, "
        f"{found.ess:.0f} effective"
    )
    return [_row(item, source) for item in found.marginals]


def _row(item: Marginal, source: str) -> dict[str, str]:
    note = "position in the prior, 0 to 1" if item.learnt else "not told apart from the prior, which stands"
    low, median, high, apart = (f"{value:.{DIGITS}f}" for value in (item.low, item.median, item.high, item.apart))
    learnt = "yes" if item.learnt else "no"
    cells = (item.role, low, median, high, learnt, apart, source, "derived", note)
    return dict(zip(HEAD, cells, strict=True))


def table_text(found: Calibration) -> str:
    """Return the table as CSV text."""
    buffer = io.StringIO()
    lines = csv.DictWriter(buffer, HEAD, lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows(found))
    return buffer.getvalue()


def differing(found: Calibration) -> tuple[str, ...]:
    """Return the inputs of which the shipped table says something else."""
    known = {row["role"]: dict(row) for row in shipped(TABLE)}
    made = {row["role"]: row for row in rows(found)}
    return tuple(role for role in {**made, **known} if known.get(role) != made.get(role))


def write_table(found: Calibration, path: str | os.PathLike[str]) -> None:
    """Write the table to a file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        Path(path).write_text(table_text(found), "utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
