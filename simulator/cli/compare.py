"""``simulator compare``: scenarios against a reference, on the same random futures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from simulator.cli.simulating import Asked, simulated
from simulator.cli.studying import study_options

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Study
    from simulator.experiment.executors import Jobs
    from simulator.scenario.case import Case


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("reference", metavar="REFERENCE")
@click.argument("others", nargs=-1, required=True, metavar="OTHER...")
@click.option("--all", "everything", is_flag=True, help="Every commodity and measure, not what differs alone.")
@study_options("Override a value of every scenario; repeatable.")
def compare(
    reference: str,
    others: tuple[str, ...],
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: Jobs,
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
    asked = Asked(replications, seed, commodities, sets, jobs, quiet)
    studies: list[Study] = []
    stopped: PartialStudy | None = None
    for study, why in simulated(paths, asked, _check):
        stopped = why
        if study is not None and why is None:
            studies.append(study)
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


def _check(cases: Sequence[Case]) -> None:
    """Refuse scenarios that cannot be compared with the first."""
    from simulator.analysis.compare import check_comparable

    for case in cases:
        check_comparable(cases[0], case)
