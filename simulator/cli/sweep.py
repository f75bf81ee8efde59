"""``simulator sweep``: a scenario over grids of values."""

from __future__ import annotations

import math
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.progress import progress
from simulator.cli.studying import answer, study_options, taken_in
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.analysis.sweep import PartialSweep, Sweep
    from simulator.experiment.executors import Jobs


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="SCENARIO")
@click.option(
    "--grid", "grids", multiple=True, required=True, metavar="PATH=V1,V2,...", help="Values of a path; repeatable."
)
@click.option("--out", metavar="DIR", help="Keep each combination in DIR; what is there already is not run again.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write one line per combination, commodity and measure.")
@click.option("--heatmap", "figure", metavar="FILE", help="Draw P(met) over two grids, as .svg or .png.")
@click.option("--yardstick", default="reliance", show_default=True, metavar="Y", help="Yardstick of the heat map.")
@study_options("Override a value in every combination; repeatable.")
@click.pass_context
def sweep(
    ctx: click.Context,
    scenario: str,
    grids: tuple[str, ...],
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: Jobs,
    out: str | None,
    csv_file: str | None,
    figure: str | None,
    yardstick: str,
    as_json: bool,
    quiet: bool,
) -> int:
    """Simulate every combination of values laid over a scenario, on the same random futures.

    \b
    Example:
      simulator sweep scenarios/baseline.yaml --grid events.us_ban_suspension.renewal_probability=0:1:5
      simulator sweep scenarios/baseline.yaml --grid inputs.truce_renewal/ALL=0,0.5,1 --grid review_days=7,14
      simulator sweep scenarios/baseline.yaml --commodity gallium --grid A=... --grid B=... --out kept --heatmap map.svg

    A path is written as for --set, with events by id; LO:HI:N stands for N values in equal steps. Every path
    and value is checked before anything runs. Printed are P(met) and KPIs at the deadline with 95 % intervals;
    --csv and --json give every commodity and measure.

    With --out, the same command after Ctrl-C goes on where it stopped, to the same bytes.
    """
    from simulator.analysis.grids import grids_of

    if figure is not None:
        from simulator.report.heatmap import check_heatmap

        check_heatmap(figure, len(grids), yardstick)
    for file in (csv_file, figure):
        _check_place(file)
    began = time.monotonic()
    stopped: PartialSweep | None = None
    laid = grids_of(grids)
    with progress(quiet=quiet) as shown:
        shown.begin(Path(scenario).name, replications * math.prod(len(grid.values) for grid in laid))
        from simulator.analysis import sweep as analysis
        from simulator.report.sweep_store import FolderStore

        loaded, _ = taken_in(scenario, sets, commodities, verb="sweep", quiet=quiet)
        try:
            found = analysis.sweep(
                loaded,
                grids,
                replications=replications,
                seed=seed,
                commodities=commodities,
                jobs=jobs,
                progress=shown.told,
                store=None if out is None else FolderStore(out),
            )
        except analysis.PartialSweep as error:
            stopped, found = error, error.sweep
    if found.points:
        _write(found, csv_file, figure, yardstick)
    elif stopped is not None:
        click.echo(_how_to_resume(ctx, out), err=True)
        raise stopped
    from simulator.report.sweep_document import sweep_document
    from simulator.report.sweep_text import sweep_text

    code = answer(
        found,
        stopped,
        document=sweep_document,
        text=sweep_text,
        as_json=as_json,
        began=began,
        jobs=jobs,
        advice=_how_to_resume(ctx, out),
    )
    if stopped is None and found.reused and not quiet:
        click.echo(f"{found.reused:,} of {found.requested:,} combinations were there already in {out}", err=True)
    return code


def _check_place(file: str | None) -> None:
    """Refuse a file that cannot be written before the work is done for it."""
    if file is not None and not Path(file).parent.is_dir():
        raise InputError(f"{file} cannot be written: there is no folder {str(Path(file).parent)!r}")


def _write(found: Sweep, csv_file: str | None, figure: str | None, yardstick: str) -> None:
    from simulator.report.run_directory import write_whole

    contents = []
    if csv_file is not None:
        from simulator.report.sweep_document import sweep_csv

        contents.append((csv_file, sweep_csv(found).encode()))
    if figure is not None:
        from simulator.report.heatmap import heatmap

        contents.append((figure, heatmap(found, Path(figure).suffix, yardstick)))
    for file, content in contents:
        try:
            write_whole(Path(file), content)
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror or error}") from error


def _how_to_resume(ctx: click.Context, out: str | None) -> str:
    if out is None:
        return "nothing was kept; with --out DIR the same command goes on where it stopped"
    return f"go on with: {command_line(ctx)}"


def command_line(ctx: click.Context) -> str:
    """Return the command that was given, ready for a shell, from what the parser understood of it."""
    words = ["simulator", str(ctx.command.name)]
    for parameter in ctx.command.params:
        given = ctx.params.get(str(parameter.name))
        if isinstance(parameter, click.Argument):
            words.append(str(given))
            continue
        if given is None or given is False or given == () or given == parameter.get_default(ctx):
            continue
        for value in given if isinstance(given, tuple) else (given,):
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
    return shlex.join(words)
