"""Reading of the catalogue's CSV tables: each file once, as rows of text.

A table is named by its file name without ``.csv``. Rows stay text, so that a withheld or missing
value (an empty cell) can never be mistaken for zero; ``number`` turns a cell into a float or None.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from simulator.errors import CatalogueError

Row = Mapping[str, str]


@cache
def _names() -> tuple[str, ...]:
    folder = resources.files("simulator.catalogue").joinpath("tables")
    return tuple(sorted(entry.name[: -len(".csv")] for entry in folder.iterdir() if entry.name.endswith(".csv")))


TABLES: tuple[str, ...] = _names()
"""Names of the shipped tables, sorted."""


@cache
def _bytes(table: str) -> bytes:
    path = resources.files("simulator.catalogue").joinpath("tables").joinpath(f"{table}.csv")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CatalogueError(f"the catalogue has no table {table!r}; it has {', '.join(TABLES)}") from None


@cache
def rows(table: str) -> tuple[Row, ...]:
    """Rows of a table in file order, each a read-only mapping from column to text.

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


@cache
def data_sha256() -> str:
    """SHA-256 over names and bytes of all tables in name order; identifies the facts behind a run."""
    digest = hashlib.sha256()
    for table in TABLES:
        content = _bytes(table)
        digest.update(f"{table}:{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
