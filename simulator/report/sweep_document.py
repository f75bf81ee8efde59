"""A sweep as one JSON document and as CSV, the same bytes for the same combinations."""

from __future__ import annotations

import csv
import io
import math
from typing import Any, Final

from simulator.analysis.sweep import Sweep
from simulator.report.document import data_of, finite
from simulator.report.sweep_store import measured_values

SWEEP_SCHEMA: Final = "simulator.sweep/1"

Document = dict[str, Any]


def sweep_document(found: Sweep, *, wall_s: float, jobs: int) -> Document:
    """Return a sweep as plain JSON values; what was reused and how long it took stand under ``execution``."""
    paths = [grid.path for grid in found.grids]
    return finite(
        {
            "schema": SWEEP_SCHEMA,
            "scenario": {"name": found.scenario, "sha256": found.sha256},
            "data": data_of(found.case),
            "seed": found.seed,
            "replications": found.replications,
            "start": found.case.start.isoformat(),
            "deadline": found.case.deadline.isoformat(),
            "grids": [{"path": grid.path, "values": list(grid.values)} for grid in found.grids],
            "combinations": found.requested,
            "complete": found.complete,
            "points": [
                {
                    "values": dict(zip(paths, point.values, strict=True)),
                    "sha256": point.sha256,
                    "measures": [measured_values(item) for item in point.measures],
                }
                for point in found.points
            ],
            "execution": {"wall_s": round(wall_s, 3), "jobs": jobs, "reused": found.reused},
        }
    )


def sweep_csv(found: Sweep) -> str:
    """Return one line per combination, commodity and measure; a number that is not defined is left empty."""
    buffer = io.StringIO()
    lines = csv.writer(buffer, lineterminator="\n")
    lines.writerow([*(grid.path for grid in found.grids), "commodity", "measure", "value", "low", "high", "n"])
    for row in found.rows():
        lines.writerow([_cell(value) for value in row.values()])
    return buffer.getvalue()


def _cell(value: object) -> object:
    return "" if isinstance(value, float) and math.isnan(value) else value
