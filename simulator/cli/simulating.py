"""Scenarios side by side, as the commands that simulate several of them do it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.cli.options import print_notices
from simulator.cli.progress import Quiet, progress

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Planned, Study
    from simulator.experiment.executors import Jobs
    from simulator.scenario.case import Case

Studies = Generator[tuple["Study | None", "PartialStudy | None"], None, None]
"""The study of each scenario in order; where one is stopped, what it has of a study, why, and no more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options of a command say about all its runs."""

    replications: int
    seed: int
    commodities: tuple[str, ...]
    sets: tuple[str, ...]
    jobs: Jobs
    """Who does the work."""
    quiet: bool
    observed: str | None = None
    """File of observations in the place of the scenarios' own."""
    cutoff: bool = False
    """Judge the yardstick ``cutoff`` too, which simulates every future twice."""
    precision: float | None = None
    """Half-width at which to stop; ``replications`` is then the most to run."""
    input_range: bool = False
    """Simulate 64 sets of input values under 32 futures each as well."""


def simulated(
    paths: Sequence[str],
    asked: Asked,
    check: Callable[[Sequence[Case]], None],
    kept: Callable[[Sequence[Planned]], Sequence[Planned]] | None = None,
) -> Studies:
    """Yield the study of each scenario file.

    Parameters
    ----------
    paths
        Scenario files.
    asked
        The options.
    check
        Told all cases before anything runs; raises where they will not do.
    kept
        Gives each run the place where its parts are kept.
    """
    with progress(quiet=asked.quiet) as shown:
        # At once: the code that reads takes most of a second, and many files take longer.
        shown.read(_title(paths))
        from simulator.scenario import load, resolve

        # Every file and name is checked before anything runs.
        loaded = [load(path, asked.sets, asked.observed) for path in paths]
        if asked.cutoff:
            from simulator.analysis.cut import with_cutoff

            loaded = [with_cutoff(scenario) for scenario in loaded]
        # Before the other imports and the catalogue, which take most of a second.
        shown.begin(_title(paths), asked.replications * len(paths))

        from simulator.analysis.study import Planned
        from simulator.scenario.notices import notices

        cases = [resolve(scenario, list(asked.commodities) or None) for scenario in loaded]
        check(cases)
        if not asked.quiet:
            for path, case in zip(paths, cases, strict=True):
                print_notices(notices(case), path)
        planned: Sequence[Planned] = [
            Planned(
                scenario,
                case,
                asked.replications,
                asked.seed,
                precision=asked.precision,
                input_range=asked.input_range,
            )
            for scenario, case in zip(loaded, cases, strict=True)
        ]
        yield from studies(planned if kept is None else kept(planned), asked.jobs, shown)


def studies(planned: Sequence[Planned], jobs: Jobs, shown: Quiet) -> Studies:
    """Yield the study of each planned run."""
    from simulator.analysis.study import PartialStudy, run_several

    try:
        for study in run_several(planned, jobs=jobs, progress=shown.told):
            yield study, None
    except PartialStudy as error:
        yield error.study, error


def _title(paths: Sequence[str]) -> str:
    if len(paths) > 1:
        return f"{len(paths):,} scenarios"
    return os.path.basename(paths[0]) or paths[0]
