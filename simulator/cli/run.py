"""``simulator run``: simulate scenarios and print how the target holds up."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from simulator.cli.kept_runs import Kept, continued, tell_of_failures
from simulator.cli.options import (
    commodities_option,
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
from simulator.cli.workers import workers_options
from simulator.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Study
    from simulator.experiment.executors import Jobs
    from simulator.report.explain_store import Explained
    from simulator.scenario.case import Case


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenarios", nargs=-1, metavar="SCENARIO...")
@replications_option
@seed_option
@commodities_option
@sets_option()
@observed_option
@workers_options
@click.option(
    "--precision",
    type=float,
    metavar="X",
    help="Run until the headline's 95 % intervals are +/- X; --replications is then the most.  [default: 16384]",
)
@click.option("--cutoff", is_flag=True, help="Judge the yardstick cutoff too: every future once more, China cut off.")
@click.option(
    "--input-range", is_flag=True, help="Add the range of P(met) over the uncertain inputs: 64 x 32 more futures."
)
@click.option("--out", metavar="DIR", help="Keep the run in a folder of its own inside DIR, block by block.")
@click.option("--resume", metavar="DIR", help="Go on with a kept run that was stopped, or with all of them inside DIR.")
@click.option("--agreements", is_flag=True, help="Add tonnes by agreement and partner country to the table.")
@html_option
@markdown_option
@json_option
@quiet_option
@own_data
@click.pass_context
def run(
    ctx: click.Context,
    scenarios: tuple[str, ...],
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    observed: str | None,
    jobs: Jobs,
    precision: float | None,
    cutoff: bool,
    input_range: bool,
    out: str | None,
    resume: str | None,
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
      simulator run scenarios/baseline.yaml --commodity antimony --cutoff --precision 0.02
      simulator run scenarios/nowcast.yaml --observed scenarios/observed/2026_07.csv

    A word alone, such as baseline, names a scenario of the folder scenarios; where there is none here, one of those
    that come with the program. The result goes to stdout, progress to stderr. The same scenario, data, seed and
    number of replications give the same bytes, whatever --jobs.

    With --out, every block is kept as soon as it is finished; after Ctrl-C, a crash or a full disk
    `simulator run --resume DIR` goes on to the same bytes. Ctrl-C once finishes the blocks that have begun, twice stops
    at once. A replication that fails is named with its seed, the others are kept: exit code 4.
    """
    _check_what_to_run(ctx, scenarios, resume)
    _no_file_twice(scenarios)
    if precision is not None:
        from simulator.analysis.precision import MOST, check_precision

        if ctx.get_parameter_source("replications") is ParameterSource.DEFAULT:
            replications = MOST
        check_precision(precision, replications)
    asked = Asked(replications, seed, commodities, sets, jobs, quiet, observed, cutoff, precision, input_range)
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

    kept = Kept(out if resume is None else resume, quiet)
    if resume is not None:
        runs = continued(resume, asked, kept, check)
    else:
        # How many futures a precision takes is not known when it begins: such a run is kept when it ends.
        as_they_come = out is not None and precision is None
        runs = simulated(scenarios, asked, check, kept.begin if as_they_come else None)
    printed = _Printed(as_json, agreements)
    studies: list[Study] = []
    stopped: PartialStudy | None = None
    failed: list[Study] = []
    short: list[Study] = []
    with closing(runs):
        for study, why in runs:
            stopped = why
            if study is None:
                break
            stopped = kept.finish(study, why)
            if out is not None and precision is not None:
                from simulator.report.run_directory import keep

                folder = keep(study, out)
                if not quiet:
                    click.echo(f"kept in {folder}", err=True)
            printed.add(study)
            short += [study] if study.precision is not None and not study.precision.reached else []
            failed += [study] if study.failed else []
            if wanted.files:
                studies.append(study)
            if stopped is not None:
                break
    if stopped is not None and not printed.count:
        kept.tell_how_to_go_on(ctx)
        raise stopped
    printed.flush()
    # Runs of other lengths have no pairs of futures; those before the one that was stopped have.
    whole = [study for study in studies if study.complete] or studies
    if wanted.files:
        wanted.write(whole, explained=_explained(whole[0], kept))
    for study in failed:
        tell_of_failures(study, kept)
    if stopped is not None:
        click.echo(f"error: {stopped}", err=True)
        kept.tell_how_to_go_on(ctx)
        return stopped.exit_code
    if failed:
        kept.tell_how_to_go_on(ctx)
        return IncompleteError.exit_code
    for study in short:
        from simulator.report.precision_text import not_reached

        click.echo(f"error: {study.case.name}: {not_reached(study)}", err=True)
    return IncompleteError.exit_code if short else 0


_OF_THE_FOLDER = (
    "scenarios", "replications", "seed", "commodities", "sets", "observed", "data", "out", "precision", "cutoff",
    "input_range",
)  # fmt: skip
"""Options that say what is run; a resumed run has them from its folder."""


def _check_what_to_run(ctx: click.Context, scenarios: tuple[str, ...], resume: str | None) -> None:
    """Take scenarios or a folder to go on with, and with the folder nothing that it knows itself."""
    if resume is None:
        if not scenarios:
            raise click.UsageError("Missing argument 'SCENARIO...'.", ctx)
        return
    given = [
        parameter.opts[0] if parameter.param_type_name == "option" else "SCENARIO"
        for parameter in ctx.command.params
        if parameter.name in _OF_THE_FOLDER
        and ctx.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise UsageError(f"--resume goes on with what the folder says; leave out {', '.join(given)}")


def _explained(study: Study, kept: Kept) -> Explained | None:
    """Return what was kept beside the first run before."""
    folder = kept.folder(study)
    if folder is None:
        return None
    from simulator.report.explain_store import read_explained

    return read_explained(folder, study)


def _no_file_twice(paths: tuple[str, ...]) -> None:
    """Refuse the same file under two names: its run would be made, and reported, twice."""
    if len(paths) < 2:
        return
    from simulator.scenario.library import elsewhere

    seen: dict[str, str] = {}
    for path in paths:
        real = os.path.realpath(elsewhere(path) or path)
        if real in seen:
            same = f"{path} is named twice" if path == seen[real] else f"{seen[real]} and {path} are the same file"
            raise UsageError(same)
        seen[real] = path


class _Printed:
    """What goes to stdout, run by run, so that not every run has to be held until the end."""

    def __init__(self, as_json: bool, agreements: bool) -> None:
        self._as_json, self._agreements = as_json, agreements
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._documents: list[str] = []
        self._parts: list[str] = []

    @property
    def count(self) -> int:
        return len(self._documents) + len(self._parts)

    def add(self, study: Study) -> None:
        if self._as_json:
            from simulator.report.document import run_document, text

            self._documents.append(text(run_document(study)))
            return
        from simulator.report.delivery_text import delivery_tables
        from simulator.report.terminal import terminal

        self._parts.append(terminal(study, colour=self._colour))
        if self._agreements:
            self._parts.append(delivery_tables(study, colour=self._colour))

    def flush(self) -> None:
        if self._as_json:
            from simulator.report.document import together

            for piece in together(self._documents):
                click.echo(piece, nl=False)
        else:
            click.echo("\n".join(self._parts), nl=False, color=self._colour)
