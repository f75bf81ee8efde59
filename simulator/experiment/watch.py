"""Watching the scheduler that others' workers are reached through: who waits for one without workers waits for ever."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Executor
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from simulator.errors import IncompleteError

WITHOUT_WORKERS_S: Final = 300.0
"""Seconds that a scheduler may be without workers, or not answer."""
_POLLS: Final = 4
"""Questions asked of a scheduler in the time it is granted, at least."""
_POLL_S: Final = 5.0


class WorkersGone(IncompleteError):
    """Who did the work takes and gives no more."""


class Watch:
    """Asks the scheduler behind an executor of distributed who works for it; of other executors nothing is asked.

    Parameters
    ----------
    executor
        Who does the work; ``without_workers_s`` of it, where it has that, is the time granted.
    """

    def __init__(self, executor: Executor) -> None:
        client = getattr(executor, "_client", None)
        self._client: Any = client if hasattr(client, "nthreads") else None
        self._limit_s = float(getattr(executor, "without_workers_s", WITHOUT_WORKERS_S))
        self._answered = self._worked = time.monotonic()
        self._over = threading.Event()

    @property
    def watching(self) -> bool:
        """Whether there is a scheduler to ask."""
        return self._client is not None

    def __enter__(self) -> Self:
        self._answered = self._worked = time.monotonic()
        if self.watching:
            # In a thread of its own: a scheduler that hangs leaves the question unanswered.
            threading.Thread(target=self._ask, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()

    def _ask(self) -> None:
        while not self._over.wait(min(_POLL_S, self._limit_s / _POLLS)):
            # One that is gone is told by the work itself, which is cancelled then.
            with suppress(Exception):
                found = self._client.nthreads()
                self._answered = time.monotonic()
                if found:
                    self._worked = self._answered

    def check(self) -> None:
        """Return while somebody works, or did until lately.

        Raises
        ------
        WorkersGone
            If nobody has for longer than is granted.
        """
        if not self.watching or time.monotonic() - self._worked <= self._limit_s:
            return
        silent = time.monotonic() - self._answered > self._limit_s
        what = "does not answer any more" if silent else "has no workers any more"
        raise WorkersGone(
            f"the scheduler {what}, for {self._limit_s:g} s (--wait-for-workers); start "
            f"{'it' if silent else 'some'} again, or go on with workers of this machine"
        )
