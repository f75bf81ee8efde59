"""What the yardsticks say beyond P(met): when, for how long, how far, by which other yardsticks, and of the list."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from simulator.analysis.first_met import Distance, FirstMet
from simulator.analysis.input_range import Spread
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict, Quantiles, YardstickVerdict
from simulator.metrics.distance import TONNES
from simulator.report.layout import WIDTH, Column, ruled
from simulator.report.wording import chance, percent, spread, tonnes
from simulator.report.yardstick_wording import rule_in_words

if TYPE_CHECKING:
    from simulator.analysis.overall import OverallVerdict

DAYS_PER_MONTH: Final = 365.25 / 12.0
IN_TABLE: Final = ("reliance", "direct", "crma65")
"""Yardsticks with a column in the first table."""
_WHEN: Final[tuple[Column, ...]] = (
    ("commodity", 16, "left"),
    ("ever met by\nthe horizon, %", 14, "right"),
    ("first met,\nmonths from start", 19, "right"),
    ("still met 12\nmonths later, %", 15, "right"),
    ("use to replace,\nt/yr", 22, "right"),
    ("demand to\nfill, t/yr", 16, "right"),
    ("if sellers\nspare/load it, %", 16, "right"),
)
_OTHER: Final = 14
"""Width of a column of another yardstick."""
_MOST_OTHER: Final = 7


def tables(study: Study, shown: Sequence[CommodityVerdict], *, colour: bool) -> Iterable[str]:
    """Yield the table of when and how far by the headline yardstick, and one of P(met) by the others."""
    if not shown:
        return
    yield ""
    yield f"By {HEADLINE}: when, for how long, and how far at the deadline"
    yield ruled(_WHEN, ([_name(item), *_when(item.yardsticks[HEADLINE])] for item in shown), colour=colour)
    others = [name for name in study.verdict.overall if name not in IN_TABLE]
    for first in range(0, len(others), _MOST_OTHER):
        names = others[first : first + _MOST_OTHER]
        columns: list[Column] = [("commodity", 16, "left")]
        columns += [(f"P(met)\n{name[:11]}, %", _OTHER, "right") for name in names]
        yield from ("", "By further yardsticks")
        rows = ([_name(item), *(chance(item.yardsticks[name].probability) for name in names)] for item in shown)
        yield ruled(columns, rows, colour=colour)


def range_table(study: Study, shown: Sequence[CommodityVerdict], *, colour: bool) -> Iterable[str]:
    """Yield the range of P(met | inputs) by each yardstick, where it was asked for."""
    over = study.input_range
    if over is None or not shown:
        return
    names = [name for name in study.verdict.overall if any(name in item for item in over.commodities.values())]
    yield ""
    yield from textwrap.wrap(
        f"P(met) given the inputs, %: median (5-95 %) over {over.points} sets of values of {over.inputs} uncertain "
        f"inputs, {over.repeats} futures each",
        WIDTH,
    )
    for first in range(0, len(names), _MOST_OTHER):
        some = names[first : first + _MOST_OTHER]
        columns: list[Column] = [("commodity", 16, "left"), *((name[:11], _OTHER, "right") for name in some)]
        rows = [[_name(item), *(_given(over.commodities[item.commodity], name) for name in some)] for item in shown]
        yield ruled(columns, [*rows, ["all counted", *(_given(over.overall, name) for name in some)]], colour=colour)


def _given(found: Mapping[str, Spread], name: str) -> str:
    if name not in found:
        return "-"
    item = found[name]
    return spread(Quantiles(item.p05.value, item.p50.value, item.p95.value))


def _name(item: CommodityVerdict) -> str:
    return item.commodity.partition(":")[2] or item.commodity


def _when(item: YardstickVerdict) -> tuple[str, ...]:
    first = item.first_met
    return (
        "-" if first is None else chance(first.ever),
        "-" if first is None else months(first),
        "-" if item.still_met is None else chance(item.still_met),
        away(item.distance),
        away(item.unmet_distance),
        sides(item),
    )


def months(first: FirstMet) -> str:
    """Return the median first day in months from the start, with its interval; beyond the horizon where later."""
    found = first.days.quantiles["p50"]
    beyond = f">{first.days.watched_days / DAYS_PER_MONTH:.0f}"

    def one(days: float) -> str:
        return beyond if math.isinf(days) else f"{days / DAYS_PER_MONTH:.0f}"

    if math.isnan(found.value):
        return "-"
    middle, low, high = one(found.value), one(found.low), one(found.high)
    return middle if low == high == middle else f"{middle} ({low} to {high})"


def away(item: Distance | None) -> str:
    """Return median and 5 to 95 % range of a distance."""
    if item is None:
        return "-"
    found = Quantiles(*(item.quantiles[name].value for name in ("p05", "p50", "p95")))
    return tonnes(found) + ("" if item.unit == TONNES else f" {item.unit}")


def sides(item: YardstickVerdict) -> str:
    """Return P(met), had sellers given the focal buyer their exposed tonnes last and first; a star where it decides."""
    if item.exposed_min is None or item.exposed_max is None:
        return "-"
    return f"{percent(item.exposed_min.value)}/{percent(item.exposed_max.value)}{'' if item.identified else '*'}"


def list_lines(study: Study) -> Iterable[str]:
    """Say how the list stands: at least so many, by value, and by the scenario's own rule."""
    overall = study.verdict.overall[HEADLINE]
    of = len(overall.commodities)
    if of < 2:
        return
    counts = [f"at least {k}: {chance(overall.at_least[k])}" for k in range(1, of)]
    text = (
        f"Of the {of} counted, P(met) in %: {'; '.join(counts)}; all {of}: {chance(overall.probability)}. "
        f"{_weight(overall)}, {chance(overall.weighted_share)} % of the list is expected to meet it."
    )
    if overall.rule.kind != "all":
        text += f" The scenario's rule, {rule_in_words(overall.rule, of)}, holds in {chance(overall.rule_holds)} %"
        if overall.rule_still_holds is not None and overall.rule_still_holds.n:
            text += f", and then 12 months later in {chance(overall.rule_still_holds)} %"
        text += "."
    yield from textwrap.wrap(text, WIDTH)


def _weight(overall: OverallVerdict) -> str:
    return "By the scenario's weights" if overall.rule.weights else "By value of use"


def identified_lines(study: Study) -> Iterable[str]:
    """Name the verdicts that depend on which buyers got the exposed tonnes of each sale."""
    open_ones = []
    for item in (*study.verdict.commodities, *study.verdict.end_products):
        for name, yardstick in item.yardsticks.items():
            if not yardstick.identified:
                open_ones.append(f"{_name(item)} by {name} ({sides(yardstick).rstrip('*').replace('/', ' or ')} %)")
    if open_ones:
        yield from textwrap.wrap(
            "Not identified: whether half of the futures meet it depends on whether sellers set clean tonnes aside for "
            f"the focal buyer or gave it the exposed ones first: {'; '.join(open_ones)}.",
            WIDTH,
        )
