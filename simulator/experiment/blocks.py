"""Run a case: cut its replications into blocks, simulate each, reduce each trace to an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.tables import laid_over
from simulator.domain.draws import Draws
from simulator.domain.traces import Trace
from simulator.errors import IncompleteError, InterruptedRun, UsageError
from simulator.experiment.executors import Block, Jobs
from simulator.experiment.memory import keep_freed_memory, narrow_buffers, without_collections
from simulator.experiment.points import MOST_REPLICATIONS, RANDOMISATIONS
from simulator.experiment.streaming import Failure
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


class Keeper(Protocol[T]):
    """Keeps the parts of a run as they come, so that a run that was stopped goes on where it stood."""

    def finished(self) -> Sequence[tuple[Block, T]]:
        """Return the parts that were kept earlier, with their replications, ascending."""
        ...

    def keep(self, block: Block, part: T) -> T:
        """Keep a part that has just come, and return what of it the run needs to hold.

        Raises
        ------
        IncompleteError
            If it cannot be kept.
        """
        ...

    def failed(self, failure: Failure) -> None:
        """Note a replication that came to nothing."""
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
    """Workers used."""
    failed: tuple[Failure, ...] = ()
    """Replications that came to nothing, ascending."""

    @property
    def completed(self) -> int:
        """Replications finished."""
        return sum(end - first for first, end in self.blocks)


@dataclass(frozen=True, slots=True)
class BlockTask(Generic[T]):
    """What a worker needs besides the numbers of replications and the values of their inputs."""

    case: Case
    seed: int
    outcome: Callable[[Trace], T]
    """What to do with a trace."""
    simulate: Simulate | None = field(default=None)
    """The model; None for the shipped one."""
    cut_off: Case | None = None
    """The same case with China cut off on the deadline: simulated on the same draws, its chains go with the trace."""
    assemble: Callable[[Sequence[T]], T] | None = None
    """Makes one of what ``outcome`` says of one commodity after the other, which saves time and memory where nothing
    ties them together (``simulator.model.block``); where something does, ``outcome`` is asked again, of all at once.
    None where it must always see all."""

    def __call__(
        self,
        first: int,
        end: int,
        inputs: Mapping[str, NDArray[np.float64]],
        tick: Callable[[float], None] | None = None,
    ) -> T:
        """Simulate replications [first, end) and reduce their trace; ``tick`` hears the share done so far."""
        keep_freed_memory()
        replications = np.arange(first, end, dtype=np.int64)
        told = None if tick is None else _rising(tick)
        with laid_over(self.case.overlay), narrow_buffers(LARGEST_BLOCK):
            found = self._by_commodity(replications, inputs, told)
            return self.outcome(self.trace(replications, inputs, told)) if found is None else found

    def trace(
        self,
        replications: NDArray[np.int64],
        inputs: Mapping[str, NDArray[np.float64]],
        tick: Callable[[float], None] | None = None,
    ) -> Trace:
        """Simulate any replications of the run as one block, on the values of the inputs in them."""
        with laid_over(self.case.overlay), without_collections():
            traces = [
                self._model(told)(case, BlockDraws(self.seed, replications, inputs), replications)
                for case, told in self._cases(tick)
            ]
        return traces[0] if self.cut_off is None else _with_cut(*traces)

    def _model(self, tick: Callable[[float], None] | None) -> Simulate:
        if self.simulate is not None:
            return self.simulate
        from simulator.model import simulate

        return partial(simulate, tick=tick)

    def _by_commodity(
        self,
        replications: NDArray[np.int64],
        inputs: Mapping[str, NDArray[np.float64]],
        tick: Callable[[float], None] | None,
    ) -> T | None:
        """Simulate and reduce one commodity after the other; None where all must run together."""
        global _met
        if self.simulate is not None or self.assemble is None or _may_meet(self.case):
            return None
        from simulator.model import CommoditiesMeet, one_by_one

        try:
            with without_collections():
                runs = [
                    one_by_one(case, BlockDraws(self.seed, replications, inputs), replications, told)
                    for case, told in self._cases(tick)
                ]
                traces = runs[0] if self.cut_off is None else starmap(_with_cut, zip(*runs, strict=True))
                return self.assemble(tuple(map(self.outcome, traces)))
        except CommoditiesMeet:
            _met = self.case
            return None

    def _cases(self, tick: Callable[[float], None] | None) -> list[tuple[Case, Callable[[float], None] | None]]:
        """Return what is to be simulated, each with whom to tell the share done of it."""
        cases = [self.case] if self.cut_off is None else [self.case, self.cut_off]
        shares = [0.0] * len(cases)

        def tell(place: int, share: float) -> None:
            shares[place] = share
            if tick is not None:
                tick(sum(shares) / len(shares))

        return [(case, None if tick is None else partial(tell, place)) for place, case in enumerate(cases)]


_met: Case | None = None
"""The case whose commodities met last in this process."""


def _may_meet(case: Case) -> bool:
    """Whether to expect that its commodities meet: another block of the case did, or a case with the same own rows."""
    return _met is not None and (_met is case or (case.overlay is not None and case.overlay == _met.overlay))


def _with_cut(trace: Trace, under_cut: Trace) -> Trace:
    return replace(trace, under_cut=under_cut.chains)


def _rising(tick: Callable[[float], None]) -> Callable[[float], None]:
    """Return a ``tick`` that is told of no share less than one before, as when all is run again together."""
    most = 0.0

    def tell(share: float) -> None:
        nonlocal most
        most = max(most, share)
        tick(most)

    return tell


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
    jobs: Jobs = 1,
    block_size: int | None = None,
    progress: Progress | None = None,
    statistic: Callable[[Sequence[T]], str] | None = None,
    simulate: Simulate | None = None,
    keeper: Keeper[T] | None = None,
    assemble: Callable[[Sequence[T]], T] | None = None,
) -> Outcomes[T]:
    """Simulate a case and reduce each block's trace by ``outcome``.

    The parts hold the same bytes whatever ``jobs``; joined, they hold the same bytes whatever
    ``block_size``, as long as ``outcome`` treats every replication by itself.

    Parameters
    ----------
    case
        The resolved scenario.
    outcome
        Function of a block's trace; with several workers it must be importable by name, or a
        ``functools.partial`` of such a function.
    replications
        Number of random futures, a positive multiple of 16.
    seed
        Root seed.
    jobs
        Worker processes (1 runs in this process), or a ``concurrent.futures.Executor``.
    block_size
        Replications carried by one SimPy run; chosen from ``jobs`` when None.
    progress
        Told (done, total, statistic) at the beginning and after each block.
    statistic
        Summary of the parts finished so far, for ``progress``.
    simulate
        The model; None for the shipped one.
    keeper
        Takes each part as it comes, and knows those that were finished earlier.
    assemble
        Makes one of what ``outcome`` says of one commodity after the other; see ``BlockTask``.

    Raises
    ------
    PartialRun
        On Ctrl-C (as ``InterruptedCase``), when the workers are gone, when a part cannot be kept, or when a replication
        fails; finished blocks are in ``finished``.
    """
    from simulator.experiment.cases import CaseRun, run_cases

    wanted = CaseRun(case, replications, seed, outcome=outcome, keeper=keeper, statistic=statistic, assemble=assemble)
    ((_, outcomes),) = run_cases([wanted], jobs=jobs, block_size=block_size, progress=progress, simulate=simulate)
    if outcomes.failed:
        raise PartialRun(failures_text(outcomes), outcomes)
    return outcomes


def continued(earlier: Outcomes[T], later: Outcomes[T]) -> Outcomes[T]:
    """Return two runs of one case, of which the later went on where the earlier ended, as one."""
    return Outcomes(
        seed=later.seed,
        requested=earlier.requested + later.requested,
        blocks=(*earlier.blocks, *later.blocks),
        parts=(*earlier.parts, *later.parts),
        wall_s=earlier.wall_s + later.wall_s,
        jobs=max(earlier.jobs, later.jobs),
        failed=(*earlier.failed, *later.failed),
    )


def failures_text(outcomes: Outcomes[Any]) -> str:
    """Return, ready for a message, which replications of a run failed and why."""
    numbers = ", ".join(str(item.replication) for item in outcomes.failed)
    first = outcomes.failed[0]
    return (
        f"{len(outcomes.failed)} of {outcomes.requested:,} replications failed (seed {outcomes.seed}, "
        f"number {numbers}; {first.kind}: {first.message}); the other {outcomes.completed:,} are kept"
    )


def refuse_odd_replications(replications: int) -> None:
    """Raise UsageError unless a number of replications fills the 16 randomisations alike and is not too large."""
    if replications < 1 or replications % RANDOMISATIONS:
        raise UsageError(
            f"replications must be a positive multiple of {RANDOMISATIONS}, not {replications}; "
            f"the nearest is {nearest_multiple(replications)}"
        )
    if replications > MOST_REPLICATIONS:
        raise UsageError(f"{replications:,} replications are too many; at most {MOST_REPLICATIONS:,} are accepted")


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
