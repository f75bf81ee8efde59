"""Who does the work: this process, worker processes, any ``concurrent.futures.Executor``; never what comes out."""

from __future__ import annotations

import os
import pickle
import pickletools
import platform
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, TypeVar

from simulator.errors import UsageError
from simulator.experiment import worker
from simulator.experiment.environment import versions
from simulator.experiment.local_workers import LIMIT_S, LocalWorkers
from simulator.experiment.worker import Done, Unit

T = TypeVar("T")
Block = tuple[int, int]
"""First replication of a block, and one past its last."""
Jobs = int | Executor
"""Number of worker processes (1 runs in this process), or who does the work."""

IN_FLIGHT_PER_WORKER = 2
"""Units handed out per worker: enough to keep it busy, few enough to stop soon and to hold little."""
LEAST_LIMIT_S = 60.0
"""Seconds that a part of a unit is granted at least, unless the whole has less: a fresh worker reads tables first."""


def available_cores() -> int:
    """Cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_count(jobs: Jobs) -> int:
    """Return how many workers do the work.

    >>> worker_count(3)
    3
    """
    if isinstance(jobs, int):
        return jobs
    if isinstance(jobs, LocalWorkers):
        return jobs.jobs
    client = getattr(jobs, "_client", None)
    if client is not None and hasattr(client, "nthreads"):  # an executor of distributed
        return max(1, int(sum(client.nthreads().values())))
    return int(getattr(jobs, "_max_workers", 0)) or available_cores()


def check_jobs(jobs: Jobs) -> None:
    """Raise UsageError unless ``jobs`` is a number of processes or something that takes calls."""
    if isinstance(jobs, bool) or not isinstance(jobs, int | Executor):
        raise UsageError(f"jobs must be a number of processes or a concurrent.futures.Executor, not {jobs!r}")
    if isinstance(jobs, int) and jobs < 1:
        raise UsageError(f"jobs must be at least 1, not {jobs}")


class InThisProcess(Executor):
    """Does each call at once and hands back a finished future; Ctrl-C stops it in the middle."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call ``fn`` now."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def pickled(task: Callable[..., Any]) -> bytes:
    """Return a task as it travels to workers.

    Raises
    ------
    UsageError
        If they could not receive it.
    """
    try:
        content = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            f"worker processes cannot receive the task ({error}); give functions importable by name, or use jobs=1"
        ) from error
    _refuse_cells(content)
    return content


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


@contextmanager
def opened(jobs: Jobs, most: int) -> Iterator[Executor]:
    """Yield who does the work, with at most ``most`` processes; those started here are ended here."""
    if isinstance(jobs, Executor):
        yield jobs
        return
    jobs = min(jobs, most)
    if jobs <= 1:
        yield InThisProcess()
        return
    workers = LocalWorkers(jobs)
    try:
        yield workers
    except BaseException:
        # What had begun is finished by now, unless the user pressed again and will not wait.
        workers.kill()
        raise
    finally:
        workers.shutdown(wait=True, cancel_futures=True)


def submit(executor: Executor, unit: Unit, share: float = 1.0) -> Future[Done]:
    """Hand a unit out; ``share`` of the usual time is granted to a part of one."""
    usual = getattr(executor, "limit_s", LIMIT_S)
    limit_s = min(usual, max(usual * share, LEAST_LIMIT_S))
    if isinstance(executor, LocalWorkers):
        return executor.submit_within(limit_s, worker.work, unit)
    travelling = Unit(
        digest=unit.digest,
        task=unit.task,
        first=unit.first,
        end=unit.end,
        inputs=unit.inputs,
        versions=versions(),
        limit_s=limit_s,
        home=(platform.node(), os.getpid()),
    )
    return executor.submit(worker.work, travelling)
