"""A backtest as text: what does not fit first, then what does, then whether the bounds hold."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Final

from simulator.analysis.past.backtest import Backtest, ScoredEpisode, ScoredSeries, ScoredTarget
from simulator.analysis.past.nulls import NULLS
from simulator.report.layout import WIDTH, Column, as_lines, ruled

TARGETS: Final[tuple[Column, ...]] = (
    ("target", 28, "left"),
    ("observed", 9, "right"),
    ("range that counts", 17, "right"),
    ("predicted,\nmedian", 10, "right"),
    ("5 to 95 %\nof futures", 17, "right"),
    ("", 6, "left"),
)
SERIES: Final[tuple[Column, ...]] = (
    ("series", 54, "left"),
    ("n", 3, "right"),
    ("in 50 %\nband, %", 7, "right"),
    ("in 90 %\nband, %", 7, "right"),
    ("CRPS", 9, "right"),
    ("skill against\nzero", 13, "right"),
    ("no\nchange", 7, "right"),
    ("season", 7, "right"),
)


def backtest_text(found: Backtest, *, every: bool = False) -> str:
    """Return a backtest as text of at most 124 columns; ``every`` series, or the main ones and the worst."""
    return as_lines([*_head(found), "", *_targets(found), *_tables(found, every=every), "", *_foot(found)])


def _head(found: Backtest) -> Iterator[str]:
    names = ", ".join(one.episode.case.name for one in found.episodes)
    yield from textwrap.wrap(f"Held against what happened: {names}.", WIDTH)
    for bound in found.bounds:
        yield from textwrap.wrap(f"{'holds' if bound.holds else 'DOES NOT HOLD'}: {bound.said}.", WIDTH)


def _targets(found: Backtest) -> Iterator[str]:
    if found.targets:
        yield "Calibration targets, misses first"
        yield ruled(TARGETS, map(_target, found.targets))


def _target(item: ScoredTarget) -> tuple[str, ...]:
    target = item.target
    return (
        target.id,
        figure(target.observed),
        f"{figure(target.low)} to {figure(target.high)}",
        figure(item.predicted),
        f"{figure(item.quantiles[0])} to {figure(item.quantiles[-1])}",
        "" if item.met else "MISS",
    )


def _tables(found: Backtest, *, every: bool) -> Iterator[str]:
    for one in found.episodes:
        shown = shown_series(one, every=every)
        yield from ("", f"{one.episode.case.name}: {len(shown)} of {len(one.series)} series, the worst first")
        yield ruled(SERIES, [_series(item) for item in shown])
        if one.episode.left_out and every:
            yield from _left_out(one)


def shown_series(one: ScoredEpisode, *, every: bool, most: int = 8) -> list[ScoredSeries]:
    """Return series with the least skill first; the main ones are always among them."""
    ordered = sorted(one.series, key=lambda item: (-len(item.beaten_by), item.cover_90, item.series.id))
    if every:
        return ordered
    kept = [item for item in ordered if item.main or len(item.points) > 1]
    return [item for place, item in enumerate(kept) if place < most or item.main]


def _series(item: ScoredSeries) -> tuple[str, ...]:
    return (
        ("* " if item.main else "  ") + _short(item.series.id),
        str(len(item.points)),
        f"{item.cover_50:.0%}".rstrip("%"),
        f"{item.cover_90:.0%}".rstrip("%"),
        figure(item.crps),
        *(_skill(item.skill(null)) for null in NULLS),
    )


def _short(name: str) -> str:
    width = 52
    return name if len(name) <= width else f"{name[: width - 3]}..."


def _skill(value: float | None) -> str:
    if value is None:
        return "both 0"
    return "null is 0" if math.isinf(value) else f"{value:+.2f}"


def figure(value: float) -> str:
    """Return a number with three digits that say something.

    >>> figure(0.0527), figure(4130.0), figure(0.0)
    ('0.053', '4,130', '0')
    """
    if value == 0.0:
        return "0"
    if abs(value) >= 100.0:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.2g}" if abs(value) < 1.0 else f"{value:.3g}"


def _left_out(one: ScoredEpisode) -> Iterator[str]:
    yield f"Not predicted ({sum(item.observations for item in one.episode.left_out)} observations):"
    for item in one.episode.left_out:
        yield from textwrap.wrap(f"{item.id}: {item.why}", WIDTH, initial_indent="  ", subsequent_indent="    ")


def _foot(found: Backtest) -> Iterator[str]:
    for one in found.episodes:
        for item in one.series:
            if item.main and item.beaten_by and item.reason:
                text = f"{item.series.id} is beaten by {', '.join(item.beaten_by)}: {item.reason}"
                yield from textwrap.wrap(text, WIDTH)
    yield from textwrap.wrap(
        "* main series. Skill: one less CRPS over that of a null model with the same noise of observation; zero: the "
        "controlled flow stops and nothing else changes; no change: the level before; season: the same month of the "
        "last year seen. Bands hold 50 and 90 % of futures with that noise. Targets are compared without it.",
        WIDTH,
    )
    yield from textwrap.wrap(
        f"{found.replications:,} futures of each episode, seed {found.seed}. Tables as they could be read on each "
        "episode's as_of; splits of later stages and regional demand have one edition only and are read as shipped.",
        WIDTH,
    )
