"""``simulator compare``: scenarios against a reference, on the same random futures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from simulator.cli.options import print_notices, whole_rounds
from simulator.cli.own_data import own_data
from simulator.cli.progress import progress

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Study


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("reference", metavar="REFERENCE")
@click.argument("others", nargs=-1, required=True, metavar="OTHER...")
@click.option(
    "--replications",
    type=int,
    default=1024,
    show_default=True,
    metavar="N",
    callback=whole_rounds,
    help="Random futures, a multiple of 16.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="S", help="Root seed.")
@click.option("--commodity", "commodities", multiple=True, metavar="C", help="Only this commodity; repeatable.")
@click.option(
    "--set", "sets", multiple=True, metavar="PATH=VALUE", help="Override a value of every scenario; repeatable."
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: all cores]")
@click.option("--all", "everything", is_flag=True, help="Every commodity and measure, not what differs alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@own_data
def compare(
    reference: str,
    others: tuple[str, ...],
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: int | None,
    everything: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Compare scenarios with the first one, the reference, on the same random futures.

    \b
    Example:
      simulator compare scenarios/no_deals.yaml scenarios/baseline.yaml
      simulator compare scenarios/baseline.yaml scenarios/snapback_2026.yaml --commodity gallium --json

    Future k of every scenario has the same draws and inputs, so what differs is the scenarios' doing. Printed
    for each commodity at the deadline: the difference of every yardstick's P(met) and of every KPI with its
    95 % interval, and the share of futures in which the other scenario is better (ties counted half).

    --set holds for every scenario alike; to change one of them, write a file that `extends:` it. Scenarios with
    another start, deadline, focal buyer or yardsticks cannot be compared: exit code 5. Ctrl-C prints the
    comparisons already complete.
    """
    paths = (reference, *others)
    studies, stopped = _simulated(
        paths, replications=replications, seed=seed, commodities=commodities, sets=sets, jobs=jobs, quiet=quiet
    )
    if len(studies) < 2 and stopped is not None:
        raise stopped
    from simulator.analysis.compare import compare as compared

    comparisons = [compared(studies[0], study) for study in studies[1:]]
    if as_json:
        from simulator.report.compare_document import compare_document
        from simulator.report.document import text

        click.echo(text(compare_document(studies, comparisons)), nl=False)
    else:
        from simulator.report.compare_text import comparison_text

        click.echo(comparison_text(studies, comparisons, everything=everything), nl=False)
    if stopped is not None:
        click.echo(f"error: {stopped}; compared {len(studies)} of {len(paths)} scenarios", err=True)
        return stopped.exit_code
    return 0


def _simulated(
    paths: tuple[str, ...],
    *,
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: int | None,
    quiet: bool,
) -> tuple[list[Study], PartialStudy | None]:
    """Return the studies that were completed, in order, and what stopped the next one."""
    studies: list[Study] = []
    with progress(quiet=quiet) as shown:
        from simulator.scenario import load, resolve

        # Every file, name and calendar is checked before anything runs.
        loaded = [load(path, sets) for path in paths]
        shown.begin(_title(paths[0]), replications)

        from simulator.analysis import study as analysis
        from simulator.analysis.compare import check_comparable
        from simulator.experiment.executors import available_cores
        from simulator.scenario.notices import notices

        cases = [resolve(scenario, list(commodities) or None) for scenario in loaded]
        for path, case in zip(paths, cases, strict=True):
            check_comparable(cases[0], case)
            if not quiet:
                print_notices(notices(case), path)
        for place, (path, scenario) in enumerate(zip(paths, loaded, strict=True)):
            if place > 0:
                shown.begin(_title(path), replications)
            try:
                study = analysis.run(
                    scenario,
                    replications=replications,
                    seed=seed,
                    commodities=commodities,
                    jobs=available_cores() if jobs is None else jobs,
                    progress=shown.told,
                )
            except analysis.PartialStudy as error:
                return studies, error
            studies.append(study)
    return studies, None


def _title(path: str) -> str:
    return os.path.basename(path) or path
