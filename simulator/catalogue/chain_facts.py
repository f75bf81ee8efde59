"""Stated assumptions of the chains, and small readers that turn table cells into facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from simulator.catalogue.tables import Row, from_tables, number, rows
from simulator.domain.facts import Fact, Quality
from simulator.errors import CatalogueError


def _year(text: str) -> int | None:
    return int(text[:4]) if text[:4].isdigit() else None


@from_tables
def assumptions() -> Mapping[str, Fact]:
    """Every row of ``assumptions.csv`` by name; the chains take no other number that is not in a source table."""
    out: dict[str, Fact] = {}
    for row in rows("assumptions"):
        value = number(row["value"])
        if value is None or row["name"] in out:
            raise CatalogueError(f"assumptions.csv: {row['name']!r} has no value or stands twice")
        out[row["name"]] = Fact(
            row["name"],
            value,
            row["unit"],
            _year(row["year"]),
            row["source"],
            cast(Quality, row["quality"]),
            row["note"],
            number(row["low"]),
            number(row["high"]),
        )
    return out


def assumption(*names: str) -> Fact:
    """The first of the names that ``assumptions.csv`` holds, most specific first.

    Raises
    ------
    CatalogueError
        If it holds none of them.
    """
    for name in names:
        if name in assumptions():
            return assumptions()[name]
    raise CatalogueError(f"assumptions.csv has none of {', '.join(names)}")


def table_fact(name: str, row: Row, column: str, *, unit: str, factor: float = 1.0, note: str = "") -> Fact | None:
    """A cell of a source table as a fact in the chain's unit; None where the cell holds no number."""
    value = number(row[column])
    if value is None:
        return None
    low, high = number(row.get("value_low", "")), number(row.get("value_high", ""))
    # Ranges are printed in the row's own unit; they travel only where that unit is the one wanted.
    same_unit = column in {"value", "share_pct"} or row.get("value") == row.get("value_std")
    return Fact(
        name,
        value * factor,
        unit,
        _year(row.get("year", row.get("period", ""))),
        row["source"],
        cast(Quality, row["quality"]),
        "; ".join(part for part in (row.get("qualifier", "").replace("eq", ""), row["note"], note) if part),
        None if low is None or not same_unit else low * factor,
        None if high is None or not same_unit else high * factor,
    )
