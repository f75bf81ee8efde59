"""A stress as text: what was cut, one row per commodity, and how to read it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.analysis.intervals import Estimate
from simulator.analysis.lifetimes import Lifetime
from simulator.analysis.stress import Stress
from simulator.analysis.under_cut import LASTING_DAYS, MOST_UNMET, StressedCommodity
from simulator.report.layout import WIDTH, Column, as_lines, ruled
from simulator.report.wording import chance, percent

COLUMNS: Final[tuple[Column, ...]] = (
    ("commodity", 18, "left"),
    ("survives,\n%", 12, "right"),
    ("uncut,\n%", 6, "right"),
    ("days until short\nmedian, 10-90 %", 19, "right"),
    ("days to recover\nmedian, 10-90 %", 16, "right"),
    ("unmet,\n%", 6, "right"),
    ("over uncut,\npoints", 14, "right"),
    ("lost,\nt a year", 12, "right"),
    ("P(met\ncutoff), %", 12, "right"),
)
"""Heads and widths; the last one is named for the yardstick, or for the cut's year where it is another cut."""


def stress_text(found: Stress) -> str:
    """Return a stress as text of at most 124 columns."""
    return as_lines([*_head(found), "", *_tables(found), "", *_foot(found)])


def _head(found: Stress) -> Iterator[str]:
    cut = found.cut
    state = "" if found.complete else f" of {found.requested:,} asked for (stopped)"
    yield from textwrap.wrap(
        f"{found.scenario}: {_what(found)} from {cut.begins} to {cut.ends} ({cut.days} days), against the same "
        f"{found.replications:,} futures{state} without it.",
        WIDTH,
    )
    named = "Yardstick cutoff" if found.is_cutoff else "The year from the cut's first day"
    of, number, everything = len(found.headline), found.expected_met, found.all_met
    yield from textwrap.wrap(
        f"{named} (unmet at most {percent(MOST_UNMET)} % of demand): {number.value:.2f} of {of} headline commodities "
        f"expected to meet it (95 % interval {number.low:.2f} to {number.high:.2f}); all of them with probability "
        f"{chance(everything)} %, n = {everything.n:,}.",
        WIDTH,
    )
    same = [item.commodity for item in (*found.commodities, *found.end_products) if item.identical]
    if same:
        yield from textwrap.wrap(f"Not touched by the cut in any future: {', '.join(same)}.", WIDTH)


def _what(found: Stress) -> str:
    cut = found.cut
    if cut.kind == "corridor":
        return f"{cut.what} shut"
    whom = "anybody abroad" if cut.everyone else found.case.focal
    ways = ""
    if cut.what == "CHN":
        ways = ", re-routing left open," if cut.rerouting else ", directly or through third countries,"
    return f"{cut.what} sells nothing to {whom}{ways}"


def _tables(found: Stress) -> Iterator[str]:
    yield ruled(_columns(found), map(_row, found.commodities))
    if found.end_products:
        yield from ("", "End products, markets of their own")
        yield ruled(_columns(found), map(_row, found.end_products), header=False)


def _columns(found: Stress) -> Sequence[Column]:
    return COLUMNS if found.is_cutoff else (*COLUMNS[:-1], ("P(met in\nthe year), %", *COLUMNS[-1][1:]))


def _row(item: StressedCommodity) -> tuple[str, ...]:
    return (
        item.commodity.partition(":")[2] or item.commodity,
        chance(item.survives),
        percent(item.survives_without.value),
        _days(item.survival),
        _days(item.recovery),
        percent(item.unmet_share.value),
        "=" if item.identical else _signed(item.unmet_difference, 100.0),
        "=" if item.identical else _signed(item.lost_t_per_year, 1.0),
        chance(item.cutoff),
    )


def _days(item: Lifetime) -> str:
    """Return median and 10 to 90 % range of a time, as ``98 (42->365)``: ``>`` is beyond what was watched."""
    low, middle, high = (_day(item.quantiles[name].value, item.watched_days) for name in ("p10", "p50", "p90"))
    return middle if low == high else f"{middle} ({low}-{high})"


def _day(value: float, watched: float) -> str:
    if math.isnan(value):
        return "-"
    return f">{watched:.0f}" if math.isinf(value) else f"{value:.0f}"


def _signed(item: Estimate, scale: float) -> str:
    """Return a paired difference with the half-width of its interval."""
    if math.isnan(item.value):
        return "-"
    value, half = item.value * scale, (item.high - item.low) / 2 * scale
    digits = 0 if abs(value) >= 10 else 1
    return f"{value:+,.{digits}f} ±{half:,.{digits}f}"


def _foot(found: Stress) -> Iterator[str]:
    case = found.case
    yield from textwrap.wrap(
        f"Short: over {percent(found.threshold)} % of demand unmet in a review interval ({case.review_days} days). "
        "Survives: never short during the cut; days until short count from the cut to the first short interval, > is "
        f"beyond the days watched. Recovered: from there on {LASTING_DAYS} days without an interval that is short and "
        "shorter than without the cut. Unmet, lost: during the cut. Parentheses after a probability and ± are 95 % "
        f"intervals, n = {found.replications:,} pairs of futures; --json has the intervals of the quantiles.",
        WIDTH,
    )
    yield from textwrap.wrap(
        f"Data {case.data_sha256[:12]}, seed {found.seed}, start {case.start}, deadline {case.deadline}, clock to "
        f"{case.horizon}; a longer clock draws other futures than `run` does.",
        WIDTH,
    )
