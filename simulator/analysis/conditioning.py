"""Weight the futures of a run by how well each would have shown what was observed.

A future's weight is the likelihood of the observations in it [1]_. An observation differs from what a right
model gives by the error of the figure and the scatter of its months, both its own, and by a lasting bias of the
model that the figures of one series share (``catalogue.observation_errors``) [2]_. Amounts and prices differ by
factors, shares by differences. Without the bias a dozen figures of one series would count as a dozen independent
proofs, and one future would soon hold all the weight.

References
----------
.. [1] Beven, K. and Binley, A. (1992). The future of distributed models: model calibration and uncertainty
   prediction. *Hydrol. Process.* 6; as importance sampling: Owen, A. B. (2013). *Monte Carlo theory*, chapter 9.
.. [2] Kennedy, M. C. and O'Hagan, A. (2001). Bayesian calibration of computer models. *J. R. Stat. Soc. B* 63.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import effective_size, quantiles_of
from simulator.catalogue.observation_errors import ErrorModel, error_models, row_of
from simulator.catalogue.tables import laid_over
from simulator.domain.observations import Observation
from simulator.errors import TooFewReplicationsError, UsageError
from simulator.experiment.points import RANDOMISATIONS
from simulator.metrics.predicted import usual_amount

if TYPE_CHECKING:
    from simulator.metrics.outcome import Outcome
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Series = tuple[str, str, str, str]

LEAST_EFFECTIVE: Final = 64
"""Effective replications below which nothing is said: four for each of the 16 randomisations."""
MARGIN: Final = 1.25
"""How many more replications are asked for than the effective size calls for, since it is an estimate itself."""
SURPRISE: Final = 3.0
"""Standard deviations from which on an observation is called far from what the model gives."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One observation beside what the futures gave for it."""

    observation: Observation
    before: tuple[float, float, float]
    """5, 50 and 95 % of what the futures give, all counting alike."""
    after: tuple[float, float, float]
    """The same, weighted by all observations."""
    surprise: float
    """Distance of the observation from the futures' mean, in standard deviations of both spreads together."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """What the observations make of the futures."""

    weights: Floats
    """(n,) weight of each future, 1 on average."""
    ess: float
    """Futures of equal weight that would say as much."""
    up_to: date
    """Last day observed."""
    fits: tuple[Fit, ...]
    """Observations in the order of the case."""


def conditioning(case: Case, outcome: Outcome) -> Conditioning | None:
    """Return the weights of a case's futures; None where nothing was observed of its commodities.

    Raises
    ------
    TooFewReplicationsError
        If fewer than ``LEAST_EFFECTIVE`` futures would carry the verdict; the text says how many to ask for.
    """
    if not case.observations:
        return None
    likelihoods = log_likelihoods(case, outcome.predicted)
    total = _total(likelihoods, outcome)
    weights = normalised(total)
    ess = effective_size(weights)
    if ess < LEAST_EFFECTIVE:
        raise TooFewReplicationsError(_too_few(case, ess, likelihoods, total))
    return Conditioning(
        weights=weights,
        ess=ess,
        up_to=max(item.period_end for item in case.observations),
        fits=tuple(_fit(case, item, outcome.predicted[item.key], weights) for item in case.observations),
    )


def weights_of(case: Case, outcome: Outcome) -> Floats | None:
    """Return the weights of a case's futures, however few that leaves effective; None where all count alike."""
    return normalised(_total(log_likelihoods(case, outcome.predicted), outcome)) if case.observations else None


def _total(likelihoods: Mapping[Series, Floats], outcome: Outcome) -> Floats:
    total = np.zeros(len(outcome.replications))
    for part in likelihoods.values():
        total += part
    return total


def refuse_weighted(case: Case, verb: str) -> None:
    """Refuse a case with observations where futures are counted alike: the answer would not be that of the case.

    Raises
    ------
    UsageError
        If the case has any.
    """
    if case.observations:
        raise UsageError(
            f"{case.name}: {verb} counts all futures alike, and this scenario's observations weight them; "
            "leave them out with --set observed=[]"
        )


def normalised(log_likelihood: Floats) -> Floats:
    """Return weights with mean 1 from logarithms known up to a constant; 0 where a future rules itself out."""
    known = np.where(np.isnan(log_likelihood), -np.inf, log_likelihood)
    top = known.max(initial=-np.inf)
    if not np.isfinite(top):
        return np.ones(len(known))
    weights = np.exp(known - top)
    return np.asarray(weights / weights.mean())


def series_of(observation: Observation) -> Series:
    """Return what makes figures one series: of one thing, from one place, in different periods."""
    return observation.commodity, observation.stage, observation.measure, observation.origin


def log_likelihoods(case: Case, predicted: Mapping[str, Floats]) -> dict[Series, Floats]:
    """Return series -> (n,) logarithm of the likelihood of its observations in each future, up to a constant."""
    groups: dict[Series, list[Observation]] = {}
    for item in case.observations:
        groups.setdefault(series_of(item), []).append(item)
    with laid_over(case.overlay):
        models = error_models()
    found = {}
    for series, items in groups.items():
        model = models[row_of(items[0])]
        residuals = [
            _scaled(model, item.value, usual) - _scaled(model, predicted[item.key], usual)
            for item in items
            for usual in (usual_amount(item, case),)
        ]
        found[series] = gaussian_log_likelihood(residuals, covariance(model, items))
    return found


def covariance(model: ErrorModel, items: Sequence[Observation]) -> Floats:
    """Return the (k, k) covariance of the errors of one series' observations."""
    middles = [item.period_start.toordinal() + item.days / 2.0 for item in items]
    shared = np.array([[model.shared_covariance(a - b) for b in middles] for a in middles])
    return shared + np.diag([model.own_variance(item) for item in items])


def gaussian_log_likelihood(residuals: Sequence[Floats], covariances: Floats) -> Floats:
    """Return (n,) log densities of k residuals of shape (n,), up to a constant; each future by itself.

    Forward substitution over the observations, element by element, so that a future's weight does not depend on
    its neighbours.
    """
    root = np.linalg.cholesky(covariances)
    whitened: list[Floats] = []
    total = np.zeros_like(np.asarray(residuals[0], dtype=np.float64))
    for i, residual in enumerate(residuals):
        left = np.array(residual, dtype=np.float64)
        for m, known in enumerate(whitened):
            left = left - root[i, m] * known
        whitened.append(left / root[i, i])
        total = total - 0.5 * whitened[-1] ** 2
    return total


def _scaled(model: ErrorModel, value: Floats | float, usual: float) -> Floats:
    amount = np.asarray(value, dtype=np.float64)
    if model.scale == "linear":
        return amount
    # Without a floor a price of zero, which the model never gives, has no logarithm and no chance.
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.maximum(amount, 0.0) + model.floor_share * usual))


def _fit(case: Case, item: Observation, predicted: Floats, weights: Floats) -> Fit:
    levels = (0.05, 0.5, 0.95)
    with laid_over(case.overlay):
        model = error_models()[row_of(item)]
    usual = usual_amount(item, case)
    given = _scaled(model, predicted, usual)
    error = model.own_variance(item) + model.shared_covariance(0.0)
    apart = float(_scaled(model, item.value, usual)) - float(given.mean())
    before, after = quantiles_of(predicted, levels), quantiles_of(predicted, levels, weights)
    return Fit(
        observation=item,
        before=(float(before[0]), float(before[1]), float(before[2])),
        after=(float(after[0]), float(after[1]), float(after[2])),
        surprise=abs(apart) / math.sqrt(error + float(given.var())),
    )


def told(observation: Observation) -> str:
    """Return what an observation is of, in words."""
    what = observation.stage or observation.commodity
    origin = "" if observation.origin == "WLD" else f" from {observation.origin}"
    return f"{what.replace('_', ' ')} {observation.measure.replace('_', ' ')}{origin}, {observation.period}"


def _too_few(case: Case, ess: float, likelihoods: Mapping[Series, Floats], total: Floats) -> str:
    n = len(total)
    asked = math.ceil(n * MARGIN * LEAST_EFFECTIVE / max(ess, 1.0) / RANDOMISATIONS) * RANDOMISATIONS
    without = {series: effective_size(normalised(total - part)) for series, part in likelihoods.items()}
    hardest = max(without, key=lambda series: without[series])
    name = told(next(item for item in case.observations if series_of(item) == hardest))
    return (
        f"{case.name}: the {len(case.observations)} observations leave {ess:.1f} effective replications of {n:,}, and "
        f"{LEAST_EFFECTIVE} are the least a verdict can rest on; ask for --replications {asked} or more "
        f"(without {name}, it would be {without[hardest]:.1f})"
    )
