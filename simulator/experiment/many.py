"""Run many cases over one pool of workers; what they come to never depends on how many workers there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.errors import IncompleteError, InterruptedRun, UsageError
from simulator.experiment.blocks import InterruptedCase, Progress, failures_text, refuse_odd_replications
from simulator.experiment.cases import CaseRun, run_cases
from simulator.experiment.executors import Jobs
from simulator.experiment.points import RANDOMISATIONS

if TYPE_CHECKING:
    from simulator.domain.traces import Trace
    from simulator.scenario.case import Case

S = TypeVar("S")
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


def run_many(
    wanted: Sequence[Wanted],
    *,
    reduce: Callable[[Trace, Case], T],
    assemble: Callable[[Sequence[T], Case], T] | None = None,
    jobs: Jobs = 1,
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
    assemble
        Function of what ``reduce`` says of one commodity after the other and their case, which makes one of them: it
        saves time and memory where a case has many. None where ``reduce`` must see all of them at once.
    jobs
        Worker processes (1 runs in this process), or a ``concurrent.futures.Executor``.
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
        If the workers are gone or replications fail, after every finished case has been yielded.
    """
    _check(wanted)
    cases = [
        CaseRun(
            item.case,
            item.replications,
            item.seed,
            partial(_reduced, reduce, item.case),
            item.first,
            item.inputs or {},
            assemble=None if assemble is None else partial(_reduced, assemble, item.case),
        )
        for item in wanted
    ]
    failed: list[str] = []
    try:
        for position, outcomes in run_cases(cases, jobs=jobs, progress=progress):
            if outcomes.failed:
                failed.append(f"{wanted[position].case.name}: {failures_text(outcomes)}")
            else:
                yield position, outcomes.parts
    except InterruptedCase as error:
        raise InterruptedRun(str(error)) from error
    if failed:
        raise IncompleteError("\n".join(failed))


def _check(wanted: Sequence[Wanted]) -> None:
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


def _reduced(reduce: Callable[[S, Case], T], case: Case, what: S) -> T:
    return reduce(what, case)
