"""Run blocks one after the other or over processes; results never depend on which."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import pickletools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from simulator.errors import IncompleteError, UsageError
from simulator.experiment import worker

T = TypeVar("T")
Block = tuple[int, int]
"""First replication of a block, and one past its last."""
Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments."""

IN_FLIGHT_PER_WORKER = 4
"""Blocks handed out per worker: enough to keep it busy, few enough to stop soon."""


def available_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def serial(task: Callable[[int, int], T], blocks: Sequence[Block]) -> Iterator[tuple[int, T]]:
    """Yield (position, result) of each block, in this process and in order."""
    for position, (first, end) in enumerate(blocks):
        yield position, task(first, end)


def parallel(task: Callable[[int, int], T], blocks: Sequence[Block], jobs: int) -> Iterator[tuple[int, T]]:
    """Yield (position, result) of each block as worker processes finish them, in any order.

    The task is sent once to each worker. On Ctrl-C nothing more is submitted; blocks that had begun
    are finished and yielded, then KeyboardInterrupt goes on. A second Ctrl-C stops the workers at once.
    """
    yield from _pooled(((worker.work, block) for block in blocks), jobs, (_pickled(task),))


def parallel_units(units: Iterable[tuple[Callable[[int, int], T], Block]], jobs: int) -> Iterator[tuple[int, T]]:
    """Yield (position, result) of each unit, a task and a block of it, as ``parallel`` does.

    Units are taken one by one as workers come free, and a task is sent with each of its blocks.
    """
    yield from _pooled(((worker.work_on, (_pickled(task), *block)) for task, block in units), jobs, ())


def _pickled(task: Callable[[int, int], Any]) -> bytes:
    try:
        pickled = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"worker processes cannot receive the task ({error}); give functions importable by name, or use jobs=1"
        ) from error
    _refuse_cells(pickled)
    return pickled


def _refuse_cells(pickled: bytes) -> None:
    """Refuse what only a prompt or a notebook defines: a worker would die of not finding it.

    Raises
    ------
    UsageError
        If the task names something of a ``__main__`` that no file holds.
    """
    if b"__main__" not in pickled or hasattr(sys.modules["__main__"], "__file__"):
        return
    words = [argument for _, argument, _ in pickletools.genops(pickled) if isinstance(argument, str)]
    if "__main__" in words:
        name = words[words.index("__main__") + 1]
        raise UsageError(
            f"worker processes cannot see {name!r}, which a cell defines; write it to a file (`%%writefile my_own.py` "
            "as the first line of its cell) and import it from there, or use jobs=1"
        )


def _pooled(calls: Iterator[Call], jobs: int, setting: tuple[Any, ...]) -> Iterator[tuple[int, Any]]:
    # Named, because the default start method differs between platforms and Python versions.
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=worker.start, initargs=setting)
    try:
        yield from _drain(pool, calls, jobs)
    except BrokenProcessPool as error:
        raise IncompleteError(
            "a worker process died: too little memory, a kill from outside, or a script that starts a run without "
            "`if __name__ == '__main__':`; use fewer --jobs, or --jobs 1 to see the cause"
        ) from error
    except KeyboardInterrupt:
        # By now what had begun is finished, unless the user pressed again and will not wait.
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _drain(pool: ProcessPoolExecutor, calls: Iterator[Call], jobs: int) -> Iterator[tuple[int, Any]]:
    waiting = enumerate(calls)
    running: dict[Future[Any], int] = {}
    try:
        while True:
            for position, (function, arguments) in waiting:
                running[pool.submit(function, *arguments)] = position
                if len(running) >= IN_FLIGHT_PER_WORKER * jobs:
                    break
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            # By position, so that what the caller sees does not depend on the order in a set.
            for future in sorted(done, key=lambda item: running[item]):
                yield running.pop(future), future.result()
    except KeyboardInterrupt:
        for future in list(running):
            if not future.cancel():
                yield running[future], future.result()
        raise
