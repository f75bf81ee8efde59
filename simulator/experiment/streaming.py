"""Units of work through any executor: few under way at a time, nothing finished lost, what fails is found.

A unit is a block of one case. A block in which something raises, or whose worker dies or hangs again and again, is
halved until the replications at fault stand alone; they are told as failures and the others of the block are
finished. This is exact, since a replication alone comes to the same bytes as in any block.
"""

from __future__ import annotations

import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

from simulator.errors import CatalogueError, IncompleteError, InputError, SimulatorError, UsageError
from simulator.experiment.executors import IN_FLIGHT_PER_WORKER, Block, InThisProcess
from simulator.experiment.interrupts import Interrupts
from simulator.experiment.local_workers import CallFailed, WorkerHung
from simulator.experiment.watch import Watch, WorkersGone
from simulator.experiment.worker import HUNG, OTHER_VERSIONS, UNRECEIVED, Done, Fault

MOST_FAILURES: Final = 8
"""Replications at fault that are looked for in a run; more of them are a fault of the model or the machine."""
MOST_DEATHS: Final = 4
"""The same where workers die or hang of them, which takes longer to find out."""
LONE_DEATHS: Final = 2
"""Times that the worker of a single replication, with nothing else under way, has to die before it is blamed."""
DIED: Final = "WorkerDied"
"""Kind of failure of a replication whose worker ends by itself; ``HUNG`` where it takes too long."""
_POLL_S: Final = 0.5
_GIVE_UP_S: Final = 5.0
_SAME_FOR_ALL: Final = (UsageError, InputError, CatalogueError)


@dataclass(frozen=True, slots=True)
class Failure:
    """A replication that came to nothing."""

    replication: int
    kind: str
    """Class of the error, or what became of its worker."""
    message: str
    last_lines: str
    """End of the traceback, empty where there is none."""
    error: bytes | None = None
    """The error, pickled where that is possible."""


class TooManyFailures(IncompleteError):
    """So many replications fail that the rest were not looked into."""

    def __init__(self, failures: list[Failure]) -> None:
        first = failures[0]
        super().__init__(
            f"{len(failures)} replications fail, the first being {first.replication} ({first.kind}: {first.message}); "
            "no more were looked into"
        )
        self.failures = failures


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit, or a part of one, on its way."""

    place: int
    """Of the unit among all."""
    position: int
    """Of its case among those wanted."""
    block: Block
    share: float = 1.0
    """Of the unit's replications."""
    lone_deaths: int = 0

    def halves(self) -> tuple[Piece, Piece]:
        """Return the two halves of the block."""
        first, end = self.block
        middle = (first + end) // 2
        lower, upper = (replace(self, block=part, lone_deaths=0) for part in ((first, middle), (middle, end)))
        size = end - first
        return (
            replace(lower, share=self.share * (middle - first) / size),
            replace(upper, share=self.share * (end - middle) / size),
        )

    @property
    def single(self) -> bool:
        """Whether it is one replication."""
        return self.block[1] - self.block[0] == 1


Answer = tuple[int, Block, Any]
"""Position of the case, replications, and their part, or a Failure."""


class Stream:
    """Sends units and takes their answers.

    Parameters
    ----------
    executor
        Who does the work.
    workers
        How many there are.
    send
        Hands out a piece.
    """

    def __init__(self, executor: Executor, workers: int, send: Callable[[Piece], Future[Done]]) -> None:
        self._workers, self._send = workers, send
        self._here = isinstance(executor, InThisProcess)
        self._watch = Watch(executor)
        self._most = 1 if self._here else IN_FLIGHT_PER_WORKER * workers
        self._again: deque[Piece] = deque()
        self._alone: deque[Piece] = deque()
        self._running: dict[Future[Done], Piece] = {}
        self._failures: list[Failure] = []
        self._lone: Future[Done] | None = None

    def answers(self, units: Iterable[tuple[int, Block]]) -> Iterator[Answer]:
        """Yield each answer as it comes, in any order; units are taken one by one as workers come free.

        After Ctrl-C what is under way is finished and yielded, then KeyboardInterrupt goes on; a second Ctrl-C goes
        on at once.
        """
        waiting = (Piece(place, position, block) for place, (position, block) in enumerate(units))
        # In this process a block is not waited for: nobody else could be working on one.
        with self._watch, nullcontext(Interrupts()) if self._here else Interrupts() as interrupts:
            try:
                while True:
                    self._fill(waiting)
                    if not self._running:
                        return
                    done = wait(self._running, timeout=_POLL_S, return_when=FIRST_COMPLETED).done
                    # By place, so that what the caller sees does not depend on the order in a set.
                    for future in sorted(done, key=lambda item: self._order(self._running[item])):
                        yield from self._taken(future)
                    if interrupts.asked:
                        yield from self._last()
                        raise KeyboardInterrupt
                    if not done:
                        self._watch.check()
            finally:
                self._give_up()

    def _give_up(self) -> None:
        """Cancel what is under way, without waiting for a scheduler that hangs."""

        def cancel() -> None:
            for future in list(self._running):
                future.cancel()

        if not self._watch.watching:
            cancel()
            return
        giving_up = threading.Thread(target=cancel, daemon=True)
        giving_up.start()
        giving_up.join(_GIVE_UP_S)

    @staticmethod
    def _order(piece: Piece) -> tuple[int, int]:
        return piece.place, piece.block[0]

    def _fill(self, waiting: Iterator[Piece]) -> None:
        """Hand out pieces until enough are under way; suspects go alone, with nothing else under way."""
        while len(self._running) < self._most and self._lone is None:
            if self._alone:
                if self._running:
                    return
                piece = self._alone.popleft()
                self._lone = self._sent(piece)
                return
            following = self._again.popleft() if self._again else next(waiting, None)
            if following is None:
                return
            self._sent(following)

    def _sent(self, piece: Piece) -> Future[Done]:
        try:
            future = self._send(piece)
        except (BrokenExecutor, RuntimeError) as error:
            raise WorkersGone(f"the workers take no more work: {error}") from error
        self._running[future] = piece
        return future

    def _taken(self, future: Future[Done]) -> Iterator[Answer]:
        piece = self._running.pop(future)
        alone, self._lone = future is self._lone, None if future is self._lone else self._lone
        try:
            done = future.result()
        except CancelledError as error:
            raise WorkersGone("the connection to the scheduler is lost, or it was ended") from error
        except CallFailed as error:
            raise WorkersGone(f"a worker cannot do the work: {error}") from error
        except Exception as error:
            if not isinstance(error, BrokenExecutor) and type(error).__name__ != "KilledWorker":
                raise
            yield from self._died(piece, error, alone)
            return
        if done.fault is None:
            yield piece.position, piece.block, done.part
        else:
            yield from self._raised(piece, done.fault)

    def _last(self) -> Iterator[Answer]:
        """Yield the answers of the pieces that had begun, the oldest; the others are given up.

        One whose worker goes meanwhile is left for another day, like those that had not begun.
        """
        left = sorted(self._running, key=lambda item: self._order(self._running[item]))
        begun = left[: self._workers]
        for future in left[self._workers :]:
            if not future.cancel():
                begun.append(future)
        for future in begun:
            try:
                while not wait((future,), timeout=_POLL_S).done:
                    self._watch.check()
                done = future.result()
            except Exception:  # whatever an executor says of a worker that died, hung or cannot be reached
                continue
            piece = self._running.pop(future)
            if done.fault is None:
                yield piece.position, piece.block, done.part

    def _raised(self, piece: Piece, fault: Fault) -> Iterator[Answer]:
        if fault.kind == OTHER_VERSIONS:
            raise WorkersGone(f"{fault.message}; install the same versions there, or leave that machine out")
        if fault.kind == UNRECEIVED:
            raise UsageError(
                f"workers cannot receive the task ({fault.message}); give functions importable by name there, or use "
                "jobs=1"
            )
        error = error_of(fault)
        if isinstance(error, _SAME_FOR_ALL):
            raise error
        if not piece.single:
            self._again.extendleft(reversed(piece.halves()))
            return
        yield self._failed(piece, Failure(piece.block[0], fault.kind, fault.message, fault.last_lines, fault.error))

    def _died(self, piece: Piece, error: Exception, alone: bool) -> Iterator[Answer]:
        hung = isinstance(error, WorkerHung)
        if alone or hung:
            piece = replace(piece, lone_deaths=piece.lone_deaths + 1)
            if not piece.single:
                self._alone.extendleft(reversed(piece.halves()))
                return
            if hung or piece.lone_deaths >= LONE_DEATHS:
                kind = HUNG if hung else DIED
                yield self._failed(piece, Failure(piece.block[0], kind, str(error), ""))
                return
        self._alone.append(piece)

    def _failed(self, piece: Piece, failure: Failure) -> Answer:
        self._failures.append(failure)
        deaths = sum(item.kind in (HUNG, DIED) for item in self._failures)
        if len(self._failures) >= MOST_FAILURES or deaths >= MOST_DEATHS:
            raise TooManyFailures(self._failures)
        return piece.position, piece.block, failure


def error_of(fault: Fault | Failure) -> Exception:
    """Return the error that was caught, or one that tells of it."""
    if fault.error is not None:
        found = pickle.loads(fault.error)
        if isinstance(found, Exception):
            return found
    return SimulatorError(f"{fault.kind}: {fault.message}\n{fault.last_lines}")
