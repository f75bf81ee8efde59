"""When the target is first met: the share of futures that have not met it yet, censored at the last day watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.analysis.first_met import FirstMet
from simulator.analysis.study import HEADLINE, Study
from simulator.errors import UsageError
from simulator.metrics.outcome import MONTH_DAYS
from simulator.report.figures.style import DASHES, PALETTE, axes, percent_axis, sign, spread_out, styled
from simulator.report.figures.subjects import short_name, verdict_of
from simulator.report.figures.survival import MOST

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def first_met_of(study: Study, commodity: str, yardstick: str = HEADLINE) -> FirstMet:
    """Return when a commodity first meets a yardstick.

    Raises
    ------
    UsageError
        If the yardstick is not one of the run, or is judged at the deadline alone.
    """
    judged = verdict_of(study, commodity).yardsticks
    found = judged[yardstick].first_met if yardstick in judged else None
    if found is None:
        known = ", ".join(name for name, item in judged.items() if item.first_met is not None)
        raise UsageError(f"{yardstick!r} is not watched day by day in this run; known are {known}")
    return found


def still_open(study: Study, yardstick: str = HEADLINE) -> tuple[str, ...]:
    """Return the commodities to draw: those of the headline that are open, or the first ones where none is."""
    counted = study.verdict.overall[yardstick].commodities if yardstick in study.verdict.overall else ()
    return (counted or tuple(item.commodity for item in study.verdict.commodities))[:MOST]


def first_met(
    study: Study,
    commodities: str | tuple[str, ...] | None = None,
    yardstick: str = HEADLINE,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of futures that have not met a yardstick yet, with pointwise 95 % intervals."""
    chosen = (commodities,) if isinstance(commodities, str) else commodities or still_open(study, yardstick)
    curves = [first_met_of(study, name, yardstick) for name in chosen]
    with styled():
        own, given = axes(ax, 5.4, 3.0), ax
        for place, found in enumerate(curves):
            colour, dash = PALETTE[place % len(PALETTE)], DASHES[place % len(DASHES)]
            months = np.array(found.watched) / MONTH_DAYS
            low, high = [item.low for item in found.not_yet], [item.high for item in found.not_yet]
            own.fill_between(months, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
            own.step(months, [item.value for item in found.not_yet], where="post", color=colour, linestyle=dash,
                     linewidth=1.6)  # fmt: skip
        last = max(found.watched[-1] for found in curves) / MONTH_DAYS
        # Too few futures for an estimate leave a curve without an end to be named.
        ends = {name: found.not_yet[-1].value for name, found in zip(chosen, curves, strict=True)}
        ends = {name: value for name, value in ends.items() if not np.isnan(value)}
        heights = spread_out(list(ends.values()), 0.065, 0.0, 1.0)
        for (name, value), height in zip(ends.items(), heights, strict=True):
            own.annotate(
                short_name(verdict_of(study, name)), (last, value), xytext=(last * 1.03, height),
                textcoords="data", va="center", fontsize=8, annotation_clip=False,
                arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkB": 0},
            )  # fmt: skip
        deadline = study.counted.moment_days[study.counted.moment("deadline")] / MONTH_DAYS
        own.axvline(deadline, color="0.4", linewidth=0.8, linestyle=":")
        own.annotate("deadline", (deadline, 0.02), fontsize=7, rotation=90, ha="right", va="bottom", color="0.3")
        own.set_xlim(0.0, last)
        own.set_ylim(0.0, 1.0)
        own.set_xticks(np.arange(0.0, last + 0.5, 6.0))
        own.set_xlabel("months from start")
        percent_axis(own, "not met yet, % of futures")
        own.set_title(f"Time until {yardstick} is first met")
        sign(own, study, given)
    return own
