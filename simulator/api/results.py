"""Results as notebooks hold them: a study that can also be drawn and kept."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.analysis import study as analysis
from simulator.analysis.cut import with_cutoff
from simulator.analysis.study import PartialStudy, Study
from simulator.analysis.verdict import Quantiles
from simulator.api.notebook import Told, telling
from simulator.api.plots import Plots
from simulator.api.tables import Level, dataset, table
from simulator.report.run_directory import check_folder, keep
from simulator.report.run_reader import read_run
from simulator.report.wording import chance
from simulator.scenario.loader import Scenario

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


class OtherDataWarning(UserWarning):
    """A run was simulated on other facts than this version ships.

    Silence it with ``warnings.simplefilter("ignore", simulator.OtherDataWarning)``.
    """


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result(Study):
    """A run: its verdict, its numbers and its figures.

    In a notebook it shows as a sentence and a table. ``verdict`` holds everything a report says, ``outcome`` the
    arrays behind it.

    Examples
    --------
    >>> result = run("scenarios/baseline.yaml", commodities=["gallium"], replications=16)
    >>> result
    <Result 'Baseline': reliance met by all of 1 in 0 (0-19) %; 16 replications, seed 0>
    >>> deadline = result.kpis["gallium"]["china_exposed_share"]["deadline"]
    >>> 0.9 < deadline.p50 < 1.0
    True
    """

    def __repr__(self) -> str:
        overall = self.verdict.overall[analysis.HEADLINE]
        stands = (
            f"{analysis.HEADLINE} met by all of {len(overall.commodities)} in {chance(overall.probability)} %"
            if overall.commodities
            else "no headline commodity short of the target"
        )
        return f"<Result {self.case.name!r}: {stands}; {self.replications:,} replications, seed {self.seed}>"

    def _repr_html_(self) -> str:
        from simulator.report.notebook_html import study_html

        return study_html(self)

    def summary(self) -> str:
        """Return the report as ``simulator run`` prints it."""
        from simulator.report.terminal import terminal

        return terminal(self)

    @property
    def kpis(self) -> Mapping[str, Mapping[str, Mapping[str, Quantiles]]]:
        """Commodity -> KPI -> moment (``start``, ``deadline``, ``later``) -> spread over futures (p05, p50, p95)."""
        return {item.commodity: item.kpis for item in (*self.verdict.commodities, *self.verdict.end_products)}

    def to_dataframe(self, level: Level = "kpi") -> pd.DataFrame:
        """Return the result as a tidy pandas table.

        Parameters
        ----------
        level
            ``verdict``: a row per commodity and yardstick, P(met) with its interval. ``kpi``: a row per future,
            commodity and moment. ``series``: a row per future, commodity and month. ``agreement``: a row per agreement
            and what its plants make by the deadline, tonnes.

        Raises
        ------
        UsageError
            If there is no such level, or pandas is not installed.

        Examples
        --------
        >>> result = run("scenarios/baseline.yaml", commodities=["gallium"], replications=16)
        >>> result.to_dataframe().groupby("moment", observed=True)["unmet_share"].count().to_dict()
        {'start': 16, 'deadline': 16, 'later': 16}
        """
        return table(self, level)

    def to_xarray(self) -> xr.Dataset:
        """Return KPIs by future, commodity and moment, and month by month, as an xarray dataset.

        Raises
        ------
        UsageError
            If xarray is not installed.
        """
        return dataset(self)

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
    observed: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Told = None,
    precision: float | None = None,
    cutoff: bool = False,
    input_range: bool = False,
) -> Result:
    """Simulate a scenario and judge it.

    The first 256 of 1,024 replications equal a run of 256, and no result depends on ``jobs``.

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
    observed
        CSV file of observed figures by which the futures are weighted; the scenario's own when None.
    jobs
        Worker processes; 1 runs in this process.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    progress
        Told (done, total, statistic) as the run goes. None draws a bar in a notebook and nothing elsewhere; False
        draws none.
    precision
        Half-width of the headline's 95 % intervals at which to stop; ``replications`` is then the most to run, and
        ``result.precision`` says where it stopped and whether that sufficed.
    cutoff
        Judge the yardstick ``cutoff`` too: every future once more, with China cut off on the deadline.
    input_range
        Add the range of P(met) over the uncertain inputs, from 2,048 more futures: ``result.input_range``.

    Raises
    ------
    PartialStudy
        If the run was interrupted or a worker died; ``study`` holds what was finished.
    TooFewReplicationsError
        If the observations leave too few effective replications; the text says how many to ask for.
    """
    if not isinstance(scenario, Scenario):
        scenario = Scenario.load(scenario)
    if observed is not None:
        scenario = scenario.with_observed(observed)
    if cutoff:
        scenario = with_cutoff(scenario)
    try:
        with telling(progress, scenario.name) as told:
            return result_of(
                analysis.run(
                    scenario,
                    replications=replications,
                    seed=seed,
                    commodities=commodities,
                    jobs=jobs,
                    executor=executor,
                    progress=told,
                    precision=precision,
                    with_input_range=input_range,
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
