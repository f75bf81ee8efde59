"""Does the target hold? Per commodity and yardstick, and for the headline commodities together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain as chained
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.conditioning import Conditioning, conditioning
from simulator.analysis.first_met import Distance, FirstMet, distance_of, first_met
from simulator.analysis.intervals import Estimate, conditional_probability, counted_rows, probability, quantiles_of
from simulator.analysis.overall import OverallVerdict, consumption_weights, overall_verdict
from simulator.domain.target import BRANCHED, Criterion
from simulator.metrics.distance import TONNES, unit
from simulator.metrics.outcome import KPIS, YEAR_KPIS, ChainOutcome, Outcome, selected
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
    """Value that still meets it: the largest, or the smallest where ``at_least``."""
    window_days: int
    at_start: Estimate
    """P(met at the start)."""
    later: Estimate | None
    """P(met 12 months after the deadline), where simulated."""
    still_met: Estimate | None
    """P(met 12 months later | met at the deadline), where simulated."""
    by_branch: Mapping[str, Estimate]
    """Branch of the future -> P(met at the deadline | branch)."""
    deadline: date | None = None
    """Its own day; None for the target's."""
    at_least: bool = False
    """Whether the threshold must be reached instead of not exceeded."""
    first_met: FirstMet | None = None
    """When it is first met; None for a yardstick judged at the deadline alone."""
    distance: Distance | None = None
    """How far it is from the threshold at the deadline."""
    unmet_distance: Distance | None = None
    """Demand to be filled at the deadline, where unmet demand is asked of too."""
    exposed_min: Estimate | None = None
    """P(met at the deadline), had every seller set clean tonnes aside for the focal buyer; None where that decides
    nothing."""
    exposed_max: Estimate | None = None
    """P(met at the deadline), had every seller given it the exposed tonnes first."""

    @property
    def met_at_start(self) -> bool:
        """Whether the state at start meets it in at least half of the replications."""
        return self.at_start.value >= USUALLY

    @property
    def identified(self) -> bool:
        """Whether half of the futures meet it, or do not, whoever got the exposed tonnes of each sale."""
        if self.exposed_min is None or self.exposed_max is None:
            return True
        return (self.exposed_min.value >= USUALLY) == (self.exposed_max.value >= USUALLY)

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
class RuleVerdict:
    """How often a rule fired, or a shared constraint bound, before the deadline, and when."""

    fired: Estimate
    """P(fired, or bound, at least once)."""
    first_day: Quantiles
    """Spread of the first day, days from start, over the replications in which it did."""


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
    counted: Outcome
    """Outcome of the futures that count here, and in whatever else is estimated: those of ``counted_rows``."""
    rules: Mapping[str, RuleVerdict] = field(default_factory=dict)
    """Rule -> how often and when it fired."""
    bound: Mapping[str, RuleVerdict] = field(default_factory=dict)
    """``corridor/NAME``, ``stockpile/EVENT`` or ``rule/ID`` -> how often and when it bound; those that did."""
    conditioning: Conditioning | None = None
    """How observations weight the futures; None where all count alike."""

    @property
    def weights(self) -> Floats | None:
        """(n,) weights of the futures that count, None where all count alike."""
        return None if self.conditioning is None else self.conditioning.weights


def judge(case: Case, outcome: Outcome) -> Verdict:
    """Return the verdict on a case from the joined outcome of its replications, weighted by what was observed.

    Where replications are missing, those of ``counted_rows`` count.

    Raises
    ------
    TooFewReplicationsError
        If observations leave too few effective replications.
    """
    lots = sum(int(item.lots.sum()) for item in outcome.chains)
    rows = counted_rows(outcome.replications)
    if len(rows) < len(outcome.replications):
        outcome = selected(outcome, rows)
    observed = conditioning(case, outcome)
    weights = None if observed is None else observed.weights
    branches = branch_masks(outcome)
    chains = {chain.commodity: chain for chain in case.chains}
    everything = [
        _commodity(case, chains[item.commodity.partition(":")[0]], item, outcome, branches, weights)
        for item in outcome.chains
    ]
    judged = tuple(item for item in everything if not item.end_product)
    headline = [item for item in judged if item.headline]
    overall = {name: _overall(case, name, headline, outcome, branches, weights) for name in names_of(case, outcome)}
    deadline = outcome.moment("deadline")
    return Verdict(
        overall=overall,
        commodities=judged,
        end_products=tuple(item for item in everything if item.end_product),
        branches={name: probability(mask, weights=weights) for name, mask in branches.items()},
        lots=lots,
        counted=outcome,
        rules={name: _rule(days, outcome.moment_days[deadline], weights) for name, days in outcome.rule_days.items()},
        bound={name: _rule(days, outcome.moment_days[deadline], weights) for name, days in _bound(outcome, deadline)},
        conditioning=observed,
    )


def _bound(outcome: Outcome, deadline: int) -> Iterator[tuple[str, Floats]]:
    """Constraints that bound before the deadline in any replication; a rule that fires ties commodities as well."""
    named = outcome.bound_days.items(), ((f"rule/{name}", days) for name, days in outcome.rule_days.items())
    for name, days in chained(*named):
        if (days < outcome.moment_days[deadline]).any():
            yield name, days


def names_of(case: Case, outcome: Outcome) -> tuple[str, ...]:
    """Return the yardsticks an outcome was held against: those that need a branch of their own only where it has it."""
    wanted = [criterion.yardstick for criterion in criteria(case.target, branched=True)]
    return tuple(name for name in wanted if all(name in item.met for item in outcome.chains))


def _overall(
    case: Case,
    name: str,
    headline: Sequence[CommodityVerdict],
    outcome: Outcome,
    branches: Mapping[str, Flags],
    weights: Floats | None,
) -> OverallVerdict:
    open_ones = [item.commodity for item in headline if not item.yardsticks[name].met_at_start]
    chains = {item.commodity: item for item in outcome.chains}
    counted = [chains[commodity] for commodity in open_ones]
    deadline = outcome.moment("deadline")
    days = [chain.met_days[name] for chain in counted if name in chain.met_days]
    later = outcome.moment("later") if "later" in outcome.moments and name not in BRANCHED else None
    return overall_verdict(
        [chain.met[name][:, deadline] for chain in counted],
        commodities=tuple(open_ones),
        met_at_start=tuple(item.commodity for item in headline if item.yardsticks[name].met_at_start),
        branches=branches,
        n=len(outcome.replications),
        weights=weights,
        worth=consumption_weights(case, open_ones),
        rule=case.target.list_rule,
        later=[] if later is None else [chain.met[name][:, later] for chain in counted],
        days=days,
        watched=outcome.watched,
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
    threshold = next(criterion.threshold for criterion in criteria(case.target) if criterion.yardstick == "reliance")
    return CommodityVerdict(
        commodity=item.commodity,
        name=stage.replace("_", " ").capitalize() if stage else chain.name,
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
    return {
        criterion.yardstick: _yardstick(criterion, item, outcome, branches, weights)
        for criterion in criteria(case.target, branched=True)
        if criterion.yardstick in item.met
    }


def _yardstick(
    criterion: Criterion,
    item: ChainOutcome,
    outcome: Outcome,
    branches: Mapping[str, Flags],
    weights: Floats | None,
) -> YardstickVerdict:
    name, start, deadline = criterion.yardstick, outcome.moment("start"), outcome.moment("deadline")
    met, days = item.met[name], item.met_days.get(name)
    # One that takes a branch of its own is known at the deadline alone.
    always = name not in BRANCHED
    later = outcome.moment("later") if "later" in outcome.moments and always else None
    then = met[:, deadline]
    away, missing = item.distance.get(name), item.distance.get(f"{name}/unmet")
    bounds = [item.bounds.get(f"{name}/{side}") for side in ("min", "max")]
    return YardstickVerdict(
        probability=probability(then, weights=weights),
        threshold=criterion.threshold,
        window_days=criterion.window_days,
        at_start=probability(met[:, start], weights=weights) if always else probability(np.zeros(0)),
        later=None if later is None else probability(met[:, later], weights=weights),
        still_met=None if later is None else conditional_probability(met[:, later], then, weights=weights),
        by_branch={name: conditional_probability(then, mask, weights=weights) for name, mask in branches.items()},
        deadline=criterion.deadline,
        at_least=criterion.at_least,
        first_met=None if days is None else first_met(days, outcome.watched, weights),
        distance=None if away is None else distance_of(away[:, deadline], unit(criterion), weights),
        unmet_distance=None if missing is None else distance_of(missing[:, deadline], TONNES, weights),
        exposed_min=None if bounds[0] is None else probability(bounds[0][:, deadline], weights=weights),
        exposed_max=None if bounds[1] is None else probability(bounds[1][:, deadline], weights=weights),
    )
