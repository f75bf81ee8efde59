"""A backtest as one JSON document, the same bytes for the same futures."""

from __future__ import annotations

import math
from typing import Any, Final

from simulator.analysis.past.backtest import Backtest, ScoredEpisode, ScoredPoint, ScoredSeries, ScoredTarget
from simulator.analysis.past.nulls import NULLS
from simulator.analysis.past.scores import LEVELS
from simulator.report.document import data_of, finite

BACKTEST_SCHEMA: Final = "simulator.backtest/1"

Document = dict[str, Any]


def backtest_document(found: Backtest, *, wall_s: float, jobs: int) -> Document:
    """Return a backtest as plain JSON values: bounds, targets with misses first, series with every observation."""
    return finite(
        {
            "schema": BACKTEST_SCHEMA,
            "seed": found.seed,
            "replications": found.replications,
            "holds": found.holds,
            "bounds": [{"name": item.name, "holds": item.holds, "said": item.said} for item in found.bounds],
            "targets": [_target(item) for item in found.targets],
            "episodes": [_episode(one) for one in found.episodes],
            "execution": {"wall_s": round(wall_s, 3), "jobs": jobs},
        }
    )


def _episode(one: ScoredEpisode) -> Document:
    episode = one.episode
    case = episode.case
    return {
        "episode": episode.name,
        "scenario": {"name": case.name, "sha256": case.sha256},
        "data": data_of(case),
        "focal": case.focal,
        "as_of": case.as_of.isoformat(),
        "start": case.start.isoformat(),
        "base_years": {chain.commodity: chain.base_year for chain in case.chains},
        "series": [_series(item) for item in one.series],
        "left_out": [{"series": i.id, "observations": i.observations, "why": i.why} for i in episode.left_out],
    }


def _series(item: ScoredSeries) -> Document:
    return {
        "series": item.series.id,
        "kind": item.series.kind,
        "unit": item.series.unit,
        "main": item.main,
        "reason": item.reason or None,
        "beaten_by": list(item.beaten_by),
        "cover_50": item.cover_50,
        "cover_90": item.cover_90,
        "crps": item.crps,
        "pinball": item.pinball,
        "skill": {null: _known(item.skill(null)) for null in NULLS},
        "observations": [_point(point) for point in item.points],
    }


def _known(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else value


def _point(point: ScoredPoint) -> Document:
    seen = point.observation
    return {
        "period_start": seen.period_start.isoformat(),
        "period_end": seen.period_end.isoformat(),
        "observed": seen.value,
        "predicted": _quantiles(point.quantiles),
        "in_50": point.in_50,
        "in_90": point.in_90,
        "crps": point.crps,
        "pinball": point.pinball,
        "null_crps": point.null_crps,
    }


def _target(item: ScoredTarget) -> Document:
    target = item.target
    return {
        "target": target.id,
        "statistic": target.statistic,
        "observed": target.observed,
        "low": target.low,
        "high": target.high,
        "predicted": _quantiles(item.quantiles),
        "met": item.met,
        "source": target.source,
    }


def _quantiles(values: tuple[float, ...]) -> Document:
    return {f"p{round(100 * level):02d}": value for level, value in zip(LEVELS, values, strict=True)}
