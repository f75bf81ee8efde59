"""In which months which commodity runs short: P(shortage) as a heat map with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from simulator.analysis.intervals import Estimate, probability
from simulator.analysis.study import Study
from simulator.report.figures.style import VALUES, axes, by_month, sign, styled
from simulator.report.figures.subjects import chain_of, short_name, verdict_of
from simulator.report.figures.survival import shortage_limit
from simulator.report.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_TOP: Final = 0.25
"""The brightest colour stands for at least this share, so that noise does not look like a shortage."""
_DARK: Final = 0.5
"""Below this part of the scale the colour is dark, and the number on it white."""


@dataclass(frozen=True, slots=True)
class MonthData:
    """P(short) by commodity and month."""

    commodities: tuple[str, ...]
    days: tuple[float, ...]
    """First days of months from start to deadline, days from start."""
    short: tuple[tuple[Estimate, ...], ...]
    """Commodity by commodity, month by month: P(unmet demand of the last 90 days above the target's limit)."""


def month_data(study: Study) -> MonthData:
    """Return in what share of futures each commodity is short at each month's first day."""
    outcome, limit = study.counted, shortage_limit(study)
    last = outcome.moment_days[outcome.moment("deadline")]
    chosen = [i for i, day in enumerate(outcome.month_days) if 0.0 < day <= last]
    names = tuple(item.commodity for item in (*study.verdict.commodities, *study.verdict.end_products))
    return MonthData(
        commodities=names,
        days=tuple(outcome.month_days[i] for i in chosen),
        short=tuple(
            tuple(
                probability(chain_of(study, name).series["unmet_share"][:, i] > limit, weights=study.series_weights)
                for i in chosen
            )
            for name in names
        ),
    )


def months(study: Study, ax: Axes | None = None) -> Axes:
    """Draw P(shortage) by commodity and month; every cell says it in percent of futures."""
    data = month_data(study)
    rows, columns = len(data.commodities), len(data.days)
    with styled():
        own, given = axes(ax, 1.9 + 0.4 * columns, 1.1 + 0.26 * max(rows, 2)), ax
        values = np.array([[cell.value for cell in row] for row in data.short]).reshape(rows, columns)
        top = max(_LEAST_TOP, float(values.max(initial=0.0)))
        own.pcolormesh(values, cmap=VALUES, vmin=0.0, vmax=top, edgecolors="white", linewidth=0.5)
        for y, row in enumerate(values.tolist()):
            for x, value in enumerate(row):
                colour = "white" if value < _DARK * top else "black"
                own.text(x + 0.5, y + 0.5, percent(value), ha="center", va="center", fontsize=7, color=colour)
        dates = [study.case.calendar_day(day) for day in data.days]
        labels = [f"{day:%b}\n{day.year}" if i == 0 or day.month == 1 else f"{day:%b}" for i, day in enumerate(dates)]
        own.set_xticks(np.arange(columns) + 0.5, labels, fontsize=7)
        own.set_yticks(
            np.arange(rows) + 0.5, [short_name(verdict_of(study, name)) for name in data.commodities], fontsize=8
        )
        own.tick_params(length=0)
        own.invert_yaxis()
        for spine in own.spines.values():
            spine.set_visible(False)
        own.set_title(f"Short of use, % of {study.counted.with_series:,} futures")
        sign(own, study, given, by_month(study))
    return own
