"""Run many cases over one pool of workers; what they come to never depends on how many workers there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.errors import IncompleteError, InterruptedRun, UsageError
from simulator.experiment.blocks import BlockTask, Progress, cut_blocks, refuse_odd_replications
from simulator.experiment.executors import Block, parallel_units
from simulator.experiment.memory import return_freed_memory
from simulator.experiment.points import RANDOMISATIONS, input_values

if TYPE_CHECKING:
    from simulator.domain.facts import UncertainInput
    from simulator.domain.traces import Trace
    from simulator.scenario.case import Case

T = TypeVar("T")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One case among many, with its futures."""

    case: Case
    replications: int
    """Random futures, a positive multiple of 16."""
    seed: int = 0
    inputs: Mapping[str, Floats] | None = None
    """Uncertain input -> (replications,) values that stand in for those of the run's own points.

    Inputs left out keep theirs. Causes drawn by chance stay keyed by seed and replication, so that two
    cases with the same seed differ by their inputs alone.
    """
    first: int = 0
    """First future, a multiple of 16; a run of all is the same as runs of its parts."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One block of one case."""

    position: int
    """Of the case among those wanted."""
    block: Block


def run_many(
    wanted: Sequence[Wanted],
    *,
    reduce: Callable[[Trace, Case], T],
    jobs: int = 1,
    progress: Progress | None = None,
) -> Iterator[tuple[int, tuple[T, ...]]]:
    """Simulate cases and yield what each came to, in the order asked for.

    Blocks of different cases run side by side; a case is yielded once its blocks and all cases before
    it are finished.

    Parameters
    ----------
    wanted
        The cases with their replications, seeds and inputs.
    reduce
        Function of a block's trace and its case; with several jobs it must be importable by name, or a
        ``functools.partial`` of such a function.
    jobs
        Worker processes; 1 runs in this process.
    progress
        Told (done, total, statistic) in replications of all cases together.

    Yields
    ------
    tuple
        Position in ``wanted``, and the parts of its blocks in the order of replications.

    Raises
    ------
    UsageError
        If a number of replications or the values of an input do not fit: before anything runs.
    InterruptedRun
        On Ctrl-C, after every finished case has been yielded.
    IncompleteError
        If a worker process died, after every finished case has been yielded.
    """
    _check(wanted, jobs)
    plan = _plan(wanted, jobs)
    total = sum(item.replications for item in wanted)
    parts: dict[int, dict[Block, T]] = {}
    left = {position: sum(unit.position == position for unit in plan) for position in range(len(wanted))}
    done = 0
    following = 0

    def tell(within: float = 0.0) -> None:
        if progress is not None:
            progress(done + int(within), total, "")

    tell()
    try:
        for unit, part in _results(wanted, plan, reduce, min(jobs, len(plan)), tell):
            done += unit.block[1] - unit.block[0]
            tell()
            parts.setdefault(unit.position, {})[unit.block] = part
            left[unit.position] -= 1
            while following in parts and not left[following]:
                yield following, _in_order(parts.pop(following))
                following += 1
    except KeyboardInterrupt as error:
        yield from _finished(parts, left)
        raise InterruptedRun(f"interrupted after {done:,} of {total:,} replications") from error
    except IncompleteError:
        yield from _finished(parts, left)
        raise
    finally:
        return_freed_memory()


def _check(wanted: Sequence[Wanted], jobs: int) -> None:
    if jobs < 1:
        raise UsageError(f"jobs must be at least 1, not {jobs}")
    for item in wanted:
        refuse_odd_replications(item.replications)
        known = {one.name for one in item.case.inputs}
        if item.first % RANDOMISATIONS or (item.first and item.inputs):
            raise UsageError(f"a part of a run begins at a multiple of {RANDOMISATIONS}, with the run's own inputs")
        for name, values in (item.inputs or {}).items():
            if name not in known:
                raise UsageError(f"{item.case.name!r} has no uncertain input {name!r}")
            if np.shape(values) != (item.replications,):
                raise UsageError(f"input {name!r} needs {item.replications} values, not {np.shape(values)}")


def _plan(wanted: Sequence[Wanted], jobs: int) -> list[Unit]:
    """Return the units in the order they are begun: cases as asked for, split only where workers would idle."""
    share = -(-jobs // max(len(wanted), 1))
    return [
        Unit(position, block)
        for position, item in enumerate(wanted)
        for begin, end in cut_blocks(item.replications, share, None)
        for block in ((item.first + begin, item.first + end),)
    ]


def _results(
    wanted: Sequence[Wanted],
    plan: Sequence[Unit],
    reduce: Callable[[Trace, Case], T],
    jobs: int,
    tell: Callable[[float], None],
) -> Iterator[tuple[Unit, T]]:
    points = Points()

    def task(unit: Unit) -> BlockTask[T]:
        item = wanted[unit.position]
        inputs = {**points.of(item), **(item.inputs or {})}
        return BlockTask(item.case, item.seed, inputs, partial(_reduced, reduce, item.case))

    if jobs > 1:
        for place, part in parallel_units(((task(unit), unit.block) for unit in plan), jobs):
            yield plan[place], part
        return
    for unit in plan:
        first, end = unit.block
        yield unit, task(unit)(first, end, partial(_tell_share, tell, end - first))


def _reduced(reduce: Callable[[Trace, Case], T], case: Case, trace: Trace) -> T:
    return reduce(trace, case)


def _tell_share(tell: Callable[[float], None], size: int, share: float) -> None:
    tell(share * size)


class Points:
    """Values of the uncertain inputs, kept while cases that follow each other share them."""

    def __init__(self) -> None:
        self._key: tuple[tuple[UncertainInput, ...], int, int] | None = None
        self._values: Mapping[str, Floats] = {}

    def of(self, item: Wanted) -> Mapping[str, Floats]:
        """Return input -> (first + replications,) values of a wanted case."""
        count = item.first + item.replications
        key = (tuple(item.case.inputs), count, item.seed)
        if key != self._key:
            self._key, self._values = key, input_values(item.case.inputs, count, item.seed)
        return self._values


def _in_order(blocks: Mapping[Block, T]) -> tuple[T, ...]:
    return tuple(blocks[block] for block in sorted(blocks))


def _finished(parts: dict[int, dict[Block, T]], left: Mapping[int, int]) -> Iterator[tuple[int, tuple[T, ...]]]:
    for position in sorted(parts):
        if not left[position]:
            yield position, _in_order(parts[position])
