"""From a scenario to a verdict: load, resolve, simulate, judge."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.overall import overall_verdict
from simulator.analysis.verdict import USUALLY, Verdict, judge
from simulator.errors import TooFewReplicationsError
from simulator.experiment.blocks import Outcomes, PartialRun, Progress, run_case
from simulator.metrics.outcome import Outcome, joined, outcome
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

    @property
    def replications(self) -> int:
        """Replications finished."""
        return len(self.outcome.replications)

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """(n,) weights of the futures by what was observed, None where all count alike."""
        return self.verdict.weights

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
    jobs: int = 1,
    block_size: int | None = None,
    progress: Progress | None = None,
    case: Case | None = None,
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
        Worker processes.
    block_size
        Replications per block; no result depends on it.
    progress
        Told (done, total, statistic) as the run goes.
    case
        The scenario as ``resolve`` gave it, where that has been done; ``commodities`` are then its own.

    Raises
    ------
    PartialStudy
        If the run was interrupted or a worker died; ``study`` holds what was finished.
    TooFewReplicationsError
        If the scenario's observations leave too few effective replications; the text says how many to ask for.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = load(scenario)
    if case is None:
        case = resolve(scenario, list(commodities) if commodities else None)
    try:
        outcomes = run_case(
            case,
            outcome=partial(outcome, case=case),
            replications=replications,
            seed=seed,
            jobs=jobs,
            block_size=block_size,
            progress=progress,
            statistic=partial(convergence, case),
        )
    except PartialRun as error:
        finished: Outcomes[Outcome] = error.finished  # type: ignore[assignment]  # an exception class cannot be generic
        raise PartialStudy(error, _partial(scenario, case, finished)) from error
    return _study(scenario, case, outcomes)


def _partial(scenario: Scenario, case: Case, finished: Outcomes[Outcome]) -> Study | None:
    """Return the study of what a stopped run has finished; None where that is nothing, or too little to be weighted."""
    try:
        return _study(scenario, case, finished) if finished.parts else None
    except TooFewReplicationsError:
        return None


def _study(scenario: Scenario, case: Case, outcomes: Outcomes[Outcome]) -> Study:
    result = joined(outcomes.parts)
    return Study(
        scenario=scenario,
        case=case,
        outcome=result,
        verdict=judge(case, result),
        seed=outcomes.seed,
        requested=outcomes.requested,
        jobs=outcomes.jobs,
        wall_s=outcomes.wall_s,
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
