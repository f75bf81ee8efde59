"""What a commodity's dependence on China can be put down to: bars of a kept attribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scipy.special import stdtrit

from simulator.analysis.study import Study
from simulator.experiment.points import RANDOMISATIONS
from simulator.report.explain_store import Explained
from simulator.report.figures.style import BLUE, FAINT, GREY, RED, axes, sign, styled
from simulator.report.figures.subjects import heading, verdict_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST: Final = 6
"""Single levers drawn beside the groups."""
MEASURE: Final = "china_dependent_share"
"""Share that reliance judges; P(met) is in the table, as it is often the same in every future."""
POINTS: Final = 100.0
_LONGEST: Final = 48
"""Letters of a name beside its bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What one group or lever adds to the share, in percentage points."""

    name: str
    part: str
    """``group`` or ``lever``."""
    value: float
    low: float
    high: float
    """Ends of the 95 % interval."""
    floor: float
    """What the largest of so many bars that do nothing would stay under in 95 of 100 attributions."""

    @property
    def above_noise(self) -> bool:
        """Whether it is further from zero than noise would put any of them."""
        return abs(self.value) > self.floor


def attribution_bars(explained: Explained, commodity: str, most: int = MOST) -> tuple[Bar, ...]:
    """Return the groups that touch a commodity, then its largest levers; largest first.

    The noise floor is Bonferroni's over all groups and levers looked at: the half-width of the bar's interval
    widened from one comparison to all of them.
    """
    found: list[Bar] = []
    rows = {part: explained.rows(commodity, MEASURE, part) for part in ("group", "lever")}
    wider = _wider(sum(map(len, rows.values())))
    for part, limit in (("group", len(rows["group"])), ("lever", most)):
        bars = []
        for name, row in rows[part].items():
            value, low, high = (POINTS * (number or 0.0) for number in (row.value, *row.ci))
            bars.append(Bar(name, part, value, low, high, wider * (high - low) / 2))
        bars.sort(key=lambda bar: (-abs(bar.value), bar.name))
        found += [bar for bar in bars if part == "group" or bar.value != 0.0][:limit]
    return tuple(found)


def _wider(comparisons: int) -> float:
    one, all_of_them = (stdtrit(RANDOMISATIONS - 1, 1.0 - 0.025 / n) for n in (1, max(comparisons, 1)))
    return float(all_of_them / one)


def attribution(study: Study, explained: Explained, commodity: str, ax: Axes | None = None) -> Axes:
    """Draw what groups add to a commodity's dependence (Shapley) and what its largest levers add to all the others."""
    bars = attribution_bars(explained, commodity)
    groups = sum(bar.part == "group" for bar in bars)
    with styled():
        own, given = axes(ax, 5.6, 1.25 + 0.25 * max(len(bars), 2)), ax
        places = [place + (0.7 if place >= groups else 0.0) for place in range(len(bars))]
        for place, bar in zip(places, bars, strict=True):
            colour = GREY if not bar.above_noise else RED if bar.value > 0 else BLUE
            own.barh(place, 2 * bar.floor, height=0.8, left=-bar.floor, color=GREY, alpha=0.2, linewidth=0)
            own.barh(place, bar.value, height=0.6, color=colour, alpha=0.9 if bar.part == "group" else 0.55)
            own.plot([bar.low, bar.high], [place, place], color="black", linewidth=1.0)
        own.axvline(0.0, color=FAINT, linewidth=0.8)
        if 0 < groups < len(bars):
            own.axhline(groups - 0.15, color=FAINT, linewidth=0.6)
        own.set_yticks(places, [_words(bar) for bar in bars], fontsize=8)
        own.set_ylim((places[-1] if places else 1) + 0.6, -0.6)
        widest = max((max(abs(bar.low), abs(bar.high), bar.floor) for bar in bars), default=1.0) or 1.0
        own.set_xlim(-widest * 1.08, widest * 1.08)
        own.set_xlabel(
            "less  \N{LEFTWARDS ARROW}  dependent at the deadline  \N{RIGHTWARDS ARROW}  more (points of share)",
            fontsize=8,
        )
        own.set_title(f"{heading(verdict_of(study, commodity))}: what drives it")
        if not bars:
            own.text(0.5, 0.5, "nothing touches it", transform=own.transAxes, ha="center")
        sign(own, study, given, f"{explained.replications:,} futures")
    return own


def _words(bar: Bar) -> str:
    name = bar.name if bar.part == "group" else bar.name.replace("_", " ").lower()
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def points(value: float, low: float, high: float) -> str:
    """Return points with their interval as tables show them.

    >>> points(1.25, -0.04, 2.0), points(0.0, 0.0, 0.0)
    ('+1.2 (−0.04 to +2.0)', 'same')
    """
    if value == low == high == 0.0:
        return "same"
    return f"{_signed(value)} ({_signed(low)} to {_signed(high)})"


def _signed(value: float) -> str:
    if math.isnan(value):
        return "–"
    text = f"{value:+,.0f}" if abs(value) >= 100.0 else f"{value:+.1f}" if abs(value) >= 0.1 else f"{value:+.2f}"
    return "0" if float(text.replace(",", "")) == 0.0 else text.replace("-", "−")
