"""``simulator run``: simulate scenarios and print how the target holds up."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click

from simulator.cli.options import (
    commodities_option,
    jobs_option,
    json_option,
    observed_option,
    quiet_option,
    replications_option,
    seed_option,
    sets_option,
)
from simulator.cli.own_data import own_data
from simulator.cli.report import Wanted, html_option, markdown_option
from simulator.cli.simulating import Asked, simulated
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Study
    from simulator.scenario.case import Case


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@replications_option
@seed_option
@commodities_option
@sets_option()
@observed_option
@jobs_option
@click.option("--out", metavar="DIR", help="Keep the run in a folder of its own inside DIR.")
@click.option("--agreements", is_flag=True, help="Add tonnes by agreement and partner country to the table.")
@html_option
@markdown_option
@json_option
@quiet_option
@own_data
def run(
    scenarios: tuple[str, ...],
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    observed: str | None,
    jobs: int | None,
    out: str | None,
    agreements: bool,
    html: str | None,
    markdown: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Simulate scenarios and print how the target holds up.

    \b
    Example:
      simulator run scenarios/baseline.yaml
      simulator run scenarios/baseline.yaml --commodity gallium --set events.us_ban_suspension.renewal_probability=0.5
      simulator run scenarios/*.yaml --replications 256 --json > runs.json
      simulator run scenarios/baseline.yaml scenarios/snapback_2026.yaml --out runs --html report.html
      simulator run scenarios/nowcast.yaml --observed scenarios/observed/2026_07.csv

    The result goes to stdout, progress to stderr. The same scenario, data, seed and number of replications
    give the same bytes, whatever --jobs.
    """
    _no_file_twice(scenarios)
    asked = Asked(replications, seed, commodities, sets, jobs, quiet, observed)
    wanted = Wanted(html, markdown)
    wanted.check()

    def check(cases: Sequence[Case]) -> None:
        if wanted.files:
            from simulator.analysis.compare import check_comparable

            for case in cases:
                check_comparable(cases[0], case)
        if out is not None:
            from simulator.report.run_directory import check_folder

            check_folder(out)

    studies: list[Study] = []
    stopped: PartialStudy | None = None
    with closing(simulated(scenarios, asked, check)) as runs:
        for study, why in runs:
            stopped = why
            if study is None:
                break
            studies.append(study)
            if out is not None:
                from simulator.report.run_directory import keep

                folder = keep(study, out)
                if not quiet:
                    click.echo(f"kept in {folder}", err=True)
    if stopped is not None and not studies:
        raise stopped
    _print(studies, as_json, agreements)
    # Runs of other lengths have no pairs of futures; those before the one that was stopped have.
    whole = [study for study in studies if study.complete] or studies
    if wanted.files:
        wanted.write(whole)
    if stopped is not None:
        click.echo(f"error: {stopped}", err=True)
        return stopped.exit_code
    return 0


def _no_file_twice(paths: tuple[str, ...]) -> None:
    """Refuse the same file under two names: its run would be made, and reported, twice."""
    seen: dict[str, str] = {}
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            same = f"{path} is named twice" if path == seen[real] else f"{seen[real]} and {path} are the same file"
            raise UsageError(same)
        seen[real] = path


def _print(studies: list[Study], as_json: bool, agreements: bool) -> None:
    if as_json:
        from simulator.report.document import document, text

        click.echo(text(document(studies)), nl=False)
        return
    from simulator.report.delivery_text import delivery_tables
    from simulator.report.terminal import terminal

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    parts = []
    for study in studies:
        parts.append(terminal(study, colour=colour))
        if agreements:
            parts.append(delivery_tables(study, colour=colour))
    click.echo("\n".join(parts), nl=False, color=colour)
