"""What each yardstick means and what it says, as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulator.analysis.first_met import Distance, FirstMet
from simulator.analysis.input_range import InputRange, Spread
from simulator.analysis.overall import OverallVerdict
from simulator.analysis.study import HEADLINE
from simulator.analysis.verdict import YardstickVerdict
from simulator.domain.target import Criterion, ListRule
from simulator.metrics.yardsticks import criteria
from simulator.report.values import estimate_values, number_values
from simulator.report.yardstick_wording import meaning_of

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Document = dict[str, Any]


def yardstick_documents(case: Case, judged: Sequence[str]) -> Document:
    """Return yardstick -> what it means and where it comes from, for those judged."""
    return {
        criterion.yardstick: _meaning(case, criterion)
        for criterion in criteria(case.target, branched=True)
        if criterion.yardstick in judged
    }


def _meaning(case: Case, criterion: Criterion) -> Document:
    meaning = meaning_of(criterion)
    return {
        "definition": meaning.definition,
        "formula": meaning.formula,
        "source": meaning.source,
        "metric": meaning.metric,
        "unit": meaning.unit,
        "threshold": criterion.threshold,
        "direction": "at least" if criterion.at_least else "at most",
        **({"max_unmet_share": criterion.max_unmet_share} if meaning.counts_unmet else {}),
        **({"of": criterion.of} if criterion.of is not None else {}),
        "window_days": criterion.window_days,
        "deadline": (criterion.deadline or case.deadline).isoformat(),
    }


def yardstick_values(item: YardstickVerdict, *, headline: bool = False, over_inputs: Spread | None = None) -> Document:
    """Return the verdict of one yardstick on one commodity; the survival curve goes with the ``headline`` one alone."""
    return {
        **estimate_values(item.probability),
        "threshold": item.threshold,
        "window_days": item.window_days,
        "met_at_start": item.met_at_start,
        "p_at_start": item.at_start.value,
        "p_at_start_ci": [item.at_start.low, item.at_start.high],
        "later": None if item.later is None else estimate_values(item.later),
        "still_met": None if item.still_met is None else estimate_values(item.still_met),
        "first_met": None if item.first_met is None else first_met_values(item.first_met, curve=headline),
        "distance": None if item.distance is None else _distance(item.distance),
        "unmet_distance": None if item.unmet_distance is None else _distance(item.unmet_distance),
        "exposed_min": None if item.exposed_min is None else estimate_values(item.exposed_min),
        "exposed_max": None if item.exposed_max is None else estimate_values(item.exposed_max),
        "identified": item.identified,
        **({} if over_inputs is None else {"p_given_inputs": spread_values(over_inputs)}),
        "by_branch": {name: estimate_values(estimate) for name, estimate in item.by_branch.items()},
    }


def overall_values(name: str, item: OverallVerdict) -> Document:
    """Return the verdict of one yardstick on the list of headline commodities."""
    return {
        **estimate_values(item.probability),
        "expected_met": item.expected_met.value,
        "expected_met_ci": [item.expected_met.low, item.expected_met.high],
        "of": len(item.commodities),
        "commodities": list(item.commodities),
        "met_at_start": list(item.met_at_start),
        "at_least": [estimate.value for estimate in item.at_least],
        "at_least_ci": [[estimate.low, estimate.high] for estimate in item.at_least],
        "weighted_share": number_values(item.weighted_share),
        "weights": dict(item.weights),
        "list_rule": {
            **_rule(item.rule),
            **estimate_values(item.rule_holds),
            "later": None if item.rule_later is None else estimate_values(item.rule_later),
            "still_met": None if item.rule_still_holds is None else estimate_values(item.rule_still_holds),
            "first_met": (
                None if item.rule_first is None else first_met_values(item.rule_first, curve=name == HEADLINE)
            ),
        },
        "by_branch": {
            branch: {**estimate_values(estimate), "expected_met": item.expected_by_branch[branch]}
            for branch, estimate in item.by_branch.items()
        },
    }


def spread_values(item: Spread) -> Document:
    """Return the range of P(met | inputs)."""
    return {
        "p05": number_values(item.p05),
        "p50": number_values(item.p50),
        "p95": number_values(item.p95),
        "raw_p05_p95": list(item.raw),
        "noise_share": item.noise,
    }


def range_document(found: InputRange) -> Document:
    """Return how the range over inputs was made, and that of the list."""
    return {
        "points": found.points,
        "repeats": found.repeats,
        "inputs": found.inputs,
        "all_met": {name: spread_values(item) for name, item in found.overall.items()},
    }


def _rule(rule: ListRule) -> Document:
    return {"rule": rule.kind, **({} if rule.kind == "all" else {rule.kind: rule.least})}


def first_met_values(item: FirstMet, *, curve: bool) -> Document:
    """Return when something is first met: days from the start, None for beyond the last day watched."""
    found: Document = {
        "p_ever": estimate_values(item.ever),
        "watched_days": item.days.watched_days,
        "days": {name: number_values(estimate) for name, estimate in item.days.quantiles.items()},
    }
    if curve:
        found["survival"] = {
            "day": list(item.watched),
            "not_yet": [estimate.value for estimate in item.not_yet],
            "low": [estimate.low for estimate in item.not_yet],
            "high": [estimate.high for estimate in item.not_yet],
        }
    return found


def _distance(item: Distance) -> Document:
    return {
        "unit": item.unit,
        "mean": number_values(item.mean),
        **{name: number_values(estimate) for name, estimate in item.quantiles.items()},
    }
