"""Tables and sentences on stdout: fitted to a terminal, tab-separated and unwrapped for everything else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click

Cell = str | float | int | bool | None

GAP: Final = 2
"""Spaces between the columns."""
NARROWEST: Final = 10
"""Columns are not squeezed below this many characters, which a date needs."""


def print_table(title: str, header: Sequence[str], lines: Sequence[Sequence[Cell]], *, beneath: int = 0) -> None:
    """Print a table; on a terminal the last ``beneath`` columns stand as text under their row."""
    cells = [["" if cell is None else " ".join(str(cell).split()) for cell in line] for line in lines]
    if sys.stdout.isatty():
        _draw(f"{title} ({len(cells)})", header, cells, len(header) - beneath)
        return
    click.echo(f"\n{title} ({len(cells)})")
    for line in [list(header), *cells]:
        click.echo("\t".join(line))


def print_text(text: str) -> None:
    """Print a line of text, wrapped between words on a terminal; indented as its beginning is."""
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    stripped = text.lstrip()
    Console(highlight=False).print(Padding(Text(stripped), (0, 0, 0, len(text) - len(stripped))))


def fitted(widths: Sequence[int], room: int) -> list[int]:
    """Squeeze the widest columns until all fit into ``room`` characters, gaps included.

    >>> fitted([20, 5, 40], 60)
    [20, 5, 31]
    >>> fitted([20, 5, 10], 60)
    [20, 5, 10]
    """
    squeezed = list(widths)
    excess = sum(squeezed) + GAP * (len(squeezed) - 1) - room
    while excess > 0 and max(squeezed) > NARROWEST:
        squeezed[squeezed.index(max(squeezed))] -= 1
        excess -= 1
    return squeezed


def _draw(title: str, header: Sequence[str], lines: Sequence[Sequence[str]], columns: int) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    natural = [max(len(line[column]) for line in [header, *lines]) for column in range(columns)]
    widths = fitted(natural, console.width)

    def row(line: Sequence[str], style: str = "") -> None:
        grid = Table.grid(padding=(0, GAP, 0, 0))
        for width in widths:
            grid.add_column(width=width, overflow="fold")
        grid.add_row(*(Text(cell, style=style) for cell in line[:columns]))
        console.print(grid)
        for cell in line[columns:]:
            if cell:
                console.print(Padding(Text(cell, style=style or "dim"), (0, 0, 0, 4)))

    console.print()
    console.print(Text(title, style="bold"))
    row(header, "underline")
    for line in lines:
        row(line)
