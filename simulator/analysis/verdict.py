"""Does the target hold? Per commodity and yardstick, and for the headline commodities together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.conditioning import Conditioning, conditioning
from simulator.analysis.intervals import (
    Estimate,
    conditional_probability,
    mean_interval,
    probability,
    quantiles_of,
)
from simulator.metrics.outcome import KPIS, YEAR_KPIS, ChainOutcome, Outcome
from simulator.metrics.yardsticks import criteria

if TYPE_CHECKING:
    from simulator.domain.chain import Chain
    from simulator.scenario.case import Case

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

USUALLY: Final = 0.5
"""Share of replications in which the state at start meets a yardstick, from which on it counts as met then."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Spread of a number over replications; ``nan`` where it is defined in none."""

    p05: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class YardstickVerdict:
    """One yardstick for one commodity."""

    probability: Estimate
    """P(met at the deadline)."""
    threshold: float
    """Largest share that still meets it."""
    window_days: int
    at_start: Estimate
    """P(met at the start)."""
    later: Estimate | None
    """P(met 12 months after the deadline), where simulated."""
    still_met: Estimate | None
    """P(met 12 months later | met at the deadline), where simulated."""
    by_branch: Mapping[str, Estimate]
    """Branch of the future -> P(met at the deadline | branch)."""

    @property
    def met_at_start(self) -> bool:
        """Whether the state at start meets it in at least half of the replications."""
        return self.at_start.value >= USUALLY

    @property
    def start_in_doubt(self) -> bool:
        """Whether more replications could still turn ``met_at_start``."""
        return self.at_start.low <= USUALLY <= self.at_start.high


@dataclass(frozen=True, slots=True)
class CommodityVerdict:
    """Everything a report says of one commodity."""

    commodity: str
    name: str
    grade: str
    grade_reason: str
    headline: bool
    end_product: bool
    yardsticks: Mapping[str, YardstickVerdict]
    kpis: Mapping[str, Mapping[str, Quantiles]]
    """KPI -> moment -> spread."""
    stage_china_share: Mapping[str, Quantiles]
    """Modelled stage -> spread of China's share at the deadline."""
    binding_stage: str | None
    """Stage with the largest median China share at the deadline; None if dependence never exceeds the target."""


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
    at_least: tuple[float, ...]
    """P(at least k met), k from 0 to their number."""
    by_branch: Mapping[str, Estimate]
    expected_by_branch: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """How often a rule fired before the deadline, and when."""

    fired: Estimate
    """P(fired at least once)."""
    first_day: Quantiles
    """Spread of the first day, days from start, over the replications in which it fired."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the target holds up."""

    overall: Mapping[str, OverallVerdict]
    """Yardstick -> verdict over the headline commodities."""
    commodities: tuple[CommodityVerdict, ...]
    end_products: tuple[CommodityVerdict, ...]
    """Markets of their own, such as magnets; never added to the commodity they contain."""
    branches: Mapping[str, Estimate]
    """Branch of the future -> its share of replications."""
    lots: int
    """Lots dispatched in all replications."""
    rules: Mapping[str, RuleVerdict] = field(default_factory=dict)
    """Rule -> how often and when it fired."""
    conditioning: Conditioning | None = None
    """How observations weight the futures; None where all count alike."""

    @property
    def weights(self) -> Floats | None:
        """(n,) weights of the futures, None where all count alike."""
        return None if self.conditioning is None else self.conditioning.weights


def judge(case: Case, outcome: Outcome) -> Verdict:
    """Return the verdict on a case from the joined outcome of its replications, weighted by what was observed.

    Raises
    ------
    TooFewReplicationsError
        If observations leave too few effective replications.
    """
    observed = conditioning(case, outcome)
    weights = None if observed is None else observed.weights
    branches = branch_masks(outcome)
    chains = {chain.commodity: chain for chain in case.chains}
    everything = [
        _commodity(case, chains[item.commodity.partition(":")[0]], item, outcome, branches, weights)
        for item in outcome.chains
    ]
    judged = tuple(item for item in everything if not item.end_product)
    flags = {item.commodity: item.met for item in outcome.chains}
    deadline = outcome.moment("deadline")
    overall = {}
    for criterion in criteria(case.target):
        name = criterion.yardstick
        headline = [item for item in judged if item.headline]
        open_ones = [item.commodity for item in headline if not item.yardsticks[name].met_at_start]
        overall[name] = overall_verdict(
            [flags[commodity][name][:, deadline] for commodity in open_ones],
            commodities=tuple(open_ones),
            met_at_start=tuple(item.commodity for item in headline if item.yardsticks[name].met_at_start),
            branches=branches,
            n=len(outcome.replications),
            weights=weights,
        )
    return Verdict(
        overall=overall,
        commodities=judged,
        end_products=tuple(item for item in everything if item.end_product),
        branches={name: probability(mask, weights=weights) for name, mask in branches.items()},
        lots=sum(int(item.lots.sum()) for item in outcome.chains),
        rules={name: _rule(days, outcome.moment_days[deadline], weights) for name, days in outcome.rule_days.items()},
        conditioning=observed,
    )


def _rule(days: Floats, deadline: float, weights: Floats | None) -> RuleVerdict:
    fired = days < deadline
    return RuleVerdict(probability(fired, weights=weights), quantiles(np.where(fired, days, np.nan), weights))


def branch_masks(outcome: Outcome) -> dict[str, Flags]:
    """Return name -> (n,) mask of each branch and of its opposite, where both occur."""
    masks: dict[str, Flags] = {}
    for name, mask in outcome.branches.items():
        if mask.any() and not mask.all():
            masks[name] = mask
            masks[f"not {name}"] = ~mask
    return masks


def _within(estimate: Estimate, low: float, high: float) -> Estimate:
    """Cut an interval at what the quantity can be."""
    return replace(estimate, low=max(low, estimate.low), high=min(high, estimate.high))


def overall_verdict(
    met: Sequence[Flags],
    *,
    commodities: tuple[str, ...],
    met_at_start: tuple[str, ...],
    branches: Mapping[str, Flags],
    n: int,
    weights: Floats | None = None,
) -> OverallVerdict:
    """Combine (n,) flags of several commodities, replication by replication, so that what moves together counts so."""
    counted = np.ones(n) if weights is None else weights
    count = np.sum(np.stack(met, axis=1), axis=1) if met else np.zeros(n)
    everything = count == len(met)
    nothing: Flags = np.zeros(0, dtype=bool)
    return OverallVerdict(
        commodities=commodities,
        met_at_start=met_at_start,
        probability=probability(everything, weights=weights) if met else probability(nothing),
        expected_met=_within(mean_interval(count, weights=weights), 0.0, len(met)) if met else mean_interval(nothing),
        at_least=tuple(_mean(count >= k, counted) for k in range(len(met) + 1)) if met else (),
        by_branch=(
            {name: conditional_probability(everything, mask, weights=weights) for name, mask in branches.items()}
            if met
            else {}
        ),
        expected_by_branch=(
            {name: _mean(count[mask], counted[mask]) for name, mask in branches.items()} if met else {}
        ),
    )


def _mean(values: NDArray[Any], counted: Floats) -> float:
    """Return the mean of values that count for so much; ``nan`` where nothing counts."""
    whole = float(counted.sum())
    return float((values * counted).sum()) / whole if whole > 0 else float("nan")


def quantiles(values: Floats, weights: Floats | None = None) -> Quantiles:
    """Return the spread over replications, leaving out those in which the number is not defined."""
    p05, p50, p95 = quantiles_of(values, (0.05, 0.5, 0.95), weights)
    return Quantiles(float(p05), float(p50), float(p95))


def _commodity(
    case: Case,
    chain: Chain,
    item: ChainOutcome,
    outcome: Outcome,
    branches: Mapping[str, Flags],
    weights: Floats | None,
) -> CommodityVerdict:
    deadline = outcome.moment("deadline")
    names = (*KPIS, *(f"{name}_365d" for name in YEAR_KPIS), "top_country_share")
    stage = item.commodity.partition(":")[2]
    stage_shares = item.values["stage_china_share"][:, deadline]
    threshold = next(criterion.max_share for criterion in criteria(case.target) if criterion.yardstick == "reliance")
    return CommodityVerdict(
        commodity=item.commodity,
        name=f"{chain.name}: {stage}" if stage else chain.name,
        grade=chain.grade,
        grade_reason=chain.grade_reason,
        headline=chain.headline and not stage,
        end_product=bool(stage),
        yardsticks=_yardsticks(case, item, outcome, branches, weights),
        kpis={
            name: {moment: quantiles(item.values[name][:, i], weights) for i, moment in enumerate(outcome.moments)}
            for name in names
        },
        stage_china_share={stage: quantiles(stage_shares[:, s], weights) for s, stage in enumerate(item.stages)},
        binding_stage=binding_stage(
            item.stages, stage_shares, item.values["china_dependent_share"][:, deadline], threshold, weights
        ),
    )


def binding_stage(
    stages: Sequence[str], shares: Floats, dependent: Floats, threshold: float, weights: Floats | None = None
) -> str | None:
    """Return the stage with the largest median China share of consumption, the upstream one of equals.

    Parameters
    ----------
    stages
        Names of the modelled stages, upstream first.
    shares
        (n, S) share of consumption that China handled at each stage. Re-routed tonnes keep their Chinese stages.
    dependent
        (n,) share that ``reliance`` judges, with what China withholds counted in: under a control it may
        exceed the threshold although nothing Chinese is consumed any more.
    threshold
        Largest share that still meets the target.
    weights
        (n,) weights of the replications; all count alike where not given.

    Returns
    -------
    str | None
        None when in no replication either share exceeds the threshold: then no stage is in the way.
    """
    if not ((shares > threshold).any() or (dependent > threshold).any()):
        return None
    medians = [quantiles(shares[:, s], weights).p50 for s in range(len(stages))]
    return stages[int(np.nanargmax(medians))]


def _yardsticks(
    case: Case, item: ChainOutcome, outcome: Outcome, branches: Mapping[str, Flags], weights: Floats | None
) -> dict[str, YardstickVerdict]:
    start, deadline = outcome.moment("start"), outcome.moment("deadline")
    later = outcome.moment("later") if "later" in outcome.moments else None
    verdicts = {}
    for criterion in criteria(case.target):
        met = item.met[criterion.yardstick]
        then = met[:, deadline]
        verdicts[criterion.yardstick] = YardstickVerdict(
            probability=probability(then, weights=weights),
            threshold=criterion.max_share,
            window_days=criterion.window_days,
            at_start=probability(met[:, start], weights=weights),
            later=None if later is None else probability(met[:, later], weights=weights),
            still_met=None if later is None else conditional_probability(met[:, later], then, weights=weights),
            by_branch={name: conditional_probability(then, mask, weights=weights) for name, mask in branches.items()},
        )
    return verdicts
