"""What was observed of a series, month by month, over the bands predicted before the event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.past.backtest import ScoredEpisode, ScoredSeries
from simulator.domain.observations import Observation
from simulator.report.figures.style import BLUE, FAINT, INK, RED, axes, calendar, figure_of, mark, styled
from simulator.scenario.case import Case

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONTH_DAYS: Final = 31
_HISTORY_DAYS: Final = 400
_ROOM: Final = 1.6
"""How far beyond the observations the bands may reach before the axis cuts them."""


def drawn(item: ScoredSeries) -> bool:
    """Whether a series has months enough for a line."""
    return sum(point.observation.days <= MONTH_DAYS for point in item.points) >= 4


def past(one: ScoredEpisode, item: ScoredSeries, ax: Axes | None = None) -> Axes:
    """Draw a series' observed months over the predicted bands of 50 and 90 %, with the months seen before the start."""
    case = one.episode.case
    months = [point for point in item.points if point.observation.days <= MONTH_DAYS]
    before = [seen for seen in item.series.history if _is_recent(case, seen)]
    days = np.array([_middle(case, point.observation) for point in months])
    bands = np.array([point.quantiles for point in months])
    seen = np.array([point.observation.value for point in months])
    old = np.array([row.value for row in before])
    with styled():
        own = axes(ax, 4.6, 2.9)
        order = np.argsort(days, kind="stable")
        own.fill_between(days[order], bands[order, 0], bands[order, 4], color=BLUE, alpha=0.2, linewidth=0)
        own.fill_between(days[order], bands[order, 1], bands[order, 3], color=BLUE, alpha=0.35, linewidth=0)
        own.plot(days[order], bands[order, 2], color="#1f4fb4", linewidth=1.4)
        own.plot(days[order], seen[order], color=RED, linewidth=1.2, marker="o", markersize=3)
        own.plot([_middle(case, row) for row in before], old, color=FAINT, linewidth=1.0, marker="o", markersize=2.5)
        _limits(own, bands, np.concatenate([seen, old]))
        first = min([days.min(), *(_middle(case, row) for row in before)])
        calendar(own, case, float(first) - 15.0, float(days.max()) + 15.0)
        mark(own, 0.0, "start")
        own.set_ylabel(item.series.unit)
        own.set_title(_title(item), pad=13)
        own.annotate(
            "red: observed; blue: median, 50 and 90 % of futures", (0.0, -0.28), xycoords="axes fraction", fontsize=6.5,
            color=INK, annotation_clip=False,
        )  # fmt: skip
        if ax is None:
            figure_of(own).supxlabel(
                f"{case.name}: scenario {case.sha256[:8]}, data {case.data_sha256[:8]}, as known on {case.as_of}",
                fontsize=6.5, color=FAINT, x=0.01, ha="left",
            )  # fmt: skip
    return own


def _is_recent(case: Case, seen: Observation) -> bool:
    return seen.days <= MONTH_DAYS and _middle(case, seen) > -_HISTORY_DAYS


def _middle(case: Case, seen: Observation) -> float:
    return (case.day(seen.period_start) + case.day(seen.period_end)) / 2.0


def _limits(ax: Axes, bands: NDArray[np.float64], seen: NDArray[np.float64]) -> None:
    """Show every observation, and the bands as far as they help to read them."""
    top = max(float(seen.max()) * _ROOM, float(np.quantile(bands[:, 3], 0.9)) * 1.1)
    ax.set_ylim(0.0, min(max(top, 1e-12), max(float(bands[:, 4].max()), float(seen.max())) * 1.05 + 1e-12))


def _title(item: ScoredSeries) -> str:
    commodity, measure, *rest = item.series.id.split("/")
    where = next((part for part in reversed(rest) if "-" in part), "")
    return f"{commodity}: {measure.replace('_', ' ')}\n{' '.join(rest[:-1]).replace('_', ' ')} {where}".strip()
