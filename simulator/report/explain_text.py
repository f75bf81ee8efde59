"""An attribution as text: what groups add, what single levers take away, what stands in the way."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.analysis.contributions import EVERYTHING, LIST, Contribution
from simulator.analysis.contributors import STOCKPILE, Contributor
from simulator.analysis.costs import Cost
from simulator.analysis.explain import Attribution
from simulator.analysis.grouping import Group
from simulator.report.layout import WIDTH, Column, as_lines, ruled
from simulator.report.wording import chance, counted, percent
from simulator.report.yardstick_wording import rule_in_words

SHOWN: Final = 20
"""Single levers shown; --json has all."""
LIST_COLUMNS: Final[tuple[Column, ...]] = (
    ("group", 20, "left"),
    ("members", 8, "right"),
    ("expected met,\npoints", 15, "right"),
    ("all met,\npoints", 13, "right"),
    ("its deals alone,\npoints", 17, "right"),
    ("money in its deals,\nUSD m", 22, "right"),
    ("USD m\nper point", 20, "right"),
)
COLUMNS: Final[tuple[Column, ...]] = (
    ("commodity", 16, "left"),
    ("group", 16, "left"),
    ("P(met),\npoints", 13, "right"),
    ("exposed share,\npoints", 15, "right"),
    ("accessible,\nt", 14, "right"),
    ("upstream,\nt", 14, "right"),
    ("exposed use,\nt", 16, "right"),
    ("unmet,\nt", 13, "right"),
)
LEVERS: Final[tuple[Column, ...]] = (
    ("added last", 33, "left"),
    ("commodity", 16, "left"),
    ("P(met),\npoints", 13, "right"),
    ("exposed share,\npoints", 15, "right"),
    ("accessible,\nt", 13, "right"),
    ("upstream,\nt", 13, "right"),
    ("exposed use,\nt", 14, "right"),
)
BINDING: Final[tuple[Column, ...]] = (
    ("commodity", 28, "left"),
    ("stage", 30, "left"),
    ("country", 9, "left"),
    ("share, %", 10, "right"),
    ("next", 9, "right"),
    ("share, %", 10, "right"),
)
MEASURED: Final = (
    ("met", 100.0),
    ("china_dependent_share", 100.0),
    ("accessible_t", 1.0),
    ("accessible_upstream_t", 1.0),
    ("exposed_t", 1.0),
    ("unmet_t", 1.0),
)
"""Measures in the order of the columns, with what each is multiplied by."""


def explain_text(found: Attribution) -> str:
    """Return an attribution as text of at most 124 columns."""
    return as_lines(
        [
            *_head(found),
            *_list(found),
            *_answers(found),
            *_commodities(found),
            *_levers(found),
            *_bindings(found),
            "",
            *_foot(found),
        ]
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)


def _head(found: Attribution) -> Iterator[str]:
    state = "" if found.complete else f" (stopped: {found.runs:,} of {found.runs_needed:,} runs)"
    yield from _wrapped(
        f"{found.scenario}: what the verdict by {found.yardstick} at {found.case.deadline} can be put down to, in the "
        f"same {found.replications:,} futures with and without it{state}."
    )
    if not found.listed:
        yield from _wrapped("No headline commodity missed the target at the start: there is no list to explain.")
        return
    levels = [
        f"{_level(found, 'expected_met', part)} of {len(found.listed)} expected to be met, all with probability "
        f"{chance(found.of(LIST, 'all_met', part)[0].estimate)} %, {words}"
        for part, words in (("with", "with everything"), ("without", "without any event, deal, project or programme"))
    ]
    rule = found.of(LIST, "list_met", "with")
    if rule:
        words = rule_in_words(found.case.target.list_rule, len(found.listed))
        empty = found.of(LIST, "list_met", "without")[0].estimate
        levels.append(f"by the scenario's rule ({words}) {chance(rule[0].estimate)} % and {chance(empty)} %")
    yield from _wrapped(f"The list ({', '.join(found.listed)}): {'; '.join(levels)}.")


def _level(found: Attribution, measure: str, part: str) -> str:
    item = found.of(LIST, measure, part)[0].estimate
    return f"{item.value:.2f} ({item.low:.2f}-{item.high:.2f})"


def _list(found: Attribution) -> Iterator[str]:
    expected = {item.who: item for item in found.of(LIST, "expected_met", "group")}
    if not expected:
        return
    every = {item.who: item for item in found.of(LIST, "all_met", "group")}
    deals = {item.who: item for item in found.of(LIST, "expected_met", "deals")}
    costs = {item.who: item for item in found.costs if item.part == "deals"}
    yield from ("", f"Groups {_way(found)}: Shapley values for the list, points of P(met) added up over commodities")
    rows: list[tuple[str, ...]] = []
    for group in found.groups:
        rows.append(
            (
                group.name,
                f"{len(_touching(found, group.members)):,}",
                _points(expected.get(group.name)),
                _points(every.get(group.name)),
                _points(deals.get(group.name)),
                *_money(costs.get(group.name)),
            )
        )
    whole = found.of(LIST, "expected_met", "difference")[0], found.of(LIST, "all_met", "difference")[0]
    extra = [item for name, item in deals.items() if name not in {group.name for group in found.groups}]
    rows.append(
        (
            "all together",
            f"{len(_touching(found)):,}",
            *map(_points, whole),
            _points(extra[0] if extra else None),
            *(_money(costs.get(extra[0].who)) if extra else ("", "")),
        )
    )
    yield ruled(LIST_COLUMNS, rows)


def _way(found: Attribution) -> str:
    return {"own": "of the file"}.get(found.grouping, found.grouping)


def _money(cost: Cost | None) -> tuple[str, str]:
    if cost is None:
        return "", ""
    rate = cost.usd_m_per_point
    more = f" +{cost.without_money} not said" if cost.without_money else ""
    if math.isnan(rate.low):
        return f"{cost.money_usd_m:,.0f}{more}", "no gain"
    if math.isinf(rate.high):
        return f"{cost.money_usd_m:,.0f}{more}", f"at least {_three(rate.low)}"
    return f"{cost.money_usd_m:,.0f}{more}", f"{_three(rate.value)} ({_three(rate.low)}-{_three(rate.high)})"


def _points(item: Contribution | None) -> str:
    return "" if item is None else _signed(item, 100.0)


def _signed(item: Contribution, scale: float) -> str:
    """Return a contribution with the half-width of its interval; ``=`` where no future differs by anything."""
    found = item.estimate
    value, half = found.value * scale, (found.high - found.low) / 2 * scale
    if value == 0.0 == half:
        return "="
    return f"{_digits(value, half, sign=True)} ±{_digits(half, half if half else value)}"


def _digits(value: float, half: float, *, sign: bool = False) -> str:
    """Return a number with the decimals that the larger of it and its half-width needs; nothing is minus nil."""
    largest = max(abs(value), abs(half))
    digits = 0 if largest >= 100 else 1 if largest >= 0.1 else 2 if largest >= 0.01 else 3
    if round(value, digits) == 0.0:
        return f"{0:.{digits}f}"
    return f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"


def _three(value: float) -> str:
    if math.isinf(value):
        return "any"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{round(value, 2 - math.floor(math.log10(abs(value)))) if value else 0:,.{min(digits, 4)}f}"


def _answers(found: Attribution) -> Iterator[str]:
    """Say in words what each group's deals bought, and what the stockpile did."""
    told = [text for group in found.groups if (text := _answer(found, group))]
    stock = [item for item in found.contributions if item.part == "lever" and item.who == STOCKPILE]
    if stock:
        moved = _tonnes(stock)
        listed = [item for item in stock if (item.commodity, item.measure) == (LIST, "expected_met")]
        points = f"{_signed(listed[0], 100.0)} points of P(met) over the list" if listed else "not on the list"
        told.append(f"The government's stockpile and its plans: {points}; {moved}.")
    if told:
        yield ""
        for text in told:
            yield from _wrapped(text)


def _touching(found: Attribution, members: Sequence[str] | None = None) -> list[Contributor]:
    """Return the contributors that can touch anything simulated, of a group or all."""
    return [item for item in found.contributors if item.commodities and (members is None or item.id in members)]


def _answer(found: Attribution, group: Group) -> str:
    kinds = Counter(item.kind for item in _touching(found, group.members))
    if not kinds["agreement"]:
        return ""
    of_deals = [item for item in found.contributions if item.part == "deals" and item.who == group.name]
    of_group = [item for item in found.contributions if item.part == "group" and item.who == group.name]
    points = [item for item in of_deals if (item.commodity, item.measure) == (LIST, "expected_met")]
    bought = f"{_signed(points[0], 100.0)} points of P(met) over the list, " if points else "no point of the list, "
    told = f"{group.name}: {counted(kinds['agreement'], 'agreement', 'agreements')} bought {bought}{_tonnes(of_deals)}."
    if sum(kinds.values()) == kinds["agreement"]:
        return told
    others = " and all else" if sum(kinds.values()) > kinds["agreement"] + kinds["project"] else ""
    plants = counted(kinds["project"], "project", "projects")
    return f"{told} With {plants}{others} of the group: {_tonnes(of_group)}."


def _tonnes(items: Sequence[Contribution]) -> str:
    """Return the distinct tonnes among contributions in words."""
    kinds = (
        ("accessible_t", "accessible", 1.0),
        ("accessible_upstream_t", "accessible upstream", 1.0),
        ("exposed_t", "China-exposed use avoided", -1.0),
    )
    told = []
    for measure, words, sign in kinds:
        parts = [
            f"{_three(sign * item.estimate.value)} t {_name(item.commodity)}"
            for item in items
            if item.measure == measure and item.distinct
        ]
        if parts:
            told.append(f"{words} {', '.join(parts)}")
    return "; ".join(told) if told else "no tonnes beyond noise"


def _name(commodity: str) -> str:
    return (commodity.partition(":")[2] or commodity).replace("_", " ")


def _commodities(found: Attribution) -> Iterator[str]:
    names = list(dict.fromkeys(item.commodity for item in found.contributions if item.commodity != LIST))
    moved = [name for name in names if name in found.listed or _moved(found, name)]
    if not moved:
        return
    yield from ("", "By commodity: Shapley values of the groups that touch it; the list first")
    rows = [row for name in sorted(moved, key=lambda name: name not in found.listed) for row in _rows(found, name)]
    yield ruled(COLUMNS, rows)
    still = [_name(name) for name in names if name not in moved]
    if still:
        yield from _wrapped(f"Moved by no group beyond noise: {', '.join(still)}.")


def _moved(found: Attribution, commodity: str) -> bool:
    return any(item.distinct for item in found.contributions if item.commodity == commodity and item.part == "group")


def _rows(found: Attribution, commodity: str) -> Iterator[tuple[str, ...]]:
    by_group: dict[str, dict[str, Contribution]] = {}
    for item in found.contributions:
        if item.commodity == commodity and item.part in ("group", "difference"):
            by_group.setdefault(item.who, {})[item.measure] = item
    name = _name(commodity)
    whole = by_group.pop(EVERYTHING, {})
    for group, measures in (*by_group.items(), ("all together", whole)):
        if commodity not in found.listed and all(_still(one) for one in measures.values()):
            continue
        yield (
            name, group, *(_signed(measures[key], scale) if key in measures else "" for key, scale in MEASURED)
        )  # fmt: skip
        name = ""


def _still(item: Contribution) -> bool:
    """Whether nothing changes in any future, as far as the mean can say."""
    return item.exact == 0 and not item.distinct


def _levers(found: Attribution) -> Iterator[str]:
    rows: dict[tuple[str, str], dict[str, Contribution]] = {}
    for item in found.contributions:
        if item.part == "lever" and item.commodity != LIST:
            rows.setdefault((item.who, item.commodity), {})[item.measure] = item
    moving = {key: measures for key, measures in rows.items() if any(one.distinct for one in measures.values())}
    if not rows:
        return
    yield from ("", "Each alone: what one event, agreement, project or programme adds to all the others")
    order = sorted(
        moving,
        key=lambda key: (
            -abs(moving[key]["met"].estimate.value),
            -abs(moving[key]["china_dependent_share"].estimate.value),
            key,
        ),
    )
    shown = [
        (lever, _name(commodity), *(_signed(moving[lever, commodity][key], scale) for key, scale in MEASURED[:-1]))
        for lever, commodity in order[:SHOWN]
    ]
    yield ruled(LEVERS, shown)
    touching = {item.id for item in _touching(found)}
    others = touching - {lever for lever, _ in moving}
    more = f"{counted(len(order) - SHOWN, 'more row', 'more rows')} in --json. " if len(order) > SHOWN else ""
    yield from _wrapped(
        f"{more}{len(others):,} of the {len(touching):,} that touch anything simulated move nothing beyond noise by "
        f"themselves; {len(found.contributors) - len(touching):,} touch nothing. " + _interactions(found)
    )


def _interactions(found: Attribution) -> str:
    told = [
        f"{_name(name)} {_signed(item, 100.0)}"
        for name in found.listed
        for item in found.of(name, "china_dependent_share", "interaction")
    ]
    return f"Interaction (the rest of the difference), points of exposed share: {'; '.join(told)}." if told else ""


def _bindings(found: Attribution) -> Iterator[str]:
    rows = [
        (
            _name(item.commodity),
            item.stage.replace("_", " "),
            item.country,
            percent(item.share),
            item.next_country or "-",
            percent(item.next_share),
        )
        for item in found.bindings
        if item.stage is not None
    ]
    if rows:
        of = "the world's output" if found.yardstick == "nminus1" else "use"
        yield from ("", f"What stands in the way at the deadline: stage and country, median share of {of}")
        yield ruled(BINDING, rows)


def _foot(found: Attribution) -> Iterator[str]:
    sampled = max((item.orders for item in found.contributions), default=0)
    way = (
        f"from {sampled} sampled orders where more than six groups touch a commodity, whose error is in the interval"
        if sampled
        else "over all coalitions"
    )
    yield from _wrapped(
        "Everything is counted from the scenario without any of it: no control since the spin-up, no deal, no project, "
        "no stockpile. A group's value is what it adds on average over all orders in which the groups may come "
        f"({way}); they add up to the difference exactly. ± is a 95 % interval, paired future by future; = means the "
        "same in every future. P(met): points of probability. Exposed share: China-exposed share of use with what "
        "China withholds. Accessible: made by projects since the start and open to the focal buyer, at the judged "
        "stage or upstream. Exposed use, unmet: tonnes since the start; a ban cuts exposed use by denying it. Money is "
        "what agreements name, for whatever it is; per point of P(met) it is at least what the interval allows."
    )
    if found.bound:
        yield from _wrapped(f"Full in some future, so its users were simulated together: {', '.join(found.bound)}.")
    yield from _wrapped(
        f"{found.runs_needed:,} runs of one commodity needed, {found.runs_avoided:,} avoided "
        f"({found.runs * found.replications:,} replications of a commodity simulated). Data "
        f"{found.case.data_sha256[:12]}, seed {found.seed}, n = {found.replications:,}."
    )
