"""What another scenario changes, commodity by commodity: paired differences with their intervals."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from simulator.analysis.compare import CommodityDifference, Comparison, Difference, compare
from simulator.analysis.study import Study
from simulator.errors import UsageError
from simulator.report.figures.style import BLUE, FAINT, GREY, RED, axes, sign, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def difference_rows(comparison: Comparison, measure: str) -> list[tuple[CommodityDifference, Difference]]:
    """Return the commodities that differ in a yardstick's P(met) or a KPI's mean, in the order of the run.

    Raises
    ------
    UsageError
        If there is no such measure.
    """
    rows = []
    for item in (*comparison.commodities, *comparison.end_products):
        known = {**item.yardsticks, **item.kpis}
        if measure not in known:
            raise UsageError(f"{measure!r} is not compared; known are {', '.join(known)}")
        if known[measure].differs:
            rows.append((item, known[measure]))
    return rows


def differences(reference: Study, other: Study, measure: str = "reliance", ax: Axes | None = None) -> Axes:
    """Draw the paired difference of a measure, other minus reference, with 95 % intervals."""
    own = difference_axes(compare(reference, other), measure, ax)
    with styled():
        sign(own, other, ax)
    return own


def difference_axes(comparison: Comparison, measure: str, ax: Axes | None = None) -> Axes:
    """Draw the differences of a comparison already made; blue is better for the focal buyer, red worse."""
    rows = difference_rows(comparison, measure)
    with styled():
        own = axes(ax, 5.6, 1.1 + 0.27 * max(len(rows), 2))
        own.axvline(0.0, color=FAINT, linewidth=0.8)
        points = measure in {name for item in comparison.commodities for name in item.yardsticks}
        scale = 100.0 if points or any(item.unit == "1" for _, item in rows) else 1.0
        for place, (_, item) in enumerate(rows):
            estimate = item.difference
            gain = estimate.value if item.better == "higher" else -estimate.value
            sure = estimate.low > 0.0 or estimate.high < 0.0
            colour = GREY if not sure or item.better == "neither" else BLUE if gain > 0 else RED
            own.plot([scale * estimate.low, scale * estimate.high], [place, place], color=colour, linewidth=2.0)
            own.plot([scale * estimate.value], [place], marker="o", color=colour, markersize=5)
        names = [(item.commodity.partition(":")[2] or item.commodity).replace("_", " ") for item, _ in rows]
        own.set_yticks(range(len(rows)), names)
        own.set_ylim(max(len(rows), 1) - 0.5, -0.5)
        what = f"P(met {measure})" if points else measure.replace("_", " ")
        unit = "percentage points" if scale == 100.0 else rows[0][1].unit if rows else ""
        own.set_xlabel(textwrap.fill(f"{comparison.other} minus {comparison.reference}", 64), fontsize=8)
        own.set_title(f"Change of {what}{f', {unit}' if unit else ''}")
        if not rows:
            own.text(0.5, 0.5, "no future differs", transform=own.transAxes, ha="center")
    return own
