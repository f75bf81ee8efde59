"""How much of a commodity's use hangs on China, month by month: median and bands over the futures."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import quantiles_of
from simulator.analysis.study import HEADLINE, Study
from simulator.errors import UsageError
from simulator.metrics.outcome import ChainOutcome
from simulator.metrics.yardsticks import criteria
from simulator.report.figures.style import (
    BLUE,
    FAINT,
    INK,
    RED,
    axes,
    by_month,
    calendar,
    mark,
    percent_axis,
    sign,
    source_line,
    spread_out,
    styled,
)
from simulator.report.figures.subjects import chain_of, heading, verdict_of
from simulator.report.wording import chance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INKS: Final = {"consumed": INK, "before": FAINT}
"""Colours of the labels of lines that are not the yardstick's own."""
_APART: Final = 0.03
"""Share below which two ends of bands are one to the eye."""
MOST_BESIDE: Final = 3
"""Panels in a row of small multiples."""
LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles shown: the outer pair bounds 90 % of futures, the inner one 50 %."""


@dataclass(frozen=True, slots=True, eq=False)
class FanData:
    """What a fan chart shows."""

    days: NDArray[np.float64]
    """(M,) days from start."""
    bands: NDArray[np.float64]
    """(5, M) quantiles over futures of the share that the yardstick judges."""
    exposed: NDArray[np.float64]
    """(M,) median of the share consumed with China at some stage, without what is withheld."""
    n: NDArray[np.int64]
    """(M,) futures in which the share is defined."""
    threshold: float
    """Largest share that meets the yardstick."""


BY_MONTH: Final = {
    "reliance": "china_dependent_share",
    "complete": "china_dependent_share",
    "direct": "direct_china_share",
}
"""Yardstick -> the share it judges, of those kept month by month."""


def fan_data(study: Study, commodity: str, yardstick: str = HEADLINE) -> FanData:
    """Return the quantiles of the share that a yardstick judges, month by month.

    Raises
    ------
    UsageError
        If that share is kept at the moments alone.
    """
    if yardstick not in BY_MONTH:
        raise UsageError(f"{yardstick!r} is not kept month by month; known are {', '.join(BY_MONTH)}")
    chain = chain_of(study, commodity)
    judged = np.asarray(chain.series[BY_MONTH[yardstick]], dtype=np.float64)
    return FanData(
        days=np.array(study.counted.month_days),
        bands=_quantiles(judged, LEVELS, study.series_weights),
        exposed=_quantiles(_exposed(chain), (0.5,), study.series_weights)[0],
        n=np.asarray((~np.isnan(judged)).sum(axis=0), dtype=np.int64),
        threshold=next(item.threshold for item in criteria(study.case.target) if item.yardstick == yardstick),
    )


def _exposed(chain: ChainOutcome) -> NDArray[np.float64]:
    return np.asarray(chain.series["china_exposed_share"], dtype=np.float64)


def _quantiles(
    values: NDArray[np.float64], levels: tuple[float, ...], weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """(levels, M) quantiles over futures; ``nan`` in a month in which the number is defined in none."""
    return np.stack([quantiles_of(column, levels, weights) for column in values.T], axis=1)


def fan(
    study: Study,
    commodity: str,
    ax: Axes | None = None,
    *,
    yardstick: str = HEADLINE,
    reference: Study | None = None,
) -> Axes:
    """Draw the share that a yardstick judges with the target's threshold and deadline.

    Bands hold 90 % and 50 % of futures, the solid line is the median; for ``reliance`` what Chinese controls withhold
    counts as exposed. The dotted line is the median of what was consumed with China at some stage, without it.

    Parameters
    ----------
    study
        The run.
    commodity
        Catalogue name, or ``commodity:stage`` of an end product.
    ax
        Axes to draw into; a figure of its own where None.
    yardstick
        One whose share is kept month by month: ``reliance``, ``complete`` or ``direct``.
    reference
        Another run of the same months, of which the median is drawn in grey.
    """
    data, case = fan_data(study, commodity, yardstick), study.case
    before = None if reference is None else fan_data(reference, commodity, yardstick).bands[2]
    item = verdict_of(study, commodity)
    with styled():
        own, given = axes(ax, 4.6, 2.9), ax
        own.fill_between(data.days, data.bands[0], data.bands[4], color=BLUE, alpha=0.2, linewidth=0)
        own.fill_between(data.days, data.bands[1], data.bands[3], color=BLUE, alpha=0.35, linewidth=0)
        own.plot(data.days, data.bands[2], color="#1f4fb4", linewidth=1.6)
        own.plot(data.days, data.exposed, color=INK, linewidth=1.0, linestyle=(0, (1, 1.5)))
        if before is not None:
            own.plot(data.days, before, color=FAINT, linewidth=1.2, linestyle=(0, (4, 1.5)))
        own.axhline(data.threshold, color=RED, linewidth=1.0, linestyle=(0, (5, 2)))
        calendar(own, case, float(data.days[0]), float(data.days[-1]))
        percent_axis(own, "declared China, % of imports" if yardstick == "direct" else "China-exposed, % of use")
        mark(own, 0.0, "now")
        mark(own, float(case.day(case.deadline)), "deadline")
        _name_bands(own, data, before)
        own.annotate(
            "target", (0.0, data.threshold), xycoords=("axes fraction", "data"), xytext=(3, 2),
            textcoords="offset points", fontsize=7, color=RED, va="bottom",
        )  # fmt: skip
        met = chance(item.yardsticks[yardstick].probability)
        named = "" if yardstick == HEADLINE else f"{yardstick} "
        own.set_title(f"{heading(item)}: {named}met in {met} of 100", pad=13)
        sign(own, study, given, by_month(study))
    return own


def fans(studies: Sequence[Study], commodity: str) -> Axes:
    """Draw the fan of every run side by side on one scale; the first panel is returned, the figure holds the others."""
    from matplotlib.figure import Figure

    columns = min(len(studies), 2 if len(studies) == 4 else MOST_BESIDE)
    rows = -(-len(studies) // columns)
    with styled():
        figure = Figure(figsize=(4.1 * columns, 3.05 * rows + 0.15), layout="constrained")
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for place, own in enumerate(panels.flat):
            if place >= len(studies):
                own.set_axis_off()
                continue
            study = studies[place]
            fan(study, commodity, own)
            if place % columns:
                own.set_ylabel("")
            item = verdict_of(study, commodity)
            met = chance(item.yardsticks[HEADLINE].probability)
            name = textwrap.shorten(study.case.name, 34, placeholder="\N{HORIZONTAL ELLIPSIS}")
            own.set_title(f"{name}\nmet in {met} of 100", pad=13, fontsize=9)
        figure.suptitle(heading(verdict_of(studies[0], commodity)), x=0.01, ha="left", fontsize=10, fontweight="bold")
        made_of = "\n".join(source_line(study, by_month(study)) for study in studies)
        figure.supxlabel(made_of, fontsize=6.5, color=FAINT, x=0.01, ha="left")
    return panels[0, 0]  # type: ignore[no-any-return]  # an array of axes


def _name_bands(ax: Axes, data: FanData, before: NDArray[np.float64] | None) -> None:
    """Say at the right end what each line and band is."""
    ends = {
        "median": data.bands[2, -1],
        **({} if before is None else {"before": before[-1]}),
        "consumed": data.exposed[-1],
        "5 %": data.bands[0, -1],
        "95 %": data.bands[4, -1],
        "25 %": data.bands[1, -1],
        "75 %": data.bands[3, -1],
    }
    shown: dict[str, float] = {}
    for name, value in ends.items():
        # A label among others that mean the same height would only crowd them.
        if not np.isnan(value) and all(abs(value - other) >= _APART for other in shown.values()):
            shown[name] = float(value)
    heights = spread_out(list(shown.values()), 0.075, 0.0, 1.0)
    for name, height in zip(shown, heights, strict=True):
        ax.annotate(
            name, (1.0, height), xycoords=("axes fraction", "data"), xytext=(3, 0), textcoords="offset points",
            fontsize=6.5, va="center", color=_INKS.get(name, "#1f4fb4"), annotation_clip=False,
        )  # fmt: skip
