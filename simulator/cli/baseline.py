"""``simulator baseline``: results that continuous integration defends."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import Option, json_option, quiet_option, whole_rounds
from simulator.cli.progress import progress
from simulator.cli.workers import workers_options
from simulator.errors import InputError, UsageError

if TYPE_CHECKING:
    from simulator.experiment.executors import Jobs
    from simulator.report.baseline_run import Library

_HELP = {"help_option_names": ["-h", "--help"]}
_TITLE = "baselines"


def _folder_option() -> Option:
    return click.option(
        "--baselines",
        "folder",
        default="tests/baselines",
        show_default=True,
        metavar="DIR",
        help="Folder of baselines.",
    )


@click.group(context_settings=_HELP)
def baseline() -> None:
    """Hold the numbers of scenarios against those committed before.

    \b
    Example:
      simulator baseline check
      simulator baseline update snapback_2026 --because "Licence lags follow the 2026 survey"

    A scenario is named by its file, or by its short name in the folder scenarios; where there is none here, those that
    come with the program are meant.
    """


@baseline.command(context_settings=_HELP)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@_folder_option()
@workers_options
@json_option
@click.option("--markdown", "markdown_file", metavar="FILE", help="Write a step's summary, as for GITHUB_STEP_SUMMARY.")
@click.option("--junit", "junit_file", metavar="FILE", help="Write JUnit XML, one case for each scenario and number.")
@click.option("--actual", metavar="DIR", help="Leave the numbers of scenarios that moved in DIR, as baselines.")
@quiet_option
def check(
    scenarios: tuple[str, ...],
    folder: str,
    jobs: Jobs,
    as_json: bool,
    markdown_file: str | None,
    junit_file: str | None,
    actual: str | None,
    quiet: bool,
) -> int:
    """Simulate scenarios and compare their headline numbers with their baselines, future by future.

    \b
    Example:
      simulator baseline check
      simulator baseline check baseline snapback_2026 --junit junit.xml

    Without a name, every scenario of the folder scenarios. A number is identical, equivalent (the change is within
    what matters and not significant), changed (significant, within), improved or regressed (significant, beyond) or
    inconclusive. Exit code 0: all identical or equivalent; 1: something moved; 5: a baseline is missing, or of
    another scenario, data or schema.
    """
    began = time.monotonic()
    _check_places(markdown_file, junit_file)
    with progress(quiet=quiet) as shown:
        from simulator.analysis.baselines import REPLICATIONS
        from simulator.report.baseline_run import (
            baselines_folder,
            checked,
            held,
            orphans,
            scenario_files,
            with_orphans,
        )

        files = scenario_files(scenarios)
        shown.begin(_TITLE, REPLICATIONS * len(files))
        place = baselines_folder(folder)
        items = held(files, place)
        library = checked(items, jobs=jobs, progress=shown.told)
        if not scenarios:
            library = with_orphans(library, orphans(place, [item.stem for item in items]), folder)
    _write(library, markdown_file, junit_file, actual)
    from simulator.experiment.executors import worker_count

    _print(library, as_json, time.monotonic() - began, worker_count(jobs))
    if library.stopped is not None:
        click.echo(f"error: {library.stopped}; checked {len(library.checks)} of {len(files)} scenarios", err=True)
    return library.exit_code


@baseline.command(context_settings=_HELP)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--all", "everything", is_flag=True, help="Every scenario of the folder scenarios.")
@click.option("--because", required=True, metavar="TEXT", help="Why the numbers move; goes into the ledger.")
@click.option(
    "--replications",
    type=int,
    metavar="N",
    callback=lambda ctx, param, value: value if value is None else whole_rounds(ctx, param, value),
    help="Futures, a multiple of 16.  [default: as before, 128 for a new one]",
)
@_folder_option()
@workers_options
@quiet_option
def update(
    scenarios: tuple[str, ...],
    everything: bool,
    because: str,
    replications: int | None,
    folder: str,
    jobs: Jobs,
    quiet: bool,
) -> int:
    """Make the numbers of scenarios their baselines from now on, and say why in the ledger LEDGER.md.

    \b
    Example:
      simulator baseline update snapback_2026 --because "Licence lags follow the 2026 survey"
      simulator baseline update --all --because "Demand elasticities by commodity"

    Prints what moved. Commit the files with the change that moves them. Refused where the variable CI is set: a
    reason is for a person to give.
    """
    because = " ".join(because.split())
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise UsageError("baselines are not updated under CI (the variable CI is set): do it where you can say why")
    if not because:
        raise UsageError("--because needs a reason")
    if everything == bool(scenarios):
        raise UsageError("name the scenarios to update, or give --all")
    with progress(quiet=quiet) as shown:
        from simulator.analysis.baselines import REPLICATIONS
        from simulator.report.baseline_files import add_to_ledger, moved_text
        from simulator.report.baseline_run import held, scenario_files, updated

        files = scenario_files(scenarios)
        shown.begin(_TITLE, (replications or REPLICATIONS) * len(files))
        items = held(files, Path(folder))
        moved = updated(items, Path(folder), replications=replications, jobs=jobs, progress=shown.told)
    # What rests on another scenario or other data from now on is noted even where no number moved.
    noted = [(item.stem, check) for item, check in moved if item.refused or check is None or not check.still]
    if noted:
        add_to_ledger(Path(folder), datetime.now(UTC).date().isoformat(), because, noted)
    for item, check in moved:
        click.echo(f"{item.stem}: {moved_text(check)}")
    return 0


def _check_places(*files: str | None) -> None:
    for file in files:
        if file is not None and not Path(file).parent.is_dir():
            raise InputError(f"{file} cannot be written: there is no folder {str(Path(file).parent)!r}")


def _write(library: Library, markdown_file: str | None, junit_file: str | None, actual: str | None) -> None:
    from simulator.report.baseline_ci import baseline_junit, baseline_markdown
    from simulator.report.baseline_files import write_baseline

    texts = ((markdown_file, baseline_markdown), (junit_file, baseline_junit))
    for file, text in texts:
        if file is None:
            continue
        try:
            Path(file).write_text(text(library.checks), "utf-8", newline="\n")
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
    if actual is not None:
        for check in library.checks:
            if not check.passed and check.scenario in library.baselines:
                write_baseline(Path(actual), check.scenario, library.baselines[check.scenario])


def _print(library: Library, as_json: bool, wall_s: float, jobs: int) -> None:
    if as_json:
        from simulator.report.baseline_document import baseline_document
        from simulator.report.document import text

        document = baseline_document(library.checks, exit_code=library.exit_code, wall_s=wall_s, jobs=jobs)
        click.echo(text(document), nl=False)
    else:
        from simulator.report.baseline_text import baseline_text

        click.echo(baseline_text(library.checks), nl=False)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from simulator.report.baseline_ci import error_lines

        for line in error_lines(library.checks):
            click.echo(line, err=True)
