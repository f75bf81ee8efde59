"""Reading of the catalogue's CSV tables: each file once, as rows of text.

A table is named by its file name without ``.csv``. Rows stay text, so that a withheld or missing
value (an empty cell) can never be mistaken for zero; ``number`` turns a cell into a float or None.

The user's own rows may be laid over the shipped ones (``laid_over``; ``own_rows`` reads them). Whatever is
worked out from the tables and remembered is remembered by ``from_tables``, and so forgotten when they change.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from simulator.errors import CatalogueError

P = ParamSpec("P")
T = TypeVar("T")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One row of the user's, and what it stands in the place of."""

    line: int
    """Line of the user's file on which it begins."""
    cells: dict[str, str]
    """Column -> text, as the user wrote it."""
    marked: dict[str, str]
    """The same with its source marked as the user's own and what it replaces noted: what the model reads."""
    replaced: dict[str, str] | None
    """The shipped row with the same key; None where there is none, and the row is added."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The user's own rows; picklable, so that a case takes them along to worker processes."""

    tables: dict[str, tuple[OwnRow, ...]]
    """Table -> rows in the order of the file."""
    keys: dict[str, tuple[str, ...]]
    """Table -> columns by which a row finds the one it replaces."""
    earlier: dict[str, tuple[dict[str, str], ...]] = field(default_factory=dict)
    """Table -> rows that stand in the place of all shipped ones: what editions known on an earlier day said."""
    base_years: dict[str, int] = field(default_factory=dict)
    """Commodity -> year of these earlier quantities; empty where the shipped ones are read."""

    @property
    def sha256(self) -> str:
        """Digest of what the rows say: the same however the files are laid out."""
        said: dict[str, object] = {table: [own.cells for own in rows] for table, rows in self.tables.items()}
        if self.earlier:
            said = {"own": said, "earlier": self.earlier}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def laid_on(upper: Overlay, lower: Overlay | None) -> Overlay:
    """Return rows laid over other rows: of rows with the same key the upper ones count."""
    if lower is None:
        return upper
    tables = dict(lower.tables)
    for table, own in upper.tables.items():
        key = upper.keys[table]
        taken = {tuple(row.cells[column] for column in key) for row in own}
        kept = [row for row in lower.tables.get(table, ()) if tuple(row.cells[column] for column in key) not in taken]
        tables[table] = (*kept, *own)
    return dataclasses.replace(lower, tables=tables, keys=lower.keys | upper.keys)


_overlay: Overlay | None = None
"""What is laid over the shipped tables in this process; changed by ``laid_over`` alone."""
_forget: list[Callable[[], None]] = []


def from_tables(function: Callable[P, T]) -> Callable[P, T]:
    """Remember what a function works out from the tables, until other rows are laid over them."""
    remembered = functools.cache(function)
    _forget.append(remembered.cache_clear)
    return remembered  # type: ignore[return-value]  # a cache takes what its function takes


def overlay() -> Overlay | None:
    """Return the rows laid over the shipped tables now, None for none."""
    return _overlay


@contextmanager
def laid_over(own: Overlay | None) -> Iterator[None]:
    """Read the tables with the user's rows over them, until the ``with`` block ends; None reads the shipped ones.

    Holds for the whole process, not for a thread: a run is to be made inside the block. Laying the same rows
    again costs nothing.
    """
    before = _overlay
    _lay(own)
    try:
        yield
    finally:
        _lay(before)


def _lay(own: Overlay | None) -> None:
    global _overlay
    if own == _overlay:
        return
    _overlay = own
    for forget in _forget:
        forget()


@functools.cache
def _names() -> tuple[str, ...]:
    folder = resources.files("simulator.catalogue").joinpath("tables")
    return tuple(sorted(entry.name[: -len(".csv")] for entry in folder.iterdir() if entry.name.endswith(".csv")))


TABLES: tuple[str, ...] = _names()
"""Names of the shipped tables, sorted."""


@functools.cache
def _bytes(table: str) -> bytes:
    path = resources.files("simulator.catalogue").joinpath("tables").joinpath(f"{table}.csv")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CatalogueError(f"the catalogue has no table {table!r}; it has {', '.join(TABLES)}") from None


@functools.cache
def table_sha256(table: str) -> str:
    """SHA-256 of the bytes of a table as shipped."""
    return hashlib.sha256(_bytes(table)).hexdigest()


@functools.cache
def shipped(table: str) -> tuple[Row, ...]:
    """Rows of a table as shipped, in file order, each a read-only mapping from column to text.

    Raises
    ------
    CatalogueError
        If there is no such table, or a row has more or fewer cells than the header.
    """
    reader = csv.reader(io.StringIO(_bytes(table).decode("utf-8"), newline=""), strict=True)
    header = next(reader, None)
    if not header:
        raise CatalogueError(f"{table}.csv is empty")
    out: list[Row] = []
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            raise CatalogueError(
                f"{table}.csv line {reader.line_num}: {len(cells)} cells where the header has {len(header)}"
            )
        out.append(MappingProxyType(dict(zip(header, cells, strict=True))))
    return tuple(out)


@from_tables
def rows(table: str) -> tuple[Row, ...]:
    """Rows of a table with the user's own laid over: in the place of those they replace, new ones at the end.

    Raises
    ------
    CatalogueError
        If there is no such table, or it is malformed.
    """
    if _overlay is None:
        return shipped(table)
    base: tuple[Row, ...] = _overlay.earlier[table] if table in _overlay.earlier else shipped(table)
    if table not in _overlay.tables:
        return base
    key = _overlay.keys[table]
    own = {tuple(item.cells[column] for column in key): item for item in _overlay.tables[table]}
    out: list[Row] = []
    replaced = set()
    for row in base:
        item = own.get(tuple(row[column] for column in key))
        if item is not None:
            replaced.add(id(item))
        out.append(row if item is None else MappingProxyType(item.marked))
    return (*out, *(MappingProxyType(item.marked) for item in own.values() if id(item) not in replaced))


def rows_of(table: str, commodity: str) -> tuple[Row, ...]:
    """Rows of a table that speak of a commodity: those with its name in the column ``commodity``."""
    return _by_commodity(table).get(commodity, ())


@from_tables
def _by_commodity(table: str) -> Mapping[str, tuple[Row, ...]]:
    found: dict[str, list[Row]] = {}
    for row in rows(table):
        found.setdefault(row["commodity"], []).append(row)
    return {commodity: tuple(own) for commodity, own in found.items()}


def number(text: str) -> float | None:
    """The finite number a cell holds, or None where it holds none (empty, ``NA``, words).

    >>> number(" 1100 "), number(""), number("W"), number("nan")
    (1100.0, None, None, None)
    """
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def required(row: Row, column: str) -> float:
    """The number of a cell that must hold one.

    Raises
    ------
    CatalogueError
        If it holds none.
    """
    value = number(row[column])
    if value is None:
        raise CatalogueError(f"no number in column {column!r} of the row {dict(row)}")
    return value


@from_tables
def data_sha256() -> str:
    """SHA-256 over names and bytes of all tables in name order and the user's rows; identifies the facts of a run."""
    digest = hashlib.sha256()
    for table in TABLES:
        content = _bytes(table)
        digest.update(f"{table}:{len(content)}\n".encode())
        digest.update(content)
    if _overlay is not None:
        digest.update(f"own rows:{_overlay.sha256}\n".encode())
    return digest.hexdigest()
