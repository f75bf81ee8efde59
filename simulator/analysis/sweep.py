"""Every combination of some values laid over a scenario, on the same random futures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from simulator.analysis.deadline import HEADLINES, Measured, light_outcome, measured
from simulator.analysis.frames import dataframe
from simulator.analysis.grids import Grid, combinations, grids_of, overrides
from simulator.errors import IncompleteError, UsageError
from simulator.experiment.blocks import Progress
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted, run_many
from simulator.metrics.outcome import assembled, joined
from simulator.scenario import load, resolve

if TYPE_CHECKING:
    import pandas as pd

    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario


@dataclass(frozen=True, slots=True)
class SweptPoint:
    """One combination, and what the scenario with it comes to at its deadline."""

    values: tuple[str, ...]
    """One value per grid, as written."""
    sha256: str
    """Digest of the scenario with these values."""
    measures: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A scenario over grids of values."""

    scenario: str
    """Name of the scenario the grids are laid over."""
    sha256: str
    """Its digest."""
    case: Case
    """That scenario, resolved."""
    grids: tuple[Grid, ...]
    points: tuple[SweptPoint, ...]
    """Finished combinations in their order, the last grid changing fastest."""
    requested: int
    """Combinations asked for; fewer stand in ``points`` when the sweep was stopped."""
    replications: int
    """Futures behind every point, the same for all."""
    seed: int
    reused: int
    """Points that an earlier sweep had finished."""

    @property
    def complete(self) -> bool:
        """Whether every combination asked for is there."""
        return len(self.points) == self.requested

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row per combination, commodity and measure: its values, then estimate and 95 % interval."""
        paths = [grid.path for grid in self.grids]
        for point in self.points:
            place = dict(zip(paths, point.values, strict=True))
            for item in point.measures:
                found = item.estimate
                yield {
                    **place,
                    "commodity": item.commodity,
                    "measure": item.measure,
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                }

    def to_dataframe(self) -> pd.DataFrame:
        """Return ``rows`` as a pandas table."""
        return dataframe(self.rows())


class Store(Protocol):
    """Keeps finished combinations between sweeps."""

    def find(self, case: Case, replications: int, seed: int) -> tuple[Measured, ...] | None:
        """Return what an earlier sweep found for the same scenario, data and futures; None where none did."""
        ...

    def keep(self, case: Case, replications: int, seed: int, measures: tuple[Measured, ...]) -> None:
        """Keep what a combination came to."""
        ...


class PartialSweep(IncompleteError):
    """A sweep that stopped early, with the combinations that were finished."""

    def __init__(self, error: IncompleteError, finished: Sweep) -> None:
        super().__init__(f"{error}; {len(finished.points)} of {finished.requested} combinations are finished")
        self.sweep = finished
        self.exit_code = error.exit_code


def sweep(
    scenario: Scenario | str | os.PathLike[str],
    grids: Sequence[str] | Mapping[str, Sequence[object]],
    *,
    replications: int = 1024,
    seed: int = 0,
    commodities: Sequence[str] | None = None,
    jobs: Jobs = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Sweep:
    """Simulate every combination of values laid over a scenario, each on the same random futures.

    A combination comes to the same bits as ``run`` of the scenario with its values as overrides.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of a scenario file.
    grids
        ``PATH=V1,V2,...`` or ``PATH=LO:HI:N`` each, or path -> values; paths as in ``--set``.
    replications
        Random futures of each combination, a positive multiple of 16.
    seed
        Root seed.
    commodities
        Catalogue names to keep; all of the scenario's when None.
    jobs
        Worker processes; no result depends on it.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    progress
        Told (done, total, statistic) in replications of all combinations together.
    store
        Where finished combinations are looked up and kept.

    Raises
    ------
    UsageError
        If a grid is not understood or a path or value is not the scenario's: before anything runs.
    PartialSweep
        If the sweep was interrupted or a worker died; ``sweep`` holds what was finished.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = load(scenario)
    laid = grids_of(grids)
    kept = list(commodities) if commodities else None
    case = resolve(scenario, kept)
    combined = list(combinations(laid))
    cases = [resolve(scenario.with_values(overrides(laid, values), option="--grid"), kept) for values in combined]
    _check_different(combined, cases)
    found: dict[int, tuple[Measured, ...]] = {}
    for place, item in enumerate(cases):
        known = store.find(item, replications, seed) if store is not None else None
        if known is not None:
            found[place] = known
    reused = len(found)

    def result() -> Sweep:
        points = tuple(SweptPoint(combined[k], cases[k].sha256, found[k]) for k in sorted(found))
        return Sweep(scenario.name, scenario.sha256, case, laid, points, len(combined), replications, seed, reused)

    def told(done: int, total: int, statistic: str) -> None:
        if progress is not None:
            progress(done, total, ", ".join(filter(None, (statistic, _so_far(found.values())))))

    missing = [place for place in range(len(cases)) if place not in found]
    if not missing:
        return result()
    wanted = [Wanted(cases[place], replications, seed) for place in missing]
    try:
        for position, parts in run_many(
            wanted, reduce=light_outcome, assemble=assembled, jobs=executor or jobs, progress=told
        ):
            place = missing[position]
            found[place] = measured(cases[place], joined(parts))
            if store is not None:
                store.keep(cases[place], replications, seed, found[place])
    except IncompleteError as error:
        raise PartialSweep(error, result()) from error
    return result()


def _so_far(found: Iterable[tuple[Measured, ...]]) -> str:
    """Return how many headline commodities are expected to meet the target over the combinations finished so far."""
    values = [
        item.estimate.value
        for measures in found
        for item in measures
        if (item.commodity, item.measure) == (HEADLINES, "expected_met/reliance")
    ]
    if not values:
        return ""
    return f"expected to be met {min(values):.2f} to {max(values):.2f}, {sum(values) / len(values):.2f} on average"


def _check_different(combined: Sequence[tuple[str, ...]], cases: Sequence[Case]) -> None:
    """Refuse combinations that are the same scenario written differently, such as 0.5 and 0.50."""
    seen: dict[str, tuple[str, ...]] = {}
    for values, case in zip(combined, cases, strict=True):
        if case.sha256 in seen:
            first = ", ".join(seen[case.sha256])
            raise UsageError(f"the combinations ({first}) and ({', '.join(values)}) are the same scenario")
        seen[case.sha256] = values
