"""A backtest as a page: what does not fit, the figures, and every number behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from simulator.analysis.past.backtest import Backtest, ScoredEpisode, ScoredSeries
from simulator.analysis.past.nulls import NULLS
from simulator.report.backtest_text import figure, shown_series
from simulator.report.figures.past import drawn, past
from simulator.report.page.blocks import Badge, Block, Cell, Drawing, Paragraph, Section, Table
from simulator.report.page.build import page

MET, MISSED = Badge("\u25cf", "inside", "on-track"), Badge("\u25a0", "miss", "failing")


def backtest_html(found: Backtest) -> str:
    """Return a backtest as one page, the same bytes for the same futures."""
    return page("Held against what happened", past_sections(found))


def past_sections(found: Backtest) -> tuple[Section, ...]:
    """Return the sections of a backtest: bounds and targets, then each episode."""
    return (
        Section("past-bounds", "Does the model fit the past?", tuple(_bounds(found))),
        *(_episode(number, one) for number, one in enumerate(found.episodes)),
    )


def _bounds(found: Backtest) -> Iterator[Block]:
    lead = "Every bound holds." if found.holds else "Not every bound holds."
    yield Paragraph(lead, "lead")
    for bound in found.bounds:
        yield Paragraph(f"{'Holds' if bound.holds else 'Does not hold'}: {bound.said}.")
    if found.targets:
        yield Table(
            key="past-targets",
            caption="Calibration targets, misses first: median and 5 to 95 % of futures, without noise of observation",
            head=("target", "observed", "range that counts", "predicted", "5 to 95 %", "source", "result"),
            rows=tuple(
                (
                    item.target.id,
                    figure(item.target.observed),
                    f"{figure(item.target.low)} to {figure(item.target.high)}",
                    figure(item.predicted),
                    f"{figure(item.quantiles[0])} to {figure(item.quantiles[-1])}",
                    item.target.source,
                    MET if item.met else MISSED,
                )
                for item in found.targets
            ),
            last_words=2,
        )


def _episode(number: int, one: ScoredEpisode) -> Section:
    case = one.episode.case
    blocks: list[Block] = [
        Paragraph(case.question, "question"),
        Paragraph(
            f"Starts on {case.start}, with tables as they could be read on {case.as_of} and the controls as they were "
            "announced. Red is what was observed, grey what was seen before; bands hold 50 and 90 % of futures, with "
            "the noise of observation.",
            "small",
        ),
    ]
    ordered = shown_series(one, every=True)
    for place, item in enumerate(ordered):
        if drawn(item):
            blocks.append(_drawing(f"past-{number}-{place}", f"past-{number}", one, item))
    blocks.append(_table(f"past-{number}", one, ordered))
    if one.episode.left_out:
        blocks.append(
            Table(
                key=f"past-{number}-left",
                caption="Series that are not predicted",
                head=("series", "observations", "why"),
                rows=tuple((left.id, str(left.observations), left.why) for left in one.episode.left_out),
                wide=True,
            )
        )
    return Section(f"past-episode-{number}", case.name, tuple(blocks))


def _drawing(key: str, table: str, one: ScoredEpisode, item: ScoredSeries) -> Drawing:
    return Drawing(
        key=key,
        title=item.series.id,
        description=(
            f"Line chart of {len(item.points)} observations over predicted bands: {item.cover_50:.0%} in the band of "
            f"50 %, {item.cover_90:.0%} in that of 90 %."
        ),
        draw=partial(past, one, item),
        table=table,
        css="half",
    )


def _table(key: str, one: ScoredEpisode, ordered: list[ScoredSeries]) -> Table:
    def row(item: ScoredSeries) -> tuple[Cell, ...]:
        return (
            item.series.id + (" (main)" if item.main else ""),
            str(len(item.points)),
            f"{item.cover_50:.0%}",
            f"{item.cover_90:.0%}",
            f"{figure(item.crps)} {item.series.unit}",
            *(_skill(item.skill(null)) for null in NULLS),
        )

    return Table(
        key=key,
        caption=f"{one.episode.case.name}: scores by series, least skill first",
        head=(
            "series",
            "n",
            "in 50 %",
            "in 90 %",
            "CRPS",
            *(f"skill against {null.replace('_', ' ')}" for null in NULLS),
        ),
        rows=tuple(map(row, ordered)),
    )


def _skill(value: float | None) -> str:
    return "\u2013" if value is None or math.isinf(value) else f"{value:+.2f}".replace("-", "\u2212")
