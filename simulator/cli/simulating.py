"""Scenarios one after another, as the commands that simulate several of them do it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.cli.options import print_notices
from simulator.cli.progress import progress

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Study
    from simulator.scenario.case import Case


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options of a command say about all its runs."""

    replications: int
    seed: int
    commodities: tuple[str, ...]
    sets: tuple[str, ...]
    jobs: int | None
    """Worker processes; None for all cores."""
    quiet: bool
    observed: str | None = None
    """File of observations in the place of the scenarios' own."""


def simulated(
    paths: Sequence[str], asked: Asked, check: Callable[[Sequence[Case]], None]
) -> Generator[tuple[Study | None, PartialStudy | None], None, None]:
    """Yield the study of each scenario in order; where one is stopped, what it has of a study, why, and no more.

    Parameters
    ----------
    paths
        Scenario files.
    asked
        The options.
    check
        Told all cases before anything runs; raises where they will not do.
    """
    with progress(quiet=asked.quiet) as shown:
        from simulator.scenario import load, resolve

        # Every file and name is checked before anything runs.
        loaded = [load(path, asked.sets, asked.observed) for path in paths]
        # Before the other imports and the catalogue, which take most of a second.
        shown.begin(_title(paths[0]), asked.replications)

        from simulator.analysis import study as analysis
        from simulator.experiment.executors import available_cores
        from simulator.scenario.notices import notices

        cases = [resolve(scenario, list(asked.commodities) or None) for scenario in loaded]
        check(cases)
        if not asked.quiet:
            for path, case in zip(paths, cases, strict=True):
                print_notices(notices(case), path)
        for place, (path, scenario, case) in enumerate(zip(paths, loaded, cases, strict=True)):
            if place > 0:
                shown.begin(_title(path), asked.replications)
            try:
                study = analysis.run(
                    scenario,
                    case=case,
                    replications=asked.replications,
                    seed=asked.seed,
                    jobs=available_cores() if asked.jobs is None else asked.jobs,
                    progress=shown.told,
                )
            except analysis.PartialStudy as error:
                yield error.study, error
                return
            yield study, None


def _title(path: str) -> str:
    return os.path.basename(path) or path
