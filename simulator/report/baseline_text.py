"""Baseline checks as text: the verdict, then what moved, and in one line what did not."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.analysis.baseline_verdict import ALPHA, Check, KpiVerdict
from simulator.report.layout import WIDTH, Column, as_lines, ruled
from simulator.report.wording import counted

COLUMNS: Final[tuple[Column, ...]] = (
    ("scenario", 22, "left"),
    ("KPI at the deadline", 29, "left"),
    ("baseline", 8, "right"),
    ("now", 8, "right"),
    ("paired change (interval)", 32, "right"),
    ("matters\nat", 7, "right"),
    ("verdict", 12, "left"),
)

MOST_NAMES: Final = 6
"""Scenarios named in the command that accepts what moved."""


def baseline_text(checks: Sequence[Check]) -> str:
    """Return checks as text of at most 124 columns."""
    return as_lines(_parts(checks))


def headline(checks: Sequence[Check]) -> str:
    """Return what the checks come to in one sentence.

    >>> headline([])
    'baseline ok: 0 scenarios'
    """
    apart = sum(bool(check.refused) for check in checks)
    moved = sum(not check.refused and not check.passed for check in checks)
    told = [counted(len(checks), "scenario", "scenarios")]
    if moved:
        told.append(f"{moved} moved")
    if apart:
        told.append(f"{apart} not comparable")
    counts: dict[str, int] = {}
    for check in checks:
        for verdict, number in check.counts().items():
            counts[verdict] = counts.get(verdict, 0) + number
    told += [f"{number:,} {verdict}" for verdict, number in counts.items()]
    return f"baseline {'moved' if moved else 'not comparable' if apart else 'ok'}: {', '.join(told)}"


def advice(checks: Sequence[Check]) -> str:
    """Return the command that accepts what moved; empty when nothing did."""
    names = [check.scenario for check in checks if not check.passed]
    if not names:
        return ""
    # Of the others --all leaves every byte as it is.
    which = " ".join(names) if len(names) <= MOST_NAMES else "--all"
    return f'simulator baseline update {which} --because "..."'


def change_text(item: KpiVerdict) -> str:
    """Return the paired change with its interval, as ``-0.1 (-0.16 to -0.04)``."""
    found = item.difference
    if found.low != found.low:  # no interval
        return f"{found.value:+.3g}"
    return f"{found.value:+.3g} ({found.low:+.3g} to {found.high:+.3g})"


def why(item: KpiVerdict) -> str:
    """Return what a verdict leaves unsaid; empty where nothing."""
    if item.undefined:
        return f"{item.kpi}: defined in only one of the two in {counted(item.undefined, 'future', 'futures')}."
    if item.needed:
        return f"{item.kpi}: about {item.needed:,} replications would decide."
    return ""


def _parts(checks: Sequence[Check]) -> Iterator[str]:
    yield f"{headline(checks)}."
    moved = [(check, item) for check in checks for item in check.moved]
    if moved:
        yield ""
        yield ruled(COLUMNS, [_row(check, item) for check, item in moved])
        notes = [f"{check.scenario} {why(item)}" for check, item in moved if why(item)]
        if notes:
            yield ""
            for note in notes:
                yield from textwrap.wrap(note, WIDTH)
    apart = [check for check in checks if check.refused]
    if apart:
        yield ""
        yield "Not compared:"
        for check in apart:
            yield from textwrap.wrap(f"{check.scenario}: {check.refused}", WIDTH, subsequent_indent="  ")
    if advice(checks):
        yield ""
        yield f"Intended? {advice(checks)}"
    compared = [check for check in checks if not check.refused]
    if compared:
        yield ""
        yield from textwrap.wrap(
            f"Means of {_replications(compared)} paired futures on the same random numbers; change: now - baseline. "
            f"Intervals: Student's t over 16 randomisations; chance of any false alarm in a scenario: {ALPHA:g}.",
            WIDTH,
        )


def _replications(checks: Sequence[Check]) -> str:
    numbers = sorted({check.replications for check in checks})
    return " or ".join(f"{number:,}" for number in numbers)


def _row(check: Check, item: KpiVerdict) -> tuple[str, ...]:
    return (
        check.scenario,
        item.kpi,
        f"{item.baseline:.4g}",
        f"{item.now:.4g}",
        change_text(item),
        f"±{item.materiality:g}",
        item.verdict,
    )
