"""Predictive samples of observations: the model's factor times the level before the event, with noise of observation.

Where nothing was seen before the start, the model's own tonnage stands in for the level. A share of imports is the
ratio of two flows where both are observed apart; otherwise its log odds move as the model's do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.past import noise
from simulator.analysis.past.series import Series, level_of
from simulator.catalogue.parameters import parameter
from simulator.domain.observations import Observation
from simulator.domain.sampling import standard_normal
from simulator.experiment.streams import BlockDraws

Floats = NDArray[np.float64]
MONTH_DAYS: Final = 365.25 / 12
_EDGE: Final = 0.5
"""Percent that a share is kept away from 0 and 100 before its odds are taken."""
_MONTH: Final = 31


@dataclass(frozen=True, slots=True)
class Noise:
    """Draws of observation noise for a run's replications."""

    seed: int
    replications: int

    def uniform(self, series: Series, item: Observation | None, width: int) -> Floats:
        """(n, width) uniforms of one observation, or of the level of its series."""
        what = "level" if item is None else f"{item.period_start}/{item.period_end}"
        draws = BlockDraws(self.seed, np.arange(self.replications, dtype=np.int64), {})
        return draws.uniform(f"observed/{series.id}/{what}", width)


@dataclass(frozen=True, slots=True)
class Scale:
    """Level and noise of a series as they were known before the start."""

    level: float
    """Amount per day of a flow, value of another series."""
    spread: float
    """Coefficient of variation of monthly flows, or standard deviation of log prices."""
    months: int
    """Observations the level rests on; 0 where it is the model's own."""


def scale_of(series: Series, usual: Floats) -> Scale:
    """Return level and noise of a series; ``usual`` (n,) is the model's own level before the start."""
    known = level_of(series)
    months = [item for item in series.history if item.days <= _MONTH]
    if series.is_flow:
        cv = noise.monthly_cv([series.amount(item) for item in months], [item.days for item in months])
        own = float(np.median(usual)) * series.factor
        return Scale(own if known is None else known, cv, 0 if known is None else max(len(months), 1))
    if series.kind == "import_share":
        return Scale(
            float(np.median(usual)) if known is None else known,
            parameter("observed_share_sd").value,
            len(series.history),
        )
    assert known is not None, "an index without a level is left out"
    return Scale(known, noise.log_sd([item.value for item in months]), max(len(months), 1))


def factor_of(series: Series, scale: Scale, value: Floats, usual: Floats) -> Floats:
    """(n,) factor by which the model moves the level of a series that is no share."""
    if scale.months == 0:
        return np.asarray(value * series.factor / max(scale.level, 1e-300))
    safe = np.where(usual > 0.0, usual, 1.0)
    return np.where(usual > 0.0, value / safe, 1.0)


def dressed(series: Series, item: Observation, scale: Scale, level: Floats, start: date, draws: Noise) -> Floats:
    """(n,) values as they would be observed, in the series' unit, of predicted levels (n,) that are no shares."""
    if series.is_flow:
        sample = _flow(series, item, scale, level, start, draws)
        return sample / item.days * MONTH_DAYS if series.per_month else sample
    z = standard_normal(draws.uniform(series, item, 2))
    years = max((item.period_end - start).days, 0) / 365.25
    return noise.scattered(level, scale.spread / math.sqrt(max(item.days / MONTH_DAYS, 1.0)), years, z)


def _flow(series: Series, item: Observation, scale: Scale, level: Floats, start: date, draws: Noise) -> Floats:
    z = standard_normal(draws.uniform(series, None, 1))[:, 0]
    error = noise.level_error(
        scale.spread if scale.months else parameter("fitted_flow_sd").value, max(scale.months, 1), z
    )
    u = draws.uniform(series, item, 3)
    years = max((item.period_end - start).days, 0) / 365.25
    drift = parameter("use_drift_sd" if series.kind == "consumption" else "trade_flow_drift_sd").value
    wandered = np.exp(drift * math.sqrt(years) * standard_normal(u[:, 2]))
    return noise.lumpy(level * error * wandered * item.days, scale.level * MONTH_DAYS, scale.spread, u)


def share_by_odds(
    series: Series, item: Observation, scale: Scale, value: Floats, usual: Floats, draws: Noise
) -> Floats:
    """(n,) percent of a share that is observed alone: log odds before the start, moved as the model's."""
    z = standard_normal(draws.uniform(series, item, 2))[:, 0]
    shift = _odds(value) - _odds(usual) if scale.months else _odds(value) - _odds(np.full_like(value, scale.level))
    odds = _odds(np.full_like(value, scale.level)) + shift + scale.spread * z
    return np.asarray(100.0 / (1.0 + np.exp(-odds)))


def _odds(percent: Floats) -> Floats:
    held = np.clip(percent, _EDGE, 100.0 - _EDGE)
    return np.asarray(np.log(held / (100.0 - held)))


def companions(series: Series, known: Mapping[str, Series]) -> tuple[Series, Series] | None:
    """Return the observed flows whose ratio a share is, from its origins and from all; None for none."""
    flows = [item for item in known.values() if item.kind == "imports" and item.history]
    same = [
        item
        for item in flows
        if (item.commodity, item.stages, item.destinations) == (series.commodity, series.stages, series.destinations)
        and _form(item.id) == _form(series.id)
    ]
    part = next((item for item in same if item.origins == series.origins), None)
    whole = next((item for item in same if item.origins == ("WLD",)), None)
    return None if part is None or whole is None else (part, whole)


def _form(name: str) -> str:
    return name.split("/")[2] if name.count("/") > 2 else ""


def lag_of(days: int, series: Series) -> timedelta:
    """Time after which a control is felt in a series: goods on the way still land."""
    return timedelta(days=days if series.kind in ("imports", "import_share") else 0)
