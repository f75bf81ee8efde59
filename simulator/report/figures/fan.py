"""How much of a commodity's use hangs on China, month by month: median and bands over the futures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import quantiles_of
from simulator.analysis.study import HEADLINE, Study
from simulator.metrics.outcome import ChainOutcome
from simulator.metrics.yardsticks import criteria
from simulator.report.figures.style import BLUE, INK, RED, axes, calendar, mark, percent_axis, sign, spread_out, styled
from simulator.report.figures.subjects import chain_of, heading, verdict_of
from simulator.report.wording import chance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_APART: Final = 0.03
"""Share below which two ends of bands are one to the eye."""
LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles shown: the outer pair bounds 90 % of futures, the inner one 50 %."""


@dataclass(frozen=True, slots=True, eq=False)
class FanData:
    """What a fan chart shows."""

    days: NDArray[np.float64]
    """(M,) days from start."""
    bands: NDArray[np.float64]
    """(5, M) quantiles over futures of the share that ``reliance`` judges."""
    exposed: NDArray[np.float64]
    """(M,) median of the share consumed with China at some stage, without what is withheld."""
    n: NDArray[np.int64]
    """(M,) futures in which the share is defined."""
    threshold: float
    """Largest share that meets ``reliance``."""


def fan_data(study: Study, commodity: str) -> FanData:
    """Return the quantiles of a commodity's dependence on China, month by month."""
    chain = chain_of(study, commodity)
    dependent = np.asarray(chain.series["china_dependent_share"], dtype=np.float64)
    return FanData(
        days=np.array(study.outcome.month_days),
        bands=_quantiles(dependent, LEVELS, study.weights),
        exposed=_quantiles(_exposed(chain), (0.5,), study.weights)[0],
        n=np.asarray((~np.isnan(dependent)).sum(axis=0), dtype=np.int64),
        threshold=next(item.max_share for item in criteria(study.case.target) if item.yardstick == HEADLINE),
    )


def _exposed(chain: ChainOutcome) -> NDArray[np.float64]:
    return np.asarray(chain.series["china_exposed_share"], dtype=np.float64)


def _quantiles(
    values: NDArray[np.float64], levels: tuple[float, ...], weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """(levels, M) quantiles over futures; ``nan`` in a month in which the number is defined in none."""
    return np.stack([quantiles_of(column, levels, weights) for column in values.T], axis=1)


def fan(study: Study, commodity: str, ax: Axes | None = None) -> Axes:
    """Draw the China-exposed share of a commodity's use with the target's threshold and deadline.

    Bands hold 90 % and 50 % of futures, the solid line is the median; what Chinese controls withhold counts as
    exposed, as it does for ``reliance``. The dotted line is the median of what was consumed, without it.
    """
    data, case = fan_data(study, commodity), study.case
    item = verdict_of(study, commodity)
    with styled():
        own, given = axes(ax, 4.6, 2.9), ax
        own.fill_between(data.days, data.bands[0], data.bands[4], color=BLUE, alpha=0.2, linewidth=0)
        own.fill_between(data.days, data.bands[1], data.bands[3], color=BLUE, alpha=0.35, linewidth=0)
        own.plot(data.days, data.bands[2], color="#1f4fb4", linewidth=1.6)
        own.plot(data.days, data.exposed, color=INK, linewidth=1.0, linestyle=(0, (1, 1.5)))
        own.axhline(data.threshold, color=RED, linewidth=1.0, linestyle=(0, (5, 2)))
        calendar(own, case, float(data.days[0]), float(data.days[-1]))
        percent_axis(own, "China-exposed, % of use")
        mark(own, 0.0, "now")
        mark(own, float(case.day(case.deadline)), "deadline")
        _name_bands(own, data)
        own.annotate(
            "target", (0.0, data.threshold), xycoords=("axes fraction", "data"), xytext=(3, 2),
            textcoords="offset points", fontsize=7, color=RED, va="bottom",
        )  # fmt: skip
        met = chance(item.yardsticks[HEADLINE].probability)
        own.set_title(f"{heading(item)}: met in {met} of 100", pad=13)
        sign(own, study, given)
    return own


def _name_bands(ax: Axes, data: FanData) -> None:
    """Say at the right end what each line and band is."""
    ends = {
        "median": data.bands[2, -1],
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
            fontsize=6.5, va="center", color="#1f4fb4" if name != "consumed" else INK, annotation_clip=False,
        )  # fmt: skip
