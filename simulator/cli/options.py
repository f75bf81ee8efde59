"""Options that several commands share."""

from __future__ import annotations

import click


def whole_rounds(ctx: click.Context, param: click.Parameter, value: int) -> int:
    """Check that a number of replications is a positive multiple of 16."""
    from simulator.experiment.blocks import nearest_multiple
    from simulator.experiment.points import RANDOMISATIONS

    if value < 1 or value % RANDOMISATIONS:
        raise click.BadParameter(
            f"{value} is not a positive multiple of {RANDOMISATIONS}; the nearest is {nearest_multiple(value)}"
        )
    return value


def print_notices(told: tuple[str, ...], file: str) -> None:
    """Say on stderr which events of a file can do nothing."""
    for text in told:
        click.echo(f"{file}: notice: {text}", err=True)
