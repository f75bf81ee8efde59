"""A calibration as text: what the targets say before and after, out of sample, and what was learnt."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from simulator.analysis.calibration.design import is_global
from simulator.analysis.calibration.posterior import Marginal
from simulator.analysis.calibration.study import Calibration, TargetFit
from simulator.report.backtest_text import figure
from simulator.report.calibration_table import differing
from simulator.report.layout import WIDTH, Column, as_lines, ruled

TARGETS: Final[tuple[Column, ...]] = (
    ("target", 24, "left"),
    ("observed", 8, "right"),
    ("range that\ncounts", 14, "right"),
    ("prior\nmedian", 8, "right"),
    ("posterior\nmedian (5-95 %)", 22, "right"),
    ("without its episode\nmedian (5-95 %)", 22, "right"),
    ("met", 4, "left"),
    ("left\nout", 4, "left"),
)
INPUTS: Final[tuple[Column, ...]] = (
    ("input", 24, "left"),
    ("one value for", 15, "left"),
    ("position in the prior,\nmedian (5-95 %)", 24, "right"),
    ("apart from\nthe prior", 10, "right"),
    ("", 30, "left"),
)


SMALLEST: Final = 0.005
"""What is less is shown as nothing."""


def calibration_text(found: Calibration) -> str:
    """Return a calibration as text of at most 124 columns."""
    return as_lines([*_head(found), "", *_targets(found), "", *_inputs(found), "", *_foot(found)])


def _head(found: Calibration) -> Iterator[str]:
    fits = found.fits
    prior = sum(item.met(item.prior) for item in fits)
    posterior = sum(item.met(item.posterior) for item in fits)
    out = sum(item.met(item.left_out) for item in fits)
    yield from textwrap.wrap(
        f"{len(fits)} targets of {len(found.episodes)} episodes ({', '.join(found.episodes)}). Met by the median of "
        f"the priors: {prior}; of the posterior: {posterior}; of the posterior of the others, each episode left out in "
        f"turn: {out}.",
        WIDTH,
    )
    before, after, alone = found.losses
    yield from textwrap.wrap(
        f"Mean loss of a target: {before:.2f} under the priors, {after:.2f} under the posterior, "
        f"{alone:.2f} where its own episode is left out (0: inside its range).",
        WIDTH,
    )
    yield from textwrap.wrap(
        f"{found.replications:,} points of the prior, the same parameters in every episode; {found.ess:,.0f} effective "
        "ones carry the posterior.",
        WIDTH,
    )
    yield from textwrap.wrap(_power(found), WIDTH)


def _power(found: Calibration) -> str:
    if len(found.episodes) < 2:
        return f"One episode leaves none to be predicted: the kernel has power {found.power:g}."
    tried = "; ".join(f"{item.power:g}: {item.left_out:.3f}" for item in found.trials)
    if found.power == 0.0:
        said = "Every power of the kernel predicts episodes that are left out worse than the priors do, which stand"
    else:
        said = f"Power {found.power:g} of the kernel predicts episodes that are left out best"
    none, full = found.trials[0].by_episode, found.trials[-1].by_episode
    apart = "; ".join(f"{name} {none[name]:.2f} > {full[name]:.2f}" for name in none)
    return f"{said} (mean loss of an episode left out, by power - {tried}). From none to full power: {apart}."


def _targets(found: Calibration) -> Iterator[str]:
    yield "Calibration targets, misses first"
    ordered = sorted(found.fits, key=lambda item: item.met(item.posterior))
    yield ruled(TARGETS, [_target(item) for item in ordered])


def _target(item: TargetFit) -> tuple[str, ...]:
    target = item.target
    return (
        target.id,
        figure(target.observed),
        f"{figure(target.low)} to {figure(target.high)}",
        _short(item.prior[1]),
        _spread(item.posterior),
        _spread(item.left_out),
        _met(item, item.posterior),
        _met(item, item.left_out),
    )


def _met(item: TargetFit, quantiles: tuple[float, float, float]) -> str:
    return "yes" if item.met(quantiles) else "MISS"


def _spread(quantiles: tuple[float, float, float]) -> str:
    low, median, high = map(_short, quantiles)
    return f"{median} ({low} to {high})"


def _short(value: float) -> str:
    return figure(value if abs(value) >= SMALLEST else 0.0)


def _inputs(found: Calibration) -> Iterator[str]:
    yield "Behavioural inputs, what was learnt first"
    ordered = sorted(found.marginals, key=lambda item: (not item.learnt, -item.apart))
    yield ruled(INPUTS, [_input(item) for item in ordered])


def _input(item: Marginal) -> tuple[str, ...]:
    return (
        item.role.replace("_", " "),
        "all" if is_global(item.role) else "each commodity",
        f"{item.median:.2f} ({item.low:.2f} to {item.high:.2f})",
        f"{item.apart:.2f}",
        "" if item.learnt else "not told apart: prior stands",
    )


def _foot(found: Calibration) -> Iterator[str]:
    one, other, value = found.correlation
    yield from textwrap.wrap(
        "Distance to a target: half-widths beyond its range, nothing inside; Student t kernel, 4 degrees of freedom. "
        "The posterior is looked at in fresh futures, its inputs drawn as scenarios draw them. "
        "Runs draw the inputs independently from these positions; the largest correlation that leaves out is "
        f"{value:+.2f}, of {one.replace('_', ' ')} and {other.replace('_', ' ')}.",
        WIDTH,
    )
    apart = differing(found)
    if apart:
        told = f"The shipped table says otherwise of {len(apart)} inputs ({', '.join(apart)}); --write writes this one."
    else:
        told = "The shipped table (input_posteriors.csv) says the same."
    yield from textwrap.wrap(told, WIDTH)
