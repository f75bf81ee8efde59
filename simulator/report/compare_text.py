"""A comparison as text: what it comes to in sentences, then a table of what differs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.analysis.compare import CommodityDifference, Comparison, Difference, OverallDifference
from simulator.analysis.study import HEADLINE, Study
from simulator.report.layout import WIDTH, Column, as_lines, ruled
from simulator.report.wording import ends, percent

COLUMNS: Final[tuple[Column, ...]] = (
    ("commodity", 16, "left"),
    ("P(met)\nreliance, %", 11, "right"),
    ("change,\npoints", 10, "right"),
    ("P(met)\ndirect", 9, "right"),
    ("P(met)\ncrma65", 9, "right"),
    ("China-\nexposed", 10, "right"),
    ("with\nwithheld", 10, "right"),
    ("better in\n% (tied)", 11, "right"),
    ("unmet\ndemand", 9, "right"),
    ("cover,\ndays", 9, "right"),
    ("price,\n%", 10, "right"),
)
"""Head, width and alignment of the summary, one row per commodity."""
DETAIL: Final[tuple[Column, ...]] = (
    ("measure", 30, "left"),
    ("reference", 10, "right"),
    ("other", 10, "right"),
    ("difference (95 % interval)", 30, "right"),
    ("better in % of futures", 24, "right"),
    ("tied, %", 10, "right"),
)
"""Head, width and alignment of the full list, one row per measure."""


def comparison_text(studies: Sequence[Study], comparisons: Sequence[Comparison], *, everything: bool = False) -> str:
    """Return comparisons with the first study as text of at most 124 columns.

    ``everything`` shows every commodity and lists every measure with its interval; otherwise what
    differs at the deadline is shown.
    """
    parts: list[str] = []
    for item in comparisons:
        parts += [*sentences(item), "", *_body(item, everything)]
    parts += _footer(studies[0], everything)
    return as_lines(parts)


def sentences(item: Comparison) -> Iterator[str]:
    """Yield what a comparison comes to over the headline commodities, line by line."""
    head = f"{item.other} against {item.reference}, {item.replications:,} paired futures"
    if item.identical:
        yield from textwrap.wrap(f"{head}: identical, every number of every future is the same.", WIDTH)
        return
    if HEADLINE in item.overall:
        yield from textwrap.wrap(f"{head}: {_expected(HEADLINE, item.overall[HEADLINE])}.", WIDTH)
    else:
        text = "no commodity of both is in the headline and short of the target at the start"
        yield from textwrap.wrap(f"{head}: {text}.", WIDTH)
    others = [_expected(name, overall) for name, overall in item.overall.items() if name != HEADLINE]
    if others:
        yield from textwrap.wrap(f"By other yardsticks: {'; '.join(others)}.", WIDTH)
    if item.unmatched:
        yield from textwrap.wrap(f"In one of the two only, not compared: {', '.join(item.unmatched)}.", WIDTH)


def _expected(yardstick: str, overall: OverallDifference) -> str:
    met, of = overall.expected_met, len(overall.commodities)
    if not met.differs:
        return f"{yardstick}: no change in any future, {met.reference:.2f} of {of} expected to meet it"
    return (
        f"{yardstick}: {met.other:.2f} of {of} expected to meet it instead of {met.reference:.2f} "
        f"({met.difference.value:+.2f}, 95 % interval {met.difference.low:+.2f} to {met.difference.high:+.2f}; "
        f"more in {percent(_wins(met))} % of futures, fewer in {percent(_losses(met))} %)"
    )


def _wins(item: Difference) -> float:
    """Share of pairs in which the other scenario is better."""
    return item.improvement.value - item.tied / 2


def _losses(item: Difference) -> float:
    return max(0.0, 1.0 - item.tied - _wins(item))


def _body(item: Comparison, everything: bool) -> Iterator[str]:
    if item.identical and not everything:
        return
    for place, (title, group) in enumerate(_groups(item, everything)):
        yield from ("", title) if place else (title,)
        yield ruled(COLUMNS, map(_row, group), header=place == 0)
    equal = [one.commodity for one in (*item.commodities, *item.end_products) if not one.differs]
    if equal and not everything:
        yield ""
        yield from textwrap.wrap(f"Without any difference at the deadline: {', '.join(equal)}.", WIDTH)
    yield ""
    if everything:
        for commodity in (*item.commodities, *item.end_products):
            yield from _detail(commodity)


def _groups(item: Comparison, everything: bool) -> list[tuple[str, list[CommodityDifference]]]:
    groups = [
        ("Headline commodities", [one for one in item.commodities if one.headline]),
        ("Graded C or outside the headline", [one for one in item.commodities if not one.headline]),
        ("End products, markets of their own", list(item.end_products)),
    ]
    shown = [(title, [one for one in group if everything or one.differs]) for title, group in groups]
    return [(title, group) for title, group in shown if group]


def _row(item: CommodityDifference) -> tuple[str, ...]:
    reliance, withheld = item.yardsticks[HEADLINE], item.kpis["china_dependent_share"]
    price = item.kpis["price_index"]
    return (
        item.commodity.partition(":")[2] or item.commodity,
        f"{percent(reliance.reference)} > {percent(reliance.other)}",
        points(reliance),
        points(item.yardsticks["direct"]),
        points(item.yardsticks["crma65"]),
        points(item.kpis["china_exposed_share"]),
        points(withheld),
        f"{percent(withheld.improvement.value)} ({percent(withheld.tied)})",
        points(item.kpis["unmet_share"]),
        _signed(item.kpis["days_of_cover"], 1.0),
        _signed(price, 100.0 / price.reference if price.reference > 0 else math.nan),
    )


def points(item: Difference) -> str:
    """Return a difference of shares or probabilities in percentage points, with its half-width."""
    return _signed(item, 100.0)


def _signed(item: Difference, scale: float) -> str:
    """Return a difference with its half-width, as ``-4.2 +-0.3``; ``=`` where no future differs."""
    if math.isnan(item.difference.value):
        return "-"
    if not item.differs:
        return "="
    half = max(item.difference.high - item.difference.value, item.difference.value - item.difference.low)
    return f"{_number(item.difference.value * scale, '+')} ±{_number(half * scale)}"


def _number(value: float, sign: str = "") -> str:
    """Return a number with as many decimals as it takes to see two digits.

    >>> [_number(value, "+") for value in (12.34, 1.26, 0.04, 0.0)]
    ['+12', '+1.3', '+0.0', '+0.0']
    """
    return f"{value:{sign}.{0 if abs(value) >= 10 else 1}f}"


def _detail(item: CommodityDifference) -> Iterator[str]:
    yield f"{item.name} ({item.commodity})" + (": identical in every number" if item.identical else "")
    yield ruled(DETAIL, _measures(item))
    yield ""


def _measures(item: CommodityDifference) -> Iterator[tuple[str, ...]]:
    for name, yardstick in item.yardsticks.items():
        yield (f"P(met {name}), %", *_cells(yardstick, 100.0))
    for name, kpi in item.kpis.items():
        share = name.partition("_365d")[0].endswith("_share")
        yield (name.replace("_", " ") + (", %" if share else ""), *_cells(kpi, 100.0 if share else 1.0))


def _cells(item: Difference, scale: float) -> tuple[str, ...]:
    def shown(value: float, sign: str = "") -> str:
        return "-" if math.isnan(value) else f"{value * scale:{sign}.2f}"

    apart, better = item.difference, item.improvement
    interval = f"{shown(apart.value, '+')} ({shown(apart.low, '+')} to {shown(apart.high, '+')})"
    chance = f"{percent(better.value)} ({ends(better.low, better.high)})"
    return (
        shown(item.reference),
        shown(item.other),
        interval if item.differs else "=",
        "-" if math.isnan(better.value) else chance,
        percent(item.tied),
    )


def _footer(study: Study, everything: bool) -> Iterator[str]:
    yield from textwrap.wrap(
        "Differences at the deadline, other minus reference, in the same futures: mean and half-width of its 95 % "
        "interval; probabilities and shares in percentage points, = where no future differs. Better: share of futures "
        "in which the share that reliance judges (China-exposed, with withheld tonnes) is lower, ties counted half. "
        "Expected to meet it: of the headline commodities that missed the yardstick at the reference's start. "
        + ("" if everything else "--all lists every commodity and every measure."),
        WIDTH,
    )
    case = study.case
    yield from textwrap.wrap(
        f"Data {case.data_sha256[:12]}, seed {study.seed}, start {case.start}, deadline {case.deadline}.", WIDTH
    )
