"""Where we run: whether a notebook is there to show things in, and how far a run is, shown in it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, Final, Literal

from simulator.experiment.blocks import Progress

Told = Progress | Literal[False] | None
"""A function that is told how far it is; False for none; None for a bar in a notebook and none elsewhere."""
_PATIENCE_S: Final = 0.4
"""A run that is done sooner shows no bar."""
_BETWEEN_S: Final = 0.1
"""Seconds between two drawings of a bar."""


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; without importing IPython to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


@contextmanager
def telling(asked: Told, title: str) -> Iterator[Progress | None]:
    """Yield what a run is to tell its progress to; a bar drawn for it is taken away again."""
    if asked is not None or not in_notebook():
        yield asked or None
        return
    bar = _Bar(title)
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    """A progress bar in the output of a cell: a native element, so that it needs no extension to show."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._began = self._drawn = time.monotonic()
        self._handle: Any = None

    def __call__(self, done: int, total: int, statistic: str) -> None:
        now = time.monotonic()
        if now - self._began < _PATIENCE_S or now - self._drawn < _BETWEEN_S:
            return
        self._drawn = now
        from IPython.display import display

        seconds = f", {(now - self._began) * (total - done) / done:.0f} s left" if done else ""
        shown = _html(
            f"<label>{escape(self._title)} <progress value='{done}' max='{total}'></progress> "
            f"{done:,} of {total:,} replications{seconds}{escape(f'; {statistic}' if statistic else '')}</label>"
        )
        if self._handle is None:
            self._handle = display(shown, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(shown)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._handle is not None:
            self._handle.update(_html(""))


def _html(text: str) -> Any:
    from IPython.display import HTML

    return HTML(text)  # type: ignore[no-untyped-call]
