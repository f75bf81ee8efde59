"""The option ``--data DIR``: a command that runs with the user's own rows over the catalogue."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

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
