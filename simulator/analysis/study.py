"""From a scenario to a verdict: load, resolve, simulate, judge."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.cut import at_deadline
from simulator.analysis.input_range import InputRange, check_input_range, input_range
from simulator.analysis.overall import overall_verdict
from simulator.analysis.precision import FIRST, Precision, check_precision, following, half_width, needed
from simulator.analysis.verdict import USUALLY, Verdict, judge
from simulator.domain.target import BRANCHED
from simulator.errors import IncompleteError, TooFewReplicationsError
from simulator.experiment.blocks import Keeper, Outcomes, PartialRun, Progress, continued, failures_text
from simulator.experiment.cases import CaseRun, run_cases
from simulator.experiment.executors import Jobs
from simulator.experiment.streaming import Failure
from simulator.metrics.outcome import Outcome, assembled, joined, outcome
from simulator.scenario import load, resolve

if TYPE_CHECKING:
    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

HEADLINE = "reliance"
"""Yardstick of the headline."""


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A scenario, what its replications came to, and what follows from that."""

    scenario: Scenario
    case: Case
    outcome: Outcome
    verdict: Verdict
    seed: int
    requested: int
    """Replications asked for; fewer stand in ``outcome`` when the run was stopped."""
    jobs: int
    wall_s: float
    failed: tuple[Failure, ...] = ()
    """Replications that came to nothing; they stay among those asked for."""
    precision: Precision | None = None
    """The precision asked for and what became of it; None where a number of replications was asked for."""
    input_range: InputRange | None = None
    """Range of P(met | inputs), where it was asked for."""

    @property
    def replications(self) -> int:
        """Replications finished."""
        return len(self.outcome.replications)

    @property
    def counted(self) -> Outcome:
        """Outcome of the futures that count: ``outcome`` itself, but for a run in which some failed.

        Whatever is estimated is estimated from these; ``outcome`` is the record of everything that finished.
        """
        return self.verdict.counted

    @property
    def futures(self) -> int:
        """Futures that count."""
        return len(self.counted.replications)

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """(n,) weights of the futures that count by what was observed, None where all count alike."""
        return self.verdict.weights

    @property
    def series_weights(self) -> NDArray[np.float64] | None:
        """The same of those of which series are kept, the first rows of ``counted``."""
        return None if self.weights is None else self.weights[: self.counted.with_series]

    @property
    def complete(self) -> bool:
        """Whether every replication asked for is there."""
        return self.replications == self.requested


class PartialStudy(PartialRun):
    """A run that stopped early, with the study of what was finished (None when nothing was)."""

    def __init__(self, error: PartialRun, study: Study | None) -> None:
        super().__init__(str(error), error.finished)
        self.study = study
        self.exit_code = error.exit_code


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    replications: int = 1024,
    seed: int = 0,
    commodities: Sequence[str] | None = None,
    jobs: Jobs = 1,
    executor: Executor | None = None,
    block_size: int | None = None,
    progress: Progress | None = None,
    case: Case | None = None,
    keeper: Keeper[Outcome] | None = None,
    precision: float | None = None,
    with_input_range: bool = False,
) -> Study:
    """Simulate a scenario and judge it.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of a scenario file.
    replications
        Number of random futures, a positive multiple of 16.
    seed
        Root seed.
    commodities
        Catalogue names to keep; all of the scenario's when None.
    jobs
        Worker processes; 1 runs in this process.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    block_size
        Replications per block; no result depends on it.
    progress
        Told (done, total, statistic) as the run goes.
    case
        The scenario as ``resolve`` gave it, where that has been done; ``commodities`` are then its own.
    keeper
        Takes each part of the outcome as it comes, and knows those of an earlier run that was stopped.
    precision
        Half-width of the 95 % intervals of the headline's probabilities at which to stop; ``replications`` is then the
        most to run. What is run is the same as a run of so many replications; ``Study.precision`` says how many and
        whether it sufficed. A rule that stops when an interval looks narrow stops a little too early now and then.
    with_input_range
        Also simulate 64 sets of input values under 32 futures each, for the range of P(met | inputs).

    Raises
    ------
    PartialStudy
        If the run was interrupted, the workers are gone or replications failed; ``study`` holds what was finished.
    TooFewReplicationsError
        If the scenario's observations leave too few effective replications; the text says how many to ask for.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = load(scenario)
    if case is None:
        case = resolve(scenario, list(commodities) if commodities else None)
    planned = Planned(scenario, case, replications, seed, keeper, precision, with_input_range)
    (study,) = run_several(
        [planned], jobs=jobs if executor is None else executor, block_size=block_size, progress=progress
    )
    if study.failed:
        raise failed_study(study)
    return study


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """One of several runs."""

    scenario: Scenario
    case: Case
    replications: int
    """Random futures, a positive multiple of 16."""
    seed: int
    keeper: Keeper[Outcome] | None = None
    """Where its parts are kept as they come."""
    precision: float | None = None
    """Half-width at which to stop; ``replications`` is then the most to run."""
    input_range: bool = False
    """Whether the range of P(met | inputs) is wanted as well."""

    def check(self) -> None:
        """Refuse what cannot be asked for, before anything runs.

        Raises
        ------
        UsageError
            If the precision says nothing, or there is no range over inputs.
        """
        if self.precision is not None:
            check_precision(self.precision, self.replications)
        if self.input_range:
            check_input_range(self.case)

    def futures(self, first: int, end: int) -> CaseRun[Outcome]:
        """Return the run of its futures from ``first`` to before ``end``."""
        branched = any(item.yardstick in BRANCHED for item in self.case.target.criteria)
        return CaseRun(
            self.case,
            end - first,
            self.seed,
            partial(outcome, case=self.case),
            first=first,
            keeper=self.keeper,
            cut_off=at_deadline(self.scenario, self.case) if branched else None,
            statistic=partial(convergence, self.case),
            assemble=partial(assembled, case=self.case),
        )


def run_several(
    planned: Sequence[Planned],
    *,
    jobs: Jobs = 1,
    block_size: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Study]:
    """Simulate scenarios side by side and yield the study of each, in the order asked for.

    A study in which replications failed says so in ``failed``; the other scenarios go on.

    Raises
    ------
    PartialStudy
        If the runs were interrupted or cannot go on: after every finished study, with what there is of the first
        unfinished one.
    """
    for item in planned:
        item.check()
    studies: Iterator[Study]
    if any(item.precision is not None for item in planned):
        studies = (until_precise(item, jobs=jobs, block_size=block_size, progress=progress) for item in planned)
    else:
        studies = _side_by_side(planned, jobs=jobs, block_size=block_size, progress=progress)
    for item, study in zip(planned, studies, strict=True):
        yield _with_range(study, jobs, progress) if item.input_range else study


def _side_by_side(
    planned: Sequence[Planned], *, jobs: Jobs, block_size: int | None, progress: Progress | None
) -> Iterator[Study]:
    wanted = [item.futures(0, item.replications) for item in planned]
    following = 0
    try:
        for position, outcomes in run_cases(wanted, jobs=jobs, block_size=block_size, progress=progress):
            following = position + 1
            if not outcomes.parts:
                raise PartialRun(failures_text(outcomes), outcomes)
            yield _study(planned[position], outcomes)
    except PartialRun as error:
        finished: Outcomes[Outcome] = error.finished  # type: ignore[assignment]  # an exception class cannot be generic
        study = _partial(planned[following], finished) if following < len(planned) else None
        raise PartialStudy(error, study) from error


def until_precise(
    planned: Planned, *, jobs: Jobs = 1, block_size: int | None = None, progress: Progress | None = None
) -> Study:
    """Add futures until the headline is known as well as wanted, or there are as many as may be.

    Raises
    ------
    PartialStudy
        If the run was interrupted or cannot go on, with what there is.
    """
    assert planned.precision is not None, "asked of runs with a precision"
    wanted, most = planned.precision, planned.replications
    so_far: Outcomes[Outcome] | None = None
    looks: list[int] = []
    target = min(FIRST, most)
    while True:
        part = planned.futures(0 if so_far is None else looks[-1], target)
        try:
            ((_, more),) = run_cases([part], jobs=jobs, block_size=block_size, progress=progress)
        except PartialRun as error:
            finished: Outcomes[Outcome] = error.finished  # type: ignore[assignment]  # as above
            everything = replace(finished if so_far is None else continued(so_far, finished), requested=target)
            # The part that was stopped counts its own futures; here it is all of them.
            why = str(error).partition(" after ")[0]
            whole = PartialRun(f"{why} after {everything.completed:,} of {target:,} replications", everything)
            whole.exit_code = error.exit_code
            raise PartialStudy(whole, _partial(planned, everything)) from error
        so_far = replace(more if so_far is None else continued(so_far, more), requested=target)
        looks.append(target)
        study = _partial(planned, so_far) if target < most else _study(planned, so_far)
        half, of = (math.nan, "") if study is None else half_width(study.verdict, HEADLINE)
        if study is not None and (half <= wanted or target >= most or study.failed):
            found = Precision(wanted, half, of, tuple(looks), most, needed(target, half, wanted))
            return replace(study, precision=found)
        target = following(target, half, wanted, most)


def _with_range(study: Study, jobs: Jobs, progress: Progress | None) -> Study:
    """Return the study with the range of P(met | inputs), which is simulated now."""
    try:
        found = input_range(study.case, study.verdict, seed=study.seed, jobs=jobs, progress=progress)
    except IncompleteError as error:
        nothing: Outcomes[Outcome] = Outcomes(study.seed, study.requested, (), (), study.wall_s, study.jobs)
        why = PartialRun(f"{error}; the range over inputs is left out", nothing)
        why.exit_code = error.exit_code
        raise PartialStudy(why, study) from error
    return replace(study, input_range=found)


def _partial(planned: Planned, finished: Outcomes[Outcome]) -> Study | None:
    """Return the study of what a stopped run has finished; None where that is nothing, or too little to be weighted."""
    try:
        return _study(planned, finished) if finished.parts else None
    except TooFewReplicationsError:
        return None


def failed_study(study: Study) -> PartialStudy:
    """Return the error that tells which replications of a study failed."""
    n, first = len(study.failed), study.failed[0]
    numbers = ", ".join(str(item.replication) for item in study.failed)
    text = (
        f"{study.case.name}: {n} of {study.requested:,} replications failed (seed {study.seed}, number {numbers}; "
        f"{first.kind}: {first.message}); the other {study.replications:,} are kept"
    )
    outcomes: Outcomes[Outcome] = Outcomes(study.seed, study.requested, (), (), study.wall_s, study.jobs, study.failed)
    return PartialStudy(PartialRun(text, outcomes), study)


def _study(planned: Planned, outcomes: Outcomes[Outcome]) -> Study:
    result = joined(outcomes.parts)
    return Study(
        scenario=planned.scenario,
        case=planned.case,
        outcome=result,
        verdict=judge(planned.case, result),
        seed=outcomes.seed,
        requested=outcomes.requested,
        jobs=outcomes.jobs,
        wall_s=outcomes.wall_s,
        failed=outcomes.failed,
    )


def convergence(case: Case, parts: Sequence[Outcome]) -> str:
    """Return how the headline stands so far: the expected number of headline commodities that meet it.

    Nothing where observations weight the futures: the weights are known when all are finished.
    """
    if case.observations:
        return ""
    headline = {chain.commodity for chain in case.chains if chain.headline}
    start, deadline = parts[0].moment("start"), parts[0].moment("deadline")
    met = [
        np.concatenate([part.chains[i].met[HEADLINE] for part in parts])
        for i, chain in enumerate(parts[0].chains)
        if chain.commodity in headline
    ]
    flags = [item[:, deadline] for item in met if item[:, start].mean() < USUALLY]
    if not flags:
        return ""
    so_far = overall_verdict(flags, commodities=(), met_at_start=(), branches={}, n=len(flags[0])).expected_met
    half = (so_far.high - so_far.low) / 2
    return f"expected to be met {so_far.value:.2f} +/- {half:.2f} of {len(flags)}"
