"""``simulator calibrate``: what past episodes say of the behavioural inputs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from simulator.cli.options import json_option, quiet_option, seed_option, whole_rounds
from simulator.cli.own_data import own_data
from simulator.cli.progress import progress
from simulator.cli.workers import workers_options

if TYPE_CHECKING:
    from simulator.experiment.executors import Jobs


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("episodes", nargs=-1, metavar="[EPISODE]...")
@click.option(
    "--replications",
    type=int,
    default=2048,
    show_default=True,
    metavar="N",
    callback=whole_rounds,
    help="Points of the prior, a multiple of 16.",
)
@click.option("--write", metavar="FILE", help="Write the posterior as a table, such as input_posteriors.csv.")
@click.option("--check", is_flag=True, help="Exit with 1 where the shipped table says something else.")
@seed_option
@workers_options
@json_option
@quiet_option
@own_data
def calibrate(
    episodes: tuple[str, ...],
    replications: int,
    write: str | None,
    check: bool,
    seed: int,
    jobs: Jobs,
    as_json: bool,
    quiet: bool,
) -> int:
    """Calibrate the behavioural inputs on past episodes, and cross-validate.

    \b
    Example:
      simulator calibrate
      simulator calibrate --check
      simulator calibrate --write simulator/catalogue/tables/input_posteriors.csv

    Each episode is simulated once at every point of the priors, with the same parameters in all of them; the points
    are weighted by how close their parameters come to all calibration targets together. Each episode is then left out
    in turn, and the posterior looked at again in fresh futures.
    Ordinary scenarios draw their inputs from the posterior in the shipped table; `catalogue: {inputs: prior}` does not.

    Without an episode, all of scenarios/backtests that have targets are used. Equal points give an equal table,
    whatever --jobs.
    """
    began = time.monotonic()
    with progress(quiet=quiet) as shown:
        from simulator.analysis.calibration import study as analysis
        from simulator.experiment.executors import worker_count

        workers = worker_count(jobs)
        loaded = analysis.load_episodes(episodes)
        shown.begin("calibration", replications * len(loaded))
        found = analysis.calibrate(loaded, replications=replications, seed=seed, jobs=jobs, progress=shown.told)
    from simulator.report.calibration_table import differing, write_table

    if write is not None:
        write_table(found, write)
    if as_json:
        from simulator.report.calibration_document import calibration_document
        from simulator.report.document import text

        click.echo(text(calibration_document(found, wall_s=time.monotonic() - began, jobs=workers)), nl=False)
    else:
        from simulator.report.calibration_text import calibration_text

        click.echo(calibration_text(found), nl=False)
    return 1 if check and differing(found) else 0
