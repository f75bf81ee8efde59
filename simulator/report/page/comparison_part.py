"""The section that compares runs with the first: paired differences on the same futures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from simulator.analysis.compare import Comparison, Difference, compare
from simulator.analysis.study import HEADLINE, Study
from simulator.report.figures.differences import difference_axes, difference_rows
from simulator.report.page.blocks import Block, Cell, Drawing, Paragraph, Section, Table
from simulator.report.wording import ends, percent

SHOWN: Final = (HEADLINE, "china_dependent_share", "unmet_share")
"""Measures drawn; the table has them and a few more."""
MEASURES: Final = (*SHOWN, "direct_china_share", "days_of_cover")
_WORDS: Final = {
    HEADLINE: "P(met reliance), points",
    "china_dependent_share": "exposed with withheld, points",
    "unmet_share": "unmet demand, points",
    "direct_china_share": "declared China share, points",
    "days_of_cover": "days of cover",
}


def comparison_section(studies: Sequence[Study]) -> Section:
    """Say what each further run changes against the first.

    Raises
    ------
    NotComparableError
        If two of them do not rest on the same futures.
    """
    blocks: list[Block] = [
        Paragraph(
            "Replication k of every scenario has the same draws and the same uncertain inputs, so what differs is the "
            "scenario's doing. Differences are other minus reference with 95 % intervals (Student's t over 16 "
            "randomisations of the paired differences). Blue: better for the buyer; red: worse; grey: not told apart "
            "from none.",
            "small",
        )
    ]
    for number, study in enumerate(studies[1:], start=1):
        blocks += _compared(compare(studies[0], study), number)
    return Section("comparison", "Scenarios compared", tuple(blocks))


def _compared(comparison: Comparison, number: int) -> Iterator[Block]:
    yield Paragraph(_sentence(comparison), "lead")
    if comparison.identical:
        return
    key = f"comparison-{number}"
    drawn = [measure for measure in SHOWN if difference_rows(comparison, measure)]
    for measure in drawn:
        rows = difference_rows(comparison, measure)
        told = "; ".join(f"{item.commodity} {_change(one, points=True)}" for item, one in rows[:4])
        yield Drawing(
            key=f"{key}-{measure.replace('_', '-')}",
            title=f"{comparison.other} against {comparison.reference}: {_WORDS[measure]}",
            description=f"Dots with 95 % intervals over {comparison.replications:,} pairs of futures. {told}.",
            draw=partial(difference_axes, comparison, measure),
            table=key,
            css="half",
        )
    yield _table(comparison, key)


def _sentence(comparison: Comparison) -> str:
    start = f"{comparison.other} against {comparison.reference}: "
    if comparison.identical:
        return f"{start}nothing differs in any of {comparison.replications:,} pairs of futures."
    if HEADLINE not in comparison.overall:
        return f"{start}no headline commodity missed the target at the reference's start."
    overall = comparison.overall[HEADLINE]
    item = overall.expected_met
    of = len(overall.commodities)
    return (
        f"{start}of {of} headline commodities short of the target at the start, {item.other:.2f} instead of "
        f"{item.reference:.2f} are expected to meet it, {_number(item.difference.value)} "
        f"({_number(item.difference.low)} to {_number(item.difference.high)}; {item.difference.n:,} pairs of futures); "
        f"better in {percent(item.improvement.value)} % of pairs ("
        f"{ends(item.improvement.low, item.improvement.high)}), ties counted half."
    )


def _table(comparison: Comparison, key: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    same = []
    for item in (*comparison.commodities, *comparison.end_products):
        name = (item.commodity.partition(":")[2] or item.commodity).replace("_", " ")
        known = {**item.yardsticks, **item.kpis}
        if not item.differs:
            same.append(name)
            continue
        rows.append((name, *(_change(known[m], points=_is_share(m, known[m])) for m in MEASURES)))
    left = f" Without a difference: {', '.join(same)}." if same else ""
    return Table(
        key=key,
        caption=f"Paired differences at the deadline, {comparison.replications:,} pairs of futures.{left}",
        head=("commodity", *(_WORDS[measure] for measure in MEASURES)),
        rows=tuple(rows),
    )


def _is_share(measure: str, item: Difference) -> bool:
    return measure == HEADLINE or measure.endswith("_share")


def _change(item: Difference, *, points: bool) -> str:
    scale = 100.0 if points else 1.0
    value, low, high = (scale * number for number in (item.difference.value, item.difference.low, item.difference.high))
    if math.isnan(value):
        return "–"
    return "same" if not item.differs else f"{_number(value)} ({_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    """Return a signed number with as many digits as tell it from nought.

    >>> _number(-0.034), _number(12.34), _number(0.0)
    ('−0.03', '+12.3', '0')
    """
    if math.isnan(value):
        return "–"
    text = f"{value:+.1f}" if abs(value) >= 1.0 else f"{value:+.2f}"
    return "0" if float(text) == 0.0 else text.replace("-", "−")
