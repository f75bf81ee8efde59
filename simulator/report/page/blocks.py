"""What a report is made of: sections of paragraphs, tables and figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Badge:
    """A status that shape, word and colour say alike."""

    shape: str
    word: str
    css: str
    """Class that colours it."""

    def __str__(self) -> str:
        return f"{self.shape} {self.word}"


Cell = str | Badge


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    css: str = ""
    """Class that sets it apart, such as ``lead``."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; cells that hold numbers hold their interval too."""

    key: str
    """Identifier, unique in the report."""
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    words: int = 1
    """Leading columns that hold words and are set left; the others hold numbers."""
    last_words: int = 0
    """Trailing columns that hold words."""
    groups: tuple[tuple[int, str], ...] = ()
    """Number of the row before which a heading stands, and the heading."""
    wide: bool = False
    """Words throughout."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A figure with its description and the table of its numbers."""

    key: str
    """Identifier, unique in the report."""
    title: str
    description: str
    """What it shows, for those who cannot see it."""
    draw: Callable[[], Axes]
    table: str
    """Key of the table that holds its numbers."""
    css: str = ""
    """Class that says how wide it is: ``half`` or nothing."""


Block = Paragraph | Table | Drawing


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report under its heading."""

    key: str
    title: str
    blocks: tuple[Block, ...] = field(default=())
