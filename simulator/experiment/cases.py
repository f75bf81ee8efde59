"""Run many cases over one set of workers: units of a block of a case stream through, few at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.errors import IncompleteError, UsageError
from simulator.experiment.blocks import (
    BlockTask,
    InterruptedCase,
    Keeper,
    Outcomes,
    PartialRun,
    Progress,
    Simulate,
    cut_blocks,
    refuse_odd_replications,
)
from simulator.experiment.executors import Block, InThisProcess, Jobs, check_jobs, opened, pickled, submit, worker_count
from simulator.experiment.local_workers import LocalWorkers
from simulator.experiment.memory import return_freed_memory
from simulator.experiment.points import Points
from simulator.experiment.streaming import Failure, Piece, Stream, TooManyFailures, error_of
from simulator.experiment.worker import Done, Unit, attempt

if TYPE_CHECKING:
    from simulator.domain.facts import UncertainInput
    from simulator.domain.traces import Trace
    from simulator.scenario.case import Case

T = TypeVar("T")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CaseRun(Generic[T]):
    """One case among several, with its futures."""

    case: Case
    replications: int
    """Random futures, a positive multiple of 16."""
    seed: int
    outcome: Callable[[Trace], T]
    """Function of a block's trace; importable by name where there are workers."""
    first: int = 0
    """First future."""
    inputs: Mapping[str, Floats] = field(default_factory=dict)
    """Uncertain input -> (replications,) values that stand in for those of the run's own points."""
    keeper: Keeper[T] | None = None
    cut_off: Case | None = None
    """The case with China cut off on the deadline, where its chains are to go with each trace; twice the work."""
    statistic: Callable[[Sequence[T]], str] | None = None
    """Summary of the parts finished so far, for whoever watches."""
    assemble: Callable[[Sequence[T]], T] | None = None
    """Makes one of what ``outcome`` says of one commodity after the other; see ``BlockTask``."""


class _UnderWay(Generic[T]):
    """What has come of one case so far."""

    def __init__(self, wanted: CaseRun[T]) -> None:
        self.wanted = wanted
        self.parts: dict[Block, T] = {}
        self.failed: dict[int, Failure] = {}
        self.done = 0
        if wanted.keeper is not None:
            for block, part in wanted.keeper.finished():
                self._take(block, part)

    def take(self, block: Block, answer: Any) -> None:
        """Take a part or a failure, and have it kept."""
        keeper = self.wanted.keeper
        if isinstance(answer, Failure):
            self.failed[answer.replication] = answer
            if keeper is not None:
                keeper.failed(answer)
            return
        try:
            self._take(block, answer if keeper is None else keeper.keep(block, answer))
        except IncompleteError:
            # It could not be kept, but it is finished.
            self._take(block, answer)
            raise

    def _take(self, block: Block, part: T) -> None:
        self.parts[block] = part
        self.done += block[1] - block[0]

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.done + len(self.failed) >= self.wanted.replications

    def missing(self, size: int) -> Iterator[Block]:
        """Yield the blocks that are still to be simulated, cut at multiples of a size as an undisturbed run is."""
        begin, end = self.wanted.first, self.wanted.first + self.wanted.replications
        gaps, at = [], begin
        for first, last in sorted(self.parts):
            if first > at:
                gaps.append((at, first))
            at = max(at, last)
        if at < end:
            gaps.append((at, end))
        for low, high in gaps:
            while low < high:
                stop = min(high, begin + ((low - begin) // size + 1) * size)
                yield low, stop
                low = stop

    def statistic(self) -> str:
        """Return what the parts show so far."""
        if self.wanted.statistic is None or not self.parts:
            return ""
        return self.wanted.statistic([self.parts[block] for block in sorted(self.parts)])

    def outcomes(self, began: float, workers: int) -> Outcomes[T]:
        """Return what there is."""
        order = sorted(self.parts)
        return Outcomes(
            seed=self.wanted.seed,
            requested=self.wanted.replications,
            blocks=tuple(order),
            parts=tuple(self.parts[block] for block in order),
            wall_s=time.monotonic() - began,
            jobs=workers,
            failed=tuple(self.failed[number] for number in sorted(self.failed)),
        )


def run_cases(
    wanted: Sequence[CaseRun[T]],
    *,
    jobs: Jobs = 1,
    block_size: int | None = None,
    progress: Progress | None = None,
    simulate: Simulate | None = None,
) -> Iterator[tuple[int, Outcomes[T]]]:
    """Simulate cases and yield what each came to, in the order asked for.

    Blocks of different cases run side by side; a case is yielded once its blocks and all cases before it are
    finished, and is then forgotten. Replications that failed stand in ``Outcomes.failed``.

    Parameters
    ----------
    wanted
        The cases, each with its keeper if it has one.
    jobs
        Worker processes (1 runs in this process), or a ``concurrent.futures.Executor``.
    block_size
        Replications of a unit; chosen from the number of workers when None.
    progress
        Told (done, total, statistic) in replications of all cases together.
    simulate
        The model; None for the shipped one.

    Raises
    ------
    UsageError
        If a number of replications or workers does not fit: before anything runs.
    PartialRun
        On Ctrl-C (as ``InterruptedCase``), when the workers are gone or a part cannot be kept: after every finished
        case has been yielded, with what there is of the first unfinished one in ``finished``.
    """
    check_jobs(jobs)
    if block_size is not None and block_size < 1:
        raise UsageError(f"the block size must be at least 1, not {block_size}")
    for item in wanted:
        refuse_odd_replications(item.replications)
    yield from _Runs(wanted, jobs, block_size, progress, simulate).run()


class _Runs(Generic[T]):
    """The cases of one call of ``run_cases``."""

    def __init__(
        self,
        wanted: Sequence[CaseRun[T]],
        jobs: Jobs,
        block_size: int | None,
        progress: Progress | None,
        simulate: Simulate | None,
    ) -> None:
        self._wanted, self._jobs, self._progress, self._simulate = wanted, jobs, progress, simulate
        self._began = self._case_began = time.monotonic()
        self._total = sum(item.replications for item in wanted)
        self._runs: dict[int, _UnderWay[T]] = {}
        self._there: dict[int, int] = {}
        """Case that an earlier run finished and whose turn has not come -> its replications."""
        self._following = 0
        self._done = 0
        """Replications of cases that were yielded."""
        workers = worker_count(jobs)
        self._share = -(-workers // max(len(wanted), 1))
        self._block_size = block_size
        self._units = sum(self._count(item) for item in wanted)
        local = isinstance(jobs, int | LocalWorkers)
        self._workers = max(1, min(workers, self._units)) if local else workers
        if self._workers == 1 and isinstance(jobs, LocalWorkers) and not jobs.strict:
            self._jobs = 1
        self._tasks = _Tasks(simulate)

    def _size(self, item: CaseRun[T]) -> int:
        first, end = cut_blocks(item.replications, self._share, self._block_size)[0]
        return end - first

    def _count(self, item: CaseRun[T]) -> int:
        return -(-item.replications // self._size(item))

    def _units_of(self) -> Iterator[tuple[int, Block]]:
        """Yield the units of all cases, cases in order; what was finished earlier is looked up only when it is due."""
        for position in range(self._following, len(self._wanted)):
            run = self._run(position)
            if run.over:
                # Held until its turn, its parts and those of all others would fill memory: they are read again then.
                self._there[position] = run.done
                del self._runs[position]
                continue
            for block in run.missing(self._size(self._wanted[position])):
                yield position, block

    def _run(self, position: int) -> _UnderWay[T]:
        if position not in self._runs:
            self._runs[position] = _UnderWay(self._wanted[position])
        return self._runs[position]

    def run(self) -> Iterator[tuple[int, Outcomes[T]]]:
        """Yield position and outcomes of each case; see ``run_cases``."""
        try:
            self._tell()
            while self._following < len(self._wanted) and self._run(self._following).over:
                yield from self._over()
            with opened(self._jobs, self._workers) as executor:
                stream = Stream(executor, self._workers, partial(self._send, executor))
                for position, block, answer in stream.answers(self._units_of()):
                    self._run(position).take(block, answer)
                    self._tell()
                    yield from self._over()
            # Cases of which everything was there already.
            yield from self._over()
        except KeyboardInterrupt as error:
            yield from self._over()
            raise InterruptedCase(self._stopped("interrupted"), self._rest()) from error
        except TooManyFailures as error:
            if not any(run.parts for run in self._runs.values()) and not self._done:
                # Nothing comes of anything, so this is no fault of single replications.
                raise error_of(error.failures[0]) from error
            yield from self._over()
            raise PartialRun(self._stopped(str(error)), self._rest()) from error
        except IncompleteError as error:
            yield from self._over()
            raise PartialRun(self._stopped(str(error)), self._rest()) from error
        finally:
            return_freed_memory()
            if isinstance(self._jobs, LocalWorkers):
                # Nothing is left to do, or what is under way has nobody to take it.
                self._jobs.abort()

    def _send(self, executor: Executor, piece: Piece) -> Future[Done]:
        item = self._wanted[piece.position]
        first, end = piece.block
        inputs = self._tasks.inputs(item, first, end)
        if isinstance(executor, InThisProcess):
            unit = Unit("", b"", first, end, inputs)
            tell = partial(self._tell_share, end - first)
            return executor.submit(attempt, self._tasks.plain(item), unit, tick=tell)
        digest, pickled = self._tasks.pickled(piece.position, item)
        return submit(executor, Unit(digest, pickled, first, end, inputs), piece.share)

    def _over(self) -> Iterator[tuple[int, Outcomes[T]]]:
        """Yield the cases that are over, in order, as far as they follow each other."""
        while self._following < len(self._wanted):
            if self._there.pop(self._following, None) is not None:
                self._run(self._following)
            run = self._runs.get(self._following)
            if run is None or not run.over:
                return
            del self._runs[self._following]
            self._done += run.wanted.replications
            self._following += 1
            outcomes = run.outcomes(self._case_began, self._workers)
            self._case_began = time.monotonic()
            yield self._following - 1, outcomes

    def _rest(self) -> Outcomes[T]:
        if self._following >= len(self._wanted):
            return Outcomes(seed=0, requested=0, blocks=(), parts=(), wall_s=0.0, jobs=self._workers)
        return self._run(self._following).outcomes(self._case_began, self._workers)

    def _finished(self) -> int:
        return self._done + sum(self._there.values()) + sum(run.done for run in self._runs.values())

    def _tell_share(self, size: int, share: float) -> None:
        self._tell(int(share * size))

    def _tell(self, within: int = 0) -> None:
        """Tell how many replications are done, with ``within`` replications' worth of the running block."""
        if self._progress is None:
            return
        run = self._runs.get(self._following)
        # By what is finished, not by answers: a unit in which something fails comes in many parts.
        units = self._units * self._finished() // max(self._total, 1)
        said = [f"unit {units} of {self._units}"] if self._units > 1 and units else []
        said += [text] if run is not None and (text := run.statistic()) else []
        self._progress(self._finished() + within, self._total, ", ".join(said))

    def _stopped(self, why: str) -> str:
        return f"{why} after {self._finished():,} of {self._total:,} replications"


class _Tasks:
    """Tasks and input values, kept while units that follow each other share them."""

    def __init__(self, simulate: Simulate | None) -> None:
        self._simulate = simulate
        self._points_key: tuple[tuple[UncertainInput, ...], int, int] | None = None
        self._points: Points | None = None
        self._position = -1
        self._pickled = ("", b"")

    def plain(self, item: CaseRun[Any]) -> BlockTask[Any]:
        """Return the task of a case."""
        return BlockTask(item.case, item.seed, item.outcome, self._simulate, item.cut_off, item.assemble)

    def pickled(self, position: int, item: CaseRun[Any]) -> tuple[str, bytes]:
        """Return digest and bytes of the task of a case."""
        if position != self._position:
            content = pickled(self.plain(item))
            self._position, self._pickled = position, (blake2b(content, digest_size=16).hexdigest(), content)
        return self._pickled

    def inputs(self, item: CaseRun[Any], first: int, end: int) -> dict[str, Floats]:
        """Return input -> (end - first,) values in replications [first, end)."""
        key = (tuple(item.case.inputs), item.first + item.replications, item.seed)
        if key != self._points_key or self._points is None:
            self._points_key, self._points = key, Points(*key)
        own = {name: values[first - item.first : end - item.first] for name, values in item.inputs.items()}
        return {**self._points.values(first, end), **own}
