"""A problem in a scenario file and how a report shows it: place, path, value, what is accepted, source line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulator.scenario.nodes import Mark, Path

SHOWN = 20
"""Problems shown of one scenario; the rest are counted."""
_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file."""

    text: str
    mark: Mark | None = None
    path: Path = ()

    @property
    def place(self) -> str:
        """``file:line:col``, or the override it came from."""
        if self.mark is None:
            return ""
        return f"{self.mark.file}:{self.mark.line}:{self.mark.col}" if self.mark.line else self.mark.file


def dotted(path: Path) -> str:
    """Return a path as it is written in messages.

    >>> dotted(("events", 0, "imposer"))
    'events[0].imposer'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def printable(text: str) -> str:
    r"""Return a text with control characters, which a terminal would obey, written out; line breaks stay.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(
        sign if sign == "\n" or sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def report(problems: Iterable[Problem], lines: Mapping[str, Sequence[str]]) -> str:
    """Return all problems in order of file and line, each once, with the source line and a caret."""
    order = {file: rank for rank, file in enumerate(lines)}
    unique = sorted(
        dict.fromkeys(problems),
        key=lambda p: (order.get(p.mark.file, len(order)), p.mark.line, p.mark.col) if p.mark else (-1, 0, 0),
    )
    blocks = [_block(problem, lines) for problem in unique[:SHOWN]]
    if len(unique) > SHOWN:
        blocks.append(f"... and {len(unique) - SHOWN} more problems")
    return "\n".join(blocks)


def _block(problem: Problem, lines: Mapping[str, Sequence[str]]) -> str:
    head = printable(": ".join(part for part in (problem.place, dotted(problem.path), problem.text) if part))
    mark = problem.mark
    source = lines.get(mark.file, ()) if mark else ()
    if mark is None or not 1 <= mark.line <= len(source):
        return head
    line = source[mark.line - 1].rstrip()
    end = mark.end_col if mark.end_line == mark.line else len(line) + 1
    caret = "^" * max(1, min(end, len(line) + 1) - mark.col)
    number, gutter = str(mark.line), " " * len(str(mark.line))
    if len(line) > _WIDTH or not line.isprintable():
        return head
    return f"{head}\n{gutter} |\n{number} | {line}\n{gutter} | {' ' * (mark.col - 1)}{caret}"
