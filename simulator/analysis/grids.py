"""Grids of values laid over a scenario: how they are written, and every combination of them."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.errors import UsageError

MOST_COMBINATIONS: Final = 100_000
"""More is a slip of the pen: nobody waits for them."""
_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE: Final = re.compile(rf"({_NUMBER}):({_NUMBER}):(\d+)\Z", re.A)
_FORM: Final = "write PATH=V1,V2,... or PATH=LO:HI:N, such as events.snapback.probability=0:1:5"


@dataclass(frozen=True, slots=True)
class Grid:
    """The values that one path of the scenario takes in turn."""

    path: str
    """Dotted path as in ``--set``; events and rules by id."""
    values: tuple[str, ...]
    """Each as ``--set`` would take it."""


def read_grid(text: str) -> Grid:
    """Read ``PATH=V1,V2,...``; a value ``LO:HI:N`` stands for N values from LO to HI in equal steps.

    >>> read_grid("review_days=7,14").values, read_grid("events.a.at=[1, 2],3").values
    (('7', '14'), ('[1, 2]', '3'))
    >>> read_grid("events.snapback.probability=0:1:5").values
    ('0', '0.25', '0.5', '0.75', '1')

    Raises
    ------
    UsageError
        If it is not of this form, or a value is given twice.
    """
    path, equals, given = text.partition("=")
    if not equals or not path.strip():
        raise UsageError(f"--grid {text}: {_FORM}")
    values: list[str] = []
    for word in _split(given):
        if not word:
            raise UsageError(f"--grid {text}: a value is empty; {_FORM}")
        values += _spread(word, text)
    return _checked(Grid(path.strip(), tuple(values)), f"--grid {text}")


def grids_of(asked: Sequence[str] | Mapping[str, Sequence[object]]) -> tuple[Grid, ...]:
    """Return grids written as on the command line, or given as path -> values.

    >>> grids_of({"review_days": [7, 14]})
    (Grid(path='review_days', values=('7', '14')),)

    Raises
    ------
    UsageError
        If there is none, one is not understood, or two are of one path.
    """
    if isinstance(asked, Mapping):
        grids = [_checked(Grid(path, tuple(plain(value) for value in values)), path) for path, values in asked.items()]
    else:
        grids = [read_grid(text) for text in asked]
    if not grids:
        raise UsageError(f"a sweep needs at least one grid; {_FORM}")
    for first, second in itertools.combinations(grids, 2):
        if first.path == second.path:
            raise UsageError(f"{first.path} has two grids; give all its values in one")
        if second.path.startswith(f"{first.path}.") or first.path.startswith(f"{second.path}."):
            raise UsageError(f"{first.path} and {second.path} change the same value; leave one out")
    count = math.prod(len(grid.values) for grid in grids)
    if count > MOST_COMBINATIONS:
        raise UsageError(f"the grids have {count:,} combinations; at most {MOST_COMBINATIONS:,} are accepted")
    return tuple(grids)


def combinations(grids: Sequence[Grid]) -> Iterator[tuple[str, ...]]:
    """Yield every combination of values, the last grid changing fastest."""
    return itertools.product(*(grid.values for grid in grids))


def overrides(grids: Sequence[Grid], values: Sequence[str]) -> tuple[str, ...]:
    """Return a combination as overrides ``PATH=VALUE``."""
    return tuple(f"{grid.path}={value}" for grid, value in zip(grids, values, strict=True))


def plain(value: object) -> str:
    """Return a Python value as ``--set`` takes it: whole floats without their point.

    >>> plain(0.5), plain(2.0), plain(True), plain("+6mo")
    ('0.5', '2', 'true', '+6mo')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _checked(grid: Grid, place: str) -> Grid:
    if not grid.values:
        raise UsageError(f"{place}: no value is given; {_FORM}")
    twice = [value for value, times in Counter(grid.values).items() if times > 1]
    if twice:
        raise UsageError(f"{place}: the value {twice[0]} is given twice")
    return grid


def _split(text: str) -> list[str]:
    """Cut at commas outside brackets and quotes."""
    words, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "[{(":
            depth += 1
        elif sign in ")}]":
            depth -= 1
        if sign == "," and depth == 0 and not quote:
            words.append("")
        else:
            words[-1] += sign
    return [word.strip() for word in words]


def _spread(word: str, text: str) -> list[str]:
    """Return the values of a range, or the word itself."""
    found = _RANGE.match(word)
    if found is None:
        return [word]
    low, high, count = float(found[1]), float(found[2]), int(found[3])
    if count < 2 or low == high:
        raise UsageError(f"--grid {text}: {word} is no range; LO:HI:N needs two different ends and N of 2 or more")
    if count > MOST_COMBINATIONS:
        raise UsageError(f"--grid {text}: {word} is {count:,} values; at most {MOST_COMBINATIONS:,} are accepted")
    # Twelve digits say 0.3 where the arithmetic says 0.30000000000000004.
    return [plain(float(f"{low + (high - low) * step / (count - 1):.12g}")) for step in range(count)]
