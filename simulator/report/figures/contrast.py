"""Several scenarios over time on the same futures: one measure of one commodity, with its spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import quantiles_of
from simulator.analysis.study import HEADLINE, Study
from simulator.metrics.yardsticks import criteria
from simulator.report.figures.style import (
    BLUE,
    DASHES,
    FAINT,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    VIOLET,
    axes,
    by_month,
    calendar,
    figure_of,
    mark,
    percent_axis,
    spread_out,
    styled,
)
from simulator.report.figures.subjects import chain_of, heading, verdict_of
from simulator.report.wording import chance

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Measure:
    """What a contrast can show."""

    series: str
    """Metric kept month by month."""
    label: str
    """Of the axis, with the unit."""
    share: bool = True
    """Whether it is a share, drawn from 0 to 100 %."""
    yardstick: str | None = None
    """Yardstick whose threshold and P(met) belong to it."""


MEASURES: Final[Mapping[str, Measure]] = {
    "reliance": Measure("china_dependent_share", "China-exposed with withheld, % of use", yardstick=HEADLINE),
    "direct": Measure("direct_china_share", "declared China, % of imports", yardstick="direct"),
    "exposed": Measure("china_exposed_share", "China-exposed, % of use"),
    "unmet": Measure("unmet_share", "unmet, % of demand"),
    "cover": Measure("days_of_cover", "industry stock, days of use", share=False),
    "price": Measure("price_index", "price outside China, base year = 1", share=False),
}
"""Name -> measure."""
COLOURS: Final = (BLUE, VIOLET, ORANGE, PURPLE, GREY)
"""One for each scenario, with a line style and a label; red is the target's."""
_LEVELS: Final = (0.05, 0.5, 0.95)


def contrast(studies: Mapping[str, Study], commodity: str, measure: str = HEADLINE, ax: Axes | None = None) -> Axes:
    """Draw the median of each study and the band of 90 % of its futures.

    Parameters
    ----------
    studies
        Label -> study; the first is the reference.
    commodity
        Catalogue name, or ``commodity:stage`` of an end product.
    measure
        One of ``MEASURES``.
    ax
        Axes to draw into; a figure of its own where None.
    """
    shown = MEASURES[measure]
    first = next(iter(studies.values()))
    item = verdict_of(first, commodity)
    with styled():
        own = axes(ax, 5.6, 3.2)
        ends: dict[str, float] = {}
        for place, (label, study) in enumerate(studies.items()):
            colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
            days = np.array(study.counted.month_days)
            low, middle, high = _quantiles(study, chain_of(study, commodity).series[shown.series])
            own.fill_between(days, low, high, color=colour, alpha=0.15, linewidth=0)
            own.plot(days, middle, color=colour, linestyle=dash, linewidth=1.6)
            if not np.isnan(middle[-1]):
                ends[label] = float(middle[-1])
        days = np.array(first.counted.month_days)
        calendar(own, first.case, float(days[0]), float(days[-1]))
        if shown.share:
            percent_axis(own, shown.label)
        else:
            own.set_ylim(bottom=0.0)
            own.set_ylabel(shown.label)
        mark(own, 0.0, "now")
        mark(own, float(first.case.day(first.case.deadline)), "deadline")
        if shown.yardstick is not None:
            _target(own, first, shown.yardstick)
        _name_lines(own, tuple(studies), ends)
        own.set_title(_title(studies, heading(item), commodity, shown), pad=13)
        if ax is None:
            _sign(own, studies)
    return own


def _quantiles(study: Study, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """(3, M) low, middle and high over futures; ``nan`` in a month in which the number is defined in none."""
    weights = study.series_weights
    return np.stack([quantiles_of(column, _LEVELS, weights) for column in values.T.astype(np.float64)], axis=1)


def _target(ax: Axes, study: Study, yardstick: str) -> None:
    threshold = next(item.threshold for item in criteria(study.case.target) if item.yardstick == yardstick)
    ax.axhline(threshold, color=RED, linewidth=1.0, linestyle=(0, (5, 2)))
    ax.annotate(
        "target", (0.0, threshold), xycoords=("axes fraction", "data"), xytext=(3, 2), textcoords="offset points",
        fontsize=7, color=RED, va="bottom",
    )  # fmt: skip


def _title(studies: Mapping[str, Study], name: str, commodity: str, shown: Measure) -> str:
    if shown.yardstick is None:
        return f"{name}: {shown.label.partition(',')[0]}"
    yardstick = shown.yardstick
    met = [chance(verdict_of(study, commodity).yardsticks[yardstick].probability) for study in studies.values()]
    return f"{name}: {yardstick} met in {(' → ' if len(met) == 2 else ' / ').join(met)} of 100"


def _name_lines(ax: Axes, labels: tuple[str, ...], ends: Mapping[str, float]) -> None:
    """Write each label at the right end of its line, apart from the others."""
    low, high = ax.get_ylim()
    heights = spread_out(list(ends.values()), 0.075 * (high - low), low, high)
    for label, height in zip(ends, heights, strict=True):
        place = labels.index(label)
        ax.annotate(
            label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…",
            (1.0, height), xycoords=("axes fraction", "data"), xytext=(3, 0), textcoords="offset points",
            fontsize=7, va="center", color=COLOURS[place % len(COLOURS)], annotation_clip=False,
        )  # fmt: skip


_LONGEST: Final = 28
"""Letters of a label written beside its line."""


def _sign(ax: Axes, studies: Mapping[str, Study]) -> None:
    """Write where the numbers come from."""
    study = next(iter(studies.values()))
    digests = ", ".join(item.case.sha256[:8] for item in studies.values())
    paired = by_month(study).replace("futures", "paired futures")
    text = f"{paired}, seed {study.seed}; scenarios {digests}; median and 90 % of futures"
    figure_of(ax).supxlabel(text, fontsize=6.5, color=FAINT, x=0.01, ha="left")
