"""``simulator trace``: every lot of one random future."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from simulator.cli.options import commodities_option, json_option, seed_option, sets_option
from simulator.cli.own_data import own_data
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.model.lot_log import Lot
    from simulator.scenario.case import Case

STDOUT = "-"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="SCENARIO|RUN_DIR")
@click.option(
    "--replication", type=click.IntRange(min=0), required=True, metavar="K", help="Number of the future, from 0."
)
@seed_option
@commodities_option
@sets_option()
@click.option("--csv", "csv_file", metavar="FILE", help="Write CSV to FILE, or to stdout for -.")
@json_option
@own_data
@click.pass_context
def trace(
    ctx: click.Context,
    scenario: str,
    replication: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    csv_file: str | None,
    as_json: bool,
) -> None:
    """Print the lot log of one replication: a table on a terminal, CSV for anything else.

    \b
    Example:
      simulator trace scenarios/baseline.yaml --replication 3 --commodity antimony | head
      simulator trace scenarios/baseline.yaml --replication 3 --csv lots.csv
      simulator trace runs/baseline-1a2b3c4d --replication 137

    Replication K alone is the same future, to the last bit, as number K of `simulator run` with that seed. A
    lot is one consignment to the focal buyer, at the stage its commodity is judged at and at each end-product
    market; goods between the stages of a chain move in bulk and are not in the log. China-exposed tonnes are those on
    the day the lot leaves: on the way, the lots of a lane mix. The landed tonnes add up to the run's landings by
    declared origin.
    """
    if csv_file is not None and as_json:
        raise UsageError("--csv and --json exclude each other")
    from simulator.experiment.lots import replication_lots
    from simulator.scenario import load, resolve

    if (Path(scenario) / "manifest.json").is_file():
        case, seed = _kept(ctx, Path(scenario))
    else:
        case = resolve(load(scenario, sets), list(commodities) or None)
    _, lots = replication_lots(case, replication=replication, seed=seed)
    if as_json:
        from simulator.report.document import text
        from simulator.report.trace_table import trace_document

        sys.stdout.write(text(trace_document(case, lots, replication=replication, seed=seed)))
    elif csv_file is None and sys.stdout.isatty():
        from simulator.report.trace_table import table

        for line in table(case, lots):
            click.echo(line)
    else:
        _write(case, lots, STDOUT if csv_file is None else csv_file)
    # Here, where a reader who has gone is still met: at exit Python would complain.
    sys.stdout.flush()


def _kept(ctx: click.Context, folder: Path) -> tuple[Case, int]:
    """Return case and seed of a kept run, on its own rows."""
    from simulator.catalogue.tables import laid_over
    from simulator.report.run_manifest import read_manifest
    from simulator.report.run_reader import read_case

    given = [name for name in ("seed", "sets", "commodities", "data") if _is_given(ctx, name)]
    if given:
        raise UsageError("a kept run says itself what was simulated; give --replication and the form alone")
    manifest = read_manifest(folder)
    _, case, notices = read_case(folder, manifest)
    for notice in notices:
        click.echo(f"notice: {notice}", err=True)
    ctx.with_resource(laid_over(case.overlay))
    return case, manifest.seed.root


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _write(case: Case, lots: tuple[Lot, ...], file: str) -> None:
    from simulator.report.trace_table import write_csv

    if file == STDOUT:
        write_csv(case, lots, sys.stdout)
        return
    try:
        with open(file, "w", encoding="utf-8", newline="") as out:
            write_csv(case, lots, out)
    except OSError as error:
        raise UsageError(f"{file!r} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {len(lots):,} lots to {file}", err=True)
