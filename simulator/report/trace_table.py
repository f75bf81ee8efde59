"""The lot log of one replication: CSV for programs, a table for people, one JSON document."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any, Final, TextIO

from simulator.domain.traces import REROUTED
from simulator.model.lot_log import Lot
from simulator.report.document import data_of, finite
from simulator.scenario.case import Case

TRACE_SCHEMA: Final = "simulator.trace/1"
COLUMNS: Final = (
    "departed",
    "departed_day",
    "commodity",
    "stage",
    "declared_origin",
    "true_origin",
    "path",
    "tonnes",
    "china_exposed_tonnes",
    "landed",
    "landed_day",
    "transit_days",
    "delay_days",
    "why_delayed",
)
"""Columns of the CSV and keys of the JSON; days count from the scenario's start, ``landed`` is empty for lots that
are on the way when the clock stops."""
HEADS: Final = (
    "departed",
    "commodity",
    "declared",
    "true",
    "path",
    "tonnes",
    "exposed, %",
    "landed",
    "days",
    "why late",
)


def records(case: Case, lots: Sequence[Lot]) -> Iterator[dict[str, Any]]:
    """Yield each lot as a row, its numbers in full precision."""
    for lot in lots:
        landed = lot.landing if lot.landed else None
        values = (
            case.calendar_day(lot.departed).isoformat(),
            lot.departed,
            lot.commodity,
            lot.stage,
            lot.declared_origin,
            lot.true_origin,
            lot.path,
            lot.tonnes,
            lot.exposed_tonnes,
            None if landed is None else case.calendar_day(landed).isoformat(),
            landed,
            None if landed is None else lot.transit_days,
            lot.delay_days,
            lot.why,
        )
        yield dict(zip(COLUMNS, values, strict=True))


def write_csv(case: Case, lots: Sequence[Lot], out: TextIO) -> None:
    """Write the log with a head line; an empty cell is a value that does not exist."""
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records(case, lots))


def table(case: Case, lots: Sequence[Lot]) -> Iterator[str]:
    """Yield the log line by line, columns as wide as they need to be."""
    rows = [_cells(case, lot) for lot in lots]
    widths = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    for cells in (HEADS, *rows):
        yield "  ".join(_padded(place, cell, widths[place]) for place, cell in enumerate(cells)).rstrip()


def trace_document(case: Case, lots: Sequence[Lot], *, replication: int, seed: int) -> dict[str, Any]:
    """Return the log as plain JSON values."""
    return finite(
        {
            "schema": TRACE_SCHEMA,
            "scenario": {"name": case.name, "sha256": case.sha256},
            "data": data_of(case),
            "seed": seed,
            "replication": replication,
            "start": case.start.isoformat(),
            "lots": list(records(case, lots)),
            "execution": {},
        }
    )


_RIGHT: Final = {HEADS.index(head) for head in ("tonnes", "exposed, %", "days")}


def _padded(place: int, cell: str, width: int) -> str:
    return cell.rjust(width) if place in _RIGHT else cell.ljust(width)


def _cells(case: Case, lot: Lot) -> tuple[str, ...]:
    return (
        case.calendar_day(lot.departed).isoformat(),
        lot.commodity,
        "re-routed" if lot.declared_origin == REROUTED else lot.declared_origin,
        lot.true_origin,
        lot.path,
        f"{lot.tonnes:,.2f}",
        f"{100 * lot.exposed_tonnes / lot.tonnes:.0f}",
        case.calendar_day(lot.landing).isoformat() if lot.landed else "on the way",
        f"{lot.transit_days:.0f}",
        f"{lot.why} (+{lot.delay_days:.0f} d)" if lot.why else "",
    )
