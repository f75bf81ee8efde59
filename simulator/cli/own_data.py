"""The option ``--data DIR``: a command that runs with the user's own rows over the catalogue, and shows them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from simulator.cli.tables import print_table
from simulator.errors import CatalogueError


def own_data(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option; its body then reads the tables with the user's rows over them."""

    @click.option(
        "--data", metavar="DIR", help="Lay your own rows over the catalogue: CSV files named like its tables."
    )
    @functools.wraps(command)
    def with_rows(*args: Any, data: str | None, **options: Any) -> Any:
        if data is None:
            return command(*args, **options)
        from simulator.catalogue.own_rows import read_own_rows
        from simulator.catalogue.tables import laid_over

        with laid_over(read_own_rows(data)):
            try:
                return command(*args, **options)
            except CatalogueError as error:
                raise CatalogueError(f"with the rows of {data} over the catalogue: {error}") from error

    return with_rows


_SUBJECTS = ("commodity", "model_commodities", "subject")
"""Columns that say which commodity a row is about."""


def own_rows_of(commodity: str | None = None) -> list[dict[str, Any]]:
    """Return the user's rows laid over the catalogue: all, or those of a commodity and those about none."""
    from simulator.catalogue.tables import overlay

    own = overlay()
    if own is None:
        return []
    return [
        {
            "file": f"{table}.csv",
            "line": row.line,
            "key": {column: row.cells[column] for column in own.keys[table]},
            "row": row.cells,
            "replaced": row.replaced,
        }
        for table, rows in own.tables.items()
        for row in rows
        if commodity is None or _is_about(commodity, row.cells)
    ]


def _is_about(commodity: str, cells: dict[str, str]) -> bool:
    named = [cells[column].split(";") for column in _SUBJECTS if cells.get(column)]
    named += [cells["name"].split("/")[1:2]] if "/" in cells.get("name", "") else []
    return not named or any(commodity in names or "ALL" in names for names in named)


def print_own_rows(rows: list[dict[str, Any]]) -> None:
    """Print the user's rows with what each says and what it replaced; nothing where there are none."""
    if not rows:
        return
    from simulator.catalogue.own_rows import told

    header = ("file", "line", "row", "own", "replaced", "grade", "source")
    print_table(
        "Own rows laid over the catalogue",
        header,
        [
            (
                entry["file"],
                entry["line"],
                " ".join(entry["key"].values()),
                *told(entry["row"], entry["replaced"], entry["key"]),
                entry["row"].get("quality"),
                entry["row"].get("source") or entry["row"].get("reason") or entry["row"].get("note"),
            )
            for entry in rows
        ],
        beneath=1,
    )
