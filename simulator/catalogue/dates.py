"""Dates of the tables: full, month only or year only."""

from __future__ import annotations

from datetime import date
from typing import Final

from simulator.errors import CatalogueError

MID_MONTH: Final = 15
MID_YEAR: Final = (7, 1)


def table_date(text: str) -> date | None:
    """The day a cell means, or None for an empty cell.

    A month stands for its 15th and a year for its 1 July: the middle of the period, so that partial
    dates are neither early nor late on average.

    >>> table_date("2026-08"), table_date("2027"), table_date("")
    (datetime.date(2026, 8, 15), datetime.date(2027, 7, 1), None)
    """
    parts = text.strip().split("-")
    if parts == [""]:
        return None
    try:
        numbers = [int(part) for part in parts]
        match numbers:
            case [year]:
                return date(year, *MID_YEAR)
            case [year, month]:
                return date(year, month, MID_MONTH)
            case [year, month, day]:
                return date(year, month, day)
    except ValueError:
        pass
    raise CatalogueError(f"{text!r} is not a date: write 2026, 2026-08 or 2026-08-31")
