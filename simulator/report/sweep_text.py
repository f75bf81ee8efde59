"""A sweep as text: one table for the headline list and one per commodity, a row per combination."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.analysis.deadline import HEADLINES
from simulator.analysis.intervals import Estimate
from simulator.analysis.sweep import Sweep
from simulator.metrics.yardsticks import YARDSTICKS
from simulator.report.layout import WIDTH, Column, as_lines, path_head, ruled
from simulator.report.wording import counted, ends, percent

MOST_TABLES: Final = 3
"""Commodities shown one by one; more are told of, with where their numbers are."""
_SHARE, _COUNT = 13, 19
"""Width of a column of percentages with their interval, and of one of expected numbers."""
_GAP: Final = 1
_SHOWN: Final = tuple(name for name in YARDSTICKS if name != "nminus1")
"""Yardsticks with a column, beside which three grids fit; ``--csv`` and ``--json`` have all."""
_KPIS: Final = (("china_dependent_share", "exposed and\nwithheld, %"), ("unmet_share", "unmet,\n%"))


def sweep_text(found: Sweep) -> str:
    """Return a sweep as text of at most 124 columns where the names of the values leave room for it."""
    return as_lines([*_head(found), *_tables(found), "", *_foot(found)])


def _head(found: Sweep) -> Iterator[str]:
    grids = ", ".join(f"{grid.path} ({len(grid.values)})" for grid in found.grids)
    state = "" if found.complete else f", {len(found.points):,} of them finished"
    yield from textwrap.wrap(
        f"{found.scenario} over {counted(found.requested, 'combination', 'combinations')} of {grids}{state}; "
        f"{found.replications:,} futures each, the same for all.",
        WIDTH,
    )


def _tables(found: Sweep) -> Iterator[str]:
    if not found.points:
        return
    names = list(dict.fromkeys(item.commodity for item in found.points[0].measures))
    singles = [name for name in names if name != HEADLINES]
    if len(singles) > 1 and HEADLINES in names:
        yield from ("", "Headline commodities: expected number that meet it at the deadline")
        heads = [(f"expected_met/{name}", f"\n{name}") for name in _SHOWN]
        yield _table(found, HEADLINES, heads, as_share=False)
    if len(singles) > MOST_TABLES:
        text = f"Not shown one by one: {', '.join(singles)}. --csv FILE or --json gives every number."
        yield from ("", *textwrap.wrap(text, WIDTH))
        return
    for name in singles:
        yield from ("", name)
        yield _table(
            found, name, [(f"met/{each}", f"P(met)\n{each}, %") for each in _SHOWN] + list(_KPIS), as_share=True
        )


def _table(found: Sweep, commodity: str, heads: Sequence[tuple[str, str]], *, as_share: bool) -> str:
    measure = _SHARE if as_share else _COUNT
    room = WIDTH - len(heads) * (measure + _GAP)
    share = max(12, room // len(found.grids) - _GAP)
    columns: list[Column] = [
        (path_head(grid.path, share), min(share, max(10, len(grid.path))), "left") for grid in found.grids
    ]
    columns += [(head, measure, "right") for _, head in heads]
    rows = []
    for point in found.points:
        known = {item.measure: item.estimate for item in point.measures if item.commodity == commodity}
        cells = [_cell(known[name], as_share) if name in known else "-" for name, _ in heads]
        rows.append((*point.values, *cells))
    return ruled(columns, rows)


def _cell(item: Estimate, as_share: bool) -> str:
    if as_share:
        # The interval of a mean of shares may pass what a share can be.
        return f"{percent(item.value)} ({ends(max(0.0, item.low), min(1.0, item.high))})"
    return f"{item.value:.2f} ({item.low:.2f}-{item.high:.2f})"


def _foot(found: Sweep) -> Iterator[str]:
    yield from textwrap.wrap(
        "At the deadline, with 95 % intervals. All combinations meet the same futures, so two rows differ by their "
        "values alone, and by less noise than their intervals say.",
        WIDTH,
    )
    case = found.case
    yield f"Data {case.data_sha256[:12]}, seed {found.seed}, start {case.start}, deadline {case.deadline}."
