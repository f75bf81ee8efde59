"""Episodes run and scored: series against bands and null models, targets against their ranges, and the bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.past import scores
from simulator.analysis.past.episode import Episode, measure
from simulator.analysis.past.measured import Measured, transit_days
from simulator.analysis.past.nulls import NULLS, Control, controls, free_share, imposers, same_month
from simulator.analysis.past.predictive import (
    Noise,
    Scale,
    companions,
    dressed,
    factor_of,
    lag_of,
    scale_of,
    share_by_odds,
)
from simulator.analysis.past.series import Series
from simulator.analysis.past.targets import Target
from simulator.domain.observations import Observation
from simulator.experiment.blocks import Progress
from simulator.experiment.executors import Jobs

Floats = NDArray[np.float64]

LEAST_TARGETS: Final = 0.70
"""Share of the targets that must lie inside their range."""
COVERAGE: Final = (0.80, 0.98)
"""Share of observations that the 90 % bands must hold, at least and at most."""
FEW: Final = 50
"""Fewer observations than these may all lie in bands that are right."""
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True)
class ScoredPoint:
    """One observation with what was predicted for it."""

    observation: Observation
    quantiles: tuple[float, ...]
    """At ``scores.LEVELS``, in the observation's unit."""
    in_50: bool
    in_90: bool
    crps: float
    pinball: float
    null_crps: dict[str, float]
    """Null model -> its CRPS."""


@dataclass(frozen=True, slots=True)
class ScoredSeries:
    """One series of an episode."""

    series: Series
    main: bool
    reason: str
    """Why it need not beat a null model, as the scenario states it; empty for none."""
    points: tuple[ScoredPoint, ...]

    @property
    def cover_50(self) -> float:
        """Share of observations in the 50 % band."""
        return sum(point.in_50 for point in self.points) / len(self.points)

    @property
    def cover_90(self) -> float:
        """Share of observations in the 90 % band."""
        return sum(point.in_90 for point in self.points) / len(self.points)

    @property
    def crps(self) -> float:
        """Mean CRPS, in the series' unit."""
        return sum(point.crps for point in self.points) / len(self.points)

    @property
    def pinball(self) -> float:
        """Mean pinball loss, in the series' unit."""
        return sum(point.pinball for point in self.points) / len(self.points)

    def skill(self, null: str) -> float | None:
        """Skill against a null model over all observations; None where both are perfect."""
        mean = sum(point.null_crps[null] for point in self.points) / len(self.points)
        return scores.skill(self.crps, mean)

    @property
    def beaten_by(self) -> tuple[str, ...]:
        """Null models it does not beat."""
        return tuple(null for null in NULLS if (skill := self.skill(null)) is not None and skill <= 0.0)


@dataclass(frozen=True, slots=True)
class ScoredTarget:
    """One target with the ensemble's figure."""

    target: Target
    quantiles: tuple[float, ...]
    """At ``scores.LEVELS``."""

    @property
    def predicted(self) -> float:
        """Median over the futures."""
        return self.quantiles[len(self.quantiles) // 2]

    @property
    def met(self) -> bool:
        """Whether the median lies in the range."""
        return self.target.low <= self.predicted <= self.target.high


@dataclass(frozen=True, slots=True)
class ScoredEpisode:
    """One episode, run and scored."""

    episode: Episode
    series: tuple[ScoredSeries, ...]
    targets: tuple[ScoredTarget, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that must hold."""

    name: str
    holds: bool
    said: str


@dataclass(frozen=True, slots=True)
class Backtest:
    """Episodes with their scores."""

    episodes: tuple[ScoredEpisode, ...]
    seed: int
    replications: int

    @property
    def targets(self) -> tuple[ScoredTarget, ...]:
        """Targets of all episodes, misses first."""
        found = [target for episode in self.episodes for target in episode.targets]
        return tuple(sorted(found, key=lambda item: item.met))

    @property
    def points(self) -> tuple[ScoredPoint, ...]:
        """Observations of all series."""
        return tuple(point for one in self.episodes for series in one.series for point in series.points)

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """What must hold, and whether it does."""
        return (*_target_bound(self.targets), _skill_bound(self.episodes), _coverage_bound(self.points))

    @property
    def holds(self) -> bool:
        """Whether every bound holds."""
        return all(bound.holds for bound in self.bounds)


def _target_bound(targets: Sequence[ScoredTarget]) -> tuple[Bound, ...]:
    if not targets:
        return ()
    met = sum(item.met for item in targets)
    said = (
        f"{met} of {len(targets)} targets inside their range ({met / len(targets):.0%}; at least {LEAST_TARGETS:.0%})"
    )
    return (Bound("targets", met >= LEAST_TARGETS * len(targets), said),)


def _skill_bound(episodes: Sequence[ScoredEpisode]) -> Bound:
    main = [series for one in episodes for series in one.series if series.main]
    beaten = [series for series in main if series.beaten_by and not series.reason]
    said = f"{len(main) - len(beaten)} of {len(main)} main series beat every null model or say why not"
    if beaten:
        said += "; beaten: " + "; ".join(f"{item.series.id} by {', '.join(item.beaten_by)}" for item in beaten)
    return Bound("skill", not beaten, said)


def _coverage_bound(points: Sequence[ScoredPoint]) -> Bound:
    share = sum(point.in_90 for point in points) / len(points)
    low, high = COVERAGE if len(points) >= FEW else (COVERAGE[0], 1.0)
    said = f"90 % bands hold {share:.1%} of {len(points)} observations ({low:.0%} to {high:.0%})"
    return Bound("coverage", low <= share <= high, said)


def run(
    episode: Episode, *, replications: int = 1024, seed: int = 0, jobs: Jobs = 1, progress: Progress | None = None
) -> ScoredEpisode:
    """Run and score one episode.

    Parameters
    ----------
    episode
        What to run, as ``load_episode`` gives it.
    replications
        Random futures, a positive multiple of 16.
    seed
        Root seed of futures and of the noise of observation.
    jobs
        Worker processes.
    progress
        Told how it goes.

    Raises
    ------
    PartialRun
        If it was interrupted or a worker died.
    """
    measured = measure(episode, replications=replications, seed=seed, jobs=jobs, progress=progress)
    return score(episode, measured, Noise(seed, replications))


def score(episode: Episode, measured: Measured, draws: Noise) -> ScoredEpisode:
    """Score noise-free predictions of an episode against its observations and targets."""
    sampler = Sampler(episode, measured, draws)
    block = episode.scenario.model.backtest
    reasons = block.reasons if block is not None else {}
    series = tuple(
        ScoredSeries(
            item,
            item.id in episode.main,
            reasons.get(item.id, ""),
            tuple(_point(sampler, item, place) for place in range(len(item.after))),
        )
        for item in episode.series
    )
    targets = tuple(
        ScoredTarget(target, tuple(float(q) for q in np.quantile(measured.targets[target.id], scores.LEVELS)))
        for target in episode.targets
    )
    return ScoredEpisode(episode, series, targets)


def _point(sampler: Sampler, series: Series, place: int) -> ScoredPoint:
    item = series.after[place]
    sample = sampler.sample(series, place)
    return ScoredPoint(
        item,
        tuple(float(q) for q in np.quantile(sample, scores.LEVELS)),
        scores.covered(sample, item.value, 0.5),
        scores.covered(sample, item.value, 0.9),
        scores.crps(sample, item.value),
        scores.pinball(sample, item.value),
        {null: scores.crps(sampler.null(series, place, null), item.value) for null in NULLS},
    )


class Sampler:
    """Predictive samples of an episode's observations, by the model and by the null models."""

    def __init__(self, episode: Episode, measured: Measured, draws: Noise) -> None:
        self.episode, self.measured, self.draws = episode, measured, draws
        self.known = {item.id: item for item in episode.series}
        self.scales: dict[str, Scale] = {item.id: scale_of(item, measured.usual[item.id]) for item in episode.series}
        self.controls: tuple[Control, ...] = controls(episode.scenario.model.events, episode.case.start)
        self.lags = {
            chain.commodity: {name: transit_days(chain, name) for name in chain.stages[chain.verdict_stage].regions}
            for chain in episode.case.chains
        }

    def sample(self, series: Series, place: int) -> Floats:
        """(n,) values of one observation as the model predicts them."""
        value, usual = self.measured.series[series.id][:, place], self.measured.usual[series.id]
        scale = self.scales[series.id]
        if series.kind == "import_share":
            both = companions(series, self.known)
            if both is not None:
                return self._ratio(series, both, place, *self._factors(series, place))
            return share_by_odds(series, series.after[place], scale, value, usual, self.draws)
        return self._dressed(series, place, scale.level * factor_of(series, scale, value, usual))

    def null(self, series: Series, place: int, null: str) -> Floats:
        """(n,) values of one observation as a null model predicts them."""
        item, scale = series.after[place], self.scales[series.id]
        ones = np.ones(self.draws.replications)
        if series.kind == "import_share":
            return self._null_share(series, place, null)
        if null == "seasonal":
            return self._dressed(series, place, same_month(series, item, scale.level) * ones)
        return self._dressed(series, place, scale.level * (self._kept(series, item) if null == "zero" else 1.0) * ones)

    def _kept(self, series: Series, item: Observation) -> float:
        """Part of a flow that is left when the controlled part of it stops."""
        if series.kind not in ("exports", "imports"):
            return 1.0
        free = free_share(series, item, self.controls, self._lag(series))
        stopped = imposers(series, self.controls)
        if any(origin in stopped for origin in series.origins):
            return free
        if series.origins != ("WLD",) or not stopped:
            return 1.0
        return 1.0 - (1.0 - free) * self._imposed_share(series)

    def _imposed_share(self, series: Series) -> float:
        """Share of the controlled origin in what all send, as observed before the start; half where it was not."""
        for item in self.known.values():
            if (item.commodity, item.destinations) != (series.commodity, series.destinations):
                continue
            if item.kind == "import_share" and any(
                origin in imposers(series, self.controls) for origin in item.origins
            ):
                return self.scales[item.id].level / 100.0
        return 0.5

    def _null_share(self, series: Series, place: int, null: str) -> Floats:
        item, scale = series.after[place], self.scales[series.id]
        ones = np.ones(self.draws.replications)
        free = free_share(series, item, self.controls, self._lag(series)) if null == "zero" else 1.0
        own = any(origin in imposers(series, self.controls) for origin in series.origins)
        both = companions(series, self.known)
        if both is not None:
            return self._ratio(series, both, place, ones * (free if own else 1.0), ones * (1.0 if own else free))
        level = same_month(series, item, scale.level) if null == "seasonal" else scale.level
        value = level * (free if own else 1.0) * ones
        return share_by_odds(series, item, scale, value, scale.level * ones, self.draws)

    def _factors(self, series: Series, place: int) -> tuple[Floats, Floats]:
        """(n,) factors of the share's own flow and of the others', by the model."""
        share, usual = self.measured.series[series.id][:, place], self.measured.usual[series.id]
        whole = self.measured.whole[series.id]
        total, before = whole[:, 1 + place], whole[:, 0]
        part = share * total / np.maximum(usual * before, _TINY)
        rest = (100.0 - share) * total / np.maximum((100.0 - usual) * before, _TINY)
        return part, rest

    def _ratio(
        self, series: Series, both: tuple[Series, Series], place: int, part_factor: Floats, rest_factor: Floats
    ) -> Floats:
        """(n,) percent: two noisy flows, the share's own and the others'."""
        part, whole = both
        item = series.after[place]
        own, all_ = self.scales[part.id], self.scales[whole.id]
        rest_level = max(all_.level - own.level, 1e-9 * all_.level)
        rest_scale = Scale(rest_level, all_.spread * math.sqrt(all_.level / rest_level), all_.months)
        flow = dressed(part, item, own, own.level * part_factor, self.episode.case.start, self.draws)
        rest = dressed(whole, item, rest_scale, rest_level * rest_factor, self.episode.case.start, self.draws)
        total = flow + rest
        return np.where(total > 0.0, 100.0 * flow / np.maximum(total, _TINY), 0.0)

    def _dressed(self, series: Series, place: int, level: Floats) -> Floats:
        scale = self.scales[series.id]
        return dressed(series, series.after[place], scale, level, self.episode.case.start, self.draws)

    def _lag(self, series: Series) -> timedelta:
        days = self.lags[series.commodity].get(series.destinations[0], 0)
        return lag_of(days, series)
