"""One yardstick over a list of commodities: all of them, at least so many, or so much of their value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.first_met import FirstMet, first_met
from simulator.analysis.intervals import Estimate, conditional_probability, counted_mean, mean_interval, probability
from simulator.domain.target import ListRule

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

KG_PER_T: Final = 1000.0
_ALMOST: Final = 1e-12
"""Round-off of a sum of weights."""


@dataclass(frozen=True, slots=True)
class OverallVerdict:
    """One yardstick for the headline commodities that did not meet it at the start."""

    commodities: tuple[str, ...]
    met_at_start: tuple[str, ...]
    """Headline commodities left out because they met it at the start."""
    probability: Estimate
    """P(all met at the deadline); ``nan`` when there are none."""
    expected_met: Estimate
    """Expected number met."""
    at_least: tuple[Estimate, ...]
    """P(at least k met), k from 0 to their number."""
    by_branch: Mapping[str, Estimate]
    expected_by_branch: Mapping[str, float]
    weighted_share: Estimate
    """Expected share met, by weight."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Commodity -> its part of the weight of all, adding up to 1."""
    rule: ListRule = field(default_factory=ListRule)
    rule_holds: Estimate = field(default_factory=lambda: probability(np.zeros(0)))
    """P(the target's list rule holds at the deadline)."""
    rule_later: Estimate | None = None
    """P(it holds 12 months later), where simulated."""
    rule_still_holds: Estimate | None = None
    """P(it holds 12 months later | at the deadline), where simulated."""
    rule_first: FirstMet | None = None
    """When it first holds; None for a yardstick judged at the deadline alone."""


def overall_verdict(
    met: Sequence[Flags],
    *,
    commodities: tuple[str, ...],
    met_at_start: tuple[str, ...],
    branches: Mapping[str, Flags],
    n: int,
    weights: Floats | None = None,
    worth: Sequence[float] = (),
    rule: ListRule | None = None,
    later: Sequence[Flags] = (),
    days: Sequence[Flags] = (),
    watched: Sequence[float] = (),
) -> OverallVerdict:
    """Combine flags of several commodities, replication by replication, so that what moves together counts so.

    Parameters
    ----------
    met
        (n,) flags at the deadline, one array per commodity.
    commodities, met_at_start
        Names of those counted, and of those left out.
    branches
        Branch of the future -> (n,) mask.
    n
        Replications.
    weights
        (n,) weights of the replications; all count alike where not given.
    worth
        Weight of each commodity; equal ones where none are given.
    rule
        When the list meets the yardstick; all of it where None.
    later
        (n,) flags 12 months after the deadline, as ``met``; none where that is not simulated.
    days, watched
        (n, days) flags on each day watched, as ``met``, and those days; none where it is judged at the deadline alone.
    """
    rule = ListRule() if rule is None else rule
    if not met:
        nothing = probability(np.zeros(0))
        return OverallVerdict(commodities, met_at_start, nothing, nothing, (), {}, {}, nothing, rule=rule)
    counted = np.ones(n) if weights is None else weights
    count = np.sum(np.stack(met, axis=1), axis=1)
    everything = count == len(met)
    parts = np.asarray(worth if len(worth) else np.ones(len(met)), dtype=np.float64)
    parts = parts / parts.sum() if parts.sum() > 0 else np.full(len(met), 1.0 / len(met))
    holds = rule_flags(rule, met, parts)
    follows = rule_flags(rule, later, parts) if later else None
    return OverallVerdict(
        commodities=commodities,
        met_at_start=met_at_start,
        probability=probability(everything, weights=weights),
        expected_met=counted_mean(count, float(len(met)), weights=weights),
        at_least=tuple(probability(count >= k, weights=weights) for k in range(len(met) + 1)),
        by_branch={name: conditional_probability(everything, mask, weights=weights) for name, mask in branches.items()},
        expected_by_branch={name: _mean(count[mask], counted[mask]) for name, mask in branches.items()},
        weighted_share=_share(weighted(met, parts), weights),
        weights=dict(zip(commodities, parts.tolist(), strict=False)),
        rule=rule,
        rule_holds=probability(holds, weights=weights),
        rule_later=None if follows is None else probability(follows, weights=weights),
        rule_still_holds=None if follows is None else conditional_probability(follows, holds, weights=weights),
        rule_first=first_met(rule_flags(rule, days, parts), watched, weights) if days else None,
    )


def _share(values: Floats, weights: Floats | None) -> Estimate:
    """Estimate the mean of shares; Wilson's interval where no future differs from none or all."""
    found = within(mean_interval(values, weights=weights), 0.0, 1.0)
    if found.low < found.high or not (np.all(values <= 0.0) or np.all(values >= 1.0 - _ALMOST)):
        return found
    return probability(values > 0.0, weights=weights)


def _mean(values: NDArray[Any], counted: Floats) -> float:
    """Return the mean of values that count for so much; ``nan`` where nothing counts."""
    whole = float(counted.sum())
    return float((values * counted).sum()) / whole if whole > 0 else float("nan")


def within(estimate: Estimate, low: float, high: float) -> Estimate:
    """Cut an interval at what the quantity can be."""
    return replace(estimate, low=max(low, estimate.low), high=min(high, estimate.high))


def rule_flags(rule: ListRule, met: Sequence[Flags], weights: Floats) -> Flags:
    """Return in which futures, and on which days, the rule holds, from one array of flags per commodity.

    >>> both = [np.array([True, True]), np.array([True, False])]
    >>> rule_flags(ListRule("at_least", 1), both, np.array([0.5, 0.5])).tolist()
    [True, True]
    >>> rule_flags(ListRule("weighted", 0.6), both, np.array([0.5, 0.5])).tolist()
    [True, False]
    """
    count = np.sum(np.stack(met), axis=0)
    if rule.kind == "weighted":
        return np.asarray(weighted(met, weights) >= rule.least - _ALMOST)
    return np.asarray(count >= (len(met) if rule.kind == "all" else min(rule.least, len(met))))


def weighted(met: Sequence[Flags], weights: Floats) -> Floats:
    """Return the share met by weight, of weights that add up to one, adding commodity by commodity."""
    total = np.zeros(met[0].shape)
    for flags, weight in zip(met, weights, strict=True):
        total += flags * weight
    return total


def consumption_weights(case: Case, commodities: Sequence[str]) -> tuple[float, ...]:
    """Return the weight of each commodity: the scenario's own, or what the focal buyer's use is worth.

    Use is base-year final demand at the judged stage, t/yr, times the catalogue's price, USD/t: both sourced per
    commodity. A commodity that a scenario gives no weight, where it gives others, has none.
    """
    own = case.target.list_rule.weights
    if own:
        return tuple(float(own.get(name, 0.0)) for name in commodities)
    found = []
    for name in commodities:
        chain = next(item for item in case.chains if item.commodity == name)
        stage = chain.stages[chain.verdict_stage]
        used = float(stage.demand[stage.regions.index(case.focal)]) if case.focal in stage.regions else 0.0
        found.append(used * chain.price_usd_per_kg * KG_PER_T)
    return tuple(found)
