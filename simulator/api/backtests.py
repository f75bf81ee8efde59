"""Episodes of the past, predicted and scored, as a notebook reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.analysis.frames import dataframe
from simulator.analysis.past import backtest as analysis
from simulator.analysis.past.episode import load_episode, shipped_episodes
from simulator.analysis.past.scores import LEVELS
from simulator.api.notebook import Told, telling
from simulator.api.plots import displayed
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.report.figures.style import Axes


@dataclass(frozen=True, slots=True, repr=False)
class BacktestResult(analysis.Backtest):
    """Episodes with their scores."""

    def summary(self, *, every: bool = False) -> str:
        """Return the report as ``simulator backtest`` prints it; ``every`` series, or the main ones and the worst."""
        from simulator.report.backtest_text import backtest_text

        return backtest_text(self, every=every)

    def __repr__(self) -> str:
        names = ", ".join(one.episode.name for one in self.episodes)
        return f"<Backtest of {names}: bounds {'hold' if self.holds else 'do not all hold'}>"

    def _repr_html_(self) -> str:
        from simulator.report.notebook_html import text_html

        return text_html(self.summary())

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series of all episodes."""
        return tuple(item.series.id for one in self.episodes for item in one.series)

    def to_dataframe(self) -> Any:
        """Return one row per observation: quantiles predicted, what was seen, and whether the bands held it."""
        return dataframe(self._rows())

    def _rows(self) -> Iterator[dict[str, Any]]:
        for one in self.episodes:
            for item in one.series:
                for point in item.points:
                    seen = point.observation
                    bands = {
                        f"p{level * 100:02.0f}": value for level, value in zip(LEVELS, point.quantiles, strict=True)
                    }
                    yield {
                        "episode": one.episode.name,
                        "series": item.series.id,
                        "main": item.main,
                        "first": seen.period_start,
                        "last": seen.period_end,
                        "seen": seen.value,
                        **bands,
                        "in_50": point.in_50,
                        "in_90": point.in_90,
                        "crps": point.crps,
                        "unit": item.series.unit,
                    }

    def plot(self, series: str, ax: Axes | None = None) -> Axes:
        """Draw what was seen of a series over the bands that were predicted for it.

        Raises
        ------
        UsageError
            If there is no such series.
        """
        from simulator.report.figures.past import past

        for one in self.episodes:
            for item in one.series:
                if item.series.id == series:
                    return displayed(past(one, item, ax))
        raise UsageError(f"{series!r} is not a series of this backtest; known are {', '.join(self.series)}")


def backtest(
    *episodes: str | os.PathLike[str],
    observations: str | os.PathLike[str] | None = None,
    replications: int = 1024,
    seed: int = 0,
    jobs: int = 1,
    progress: Told = None,
) -> BacktestResult:
    """Predict episodes of the past from what was known before them, and score them against what was seen.

    Parameters
    ----------
    episodes
        Scenario files that begin before an event; where none is named, those in ``scenarios/backtests`` of this folder,
        or those that come with the program.
    observations
        CSV of observations, for one episode of your own; the scenario's where None.
    replications
        Random futures of each, a positive multiple of 16.
    seed
        Root seed of futures and of the noise of observation.
    jobs
        Worker processes; no result depends on it.
    progress
        As for ``run``.

    Raises
    ------
    InputError
        If a file is missing or wrong, before anything runs.
    PartialRun
        If it was interrupted or a worker died.
    """
    if observations is not None and len(episodes) != 1:
        raise UsageError("observations belong to one episode; name its scenario file")
    loaded = [load_episode(path, observations=observations) for path in episodes or shipped_episodes()]
    scored = []
    for episode in loaded:
        with telling(progress, episode.name) as told:
            scored.append(analysis.run(episode, replications=replications, seed=seed, jobs=jobs, progress=told))
    return BacktestResult(tuple(scored), seed, replications)
