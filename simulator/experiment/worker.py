"""What a worker process runs. Imports nothing heavy, so that thread limits are set before NumPy loads."""

from __future__ import annotations

import os
import pickle
import signal
from typing import Any

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables that keep numerical libraries to one thread: parallelism is over blocks."""

_task: Any = None
"""The task of this worker process, received once; tasks then carry replication numbers only."""


def start(pickled_task: bytes | None = None) -> None:
    """Prepare a worker process: one thread, no reaction to Ctrl-C (the parent decides), its task, if one, unpickled."""
    global _task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in THREAD_LIMITS:
        os.environ[name] = "1"
    if pickled_task is not None:
        _task = pickle.loads(pickled_task)


def work(first: int, end: int) -> Any:
    """Run the replications from ``first`` to before ``end``."""
    return _task(first, end)


def work_on(pickled_task: bytes, first: int, end: int) -> Any:
    """Run the replications from ``first`` to before ``end`` of a task of their own."""
    return pickle.loads(pickled_task)(first, end)
