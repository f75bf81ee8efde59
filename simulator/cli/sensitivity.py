"""``simulator sensitivity``: which uncertain inputs move the verdict."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.progress import progress
from simulator.cli.studying import answer, study_options, tell

if TYPE_CHECKING:
    from simulator.analysis.sensitivity import PartialSensitivity
    from simulator.experiment.executors import Jobs


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="SCENARIO")
@click.option("--yardstick", default="reliance", show_default=True, metavar="Y", help="Yardstick of the verdict.")
@click.option(
    "--metric", default="china_exposed_share", show_default=True, metavar="M", help="Metric, at the deadline."
)
@click.option("--sobol", is_flag=True, help="Sobol indices too, of the six inputs that move most.")
@click.option(
    "--points", type=int, default=64, show_default=True, metavar="N", help="Sets of input values of the designs."
)
@study_options()
def sensitivity(
    scenario: str,
    yardstick: str,
    metric: str,
    sobol: bool,
    points: int,
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: Jobs,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find which uncertain inputs move the verdict, and under which of their values the target is missed.

    \b
    Example:
      simulator sensitivity scenarios/baseline.yaml --commodity gallium
      simulator sensitivity scenarios/baseline.yaml --commodity antimony --sobol --json
      simulator sensitivity scenarios/baseline.yaml --commodity tungsten --yardstick direct --metric direct_china_share

    Each commodity by itself, the headline ones where none is named: every input that can touch it at its low
    and high value in the same futures, rank correlations beside those of inputs that nobody reads, the shares
    of variance from inputs and from chance, and circumstances found by PRIM and tested on other futures.

    --sobol adds first-order and total indices; what it costs is printed first. Ctrl-C prints what is finished:
    exit code 130.
    """
    began = time.monotonic()
    stopped: PartialSensitivity | None = None
    with progress(quiet=quiet) as shown:
        shown.begin(Path(scenario).name, replications)
        from simulator.analysis import sensitivity as analysis
        from simulator.scenario import load

        loaded = load(scenario, sets)
        own = loaded.model.target.own_names()
        plan = analysis.checked_plan(yardstick, metric, sobol, points, replications, seed, own)
        subjects = analysis.subjects_of(loaded, commodities)
        if not quiet:
            tell([subject.case for subject in subjects], scenario, "sensitivity")
            click.echo(analysis.price_text(plan, subjects), err=True)
        try:
            found = analysis.study(loaded, subjects, plan, jobs=jobs, progress=shown.told)
        except analysis.PartialSensitivity as error:
            if error.sensitivity is None:
                raise
            stopped, found = error, error.sensitivity
    from simulator.report.sensitivity_document import sensitivity_document
    from simulator.report.sensitivity_text import sensitivity_text

    return answer(
        found, stopped, document=sensitivity_document, text=sensitivity_text, as_json=as_json, began=began, jobs=jobs
    )
