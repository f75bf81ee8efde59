"""The same futures with and without a cut-off: how long supply holds, what goes without, when it is back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simulator.analysis.conditioning import refuse_weighted
from simulator.analysis.cut import Cut, branches, cut_of
from simulator.analysis.frames import dataframe
from simulator.analysis.intervals import Estimate, counted_mean, probability
from simulator.analysis.under_cut import (
    YEAR_DAYS,
    StressedCommodity,
    Supplies,
    assembled_supplies,
    joined_supplies,
    stressed,
    supplies,
)
from simulator.domain.places import CHINA
from simulator.errors import IncompleteError, UsageError
from simulator.experiment.blocks import Progress, refuse_odd_replications
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted, run_many
from simulator.scenario import load, resolve

if TYPE_CHECKING:
    import pandas as pd

    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

THRESHOLD: Final = 0.10
"""Unmet share of demand from which on a commodity runs short; also the limit of the ``cutoff`` yardstick."""
PART: Final = 256
"""Futures of both branches simulated before the next ones, so that a run that is stopped has pairs."""


@dataclass(frozen=True, slots=True)
class Stress:
    """A scenario with and without a cut-off."""

    scenario: str
    """Name of the scenario."""
    sha256: str
    """Its digest."""
    case: Case
    """The branch without the cut."""
    cut: Cut
    threshold: float
    """Unmet share of demand above which a commodity runs short."""
    commodities: tuple[StressedCommodity, ...]
    end_products: tuple[StressedCommodity, ...]
    """Markets of their own, such as magnets."""
    headline: tuple[str, ...]
    """Commodities that the expected number counts."""
    expected_met: Estimate
    """Expected number of them that meet the cut's year: ``cutoff`` where China is cut off on the deadline."""
    all_met: Estimate
    """P(all of them do)."""
    requested: int
    replications: int
    """Pairs of futures finished."""
    seed: int

    @property
    def complete(self) -> bool:
        """Whether every pair asked for is there."""
        return self.replications == self.requested

    @property
    def is_cutoff(self) -> bool:
        """Whether the cut's year is the yardstick ``cutoff``: China stops everything on the deadline, for a year."""
        cut = self.cut
        whole = cut.what == CHINA and not (cut.rerouting or cut.everyone) and cut.days >= YEAR_DAYS
        return whole and cut.begins == self.case.deadline

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row per commodity and measure: estimate and 95 % interval; ``inf`` for beyond what was watched."""
        for item in (*self.commodities, *self.end_products):
            for measure, found in item.measures().items():
                yield {
                    "commodity": item.commodity,
                    "measure": measure,
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                }

    def to_dataframe(self) -> pd.DataFrame:
        """Return ``rows`` as a pandas table."""
        return dataframe(self.rows())


class PartialStress(IncompleteError):
    """A stress that stopped early, with the pairs of futures that were finished; None where there is none."""

    def __init__(self, error: IncompleteError, stress: Stress | None, requested: int) -> None:
        pairs = 0 if stress is None else stress.replications
        super().__init__(f"{error}; {pairs:,} of {requested:,} pairs of futures are finished")
        self.stress = stress
        self.exit_code = error.exit_code


def stress(
    scenario: Scenario | str | os.PathLike[str],
    *,
    cut: str,
    at: str | date,
    lasting: str = "12mo",
    rerouting: bool = False,
    everyone: bool = False,
    threshold: float = THRESHOLD,
    replications: int = 1024,
    seed: int = 0,
    commodities: Sequence[str] | None = None,
    jobs: Jobs = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Stress:
    """Simulate a scenario with and without a cut-off, on the same random futures.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of a scenario file.
    cut
        Country whose exports to the focal buyer stop, ISO 3166-1 alpha-3, or corridor that is shut.
    at
        First day of the cut: a date, or ``+18mo`` or ``+90d`` from the start.
    lasting
        Its length, ``12mo`` or ``90d``.
    rerouting
        Whether Chinese goods may still come through third countries, as after an ordinary ban.
    everyone
        Whether the country stops selling to every other, not to the focal buyer alone.
    threshold
        Unmet share of demand above which a commodity runs short, 0 to 1.
    replications
        Pairs of random futures, a positive multiple of 16.
    seed
        Root seed.
    commodities
        Catalogue names to keep; all of the scenario's when None.
    jobs
        Worker processes; no result depends on it.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    progress
        Told (done, total, statistic) in replications of both branches together.

    Raises
    ------
    UsageError
        If the cut is not understood or does not fit the scenario: before anything runs.
    PartialStress
        If the run was interrupted or a worker died; ``stress`` holds what was finished.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = load(scenario)
    if not 0.0 <= threshold < 1.0:
        raise UsageError(f"the threshold is a share of demand, 0 or more and below 1, not {threshold:g}")
    refuse_odd_replications(replications)
    case = resolve(scenario, list(commodities) if commodities else None)
    refuse_weighted(case, "stress")
    asked = cut_of(case, cut, at, lasting, rerouting=rerouting, everyone=everyone)
    pair = branches(scenario, case, asked)
    wanted = [
        Wanted(branch, min(PART, replications - first), seed, first=first)
        for first in range(0, replications, PART)
        for branch in pair
    ]
    found: list[Supplies] = []

    def result() -> Stress:
        pairs = len(found) // 2 * 2
        return _stress(
            scenario.name,
            pair[0],
            asked,
            threshold,
            (joined_supplies(found[0:pairs:2]), joined_supplies(found[1:pairs:2])),
            requested=replications,
            seed=seed,
        )

    try:
        for _, parts in run_many(
            wanted, reduce=supplies, assemble=assembled_supplies, jobs=executor or jobs, progress=progress
        ):
            found.append(joined_supplies(parts))
    except IncompleteError as error:
        raise PartialStress(error, result() if len(found) > 1 else None, replications) from error
    return result()


def _stress(
    name: str,
    case: Case,
    cut: Cut,
    threshold: float,
    pair: tuple[Supplies, Supplies],
    *,
    requested: int,
    seed: int,
) -> Stress:
    items = [stressed(case, cut, without, under, threshold) for without, under in zip(*pair, strict=True)]
    headline = tuple(chain.commodity for chain in case.chains if chain.headline)
    met = [item.cutoff_met for item in items if item.commodity in headline]
    count = np.sum(np.stack(met, axis=1), axis=1) if met else np.zeros(0)
    return Stress(
        scenario=name,
        sha256=case.sha256,
        case=case,
        cut=cut,
        threshold=threshold,
        commodities=tuple(item for item in items if ":" not in item.commodity),
        end_products=tuple(item for item in items if ":" in item.commodity),
        headline=headline,
        expected_met=counted_mean(count, float(len(met))),
        all_met=probability(count == len(met)),
        requested=requested,
        replications=len(pair[0][0].stock),
        seed=seed,
    )
