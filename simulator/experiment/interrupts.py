"""Ctrl-C while workers work: the first lets what has begun finish, the second does not."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any


class Interrupts:
    """While entered, counts the first Ctrl-C instead of raising it; the second raises KeyboardInterrupt.

    An interrupt that is raised wherever the program happens to be could lose an answer that has just come.
    Outside the main thread, or where somebody else minds the signal, nothing is changed.
    """

    def __init__(self) -> None:
        self.asked = False
        """Whether Ctrl-C was pressed."""
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler:
                self._before = before
                signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if sys.stderr is not None:
            sys.stderr.write("\nstopping: what has begun is being finished; Ctrl-C again stops at once\n")
            sys.stderr.flush()
