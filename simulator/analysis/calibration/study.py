"""Calibrate the behavioural inputs on past episodes, and cross-validate by leaving each episode out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.calibration.design import ROLES, positions, values
from simulator.analysis.calibration.posterior import (
    LEVELS,
    Marginal,
    Range,
    Trial,
    Weighed,
    chosen,
    correlations,
    leave_one_out,
    loss,
    marginal,
    trials,
    weigh,
)
from simulator.analysis.intervals import quantiles_of
from simulator.analysis.past.episode import Episode, load_episode, shipped_episodes
from simulator.analysis.past.measured import Levels
from simulator.analysis.past.targets import Target
from simulator.domain.traces import Trace
from simulator.errors import IncompleteError, InputError
from simulator.experiment.blocks import Progress
from simulator.experiment.many import Wanted, run_many
from simulator.scenario.case import Case

Floats = NDArray[np.float64]

PRIORS: Final = "catalogue.inputs=prior"
"""Override with which an episode starts from what was assumed before it."""
REPLICATIONS: Final = 8192
"""Points of the prior, each simulated once per episode."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """One episode at every point of the prior."""

    episode: Episode
    predicted: Mapping[str, Floats]
    """Target -> (n,)."""

    def losses(self) -> list[Floats]:
        """Return one (n,) loss per target."""
        return [loss(range_of(item).distance(self.predicted[item.id])) for item in self.episode.targets]


@dataclass(frozen=True, slots=True)
class TargetFit:
    """One target, as the prior, the posterior and the posterior of the other episodes predict it."""

    episode: str
    target: Target
    prior: tuple[float, float, float]
    """5, 50 and 95 % of the points."""
    posterior: tuple[float, float, float]
    left_out: tuple[float, float, float]
    """From the other episodes alone."""
    losses: tuple[float, float, float]
    """Mean loss over the points of prior, posterior and the posterior of the other episodes."""

    def met(self, quantiles: tuple[float, float, float]) -> bool:
        """Whether a median lies in the range."""
        return self.target.low <= quantiles[1] <= self.target.high

    def covers(self, quantiles: tuple[float, float, float]) -> bool:
        """Whether the middle 90 % hold what was seen."""
        return quantiles[0] <= self.target.observed <= quantiles[2]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What past episodes say of the behavioural inputs."""

    episodes: tuple[str, ...]
    replications: int
    seed: int
    ess: float
    power: float
    """Power of the kernel, by cross-validation; 0 where the priors predict what is left out better than any other."""
    trials: tuple[Trial, ...]
    """Every power tried."""
    marginals: tuple[Marginal, ...]
    correlation: tuple[str, str, float]
    """The two inputs that are most correlated, and how much."""
    fits: tuple[TargetFit, ...]

    @property
    def losses(self) -> tuple[float, float, float]:
        """Mean loss of a target under prior, posterior and the posterior of the other episodes."""
        prior, posterior, out = (sum(item.losses[i] for item in self.fits) / len(self.fits) for i in range(3))
        return prior, posterior, out

    @property
    def learnt(self) -> tuple[Marginal, ...]:
        """Inputs whose posterior takes the place of the prior."""
        return tuple(item for item in self.marginals if item.learnt)


class PartialCalibration(IncompleteError):
    """A calibration that stopped early, on the episodes that were finished (None where none was)."""

    def __init__(self, error: IncompleteError, calibration: Calibration | None, requested: int) -> None:
        done = 0 if calibration is None else len(calibration.episodes)
        super().__init__(f"{error}; {done} of {requested} episodes are finished")
        self.calibration = calibration
        self.exit_code = error.exit_code


def load_episodes(paths: Sequence[str] = ()) -> tuple[Episode, ...]:
    """Read episodes with the priors of the inputs; without paths, those of the shipped ones that have targets.

    Raises
    ------
    InputError
        If one is wrong, or one that is named has no targets.
    """
    found = tuple(load_episode(path, sets=(PRIORS,)) for path in paths or shipped_episodes())
    for item in found if paths else ():
        if not item.targets:
            raise InputError(
                f"{item.scenario.path}: has no targets; a file targets.csv beside its observations states them"
            )
    return tuple(item for item in found if item.targets)


def calibrate(
    episodes: Sequence[Episode],
    *,
    replications: int = REPLICATIONS,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Calibration:
    """Simulate each episode once at every point of the prior, and weigh the points by all targets together.

    Parameters
    ----------
    episodes
        Episodes with targets, as ``load_episodes`` gives them.
    replications
        Points of the prior, a positive multiple of 16; point k is the same parameters in every episode.
    seed
        Root seed of points and futures.
    jobs
        Worker processes; no result depends on it.
    progress
        Told (done, total, statistic) in points of all episodes together.

    Raises
    ------
    PartialCalibration
        If it was interrupted or a worker died; ``calibration`` rests on the episodes finished before.
    """
    finished: list[Simulated] = []
    total = replications * len(episodes)
    try:
        for item in episodes:
            told = None if progress is None else partial(_told, progress, len(finished) * replications, total)
            finished.append(simulate(item, replications, seed, jobs, told))
    except IncompleteError as error:
        so_far = conclude(finished, replications, seed) if finished else None
        raise PartialCalibration(error, so_far, len(episodes)) from error
    return conclude(finished, replications, seed)


def _told(progress: Progress, before: int, total: int, done: int, _: int, statistic: str) -> None:
    progress(before + done, total, statistic)


def simulate(
    episode: Episode, replications: int, seed: int, jobs: int = 1, progress: Progress | None = None
) -> Simulated:
    """Run one episode at every point of the prior and return its targets."""
    case = episode.case
    given = values(case.inputs, positions(case.inputs, replications, seed))
    wanted = Wanted(case, replications, seed, given)
    reduce = partial(_targets, episode.targets)
    ((_, parts),) = run_many([wanted], reduce=reduce, jobs=jobs, progress=progress)
    return Simulated(episode, {item.id: np.concatenate([part[item.id] for part in parts]) for item in episode.targets})


def _targets(targets: tuple[Target, ...], trace: Trace, case: Case) -> dict[str, Floats]:
    levels = Levels(case, trace)
    return {item.id: item.predicted(levels) for item in targets}


def range_of(target: Target) -> Range:
    """Return the range of a target that counts as met."""
    return Range(target.low, target.high)


def conclude(simulated: Sequence[Simulated], replications: int, seed: int) -> Calibration:
    """Weigh the points by what episodes show, and cross-validate."""
    places = positions(simulated[0].episode.case.inputs, replications, seed)
    losses = {item.episode.name: item.losses() for item in simulated}
    tried = trials(losses)
    power = chosen(tried).power
    found = weigh([one for group in losses.values() for one in group], power)
    others = leave_one_out(losses, power)
    pairs = correlations(places, found)
    (a, b), largest = max(pairs.items(), key=lambda item: abs(item[1]))
    return Calibration(
        episodes=tuple(losses),
        replications=replications,
        seed=seed,
        ess=found.ess,
        power=power,
        trials=tried,
        marginals=tuple(marginal(role, places[role], found, len(ROLES)) for role in ROLES),
        correlation=(a, b, largest),
        fits=tuple(
            _fit(item, target, found, others[item.episode.name])
            for item in simulated
            for target in item.episode.targets
        ),
    )


def _fit(item: Simulated, target: Target, found: Weighed, others: Weighed) -> TargetFit:
    predicted = item.predicted[target.id]

    def spread(weights: Floats | None) -> tuple[float, float, float]:
        low, median, high = quantiles_of(predicted, LEVELS, weights)
        return float(low), float(median), float(high)

    lost = loss(range_of(target).distance(predicted))
    losses = (float(lost.mean()), float((lost * found.weights).mean()), float((lost * others.weights).mean()))
    return TargetFit(item.episode.name, target, spread(None), spread(found.weights), spread(others.weights), losses)
