"""A comparison as one JSON document, the same bytes for the same runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from simulator.analysis.compare import CommodityDifference, Comparison, Difference, OverallDifference
from simulator.analysis.study import Study
from simulator.report.document import data_of, finite

COMPARE_SCHEMA: Final = "simulator.compare/1"

Document = dict[str, Any]


def compare_document(studies: Sequence[Study], comparisons: Sequence[Comparison]) -> Document:
    """Return comparisons with the first study as plain JSON values.

    Parameters
    ----------
    studies
        The reference, then the others.
    comparisons
        One for each of the others, in their order.
    """
    reference = studies[0]
    case = reference.case
    return finite(
        {
            "schema": COMPARE_SCHEMA,
            "reference": {"name": case.name, "sha256": case.sha256},
            "data": data_of(case),
            "seed": reference.seed,
            "replications": reference.replications,
            "start": case.start.isoformat(),
            "deadline": case.deadline.isoformat(),
            "comparisons": [_comparison(item) for item in comparisons],
            "execution": {
                "wall_s": round(sum(study.wall_s for study in studies), 3),
                "jobs": max(study.jobs for study in studies),
            },
        }
    )


def _comparison(item: Comparison) -> Document:
    return {
        "scenario": {"name": item.other, "sha256": item.other_sha256},
        "identical": item.identical,
        "overall": {name: _overall(overall) for name, overall in item.overall.items()},
        "commodities": [_commodity(commodity) for commodity in item.commodities],
        "end_products": [_commodity(commodity) for commodity in item.end_products],
        "unmatched": list(item.unmatched),
    }


def _overall(item: OverallDifference) -> Document:
    return {
        "commodities": list(item.commodities),
        "expected_met": _difference(item.expected_met),
        "all_met": _difference(item.all_met),
    }


def _commodity(item: CommodityDifference) -> Document:
    return {
        "commodity": item.commodity,
        "name": item.name,
        "grade": item.grade,
        "headline": item.headline,
        "identical": item.identical,
        "yardsticks": {name: _difference(difference) for name, difference in item.yardsticks.items()},
        "kpis": {name: _difference(difference) for name, difference in item.kpis.items()},
    }


def _difference(item: Difference) -> Document:
    return {
        "unit": item.unit,
        "better": item.better,
        "reference": item.reference,
        "other": item.other,
        "difference": item.difference.value,
        "ci": [item.difference.low, item.difference.high],
        "p_improvement": item.improvement.value,
        "p_improvement_ci": [item.improvement.low, item.improvement.high],
        "tied": item.tied,
        "n": item.difference.n,
    }
