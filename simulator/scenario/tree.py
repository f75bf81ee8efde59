"""Which other files a scenario may name: those of its own tree.

A scenario comes from somebody else as often as not. Were it free to name any file, one that extends a private file
would show lines of it in its error messages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LIBRARY: Final = "scenarios"
"""Name of a folder of scenarios; the folder that holds it is the root of a project."""

_allowed = False
"""Whether files outside may be named in this process; changed by ``outside_allowed`` alone."""


@contextmanager
def outside_allowed(allowed: bool = True) -> Iterator[None]:
    """Let scenarios name files anywhere until the ``with`` block ends; holds for the whole process."""
    global _allowed
    before = _allowed
    _allowed = _allowed or allowed
    try:
        yield
    finally:
        _allowed = before


def root_of(path: str | os.PathLike[str]) -> Path:
    """Return the tree of a scenario: its folder, or the folder of the project where it lies under ``scenarios``."""
    folder = Path(os.path.realpath(os.path.dirname(os.path.abspath(path))))
    for place in (folder, *folder.parents):
        if place.name == LIBRARY and place.parent != place.parent.parent:
            return place.parent
    return folder


def leads_out(root: Path, target: str | os.PathLike[str]) -> bool:
    """Whether a file lies outside a tree once every link on the way is followed, and may not."""
    return not _allowed and not Path(os.path.realpath(target)).is_relative_to(root)
