"""Approximate Bayesian computation on summary targets: weights of simulated points, and what follows from them.

Each point of the prior is simulated once in every episode, and an emulator says what its parameters give in the middle
(``emulator``). Its distance to a target is nothing inside the range that counts as met, and outside it how far beyond
the nearer end, in half-widths of the range. The distances of all targets
enter a Student t kernel [1]_: a target that the mechanism misses in every future costs about the same everywhere, so
that it does not decide the rest. The kernel is raised to the power, up to 1, that predicts episodes
best that are left out [2]_: targets of one episode hang together, and the mechanism is not the world, so that full
weight may learn from some episodes what does not hold for others. Power 0 is the prior.

References
----------
.. [1] Beaumont, M. A., Zhang, W. and Balding, D. J. (2002). Approximate Bayesian computation in population genetics.
   *Genetics* 162 (weights by a kernel of the distance); heavy tails against a wrong model: Wilkinson, R. D. (2013).
   Approximate Bayesian computation gives exact results under the assumption of model error. *Stat. Appl. Genet.
   Mol. Biol.* 12.
.. [2] Gruenwald, P. and van Ommen, T. (2017). Inconsistency of Bayesian inference for misspecified linear models, and
   a proposal for repairing it. *Bayesian Anal.* 12 (a learning rate chosen by prediction).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import effective_size, quantiles_of

Floats = NDArray[np.float64]

FREEDOM: Final = 4.0
"""Degrees of freedom of the kernel."""
LEAST_EFFECTIVE: Final = 100.0
"""Effective points that must carry the posterior: the 5 % quantiles then rest on five."""
POWERS: Final = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
"""Powers of the kernel that are tried."""
LEVELS: Final = (0.05, 0.5, 0.95)
FALSE_ALARM: Final = 0.05
"""Chance that any input is said to be learnt about although none is (Bonferroni over the inputs)."""
LEAST_APART: Final = 0.1
"""Kolmogorov's distance from which on a posterior is another distribution: the emulator's own error makes lesser ones.
Assumed."""


@dataclass(frozen=True, slots=True)
class Range:
    """A target: the range that counts as met."""

    low: float
    high: float

    def distance(self, predicted: Floats) -> Floats:
        """(n,) half-widths beyond the nearer end, 0 inside; ``nan`` where nothing is predicted.

        >>> Range(1.0, 3.0).distance(np.array([2.0, 3.5, 0.0]))
        array([0. , 0.5, 1. ])
        """
        half = (self.high - self.low) / 2.0
        beyond = np.maximum(np.maximum(self.low - predicted, predicted - self.high), 0.0)
        return np.asarray(beyond / half)


def loss(distance: Floats) -> Floats:
    """Return minus the logarithm of the kernel, 0 inside the range; a prediction that is not there costs most."""
    given = np.where(np.isfinite(distance), distance, np.nanmax(np.where(np.isfinite(distance), distance, 0.0)))
    return np.asarray(0.5 * (FREEDOM + 1.0) * np.log1p(given * given / FREEDOM))


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """Points of the prior with the weights that targets give them."""

    weights: Floats
    """(n,) with mean 1."""
    power: float
    """Power of the kernel."""

    @property
    def ess(self) -> float:
        """Points of equal weight that would say as much."""
        return effective_size(self.weights)


@dataclass(frozen=True, slots=True)
class Trial:
    """How a power of the kernel does."""

    power: float
    ess: float
    """Effective points of the posterior of all episodes."""
    left_out: float
    """Mean loss of an episode's targets under the posterior of the other episodes, over episodes; ``nan`` of one."""
    by_episode: Mapping[str, float]
    """The same, episode by episode."""


def weigh(losses: Sequence[Floats], power: float = 1.0) -> Weighed:
    """Weight points by the losses (n,) of their targets, one array per target."""
    total = np.sum(np.stack(list(losses), axis=1), axis=1)
    weights = np.exp(-power * (total - total.min()))
    return Weighed(np.asarray(weights / weights.mean()), power)


def leave_one_out(losses: Mapping[str, Sequence[Floats]], power: float = 1.0) -> dict[str, Weighed]:
    """Return episode -> points weighed by the targets of all other episodes; by none where there is no other."""
    found = {}
    for name, group in losses.items():
        others = [one for other, rest in losses.items() if other != name for one in rest]
        found[name] = weigh(others, power) if others else Weighed(np.ones(len(group[0])), 0.0)
    return found


def trials(losses: Mapping[str, Sequence[Floats]], simulated: Mapping[str, Sequence[Floats]]) -> tuple[Trial, ...]:
    """Return how each power of the kernel predicts episodes that are left out.

    Parameters
    ----------
    losses
        Episode -> one (n,) loss per target of what the parameters give, by which points are weighted.
    simulated
        Episode -> one (n,) loss per target of the simulated futures, by which predictions are judged: with chance.
    """
    found = []
    everything = [one for group in losses.values() for one in group]
    for power in POWERS:
        others = leave_one_out(losses, power)
        by_episode = {
            name: float(np.mean([float((one * others[name].weights).mean()) for one in group]))
            for name, group in simulated.items()
        }
        left_out = float(np.mean(list(by_episode.values()))) if len(losses) > 1 else math.nan
        found.append(Trial(power, weigh(everything, power).ess, left_out, by_episode))
    return tuple(found)


def chosen(tried: Sequence[Trial]) -> Trial:
    """Return the trial that predicts left-out episodes best, of those that enough points carry.

    Of equals the lowest power; of one episode alone, which leaves none to predict, the highest.
    """
    carried = [item for item in tried if item.ess >= LEAST_EFFECTIVE] or [tried[0]]
    if math.isnan(carried[0].left_out):
        return carried[-1]
    return min(carried, key=lambda item: (item.left_out, item.power))


@dataclass(frozen=True, slots=True)
class Marginal:
    """What is known of the position of one input after the episodes."""

    role: str
    low: float
    """Position in the prior that 5 % of the posterior lie below."""
    median: float
    high: float
    apart: float
    """Largest distance between the distribution functions of prior and posterior (Kolmogorov)."""
    learnt: bool
    """Whether that is more than so many effective points would show by chance; else the prior stands."""


def marginal(role: str, places: Floats, found: Weighed, of: int = 1) -> Marginal:
    """Return the posterior of one position, uniform on 0 to 1 before; one of so many that are looked at."""
    low, median, high = (float(value) for value in quantiles_of(places, LEVELS, found.weights))
    order = np.argsort(places, kind="stable")
    share = np.cumsum(found.weights[order]) / found.weights.sum()
    apart = float(np.abs(share - places[order]).max())
    # Kolmogorov's distance exceeds this by chance with the false alarm's probability, for large samples.
    by_chance = math.sqrt(-0.5 * math.log(FALSE_ALARM / of / 2.0) / found.ess)
    return Marginal(role, low, median, high, apart, apart > max(by_chance, LEAST_APART))


def correlations(places: Mapping[str, Floats], found: Weighed) -> dict[tuple[str, str], float]:
    """Return pair of roles -> weighted correlation of their positions, each pair once."""
    weights = found.weights / found.weights.sum()
    centred = {role: item - float((weights * item).sum()) for role, item in places.items()}
    spread = {role: math.sqrt(float((weights * item * item).sum())) for role, item in centred.items()}
    roles = list(places)
    return {
        (a, b): float((weights * centred[a] * centred[b]).sum()) / (spread[a] * spread[b])
        for i, a in enumerate(roles)
        for b in roles[i + 1 :]
    }
