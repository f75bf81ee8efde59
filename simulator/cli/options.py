"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.domain.target import Target

Option = Callable[[Callable[..., Any]], Callable[..., Any]]
_BRANCHING: Final = ("run", "compare", "stress")
"""Commands that judge yardsticks which take a branch of their own."""


def whole_rounds(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Check that a number of replications is a positive multiple of 16, and not too large."""
    from simulator.experiment.blocks import nearest_multiple
    from simulator.experiment.points import MOST_REPLICATIONS, RANDOMISATIONS

    if value < 1 or value % RANDOMISATIONS:
        raise click.BadParameter(
            f"{value} is not a positive multiple of {RANDOMISATIONS}; the nearest is {nearest_multiple(value)}"
        )
    if value > MOST_REPLICATIONS:
        raise click.BadParameter(f"{value:,} are too many; at most {MOST_REPLICATIONS:,} are accepted")
    return value


def print_notices(told: tuple[str, ...], file: str) -> None:
    """Say on stderr which events of a file can do nothing."""
    for text in told:
        click.echo(f"{file}: notice: {text}", err=True)


def print_unjudged(target: Target, verb: str, file: str) -> None:
    """Say on stderr which yardsticks the target of a file names that a command does not judge."""
    from simulator.domain.target import BRANCHED

    names = [item.yardstick for item in target.criteria if item.yardstick in BRANCHED]
    if names and verb not in _BRANCHING:
        others = " and ".join((", ".join(_BRANCHING[:-1]), _BRANCHING[-1]))
        text = f"{verb} does not judge {', '.join(names)}, which takes a branch of its own; {others} do"
        click.echo(f"{file}: notice: {text}", err=True)


def check_commodity(name: str) -> None:
    """Check that the catalogue has a commodity of this name."""
    from simulator.instruments.fields import nearest
    from simulator.instruments.names import commodity_names

    if name not in commodity_names():
        near = nearest(name.replace(" ", "_"), commodity_names())
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(commodity_names())}"
        raise UsageError(f"{name!r} is not a commodity of the catalogue; {hint}")


OVERRIDE: Final = "Override a value; events by id; repeatable."


def sets_option(text: str = OVERRIDE) -> Option:
    """Options ``--set``, with its line of help, and ``--allow-outside`` of every command that reads scenario files."""
    override = click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help=text)
    outside = click.option(
        "--allow-outside",
        is_flag=True,
        expose_value=False,
        callback=_allow_outside,
        help="Let scenarios name files outside their tree.",
    )
    return lambda command: override(outside(command))


def _allow_outside(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from simulator.scenario.tree import outside_allowed

        ctx.with_resource(outside_allowed())


replications_option = click.option(
    "--replications",
    type=int,
    default=1024,
    show_default=True,
    metavar="N",
    callback=whole_rounds,
    help="Random futures, a multiple of 16.",
)
seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="S", help="Root seed."
)
commodities_option = click.option(
    "--commodity", "commodities", multiple=True, metavar="C", help="Only this commodity; repeatable."
)
observed_option = click.option(
    "--observed",
    metavar="FILE",
    help="Weight the futures by the observed figures of a CSV file, in the place of the scenario's own.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
quiet_option = click.option("--quiet", is_flag=True, help="No progress on stderr.")
