"""Worker processes on this machine, as a ``concurrent.futures.Executor`` that survives their death.

The pool of the standard library gives up all that is under way when one of its processes dies, and cannot
end one that hangs. Here each process has a thread of its own beside it, so that a death or a hang concerns one call, is
told as such, and the next call finds a fresh process.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, TypeVar

from simulator.experiment import worker

T = TypeVar("T")

LIMIT_S: Final = 1800.0
"""Seconds that a unit of work may take before its worker counts as hanging."""
_POLL_S: Final = 0.1
_START_S: Final = 120.0
"""Seconds that a process may take to begin, on a machine that is short of memory."""
_STARTS: Final = 3
"""Times that a process is started which ends before it begins, as one that is killed from outside."""
_START_LOCK: Final = threading.Lock()
PRELOADED: Final = ("simulator.model", "simulator.metrics.outcome", "simulator.scenario.case")
"""What the fork server imports once instead of each worker: all that a block needs."""


class WorkerDied(BrokenExecutor):
    """The process that worked on a call ended without an answer."""


class WorkerHung(WorkerDied):
    """The process that worked on a call was ended because it took too long."""


class CallFailed(RuntimeError):
    """A call raised; an error that cannot travel is told by its text."""


_Item = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], float]


class LocalWorkers(Executor):
    """Processes started by a fork server (on Windows: spawned), each doing one call at a time.

    Parameters
    ----------
    jobs
        Processes.
    limit_s
        Seconds that a call may take.
    strict
        Whether even a single unit of work is done in a process, which can be ended, and not in this one.
    """

    def __init__(self, jobs: int, limit_s: float = LIMIT_S, *, strict: bool = False) -> None:
        self.jobs = jobs
        self.limit_s = limit_s
        self.strict = strict
        # Named, because the default start method differs between platforms and Python versions.
        self._context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
        if sys.platform != "win32":
            # Heeded by the first of this process; one that runs already serves as well.
            self._context.set_forkserver_preload(list(PRELOADED))
        self._calls: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processes: dict[int, BaseProcess] = {}
        self._under_way: dict[int, float] = {}
        """Lane -> time by which its call has to be answered."""
        self._hung: set[int] = set()
        self._closed = self._killed = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call ``fn`` in a process; its future raises ``WorkerDied`` where the process ends without an answer."""
        if kwargs:
            raise TypeError("a call of a worker takes no named arguments")
        return self.submit_within(self.limit_s, fn, *args)

    def submit_within(self, limit_s: float, fn: Callable[..., T], /, *args: Any) -> Future[T]:
        """Call ``fn`` in a process that is ended, as ``WorkerHung``, after ``limit_s`` seconds."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if not self._threads:
                threading.Thread(target=self._watch, daemon=True).start()
            if len(self._threads) < self.jobs:
                lane = threading.Thread(target=self._serve, args=(len(self._threads),), daemon=True)
                self._threads.append(lane)
                lane.start()
        self._calls.put((future, fn, args, limit_s))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls and end the processes once their calls are done."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
        if cancel_futures:
            while True:
                try:
                    item = self._calls.get_nowait()
                except queue.Empty:
                    break
                if item is not None:
                    item[0].cancel()
        for _ in threads:
            self._calls.put(None)
        if wait:
            for thread in threads:
                thread.join()

    def kill(self) -> None:
        """End all processes now."""
        self._killed = True
        for process in list(self._processes.values()):
            process.kill()

    def abort(self) -> None:
        """End the processes that work on a call; further calls find fresh ones."""
        for lane in list(self._under_way):
            process = self._processes.get(lane)
            if process is not None:
                process.kill()

    def _serve(self, lane: int) -> None:
        """Pass calls to one process, one after the other, and replace it when it dies."""
        pipe: Connection | None = None
        while (item := self._calls.get()) is not None:
            future, fn, args, limit_s = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if pipe is None:
                    pipe = self._start(lane)
                future.set_result(self._call(lane, pipe, fn, args, limit_s))
            except WorkerDied as error:
                self._end(lane, pipe)
                pipe = None
                future.set_exception(error)
            except Exception as error:
                future.set_exception(error)
        self._end(lane, pipe)

    def _start(self, lane: int) -> Connection:
        for _ in range(_STARTS):
            ours, theirs = self._context.Pipe()
            create: Any = self._context.Process  # type: ignore[attr-defined]  # every kind of context has it
            process: BaseProcess = create(target=worker.serve, args=(theirs,), daemon=True)
            try:
                with _START_LOCK, _limited_threads():
                    process.start()
            except Exception as error:
                raise CallFailed(f"no worker process can be started: {error}") from error
            finally:
                theirs.close()
            self._processes[lane] = process
            try:
                if ours.poll(_START_S) and ours.recv() == worker.READY:
                    return ours
            except (EOFError, OSError):
                pass
            self._end(lane, ours)
            if self._killed:
                break
        raise CallFailed(
            "worker processes end before they begin: too little memory, or a script that starts a run without "
            "`if __name__ == '__main__':`; use jobs=1 (--jobs 1) to see the cause"
        )

    def _call(self, lane: int, pipe: Connection, fn: Callable[..., Any], args: tuple[Any, ...], limit_s: float) -> Any:
        process = self._processes[lane]
        self._under_way[lane] = time.monotonic() + limit_s
        try:
            pipe.send((fn, args))
            wait([pipe, process.sentinel])
            fine, answer = pipe.recv()
        except (EOFError, OSError) as error:
            if lane in self._hung:
                raise WorkerHung(f"no answer after {limit_s:g} s, so the worker process was ended") from error
            process.join(5.0)
            raise WorkerDied(_ended(process.exitcode)) from error
        finally:
            self._under_way.pop(lane, None)
            self._hung.discard(lane)
        if not fine:
            raise CallFailed(f"{answer.kind}: {answer.message}\n{answer.last_lines}")
        return answer

    def _watch(self) -> None:
        """End processes whose calls take too long; one that is stopped or stuck in the system dies of nothing else."""
        while not self._closed or self._under_way:
            now = time.monotonic()
            for lane, until in list(self._under_way.items()):
                process = self._processes.get(lane)
                if now > until and process is not None and lane not in self._hung:
                    self._hung.add(lane)
                    process.kill()
            time.sleep(_POLL_S)

    def _end(self, lane: int, pipe: Connection | None) -> None:
        if pipe is not None:
            pipe.close()
        process = self._processes.pop(lane, None)
        if process is not None:
            # Its pipe is closed, so it leaves by itself; one that does not is not waited for.
            process.join(0.0 if self._killed else 2.0)
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def _limited_threads() -> Iterator[None]:
    """Let the fork server, which starts with the first worker, load numerical libraries for one thread each."""
    before = {name: os.environ.get(name) for name in worker.THREAD_LIMITS}
    os.environ.update(dict.fromkeys(worker.THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ended(code: int | None) -> str:
    """Say how a process ended, with what is usually behind it."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"the worker process was ended by {name}: too little memory, or a kill from outside"
    return f"the worker process ended by itself, with code {code}"
