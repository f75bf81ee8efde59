"""How long the futures go without a shortage: survival curves, censored at the deadline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import Estimate, probability
from simulator.analysis.study import HEADLINE, Study
from simulator.metrics.outcome import MONTH_DAYS
from simulator.metrics.yardsticks import criteria
from simulator.report.figures.style import DASHES, PALETTE, axes, by_month, percent_axis, sign, spread_out, styled
from simulator.report.figures.subjects import chain_of, short_name, verdict_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST: Final = 5
"""Curves that one chart can hold and still be read."""


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalData:
    """Share of futures without a shortage so far."""

    commodity: str
    months: NDArray[np.float64]
    """(M,) months from start, 0 first, the deadline last."""
    surviving: tuple[Estimate, ...]
    """P(no shortage up to each month); every future is watched until the deadline, so all are at risk until short."""
    at_risk: NDArray[np.int64]
    """(M,) futures without a shortage up to then."""
    first: NDArray[np.float64]
    """(n,) months from start to the first shortage; +inf where there is none by the deadline."""
    weights: NDArray[np.float64] | None = None
    """(n,) weights of the futures, None where all count alike."""

    @property
    def median(self) -> float:
        """Months until half of the futures have been short; +inf where fewer are by the deadline."""
        order = np.argsort(self.first, kind="stable")
        if self.weights is None:
            return float(self.first[order[(len(order) - 1) // 2]])
        counted = np.cumsum(self.weights[order])
        return float(self.first[order[int(np.searchsorted(counted, 0.5 * counted[-1]))]])


def shortage_limit(study: Study) -> float:
    """Return the unmet share of demand above which use is short: the limit of ``reliance``."""
    return next(item.max_unmet_share for item in criteria(study.case.target) if item.yardstick == HEADLINE)


def survival_data(study: Study, commodity: str) -> SurvivalData:
    """Return when futures first fall short: unmet demand of 90 days above the target's limit at a month's start.

    Of long runs these are the futures whose series are kept.
    """
    chain, outcome, limit = chain_of(study, commodity), study.counted, shortage_limit(study)
    deadline, n = outcome.moment("deadline"), outcome.with_series
    days = np.array(outcome.month_days)
    chosen = (days > 0.0) & (days < outcome.moment_days[deadline])
    short = np.concatenate(
        [
            chain.values["unmet_share"][:n, [outcome.moment("start")]] > limit,
            np.asarray(chain.series["unmet_share"][:, chosen], dtype=np.float64) > limit,
            chain.values["unmet_share"][:n, [deadline]] > limit,
        ],
        axis=1,
    )
    months = np.concatenate([[0.0], days[chosen], [outcome.moment_days[deadline]]]) / MONTH_DAYS
    ever = np.logical_or.accumulate(short, axis=1)
    first = np.where(ever[:, -1], months[np.argmax(ever, axis=1)], np.inf)
    return SurvivalData(
        commodity=commodity,
        months=months,
        surviving=tuple(probability(~ever[:, m], weights=study.series_weights) for m in range(len(months))),
        at_risk=np.asarray((~ever).sum(axis=0), dtype=np.int64),
        first=first,
        weights=study.series_weights,
    )


def most_often_short(study: Study, limit: int = MOST) -> tuple[str, ...]:
    """Return the commodities that most often fall short before the deadline; the first ones where none does."""
    everything = [item.commodity for item in (*study.verdict.commodities, *study.verdict.end_products)]
    ranked = sorted(everything, key=lambda name: survival_data(study, name).surviving[-1].value)
    return tuple(ranked[:limit])


def survival(study: Study, commodities: str | tuple[str, ...] | None = None, ax: Axes | None = None) -> Axes:
    """Draw the share of futures without a shortage so far, with pointwise 95 % intervals.

    A future is short from the first month at which more than the target's share of the last 90 days' demand went
    unmet, and is right-censored at the deadline.
    """
    chosen = (commodities,) if isinstance(commodities, str) else commodities or most_often_short(study)
    with styled():
        own, given = axes(ax, 5.4, 3.0), ax
        ends = []
        for place, name in enumerate(chosen):
            data = survival_data(study, name)
            colour, dash = PALETTE[place % len(PALETTE)], DASHES[place % len(DASHES)]
            values = [item.value for item in data.surviving]
            low, high = [item.low for item in data.surviving], [item.high for item in data.surviving]
            own.fill_between(data.months, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
            own.step(data.months, values, where="post", color=colour, linestyle=dash, linewidth=1.6)
            # Too few futures for an estimate leave a curve without an end to be named.
            if not math.isnan(values[-1]):
                ends.append((values[-1], short_name(verdict_of(study, name)), float(data.months[-1])))
        lows = [item.low for name in chosen for item in survival_data(study, name).surviving]
        lowest = min((low for low in lows if not math.isnan(low)), default=0.0)
        floor = max(0.0, math.floor(4.0 * lowest - 0.2) / 4.0)
        heights = spread_out([value for value, _, _ in ends], 0.065 * (1.0 - floor), floor, 1.0)
        for (value, text, month), height in zip(ends, heights, strict=True):
            own.annotate(
                text, (month, value), xytext=(month * 1.03, height), textcoords="data", va="center", fontsize=8,
                annotation_clip=False, arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkB": 0},
            )  # fmt: skip
        last = max((month for _, _, month in ends), default=18.0)
        own.set_xlim(0.0, last)
        own.set_xticks(np.arange(0.0, last + 0.5, 3.0))
        own.set_xlabel("months from start")
        percent_axis(own, "no shortage so far, % of futures")
        own.set_ylim(floor, 1.0)
        own.set_title("Time to the first shortage")
        sign(own, study, given, by_month(study))
    return own
