"""``simulator run``: simulate scenarios and print how the target holds up."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from simulator.cli.options import print_notices, whole_rounds
from simulator.cli.own_data import own_data
from simulator.cli.progress import progress
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Study


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
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
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Override a value; events by id; repeatable.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: all cores]")
@click.option("--out", metavar="DIR", help="Keep the run in a folder of its own inside DIR.")
@click.option("--agreements", is_flag=True, help="Add tonnes by agreement and partner country to the table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@own_data
def run(
    scenarios: tuple[str, ...],
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: int | None,
    out: str | None,
    agreements: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Simulate scenarios and print how the target holds up.

    \b
    Example:
      simulator run scenarios/baseline.yaml
      simulator run scenarios/baseline.yaml --commodity gallium --set events.us_ban_suspension.renewal_probability=0.5
      simulator run scenarios/*.yaml --replications 256 --json > runs.json

    The result goes to stdout, progress to stderr. The same scenario, data, seed and number of replications
    give the same bytes, whatever --jobs.
    """
    _no_file_twice(scenarios)
    studies: list[Study] = []
    stopped: PartialStudy | None = None
    with progress(quiet=quiet) as shown:
        from simulator.scenario import load, resolve

        # Every file and name is checked before anything runs.
        loaded = [load(path, sets) for path in scenarios]
        # Before the other imports and the catalogue, which take most of a second.
        shown.begin(_title(scenarios[0]), replications)

        from simulator.analysis import study as analysis
        from simulator.experiment.executors import available_cores
        from simulator.report.run_directory import check_folder, keep
        from simulator.scenario.notices import notices

        for path, scenario in zip(scenarios, loaded, strict=True):
            case = resolve(scenario, list(commodities) or None)
            if not quiet:
                print_notices(notices(case), path)
        if out is not None:
            check_folder(out)

        for place, (path, scenario) in enumerate(zip(scenarios, loaded, strict=True)):
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
                stopped = error
                if error.study is None:
                    break
                study = error.study
            studies.append(study)
            if out is not None:
                folder = keep(study, out)
                if not quiet:
                    click.echo(f"kept in {folder}", err=True)
            if stopped is not None:
                break

    if stopped is not None and not studies:
        raise stopped
    _print(studies, as_json, agreements)
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


def _title(path: str) -> str:
    return os.path.basename(path) or path
