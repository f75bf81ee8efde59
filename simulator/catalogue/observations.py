"""Files of observations: CSV, one figure a row, each with its period, unit, source and grade.

=============  ======================================================================================
column         says
=============  ======================================================================================
commodity      catalogue name
measure        what is observed (``domain.observations.MEASURES``; names such as ``us_imports`` as well)
origin         declared origin, ISO 3166-1 alpha-3; ``WLD`` or empty for all
destination    buying country or region; empty for the focal buyer
period_start   first day, ``2026-01-01``
period_end     last day, which belongs to the period
value          a number
unit           unit of the value: kg, t, kt; percent, 1; ratio
source         where it comes from
quality        reported, estimated, derived or assumed
=============  ======================================================================================

Further columns may be there and may be empty: ``stage``, ``form``, ``sd``, ``episode``, ``note``. Everything wrong in
a file is reported at once, with its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Final, cast

from simulator.catalogue.csv_cells import Cell, FileFaultError, read_cells, shortened
from simulator.catalogue.own_rows import QUALITIES, SHOWN
from simulator.catalogue.place_names import suggest_place
from simulator.catalogue.tables import number
from simulator.domain.countries import COUNTRIES
from simulator.domain.days import nearest_day
from simulator.domain.facts import Quality
from simulator.domain.observations import WORLD, Observation
from simulator.domain.places import REGIONS
from simulator.errors import InputError

NEEDED: Final = ("commodity", "measure", "period_start", "period_end", "value", "unit", "source", "quality")
"""Columns every file has."""
OPTIONAL: Final = ("origin", "destination", "stage", "form", "sd", "episode", "note")
"""Columns a file may have."""


def read_observations(path: str | os.PathLike[str]) -> tuple[tuple[Observation, int], ...]:
    """Return the observations of a file in its order, each with the line it begins on.

    Raises
    ------
    InputError
        If the file is missing, or anything in it is wrong; the text reports every problem.
    """
    place = Path(path)
    try:
        reader = _Reader(place, read_cells(place))
        found = tuple(reader.rows())
    except FileFaultError as error:
        raise InputError(f"{place}:{error.line}:{error.column}: {error.text}") from None
    if reader.faults:
        more = [f"... and {len(reader.faults) - SHOWN} more problems"] if len(reader.faults) > SHOWN else []
        raise InputError("\n".join(reader.faults[:SHOWN] + more))
    if not found:
        raise InputError(f"{place}: holds no observation; its columns are {','.join((*NEEDED, *OPTIONAL))}")
    return found


class _Reader:
    def __init__(self, path: Path, records: list[list[Cell]]) -> None:
        self.path = path
        self.records = records
        self.faults: list[str] = []

    def _fault(self, cell: Cell, text: str) -> None:
        self.faults.append(f"{self.path}:{cell.line}:{cell.column}: {shortened(text)}")

    def rows(self) -> Iterator[tuple[Observation, int]]:
        """Yield the rows without a fault; what is wrong with the others is in ``faults``."""
        if not self.records:
            raise FileFaultError(f"is empty; its first line is {','.join((*NEEDED, *OPTIONAL))}")
        header = self.records[0]
        if not self._good_header(header):
            return
        names = [cell.text for cell in header]
        for record in self.records[1:]:
            if len(record) != len(header):
                text = f"{len(record)} cells where the header has {len(header)}; put a cell with a comma in quotes"
                self._fault(record[0], text)
                continue
            before = len(self.faults)
            found = self._observation(dict(zip(names, record, strict=True)))
            if found is not None and len(self.faults) == before:
                yield found, record[0].line

    def _good_header(self, header: list[Cell]) -> bool:
        names = [cell.text for cell in header]
        for place, cell in enumerate(header):
            if cell.text not in (*NEEDED, *OPTIONAL):
                near = get_close_matches(cell.text, (*NEEDED, *OPTIONAL), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join((*NEEDED, *OPTIONAL))}"
                self._fault(cell, f"{cell.text!r} is not a column of observations{hint}")
            elif cell.text in names[:place]:
                self._fault(cell, f"column {cell.text!r} stands twice")
        missing = [name for name in NEEDED if name not in names]
        if missing:
            self._fault(header[0], f"columns are missing: {', '.join(missing)}")
        return not self.faults

    def _observation(self, row: Mapping[str, Cell]) -> Observation | None:
        def text(name: str) -> str:
            return row[name].text if name in row else ""

        for name in NEEDED:
            if not row[name].text:
                self._fault(row[name], f"{name} is empty; every observation states it")
        value, sd = self._number(row["value"]), self._number(row["sd"]) if text("sd") else None
        first, last = self._day(row["period_start"]), self._day(row["period_end"])
        for name in ("origin", "destination"):
            if name in row:
                self._check_place(row[name])
        if text("quality") and text("quality") not in QUALITIES:
            self._fault(row["quality"], f"{text('quality')!r} is not a grade; {', '.join(QUALITIES)}")
        if sd is not None and sd <= 0:
            self._fault(row["sd"], f"{sd:g} is not above 0; leave sd empty for that of the measure")
        if value is None or first is None or last is None:
            return None
        if last < first:
            self._fault(row["period_end"], f"{last.isoformat()!r} is before the period begins, on {first.isoformat()}")
        return Observation(
            commodity=text("commodity"),
            measure=text("measure"),
            period_start=first,
            period_end=last,
            value=value,
            unit=text("unit"),
            source=text("source"),
            quality=cast(Quality, text("quality")),
            origin=text("origin") or WORLD,
            destination=text("destination"),
            stage=text("stage"),
            form=text("form"),
            sd=sd,
            episode=text("episode"),
            note=text("note"),
        )

    def _number(self, cell: Cell) -> float | None:
        found = number(cell.text) if "_" not in cell.text else None
        if found is None and cell.text:
            self._fault(cell, f"{cell.text!r} is not a number; write it as 1234.5, without unit or comma")
        return found

    def _day(self, cell: Cell) -> date | None:
        try:
            if len(cell.text) == len("2026-01-01"):
                return date.fromisoformat(cell.text)
        except ValueError:
            pass
        if cell.text:
            near = nearest_day(cell.text)
            hint = f"did you mean {near!r}?" if near else "write it as 2026-01-31"
            self._fault(cell, f"{cell.text!r} is not a day; {hint}")
        return None

    def _check_place(self, cell: Cell) -> None:
        for part in cell.text.split("+"):
            if part and part not in COUNTRIES and part not in (*REGIONS, WORLD):
                hint = suggest_place(part)
                self._fault(cell, f"{part!r} is not a country code" + (f"; did you mean {hint!r}?" if hint else ""))
