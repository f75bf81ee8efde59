"""The user's own rows (``--data DIR``): CSV files named like the catalogue's tables, laid over them.

A file has the columns of its table, in any order, and only the rows that differ. A row with the key of a shipped row
takes its place, any other is added. Every row is graded: where it comes from and how good it is. Everything wrong in
any file is reported at once, with its place.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from simulator.catalogue.csv_cells import Cell, FileFaultError, read_cells, shortened
from simulator.catalogue.own_columns import CLOSED, COUNTRY_COLUMNS, KEYS, columns
from simulator.catalogue.place_names import suggest_place
from simulator.catalogue.tables import TABLES, Overlay, OwnRow, Row, number, shipped
from simulator.domain.countries import COUNTRIES
from simulator.errors import InputError

OWN: Final = "own data"
"""Mark before the source of every number that rests on a row of the user's."""
QUALITIES: Final = ("reported", "estimated", "derived", "assumed")
CONVERSION: Final = 0.01
"""Largest difference between a number as published and in the model's unit that rounding may leave."""
SHOWN: Final = 20
"""Problems shown; the rest are counted."""


@dataclass(frozen=True, slots=True)
class _Fault:
    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {shortened(self.text)}"


def read_own_rows(folder: str | os.PathLike[str]) -> Overlay:
    """Read and check a folder of the user's own rows.

    Raises
    ------
    InputError
        If the folder is missing or holds no table, or anything in a file is wrong; the text reports every problem.
    """
    place = Path(folder)
    try:
        if not place.is_dir():
            raise InputError(f"{place}: there is no such folder; --data names a folder with CSV files")
        entries = sorted(entry for entry in place.iterdir() if not entry.name.startswith("."))
    except (OSError, ValueError) as error:
        raise InputError(f"{place}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    faults: list[_Fault] = []
    tables: dict[str, tuple[OwnRow, ...]] = {}
    for entry in entries:
        if entry.suffix.lower() in {".md", ".txt"}:  # a note on where the rows come from
            continue
        wrong = _not_a_table(entry)
        if wrong:
            faults.append(_Fault(str(entry), 1, 1, wrong))
            continue
        try:
            found = _Reader(entry)
            tables[entry.stem] = tuple(found.rows())
            faults += found.faults
        except FileFaultError as error:
            faults.append(_Fault(str(entry), error.line, error.column, error.text))
    if faults:
        shown = [str(fault) for fault in faults[:SHOWN]]
        more = [f"... and {len(faults) - SHOWN} more problems"] if len(faults) > SHOWN else []
        raise InputError("\n".join(shown + more))
    if not any(tables.values()):
        raise InputError(f"{place}: holds no rows; name a file like a table ({', '.join(KEYS)}) with .csv")
    return Overlay({name: own for name, own in tables.items() if own}, {name: KEYS[name] for name in tables})


def _not_a_table(entry: Path) -> str:
    if entry.name in {f"{name}.csv" for name in KEYS} and not entry.is_dir():
        return ""
    if entry.name in {f"{name}.csv" for name in TABLES}:
        return "this table takes no rows: the model does not read it, or it is the model's structure"
    near = get_close_matches(entry.stem, KEYS, n=1)
    hint = f"; did you mean {near[0]}.csv?" if near else f"; known are {', '.join(KEYS)}, each with .csv"
    return f"{entry.name!r} is not a table of the catalogue{hint}"


class _Reader:
    """One file of the user's against its table."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table = path.stem
        self.columns = columns(self.table)
        self.key = KEYS[self.table]
        self.shipped = {tuple(row[name] for name in self.key): row for row in shipped(self.table)}
        self.faults: list[_Fault] = []

    def _fault(self, cell: Cell, text: str) -> None:
        self.faults.append(_Fault(str(self.path), cell.line, cell.column, text))

    def rows(self) -> Iterator[OwnRow]:
        """Yield the rows; what is wrong with them is in ``faults``."""
        records = read_cells(self.path)
        if not records:
            raise FileFaultError(f"is empty; its first line is {','.join(self.columns.names)}")
        header = records[0]
        if not self._good_header(header):
            return
        names = [cell.text for cell in header]
        seen: dict[tuple[str, ...], int] = {}
        for record in records[1:]:
            if len(record) != len(header):
                text = f"{len(record)} cells where the header has {len(header)}; put a cell with a comma in quotes"
                self._fault(record[0], text)
                continue
            row = dict(zip(names, record, strict=True))
            before = len(self.faults)
            self._check(row)
            key = tuple(row[name].text for name in self.key)
            if key in seen:
                self._fault(row[self.key[0]], f"the row of {_named(key)} already stands on line {seen[key]}")
            seen.setdefault(key, record[0].line)
            if len(self.faults) == before:
                yield self._own(row, self.shipped.get(key), record[0].line)

    def _good_header(self, header: list[Cell]) -> bool:
        before = len(self.faults)
        names = [cell.text for cell in header]
        for place, cell in enumerate(header):
            if cell.text not in self.columns.names:
                near = get_close_matches(cell.text, self.columns.names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(self.columns.names)}"
                apart = "; separate cells by commas" if len(header) == 1 and ";" in cell.text else hint
                self._fault(cell, f"{cell.text!r} is not a column of {self.table}{apart}")
            elif cell.text in names[:place]:
                self._fault(cell, f"column {cell.text!r} stands twice")
        missing = [name for name in self.columns.names if name not in names]
        if missing and len(self.faults) == before:
            self._fault(header[0], f"columns are missing: {', '.join(missing)}; cells may be empty, columns may not")
        return len(self.faults) == before

    def _check(self, row: Mapping[str, Cell]) -> None:
        known = self.shipped.get(tuple(row[name].text for name in self.key))
        for name in self.columns.grading:
            if not row[name].text:
                means = (
                    f"how good the number is: {', '.join(QUALITIES)}" if name == "quality" else "where it comes from"
                )
                self._fault(row[name], f"{name} is empty; say {means}")
        for name, cell in row.items():
            wrong = self._wrong(name, cell.text, known)
            if wrong:
                self._fault(cell, f"{name}: {wrong}")
        if known is not None and "value_std" in row:
            self._check_conversion(row, known)
        if known is None and self.table in CLOSED:
            near = get_close_matches(row[self.key[-1]].text, [key[-1] for key in self.shipped], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            text = (
                f"{_named(tuple(row[name].text for name in self.key))} is not in {self.table}, to which no row can be "
            )
            self._fault(row[self.key[-1]], f"{text}added, only replaced{hint}")

    def _check_conversion(self, row: Mapping[str, Cell], known: Row) -> None:
        """A number is given twice, as published and in the unit the model reads: both must say the same."""
        before, before_std = number(known["value"]), number(known["value_std"])
        now, now_std = number(row["value"].text), number(row["value_std"].text)
        if now_std is None or not (before and before_std and now):
            return
        factor = before_std / before
        if abs(now_std / now - factor) > CONVERSION * factor:
            text = f"value_std: {row['value_std'].text!r} is not value times {factor:g}, as in the row it replaces"
            self._fault(row["value_std"], text)

    def _wrong(self, name: str, text: str, known: Row | None) -> str:
        if name == "quality":
            return _choice(text, frozenset(QUALITIES)) if text else ""
        if name in self.columns.numbers:
            if not text:
                return "is empty; every row of this table has a number here" if name in self.columns.full else ""
            return "" if _is_number(text) else f"{text!r} is not a number; write it as 1234.5, without unit or comma"
        if not text and name in self.columns.full and (name in self.key or name in self.columns.words):
            return "is empty; every row of this table has a word here"
        if name in {"unit", "unit_std"} and known is not None and text != known[name]:
            return f"{text!r} is not the unit of the row it replaces; give the number in {known[name]!r}"
        if name in COUNTRY_COLUMNS and text:
            hint = suggest_place(text)
            code = text in COUNTRIES or text in self.columns.words[name]
            return "" if code else f"{text!r} is not a country code" + (f"; did you mean {hint!r}?" if hint else "")
        if name in self.columns.words and text:
            return _choice(text, self.columns.words[name])
        return ""

    def _own(self, row: Mapping[str, Cell], known: Row | None, line: int) -> OwnRow:
        cells = {name: row[name].text for name in self.columns.names}
        marked = dict(cells)
        grade = self.columns.grading[0]
        marked[grade] = f"{OWN}: {cells[grade]}"
        if known is not None:
            column = "note" if "note" in cells else grade
            replaced = f"replaces {told(cells, known)[1]} ({known[grade]})"
            marked[column] = "; ".join(part for part in (marked[column], replaced) if part)
        return OwnRow(line, cells, marked, None if known is None else dict(known))


_GRADING: Final = frozenset({"source", "quality", "note", "reason"})


def told(cells: Mapping[str, str], known: Mapping[str, str] | None, key: Collection[str] = ()) -> tuple[str, str]:
    """Return what a row says that the row it replaces did not, and what that one said; ``added`` where there is none.

    >>> told({"name": "a", "value": "2", "note": "x"}, {"name": "a", "value": "1", "note": "y"})
    ('value 2', 'value 1')
    """
    names = [name for name in cells if name not in _GRADING and name not in key]
    if known is None:
        return ", ".join(f"{name} {cells[name]}" for name in names if cells[name]), "added"
    names = [name for name in names if cells[name] != known[name]]
    now, before = (", ".join(f"{name} {row[name] or 'empty'}" for name in names) for row in (cells, known))
    return now or "the same", before or "the same"


def _is_number(text: str) -> bool:
    return number(text) is not None and "_" not in text


def _choice(text: str, known: frozenset[str] | set[str]) -> str:
    if text in known:
        return ""
    near = get_close_matches(text, known, n=1)
    few = 12
    some = f"; known are {', '.join(sorted(known))}" if len(known) <= few else ""
    return f"{text!r} is not known here" + (f"; did you mean {near[0]!r}?" if near else some)


def _named(key: tuple[str, ...]) -> str:
    return ", ".join(repr(part) for part in key)
