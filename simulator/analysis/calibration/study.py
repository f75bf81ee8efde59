"""Calibrate the behavioural inputs on past episodes, and cross-validate by leaving each episode out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.calibration.design import ROLES, positions, values
from simulator.analysis.calibration.emulator import medians
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
from simulator.catalogue.inputs import Position, calibrated
from simulator.domain.traces import Trace
from simulator.errors import IncompleteError, InputError
from simulator.experiment.blocks import Progress
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted, run_many
from simulator.scenario.case import Case

Floats = NDArray[np.float64]

DIGITS: Final = 3
"""Decimals to which positions are kept; the effective points carry no more."""
PRIORS: Final = "catalogue.inputs=prior"
"""Override with which an episode starts from what was assumed before it."""
REPLICATIONS: Final = 2048
"""Points of the prior, each simulated once per episode."""
FRESH: Final = 512
"""Futures per episode, or as many as there are points, in which the posterior is looked at again."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """One episode at every point of the prior."""

    episode: Episode
    predicted: Mapping[str, Floats]
    """Target -> (n,)."""

    def losses(self) -> list[Floats]:
        """Return one (n,) loss per target, of the futures."""
        return [loss(range_of(item).distance(self.predicted[item.id])) for item in self.episode.targets]

    def emulated(self, places: Mapping[str, Floats]) -> list[Floats]:
        """Return one (n,) loss per target, of what the parameters give in the middle."""
        fitted = (medians(places, self.predicted[item.id]) for item in self.episode.targets)
        return [loss(range_of(item).distance(one)) for item, one in zip(self.episode.targets, fitted, strict=True)]


@dataclass(frozen=True, slots=True)
class TargetFit:
    """One target, as the prior, the posterior and the posterior of the other episodes predict it."""

    episode: str
    target: Target
    prior: tuple[float, float, float]
    """5, 50 and 95 % of the points."""
    posterior: tuple[float, float, float]
    """The same of fresh futures with inputs drawn as scenarios draw them."""
    left_out: tuple[float, float, float]
    """The same of the points, weighted by the other episodes alone."""
    losses: tuple[float, float, float]
    """Mean loss of prior, posterior and the posterior of the other episodes."""

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
    """A calibration that stopped early: one parameter set for all episodes needs them all, so nothing is concluded."""

    def __init__(self, error: IncompleteError, finished: int, requested: int) -> None:
        super().__init__(f"{error}; {finished} of {requested} episodes were finished; a posterior takes all")
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
    jobs: Jobs = 1,
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
        If it was interrupted or a worker died.
    """
    finished: list[Simulated] = []
    fresh = min(FRESH, replications)
    whole = (replications + fresh) * len(episodes)
    before = 0

    def told(done: int, total: int, statistic: str) -> None:
        if progress is not None:
            progress(before + done, whole, statistic)

    try:
        for item in episodes:
            given = values(item.case.inputs, positions(item.case.inputs, replications, seed))
            finished.append(simulate(item, replications, seed, jobs, given=given, progress=told))
            before += replications
        learnt = learn(finished, replications, seed)
        again = []
        for item in episodes:
            again.append(simulate(posterior_of(item, learnt.marginals), fresh, seed + 1, jobs, progress=told))
            before += fresh
    except IncompleteError as error:
        raise PartialCalibration(error, len(finished), len(episodes)) from error
    return conclude(finished, again, learnt, replications, seed)


def posterior_of(episode: Episode, marginals: Sequence[Marginal]) -> Episode:
    """Return an episode with the inputs that scenarios would draw: the posterior where something was learnt."""
    known = {
        item.role: Position(round(item.low, DIGITS), round(item.median, DIGITS), round(item.high, DIGITS), "")
        for item in marginals
        if item.learnt
    }
    inputs = tuple(calibrated(item, known.get(item.name.partition("/")[0])) for item in episode.case.inputs)
    return replace(episode, case=replace(episode.case, inputs=inputs))


def simulate(
    episode: Episode,
    replications: int,
    seed: int,
    jobs: Jobs = 1,
    *,
    given: Mapping[str, Floats] | None = None,
    progress: Progress | None = None,
) -> Simulated:
    """Run one episode, with the inputs given in the place of its own points, and return its targets."""
    wanted = Wanted(episode.case, replications, seed, given)
    reduce = partial(_targets, episode.targets)
    ((_, parts),) = run_many([wanted], reduce=reduce, jobs=jobs, progress=progress)
    return Simulated(episode, {item.id: np.concatenate([part[item.id] for part in parts]) for item in episode.targets})


def _targets(targets: tuple[Target, ...], trace: Trace, case: Case) -> dict[str, Floats]:
    levels = Levels(case, trace)
    return {item.id: item.predicted(levels) for item in targets}


def range_of(target: Target) -> Range:
    """Return the range of a target that counts as met."""
    return Range(target.low, target.high)


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What the points say of the inputs."""

    weighed: Weighed
    others: Mapping[str, Weighed]
    """Episode -> points weighted by all other episodes."""
    trials: tuple[Trial, ...]
    marginals: tuple[Marginal, ...]
    correlation: tuple[str, str, float]


def learn(simulated: Sequence[Simulated], replications: int, seed: int) -> Learnt:
    """Weigh the points by what their parameters give in all episodes together."""
    places = positions(simulated[0].episode.case.inputs, replications, seed)
    losses = {item.episode.name: item.emulated(places) for item in simulated}
    tried = trials(losses, {item.episode.name: item.losses() for item in simulated})
    power = chosen(tried).power
    found = weigh([one for group in losses.values() for one in group], power)
    (a, b), largest = max(correlations(places, found).items(), key=lambda item: abs(item[1]))
    marginals = tuple(marginal(role, places[role], found, len(ROLES)) for role in ROLES)
    return Learnt(found, leave_one_out(losses, power), tried, marginals, (a, b, largest))


def conclude(
    simulated: Sequence[Simulated], again: Sequence[Simulated], learnt: Learnt, replications: int, seed: int
) -> Calibration:
    """Set priors, posterior and cross-validation side by side, target by target."""
    return Calibration(
        episodes=tuple(item.episode.name for item in simulated),
        replications=replications,
        seed=seed,
        ess=learnt.weighed.ess,
        power=learnt.weighed.power,
        trials=learnt.trials,
        marginals=learnt.marginals,
        correlation=learnt.correlation,
        fits=tuple(
            _fit(item, fresh, target, learnt.others[item.episode.name])
            for item, fresh in zip(simulated, again, strict=True)
            for target in item.episode.targets
        ),
    )


def _fit(item: Simulated, fresh: Simulated, target: Target, others: Weighed) -> TargetFit:
    before, after = item.predicted[target.id], fresh.predicted[target.id]
    lost, left = (loss(range_of(target).distance(values)) for values in (before, after))
    return TargetFit(
        episode=item.episode.name,
        target=target,
        prior=_spread(before, None),
        posterior=_spread(after, None),
        left_out=_spread(before, others.weights),
        losses=(float(lost.mean()), float(left.mean()), float((lost * others.weights).mean())),
    )


def _spread(predicted: Floats, weights: Floats | None) -> tuple[float, float, float]:
    low, median, high = quantiles_of(predicted, LEVELS, weights)
    return float(low), float(median), float(high)
