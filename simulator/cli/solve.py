"""``simulator solve``: what it would take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from simulator.cli.progress import progress
from simulator.cli.studying import answer, study_options, taken_in

if TYPE_CHECKING:
    from simulator.analysis.solve import PartialSolution
    from simulator.experiment.executors import Jobs


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="SCENARIO")
@click.option(
    "--lever",
    "levers",
    multiple=True,
    required=True,
    metavar="PATH:LO:HI[:COST]",
    help="A value that may move from LO, where nothing is done, to HI; repeatable, then with COST per unit.",
)
@click.option("--want", required=True, metavar="GOAL", help='What must be reached, such as "reliance>=0.8".')
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Steps between LO and HI.  [default: 64]")
@click.option("--check-seed", type=click.IntRange(min=0), metavar="S", help="Seed of the check.  [default: seed + 1]")
@study_options()
def solve(
    scenario: str,
    levers: tuple[str, ...],
    want: str,
    steps: int | None,
    check_seed: int | None,
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: Jobs,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find the smallest change of one lever, or the cheapest of several, that reaches a goal.

    \b
    Example:
      simulator solve scenarios/recycling_push.yaml --commodity antimony --want "reliance>=0.8" \\
        --lever events.antimony_scrap.output_t_per_year:0:20000
      simulator solve scenarios/recycling_push.yaml --commodity antimony --want "reliance>=0.8" \\
        --lever events.antimony_scrap.output_t_per_year:0:20000:12000 \\
        --lever events.antimony_scrap.at:+365d:+30d:100000

    A path is written as for --set, with events by id; days from the start are written +30d. Goals:
    YARDSTICK>=P, expected_met>=K, expected_met/YARDSTICK>=K, KPI<=X or KPI>=X, all at the deadline. With
    one --commodity a yardstick or KPI is that commodity's; without, a yardstick is met when all headline ones meet it.

    One lever is bisected, all settings on the same futures; several are searched coarse to fine for the lowest
    cost. The answer is then checked on fresh futures. A goal out of reach is an answer too: exit code 0.
    """
    began = time.monotonic()
    stopped: PartialSolution | None = None
    with progress(quiet=quiet) as shown:
        from simulator.analysis import solve as analysis

        loaded, _ = taken_in(scenario, sets, commodities, verb="solve", quiet=quiet)
        try:
            found = analysis.solve(
                loaded,
                levers,
                want,
                replications=replications,
                seed=seed,
                check_seed=check_seed,
                steps=analysis.STEPS if steps is None else steps,
                commodities=commodities,
                jobs=jobs,
                rounds=shown,
            )
        except analysis.PartialSolution as error:
            stopped, found = error, error.solution
    if stopped is not None and not found.tried:
        raise stopped
    from simulator.report.solve_document import solve_document
    from simulator.report.solve_text import solve_text

    return answer(found, stopped, document=solve_document, text=solve_text, as_json=as_json, began=began, jobs=jobs)
