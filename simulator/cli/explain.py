"""``simulator explain``: what the verdict can be put down to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.progress import progress
from simulator.cli.studying import answer, study_options, taken_in, tell
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.analysis.explain import Asked, PartialAttribution
    from simulator.experiment.executors import Jobs
    from simulator.scenario.case import Case


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="SCENARIO|RUN_DIR")
@click.option(
    "--groups",
    default="by-partner",
    show_default=True,
    metavar="by-partner|by-type|FILE",
    help="How events, deals and projects stand together; a YAML file of `name: [id, country, ...]`.",
)
@click.option("--yardstick", default="reliance", show_default=True, metavar="Y", help="Yardstick of the verdict.")
@click.option(
    "--orders", type=int, default=64, show_default=True, metavar="N", help="Sampled orders of more than six groups."
)
@click.option("--out", metavar="DIR", help="Keep explain.json with the run in DIR, for its report.")
@study_options()
@click.pass_context
def explain(
    ctx: click.Context,
    scenario: str,
    groups: str,
    yardstick: str,
    orders: int,
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: Jobs,
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say what each event, deal and project adds to the verdict, alone and in groups.

    \b
    Example:
      simulator explain scenarios/baseline.yaml --groups by-partner
      simulator explain scenarios/baseline.yaml --commodity gallium --groups my_groups.yaml --json
      simulator explain runs/baseline-1a2b3c4d

    Every event, agreement, project, rule and the stockpile programme is left out once; Shapley values over the
    groups, exact up to six of them, add up to the difference from the scenario without any of it. Counted in
    points of P(met), points of exposed share, tonnes, and USD per point where deals name money.

    Of a kept run its scenario, commodities, futures and seed are taken, and explain.json is put beside it: the
    report then shows what drives the verdict. Ctrl-C prints what the finished runs say: exit code 130.
    """
    from simulator.report.explain_store import kept_run, place_of

    kept = kept_run(scenario)
    if kept is not None:
        _refuse_with_run(ctx, scenario)
    began = time.monotonic()
    stopped: PartialAttribution | None = None
    with progress(quiet=quiet) as shown:
        shown.begin(Path(scenario).name, replications if kept is None else kept.replications)
        from simulator.analysis import explain as analysis

        if kept is None:
            loaded, case = taken_in(scenario, sets, commodities, verb="explain", quiet=quiet)
        else:
            loaded, case, seed, replications = kept.scenario, kept.case, kept.seed, kept.replications
            if not quiet:
                tell([case], scenario, "explain")
        asked = _asked(case, groups, yardstick, orders, replications, seed)
        place = place_of(case, replications, seed, out) if kept is None else kept.folder
        try:
            found = analysis.attribute(loaded, asked, jobs=jobs, progress=shown.told)
        except analysis.PartialAttribution as error:
            if error.attribution is None:
                raise
            stopped, found = error, error.attribution
    if place is not None:
        from simulator.report.explain_store import keep_explained

        file = keep_explained(found, place)
        if not quiet:
            click.echo(f"kept in {file}", err=True)
    from simulator.report.explain_document import explain_document
    from simulator.report.explain_text import explain_text

    return answer(found, stopped, document=explain_document, text=explain_text, as_json=as_json, began=began, jobs=jobs)


def _refuse_with_run(ctx: click.Context, folder: str) -> None:
    """Refuse options that a kept run has settled."""
    for name in ("replications", "seed", "commodities", "sets", "out", "data"):
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = next(item.opts[0] for item in ctx.command.params if item.name == name)
            raise UsageError(f"{option} does not go with {folder}: the run has its own; name its scenario file instead")


def _asked(case: Case, groups: str, yardstick: str, orders: int, replications: int, seed: int) -> Asked:
    from simulator.analysis import explain as analysis
    from simulator.analysis.contributors import contributors_of
    from simulator.analysis.grouping import BY_PARTNER, BY_TYPE, groups_of, problems
    from simulator.scenario.groups_file import read_groups

    analysis.check_asked(case, yardstick, replications, orders)
    contributors = contributors_of(case)
    named = groups in (BY_PARTNER, BY_TYPE)
    wanted = groups if named else read_groups(groups, lambda found: problems(contributors, found))
    return analysis.Asked(
        case=case,
        contributors=contributors,
        groups=groups_of(contributors, wanted, case.focal),
        grouping=groups if named else "own",
        yardstick=yardstick,
        replications=replications,
        seed=seed,
        orders=orders,
    )
