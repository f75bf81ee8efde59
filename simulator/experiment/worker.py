"""What a worker process runs. Imports nothing heavy, so that thread limits are set before NumPy loads."""

from __future__ import annotations

import gc
import os
import pickle
import platform
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

THREAD_LIMITS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables that keep numerical libraries to one thread: parallelism is over blocks."""
READY: Final = "ready"
"""Said once when a worker process begins."""
OTHER_VERSIONS: Final = "other versions"
UNRECEIVED: Final = "not received"
"""Kinds of fault that concern the worker, not the replications."""
HUNG: Final = "WorkerHung"
"""Kind of fault of a unit that takes too long."""
ANSWER_S: Final = 1.0
"""Seconds that the answer of a process which is about to end has to get away."""
GRACE_S: Final = 5.0
"""Seconds beyond its limit after which a process that cannot even answer is ended."""
LAST_LINES: Final = 20
"""Lines of a traceback that are kept."""

_known: dict[str, Any] = {}
"""Digest -> the task of this worker process that has it; one at a time, since tasks come one after the other."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One block of one case, as it travels: everything that a worker needs, and nothing of the rest of the run."""

    digest: str
    """Of the task, so that a worker unpacks it once."""
    task: bytes
    """The pickled task: case, seed, what to do with a trace."""
    first: int
    end: int
    inputs: Mapping[str, Any]
    """Values of the uncertain inputs in these replications."""
    versions: Mapping[str, str] | None = None
    """What has to be installed where the unit runs; None where that is this machine."""
    limit_s: float | None = None
    """Seconds after which the process that works on it ends itself; None where its parent sees to that."""
    home: tuple[str, int] | None = None
    """Host and process that sent it, which never ends itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong in a block."""

    kind: str
    """Class of the error."""
    message: str
    last_lines: str
    """End of the traceback."""
    error: bytes | None = None
    """The error, pickled where that is possible."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came out of a block, or what went wrong in it."""

    part: Any = None
    fault: Fault | None = None


def work(unit: Unit) -> Done:
    """Run a unit: an error of the model is an answer as well, so that its replication can be found."""
    if unit.versions is not None:
        from simulator.experiment.environment import differing

        if wrong := differing(dict(unit.versions)):
            # Told from the worker's side: "here" is the worker.
            message = f"{platform.node()} has other versions than the machine that asks: {', '.join(wrong)}"
            return Done(fault=Fault(OTHER_VERSIONS, message, ""))
    try:
        task = _task(unit)
    except Exception as error:
        return Done(fault=replace(fault_of(error), kind=UNRECEIVED))
    if unit.limit_s is None or unit.home == (platform.node(), os.getpid()):
        return attempt(task, unit)
    return _within(unit.limit_s, task, unit)


def attempt(task: Callable[..., Any], unit: Unit, **options: Any) -> Done:
    """Run a task on the replications of a unit, and return what came out or went wrong."""
    try:
        return Done(task(unit.first, unit.end, unit.inputs, **options))
    except Exception as error:
        return Done(fault=fault_of(error))


def fault_of(error: Exception) -> Fault:
    """Describe an error so that it can travel."""
    lines = "".join(traceback.format_exception(error)).splitlines()[-LAST_LINES:]
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)
    except Exception:  # an error class of somebody else's may refuse in any way
        pickled = None
    return Fault(type(error).__name__, str(error), "\n".join(lines), pickled)


def _task(unit: Unit) -> Any:
    if unit.digest not in _known:
        found = pickle.loads(unit.task)
        _known.clear()
        _known[unit.digest] = found
        return found
    return _known[unit.digest]


def machine() -> dict[str, Any]:
    """Return where this process runs and what is installed there."""
    from simulator.experiment.environment import environment, versions

    return {"host": platform.node(), "versions": versions(), "cpu_features": environment()["cpu_features"]}


def _within(limit_s: float, task: Callable[..., Any], unit: Unit) -> Done:
    """Run a unit for so long. That it hangs is an answer as well, after which this process ends: nothing else stops it.

    A scheduler would hand a unit whose worker just dies to one worker after the other before it tells anybody.
    """
    import faulthandler

    answers: list[Done] = []
    thread = threading.Thread(target=lambda: answers.append(attempt(task, unit)), daemon=True)
    # A watch in C, for a loop that lets no other thread run.
    faulthandler.dump_traceback_later(limit_s + GRACE_S, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        thread.start()
        thread.join(limit_s)
    finally:
        faulthandler.cancel_dump_traceback_later()
    if answers:
        return answers[0]
    if not thread.is_alive():
        raise RuntimeError("the model ended its thread")
    frame = sys._current_frames().get(thread.ident or 0)
    lines = "".join(traceback.format_stack(frame)).splitlines()[-LAST_LINES:]
    end = threading.Timer(ANSWER_S, os._exit, (1,))
    end.daemon = True
    end.start()
    return Done(fault=Fault(HUNG, f"no answer within {limit_s:g} s", "\n".join(lines)))


def serve(pipe: Connection) -> None:
    """Answer calls that come through a pipe until it closes; the whole life of a local worker process."""
    # The parent decides what Ctrl-C means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in THREAD_LIMITS:
        os.environ[name] = "1"
    pipe.send(READY)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    fresh = True
    while True:
        try:
            function, arguments = pipe.recv()
        except (EOFError, OSError):
            return
        except Exception as error:  # a function that is not importable here
            pipe.send((False, fault_of(error)))
            continue
        try:
            answer = (True, function(*arguments))
        except Exception as error:
            answer = (False, fault_of(error))
        try:
            pipe.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return
        except Exception as error:  # an answer that cannot be pickled
            pipe.send((False, fault_of(error)))
        # A world's objects refer to each other in rings; left to chance, those of several blocks pile up.
        del arguments, answer
        gc.collect()
        if fresh:
            # What is there after the first call, the catalogue above all, stays and need not be looked at again.
            gc.freeze()
            fresh = False


def _leave_with_parent() -> None:
    """End this process when its parent is killed: nobody is left to take its answer."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
