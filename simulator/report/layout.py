"""How text reports are laid out: ruled tables and lines of at most ``WIDTH`` characters."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Final, Literal

from rich.box import Box
from rich.console import Console
from rich.table import Table

WIDTH: Final = 124
"""Columns of the text; also when the output goes to a file."""
Column = tuple[str, int, Literal["left", "right"]]
"""Head, width and alignment; the widths and the gaps between them fill ``WIDTH``."""
_RULED: Final = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
"""A rule under the head and nothing else: reads the same on a screen, in a file and in a message."""


def ruled(
    columns: Iterable[Column], rows: Iterable[Iterable[str]], *, header: bool = True, colour: bool = False
) -> str:
    """Return rows as a table with a rule under its head."""
    table = Table(box=_RULED, show_edge=False, show_header=header, pad_edge=False, padding=0)
    for head, width, justify in columns:
        table.add_column(head, width=width, justify=justify, overflow="fold", header_style="bold")
    for row in rows:
        table.add_row(*row)
    console = Console(
        file=io.StringIO(),
        width=WIDTH,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        no_color=not colour,
    )
    console.print(table)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue().rstrip("\n")


def path_head(path: str, width: int) -> str:
    """Return a dotted path as the head of a column: cut after its dots, the last two lines of it.

    >>> path_head("events.us_ban_suspension.renewal_probability", 20)
    'us_ban_suspension.\\nrenewal_probability'
    """
    lines: list[str] = []
    for step in path.replace(".", ". ").split():
        if lines and len(lines[-1]) + len(step) <= width:
            lines[-1] += step
        else:
            lines.append(step)
    return "\n".join(lines[-2:])


def as_lines(parts: Iterable[str]) -> str:
    """Return paragraphs and tables as lines without blanks at their ends; an empty part is an empty line."""
    lines = [line.rstrip() for part in parts for line in part.splitlines() or [""]]
    return "\n".join(lines) + "\n"
