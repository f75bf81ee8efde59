"""A user's CSV file as cells that know their place, so that whatever is wrong can be pointed at."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.domain.plain_files import opened

MAX_BYTES: Final = 4_000_000
"""Longest file read; the longest shipped table is a fifth of it."""

MAX_CELLS: Final = 250_000
"""Most cells read; the largest shipped table has an eighth of them."""
_LONGEST_SAID: Final = 600

_CELL: Final = re.compile(r'[ \t]*+(?:"([^"]*(?:""[^"]*)*)"[ \t]*+|((?!")[^,\n]*))(,|\n|\Z)')
"""A cell in double quotes, in which a doubled quote is text, or a plain one; and what ends it."""
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Cell:
    """Text between two commas, outer blanks removed, and where it begins."""

    text: str
    line: int
    column: int


def shortened(text: str) -> str:
    """Return what is said of a cell without the middle, where somebody wrote a book into it.

    >>> shortened("'" + "x" * 1000 + "' is not a column")[-20:]
    "xxx' is not a column"
    """
    return text if len(text) <= _LONGEST_SAID else f"{text[: _LONGEST_SAID // 2]} ... {text[-_LONGEST_SAID // 2 :]}"


class FileFaultError(Exception):
    """A file that cannot be read as cells: why, and where."""

    def __init__(self, text: str, line: int = 1, column: int = 1) -> None:
        super().__init__(text)
        self.text, self.line, self.column = text, line, column


def read_cells(path: Path) -> list[list[Cell]]:
    """Return the records of a CSV file, header first; blank lines are left out and a byte-order mark is skipped.

    Raises
    ------
    FileFaultError
        If the file cannot be read, is too long, is not UTF-8 text, or a quote is never closed.
    """
    try:
        with opened(path) as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileFaultError(f"cannot be read: {reason}") from None
    if len(raw) > MAX_BYTES:
        raise FileFaultError(f"is longer than {MAX_BYTES:,} bytes; give only the rows that differ from the catalogue")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        wrong = f"byte {raw[error.start]:#04x} is not UTF-8 text; save the file as CSV in UTF-8"
        raise FileFaultError(wrong, *_places(before)(len(before))) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return cells_of(text)


def cells_of(text: str) -> list[list[Cell]]:
    """Return the records of CSV text.

    >>> [[cell.text for cell in record] for record in cells_of('a, b\\n\\n"1, x",2\\n')]
    [['a', 'b'], ['1, x', '2']]
    """
    place = _places(text)
    if found := _NO_TEXT.search(text):
        wrong = f"character {ord(found.group()):#04x} is no text; save the file as CSV in UTF-8"
        raise FileFaultError(wrong, *place(found.start()))
    records: list[list[Cell]] = []
    record: list[Cell] = []
    at = cells = 0
    while at < len(text) or record:
        cells += 1
        if cells > MAX_CELLS:
            raise FileFaultError(f"holds more than {MAX_CELLS:,} cells; give only the rows that differ", *place(at))
        found = _CELL.match(text, at)
        if found is None:
            raise FileFaultError("a quote is not closed, or text follows it; double a quote that is text", *place(at))
        quoted, plain, end = found.groups()
        content = plain if quoted is None else quoted.replace('""', '"')
        record.append(Cell(content.strip(), *place(found.start(2) if quoted is None else found.start(1) - 1)))
        at = found.end()
        if end != ",":
            if len(record) > 1 or record[0].text:
                records.append(record)
            record = []
    return records


def _places(text: str) -> Callable[[int], tuple[int, int]]:
    """Return the function from a place in the text to its line and column, both from 1."""
    begins = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(at: int) -> tuple[int, int]:
        line = bisect_right(begins, at)
        return line, at - begins[line - 1] + 1

    return place
