"""Run a case: cut its replications into blocks, simulate each, reduce each trace to an outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.tables import laid_over
from simulator.domain.draws import Draws
from simulator.domain.traces import Trace
from simulator.errors import IncompleteError, InterruptedRun, UsageError
from simulator.experiment.executors import Block, parallel, serial
from simulator.experiment.memory import keep_freed_memory, return_freed_memory
from simulator.experiment.points import RANDOMISATIONS, input_values
from simulator.experiment.streams import BlockDraws

if TYPE_CHECKING:
    from simulator.scenario.case import Case

T = TypeVar("T")

LARGEST_BLOCK: Final = 1024
"""Replications per block at most: beyond it memory grows and nothing gets faster."""
SMALLEST_BLOCK: Final = 64
"""Below it the cost of an event is no longer spread over enough replications."""


class Simulate(Protocol):
    """The model, as the experiment sees it."""

    def __call__(self, case: Case, draws: Draws, replications: NDArray[np.int64]) -> Trace:
        """Run one block."""
        ...


class Progress(Protocol):
    """Told after each block."""

    def __call__(self, done: int, total: int, statistic: str) -> None:
        """``done`` of ``total`` replications are finished; ``statistic`` says what they show so far."""
        ...


@dataclass(frozen=True, slots=True)
class Outcomes(Generic[T]):
    """What the blocks of a run were reduced to, in replication order."""

    seed: int
    requested: int
    """Replications asked for."""
    blocks: tuple[Block, ...]
    """Replications [first, end) of each finished block, ascending."""
    parts: tuple[T, ...]
    """Outcome of each finished block."""
    wall_s: float
    jobs: int
    """Worker processes used."""

    @property
    def completed(self) -> int:
        """Replications finished."""
        return sum(end - first for first, end in self.blocks)


@dataclass(frozen=True, slots=True)
class BlockTask(Generic[T]):
    """Everything a worker needs, sent once: the case, the values of its inputs, what to do with a trace."""

    case: Case
    seed: int
    inputs: Mapping[str, NDArray[np.float64]]
    """Name -> value in every replication of the run."""
    outcome: Callable[[Trace], T]
    simulate: Simulate | None = field(default=None)
    """The model; None for ``simulator.model.simulate``."""

    def __call__(self, first: int, end: int, tick: Callable[[float], None] | None = None) -> T:
        """Simulate replications [first, end) and reduce their trace; ``tick`` hears the share done so far."""
        keep_freed_memory()
        with laid_over(self.case.overlay):
            return self.outcome(self.trace(np.arange(first, end, dtype=np.int64), tick))

    def trace(self, replications: NDArray[np.int64], tick: Callable[[float], None] | None = None) -> Trace:
        """Simulate any set of replications of the run as one block."""
        model = self.simulate
        if model is None:
            from simulator.model import simulate as shipped

            model = partial(shipped, tick=tick)
        cut = {name: np.ascontiguousarray(values[replications]) for name, values in self.inputs.items()}
        with laid_over(self.case.overlay):
            return model(self.case, BlockDraws(self.seed, replications, cut), replications)


def cut_blocks(replications: int, jobs: int, block_size: int | None) -> tuple[Block, ...]:
    """Return the blocks of a run: as even as the size allows, and at least one per worker if they fill it.

    >>> cut_blocks(1040, 1, None)
    ((0, 528), (528, 1040))
    """
    if block_size is None:
        share = -(-replications // max(jobs, 1))
        count = -(-replications // min(max(share, SMALLEST_BLOCK), LARGEST_BLOCK))
        # Whole rounds of the randomisations, so that even an interrupted run has all of them alike.
        block_size = -(-replications // (count * RANDOMISATIONS)) * RANDOMISATIONS
    return tuple((first, min(first + block_size, replications)) for first in range(0, replications, block_size))


def run_case(
    case: Case,
    *,
    outcome: Callable[[Trace], T],
    replications: int = 1024,
    seed: int = 0,
    jobs: int = 1,
    block_size: int | None = None,
    progress: Progress | None = None,
    statistic: Callable[[Sequence[T]], str] | None = None,
    simulate: Simulate | None = None,
) -> Outcomes[T]:
    """Simulate a case and reduce each block's trace by ``outcome``.

    The parts hold the same bytes whatever ``jobs``; joined, they hold the same bytes whatever
    ``block_size``, as long as ``outcome`` treats every replication by itself.

    Parameters
    ----------
    case
        The resolved scenario.
    outcome
        Function of a block's trace; with several jobs it must be importable by name, or a
        ``functools.partial`` of such a function.
    replications
        Number of random futures, a positive multiple of 16.
    seed
        Root seed.
    jobs
        Worker processes; 1 runs in this process.
    block_size
        Replications carried by one SimPy run; chosen from ``jobs`` when None.
    progress
        Told (done, total, statistic) at the beginning and after each block.
    statistic
        Summary of the parts finished so far, for ``progress``.
    simulate
        The model; None for the shipped one.

    Raises
    ------
    PartialRun
        On Ctrl-C (as ``InterruptedCase``) or when a worker dies; finished blocks are in ``finished``.
    """
    refuse_odd_replications(replications)
    if jobs < 1 or (block_size is not None and block_size < 1):
        raise UsageError(f"jobs and block size must be at least 1, not {jobs} and {block_size}")
    began = time.monotonic()
    blocks = cut_blocks(replications, jobs, block_size)
    jobs = min(jobs, len(blocks))
    finished: dict[int, T] = {}

    def outcomes() -> Outcomes[T]:
        order = sorted(finished)
        return Outcomes(
            seed=seed,
            requested=replications,
            blocks=tuple(blocks[position] for position in order),
            parts=tuple(finished[position] for position in order),
            wall_s=time.monotonic() - began,
            jobs=jobs,
        )

    def tell(within: int = 0) -> None:
        """Tell how many replications are done, with ``within`` replications' worth of the running block."""
        if progress is not None:
            parts = [finished[position] for position in sorted(finished)]
            done = within + sum(blocks[position][1] - blocks[position][0] for position in finished)
            progress(done, replications, statistic(parts) if statistic is not None and parts else "")

    try:
        tell()
        task = BlockTask(case, seed, input_values(case.inputs, replications, seed), outcome, simulate)

        def told(first: int, end: int) -> T:
            return task(first, end, lambda share: tell(int(share * (end - first))))

        for position, part in serial(told, blocks) if jobs == 1 else parallel(task, blocks, jobs):
            finished[position] = part
            tell()
    except KeyboardInterrupt as error:
        raise InterruptedCase(_stopped("interrupted", outcomes()), outcomes()) from error
    except IncompleteError as error:
        raise PartialRun(_stopped(str(error), outcomes()), outcomes()) from error
    finally:
        return_freed_memory()
    return outcomes()


def refuse_odd_replications(replications: int) -> None:
    """Raise UsageError unless a number of replications fills the 16 randomisations alike."""
    if replications < 1 or replications % RANDOMISATIONS:
        raise UsageError(
            f"replications must be a positive multiple of {RANDOMISATIONS}, not {replications}; "
            f"the nearest is {nearest_multiple(replications)}"
        )


def nearest_multiple(replications: int) -> int:
    """Return the positive multiple of 16 closest to a number of replications.

    >>> nearest_multiple(1000), nearest_multiple(1), nearest_multiple(40)
    (1008, 16, 48)
    """
    return max(1, (replications + RANDOMISATIONS // 2) // RANDOMISATIONS) * RANDOMISATIONS


class PartialRun(IncompleteError):
    """A run that stopped early, with the blocks that were finished."""

    def __init__(self, message: str, finished: Outcomes[T]) -> None:
        super().__init__(message)
        self.finished = finished


class InterruptedCase(PartialRun, InterruptedRun):
    """A run stopped by Ctrl-C, with the blocks that were finished."""

    exit_code = InterruptedRun.exit_code


def _stopped(why: str, outcomes: Outcomes[T]) -> str:
    return f"{why} after {outcomes.completed} of {outcomes.requested} replications"
