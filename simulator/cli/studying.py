"""What the commands that study a scenario share: their options, how they take it in, and how they answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from simulator.cli.options import (
    OVERRIDE,
    Option,
    commodities_option,
    json_option,
    print_notices,
    print_unjudged,
    quiet_option,
    replications_option,
    seed_option,
    sets_option,
)
from simulator.cli.own_data import own_data
from simulator.cli.workers import workers_options

if TYPE_CHECKING:
    from simulator.errors import IncompleteError
    from simulator.experiment.executors import Jobs
    from simulator.scenario import Scenario
    from simulator.scenario.case import Case

Found = TypeVar("Found")


def study_options(override: str = OVERRIDE) -> Option:
    """Options of every study, after the command's own: futures, commodities, overrides, workers, output, own rows."""
    options = (
        replications_option,
        seed_option,
        commodities_option,
        sets_option(override),
        workers_options,
        json_option,
        quiet_option,
        own_data,
    )

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def taken_in(
    file: str, sets: Sequence[str], commodities: Sequence[str], *, verb: str, quiet: bool
) -> tuple[Scenario, Case]:
    """Load and resolve a scenario, and say what of it the command can do nothing with; see ``tell``."""
    from simulator.scenario import load, resolve

    loaded = load(file, sets)
    case = resolve(loaded, list(commodities) or None)
    if not quiet:
        tell([case], file, verb)
    return loaded, case


def tell(cases: Sequence[Case], file: str, verb: str) -> None:
    """Say on stderr which events of a scenario's cases can do nothing, and which yardsticks are not judged."""
    from simulator.scenario.notices import notices

    for case in cases:
        print_notices(notices(case), file)
    print_unjudged(cases[0].target, verb, file)


def answer(
    found: Found,
    stopped: IncompleteError | None,
    *,
    document: Callable[..., dict[str, Any]],
    text: Callable[[Found], str],
    as_json: bool,
    began: float,
    jobs: Jobs,
    advice: str = "",
) -> int:
    """Print what was found and, where it was stopped, why and what to do; return the exit code."""
    if as_json:
        from simulator.experiment.executors import worker_count
        from simulator.report.document import text as json_text

        wall_s = time.monotonic() - began
        click.echo(json_text(document(found, wall_s=wall_s, jobs=worker_count(jobs))), nl=False)
    else:
        click.echo(text(found), nl=False)
    if stopped is None:
        return 0
    click.echo("\n".join(filter(None, (f"error: {stopped}", advice))), err=True)
    return stopped.exit_code
