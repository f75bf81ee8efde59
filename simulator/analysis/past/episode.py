"""An episode of the past: a scenario that begins before it, what was observed, and the targets it is summed up by."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from simulator.analysis.past.measured import Levels, Measured, joined, measured_series
from simulator.analysis.past.series import LeftOut, Series, series_of
from simulator.analysis.past.targets import Target, read_targets
from simulator.catalogue.observations import read_observations
from simulator.domain.observations import Observation
from simulator.domain.traces import Trace
from simulator.errors import InputError
from simulator.experiment.blocks import Progress, run_case
from simulator.experiment.executors import Jobs
from simulator.scenario import load, resolve
from simulator.scenario.case import Case
from simulator.scenario.library import at_hand
from simulator.scenario.loader import Scenario

FOLDER: Final = "scenarios/backtests"
TARGETS: Final = "targets.csv"
"""Targets beside a scenario's observations."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode, ready to run."""

    scenario: Scenario
    case: Case
    """The resolved scenario; its clock ends with the last observation."""
    observations: str
    """File of the observations."""
    series: tuple[Series, ...]
    left_out: tuple[LeftOut, ...]
    targets: tuple[Target, ...]
    main: tuple[str, ...]
    """Series that must beat the null models."""

    @property
    def name(self) -> str:
        """Name of the scenario's file."""
        return Path(self.scenario.path).stem


def shipped_episodes(folder: str = FOLDER) -> tuple[str, ...]:
    """Return the scenario files of the shipped episodes, in order: those here, or those that come with the program.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    place = at_hand(folder)
    if not place.is_dir():
        raise InputError(f"there is no folder {folder!r} here; name the episode's file, or go to the project's folder")
    return tuple(str(path) for path in sorted(place.glob("*.yaml")))


def load_episode(
    path: str | os.PathLike[str],
    *,
    observations: str | os.PathLike[str] | None = None,
    sets: Sequence[str] = (),
    until: date | None = None,
) -> Episode:
    """Read an episode: its scenario, its observations and, beside them, its targets.

    Parameters
    ----------
    path
        Scenario file.
    observations
        CSV of observations; the scenario's ``backtest.observations`` where None.
    sets
        Overrides ``PATH=VALUE`` of the scenario.
    until
        Observations after this day are left out, and the clock stops there; all count where None.

    Raises
    ------
    InputError
        If a file is missing or wrong, or no observation can be predicted.
    """
    scenario = load(path, sets)
    block = scenario.model.backtest
    file = _file(scenario, observations)
    case = resolve(scenario)
    wanted = block.episode if block is not None else ""
    rows = [row for row, _ in read_observations(file) if not wanted or row.episode == wanted]
    if not rows:
        raise InputError(f"{file}: no row has the episode {wanted!r}")
    end = min(case.horizon - timedelta(days=1), until or date.max)
    series, left_out = series_of(rows, case.chains, case.focal, case.start, end)
    if not series:
        raise InputError(f"{file}: nothing to predict: " + "; ".join(f"{item.id}: {item.why}" for item in left_out[:3]))
    beside = Path(file).parent / TARGETS
    targets = read_targets(beside, wanted, case.chains, case.focal) if beside.is_file() else ()
    targets = tuple(item for item in targets if item.last <= end)
    return Episode(
        scenario, _metered(case, series, targets), str(file), series, left_out, targets, _main(scenario, series)
    )


def _file(scenario: Scenario, observations: str | os.PathLike[str] | None) -> Path:
    if observations is not None:
        return Path(observations)
    block = scenario.model.backtest
    if block is None or not block.observations:
        raise InputError(
            f"{scenario.path}: names no observations; give --observations FILE, or `backtest: observations`"
        )
    return Path(scenario.path).parent / block.observations


def _main(scenario: Scenario, series: tuple[Series, ...]) -> tuple[str, ...]:
    block = scenario.model.backtest
    named = block.main if block is not None else ()
    known = [item.id for item in series]
    for name in named:
        if name not in known:
            raise InputError(f"{scenario.path}: backtest.main: {name!r} is no series; known are {', '.join(known)}")
    return tuple(named) or (max(series, key=lambda item: (item.is_flow, len(item.after))).id,)


def _metered(case: Case, series: Sequence[Series], targets: Sequence[Target]) -> Case:
    """Return the case with meters for everything asked, and its clock stopped after the last observation."""
    asked = [*series, *(target.series for target in targets), *(t.versus for t in targets if t.versus is not None)]
    meters = tuple(meter for item in asked for meter in item.meters())
    last = max([*(item.period_end for one in series for item in one.after), *(target.last for target in targets)])
    horizon = min(case.horizon, last + timedelta(days=1 + 2 * case.review_days))
    return replace(case, meters=meters, horizon=horizon, deadline=min(case.deadline, horizon - timedelta(days=1)))


def measure(
    episode: Episode,
    *,
    replications: int = 1024,
    seed: int = 0,
    jobs: Jobs = 1,
    case: Case | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Run an episode and return, for each replication, what it says about every observation and target, without noise.

    ``case`` takes the place of the episode's own, for other inputs on the same observations.
    """
    outcomes = run_case(
        episode.case if case is None else case,
        outcome=measuring(episode),
        replications=replications,
        seed=seed,
        jobs=jobs,
        progress=progress,
    )
    return joined(outcomes.parts)


def measuring(episode: Episode) -> Callable[[Trace], Measured]:
    """Return the reduction of a block's trace to its noise-free predictions; picklable for workers."""
    return partial(_measured, episode.case, episode.series, episode.targets)


def _measured(case: Case, series: tuple[Series, ...], targets: tuple[Target, ...], trace: Trace) -> Measured:
    levels = Levels(case, trace)
    values, usual, whole = measured_series(levels, series)
    return Measured(values, usual, whole, {target.id: target.predicted(levels) for target in targets})


def seen(series: Series) -> list[Observation]:
    """Return everything observed of a series, by period."""
    return [*series.history, *series.after]
