"""Results as notebooks hold them: a study that can also be drawn and kept."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from simulator.analysis import study as analysis
from simulator.analysis.study import PartialStudy, Study
from simulator.api.plots import Plots
from simulator.experiment.blocks import Progress
from simulator.report.run_directory import check_folder, keep
from simulator.report.run_reader import read_run
from simulator.scenario.loader import Scenario


class OtherDataWarning(UserWarning):
    """A run was simulated on other facts than this version ships.

    Silence it with ``warnings.simplefilter("ignore", simulator.OtherDataWarning)``.
    """


@dataclass(frozen=True, slots=True, eq=False)
class Result(Study):
    """A study that can also be drawn (``plot``) and kept (``save``)."""

    @property
    def plot(self) -> Plots:
        """Figures of this result, such as ``result.plot.fan("gallium")``; each returns matplotlib Axes."""
        return Plots(self)

    def save(self, parent: str | os.PathLike[str]) -> Path:
        """Keep the result in a folder of its own inside ``parent`` and return that folder; ``load`` reads it."""
        check_folder(os.fspath(parent))
        return keep(self, os.fspath(parent))


def result_of(study: Study) -> Result:
    """Return a study as a result."""
    return Result(**{field.name: getattr(study, field.name) for field in fields(Study)})


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    replications: int = 1024,
    seed: int = 0,
    commodities: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Result:
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
    progress
        Told (done, total, statistic) as the run goes.

    Raises
    ------
    PartialStudy
        If the run was interrupted or a worker died; ``study`` holds what was finished.
    """
    try:
        return result_of(
            analysis.run(
                scenario, replications=replications, seed=seed, commodities=commodities, jobs=jobs, progress=progress
            )
        )
    except PartialStudy as error:
        error.study = None if error.study is None else result_of(error.study)
        raise


def load(path: str | os.PathLike[str]) -> Result:
    """Read a run directory back into the result that was kept in it.

    Parameters
    ----------
    path
        A folder that ``simulator run --out`` or ``Result.save`` wrote, or the manifest in it.

    Raises
    ------
    InputError
        If it is missing, incomplete, changed since or made by something else; the text names the file.

    Warns
    -----
    OtherDataWarning
        If the catalogue has changed since the run was made.
    """
    kept = read_run(path)
    for notice in kept.notices:
        warnings.warn(notice, OtherDataWarning, stacklevel=2)
    return result_of(kept.study)
