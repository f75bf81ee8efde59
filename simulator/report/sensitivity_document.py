"""A study of inputs as one JSON document, the same bytes whatever the number of workers."""

from __future__ import annotations

from typing import Any, Final

from simulator.analysis.influence import Bar, Correlation, Discovery
from simulator.analysis.intervals import Estimate
from simulator.analysis.sensitivity import CommoditySensitivity, Sensitivity
from simulator.analysis.sobol import Sources
from simulator.domain.facts import UncertainInput
from simulator.report.document import data_of, finite

SENSITIVITY_SCHEMA: Final = "simulator.sensitivity/1"

Document = dict[str, Any]


def sensitivity_document(found: Sensitivity, *, wall_s: float, jobs: int) -> Document:
    """Return a study as plain JSON values; only what stands under ``execution`` differs between equal studies."""
    return finite(
        {
            "schema": SENSITIVITY_SCHEMA,
            "scenario": {"name": found.scenario, "sha256": found.sha256},
            "data": data_of(found.case),
            "seed": found.seed,
            "start": found.case.start.isoformat(),
            "deadline": found.case.deadline.isoformat(),
            "yardstick": found.yardstick,
            "metric": found.metric_name,
            "points": found.points,
            "replications_simulated": found.simulated,
            "replications_planned": found.planned,
            "complete": found.complete,
            "commodities": [_commodity(item) for item in found.commodities],
            "execution": {"wall_s": round(wall_s, 3), "jobs": jobs},
        }
    )


def _commodity(item: CommoditySensitivity) -> Document:
    return {
        "commodity": item.commodity,
        "name": item.name,
        "replications": item.replications,
        "metric": _estimate(item.metric),
        "met": _estimate(item.met),
        "inputs": len(item.correlations),
        "inputs_left_out": item.left_out,
        "bars": [_bar(one) for one in item.bars],
        "null_band": {"metric": item.metric_band, "met": item.met_band},
        "correlations": [_correlation(one) for one in item.correlations],
        "sources_of_variance": None
        if item.sources is None
        else {"metric": _sources(item.sources.metric), "met": _sources(item.sources.met)},
        "sobol": [
            {
                "factor": one.name,
                "metric": {"first": _estimate(one.metric_first), "total": _estimate(one.metric_total)},
                "met": {"first": _estimate(one.met_first), "total": _estimate(one.met_total)},
            }
            for one in item.factors
        ],
        "circumstances": None if item.discovery is None else _discovery(item.discovery),
    }


def _estimate(item: Estimate) -> Document:
    return {"value": item.value, "ci": [item.low, item.high], "n": item.n}


def _input(item: UncertainInput) -> Document:
    return {"input": item.name, "low": item.low, "median": item.median, "high": item.high, "unit": item.unit}


def _bar(item: Bar) -> Document:
    return {
        **_input(item.source),
        "metric": {
            "at_low": _estimate(item.metric_low),
            "at_high": _estimate(item.metric_high),
            "difference": _estimate(item.metric_difference),
        },
        "met": {
            "at_low": _estimate(item.met_low),
            "at_high": _estimate(item.met_high),
            "difference": _estimate(item.met_difference),
        },
    }


def _correlation(item: Correlation) -> Document:
    return {
        "input": item.source.name,
        "metric": _estimate(item.metric),
        "met": _estimate(item.met),
        "beyond_noise": item.beyond_noise,
    }


def _sources(item: Sources) -> Document:
    return {
        "epistemic_share": _estimate(item.epistemic),
        "epistemic_variance": item.epistemic_variance,
        "aleatory_variance": item.aleatory_variance,
        "points": item.points,
        "repeats": item.repeats,
    }


def _discovery(item: Discovery) -> Document:
    return {
        "event": item.event,
        "median": item.threshold,
        "share": _estimate(item.base),
        "found": item.convincing,
        "limits": [
            {"input": one.source.name, "above": one.low, "below": one.high, "quasi_p": one.quasi_p}
            for one in item.limits
        ],
        "density": _estimate(item.density),
        "coverage": _estimate(item.coverage),
    }
