"""What drives the verdict, from the attribution kept beside a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from simulator.analysis.study import Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.report.explain_store import Explained
from simulator.report.figures.attribution import POINTS, attribution, attribution_bars, points
from simulator.report.page.blocks import Block, Cell, Drawing, Paragraph, Table
from simulator.report.wording import counted

LIST: Final = "headline"
_TONNES: Final = (
    ("accessible_t", "accessible, t"),
    ("accessible_upstream_t", "upstream, t"),
    ("exposed_t", "exposed use, t"),
    ("unmet_t", "unmet, t"),
)


def attribution_blocks(study: Study, explained: Explained, chosen: Sequence[CommodityVerdict]) -> Iterator[Block]:
    """Yield how the attribution was made, the list's table, and a figure for each commodity chosen."""
    stopped = "" if explained.complete else " It was stopped early: what was not finished is not shown."
    yield Paragraph(
        f"Attribution by {explained.yardstick} of simulator explain over {explained.replications:,} futures (seed "
        f"{explained.seed}), counted from the scenario without any event, deal, project or stockpile programme. Above "
        "the line: Shapley values of groups, which sum to the difference exactly. Below: what a single event, "
        "agreement, project or programme adds to all the others. Lines are 95 % intervals; a bar inside its grey box "
        f"is no further from zero than one of so many that do nothing would be.{stopped}",
        "small",
    )
    if explained.rows(LIST, "expected_met", "group"):
        yield _list_table(explained)
    for item in chosen:
        bars = attribution_bars(explained, item.commodity)
        told = "; ".join(f"{bar.name} {points(bar.value, bar.low, bar.high)}" for bar in bars[:3])
        yield Drawing(
            key=_key("attribution", item),
            title=f"{item.name}: what drives the China-exposed share",
            description=(
                f"Bar chart over {explained.replications:,} futures, points of the share with what China withholds. "
                f"{told or 'Nothing touches it'}."
            ),
            draw=partial(attribution, study, explained, item.commodity),
            table=_key("attribution-data", item),
            css="half",
        )


def attribution_table(explained: Explained, item: CommodityVerdict) -> Table:
    """Return the numbers behind a commodity's figure: points, and the tonnes that go with them."""
    bars = attribution_bars(explained, item.commodity)
    kinds = {lever.lever: f"{lever.kind.replace('_', ' ')}, {lever.whose}" for lever in explained.levers}
    groups = [bar for bar in bars if bar.part == "group"]
    rows: list[tuple[Cell, ...]] = []
    for bar in bars:
        met = explained.rows(item.commodity, "met", bar.part).get(bar.name)
        name = bar.name if bar.part == "group" else f"{bar.name} ({kinds.get(bar.name, '')})"
        tonnes = (explained.rows(item.commodity, measure, bar.part).get(bar.name) for measure, _ in _TONNES)
        rows.append(
            (
                name,
                points(bar.value, bar.low, bar.high),
                "yes" if bar.above_noise else "no",
                _points(met, POINTS),
                *(_points(one, 1.0) for one in tonnes),
            )
        )
    return Table(
        key=_key("attribution-data", item),
        caption=(
            f"{item.name}: contributions to the China-exposed share with what China withholds, to P(met) (points) and "
            f"to tonnes from the start to the deadline, {explained.replications:,} futures (95 % interval)"
        ),
        head=(
            "group or lever",
            "share",
            "above noise",
            f"P(met {explained.yardstick})",
            *(head for _, head in _TONNES),
        ),
        rows=tuple(rows),
        groups=((0, "groups, Shapley values"), *(((len(groups), "single levers"),) if len(bars) > len(groups) else ())),
    )


def _list_table(explained: Explained) -> Table:
    parts = [explained.rows(LIST, measure, "group") for measure in ("expected_met", "all_met")]
    deals = explained.rows(LIST, "expected_met", "deals")
    whole = [explained.rows(LIST, measure, "difference").get("everything") for measure in ("expected_met", "all_met")]
    members = {group.group: len(group.members) for group in explained.groups}
    rows: list[tuple[Cell, ...]] = [
        (name, f"{members[name]:,}", *(_points(part.get(name), POINTS) for part in (*parts, deals)))
        for name in members
        if name in parts[0]
    ]
    together = _points(deals.get("all agreements"), POINTS)
    rows.append(("all together", f"{len(explained.levers):,}", *(_points(one, POINTS) for one in whole), together))
    return Table(
        key="attribution-list",
        caption=(
            "What groups add to the headline list, points of P(met) (95 % interval), "
            f"{counted(explained.replications, 'future', 'futures')}; its deals: its agreements taken out of the whole"
        ),
        head=("group", "members", "expected met, added up", "all met", "its deals alone"),
        rows=tuple(rows),
    )


def _points(row: Explained.Row | None, scale: float) -> str:
    if row is None or row.value is None or row.ci[0] is None or row.ci[1] is None:
        return "–"
    return points(scale * row.value, scale * row.ci[0], scale * row.ci[1])


def _key(kind: str, item: CommodityVerdict) -> str:
    return f"{kind}-{item.commodity.replace(':', '-').replace('_', '-')}"
