"""A stress as one JSON document, the same bytes for the same pairs of futures."""

from __future__ import annotations

from typing import Any, Final

from simulator.analysis.intervals import Estimate
from simulator.analysis.lifetimes import Lifetime
from simulator.analysis.stress import Stress
from simulator.analysis.under_cut import LASTING_DAYS, MOST_UNMET, StressedCommodity
from simulator.report.document import data_of, finite
from simulator.report.values import estimate_values

STRESS_SCHEMA: Final = "simulator.stress/1"

Document = dict[str, Any]


def stress_document(found: Stress, *, wall_s: float, jobs: int) -> Document:
    """Return a stress as plain JSON values; null is what is not known, of a time what lies beyond ``watched_days``."""
    case, cut = found.case, found.cut
    return finite(
        {
            "schema": STRESS_SCHEMA,
            "scenario": {"name": found.scenario, "sha256": found.sha256},
            "data": data_of(case),
            "seed": found.seed,
            "replications": found.replications,
            "replications_requested": found.requested,
            "complete": found.complete,
            "focal": case.focal,
            "start": case.start.isoformat(),
            "deadline": case.deadline.isoformat(),
            "horizon": case.horizon.isoformat(),
            "cut": {
                "what": cut.what,
                "kind": cut.kind,
                "begins": cut.begins.isoformat(),
                "ends": cut.ends.isoformat(),
                "days": cut.days,
                "rerouting": cut.rerouting,
                "everyone": cut.everyone,
            },
            "short_above": found.threshold,
            "review_days": case.review_days,
            "back_after_days_without_shortage": LASTING_DAYS,
            "cutoff": {
                "is_yardstick": found.is_cutoff,
                "max_unmet_share": MOST_UNMET,
                "commodities": list(found.headline),
                "of": len(found.headline),
                "expected_met": _number(found.expected_met),
                "all_met": estimate_values(found.all_met),
            },
            "commodities": [_commodity(item) for item in found.commodities],
            "end_products": [_commodity(item) for item in found.end_products],
            "execution": {"wall_s": round(wall_s, 3), "jobs": jobs},
        }
    )


def _commodity(item: StressedCommodity) -> Document:
    return {
        "commodity": item.commodity,
        "identical": item.identical,
        "survives": estimate_values(item.survives),
        "survives_without": estimate_values(item.survives_without),
        "survival_days": _lifetime(item.survival),
        "recovers": estimate_values(item.recovers),
        "recovery_days": _lifetime(item.recovery),
        "unmet_share": _number(item.unmet_share),
        "unmet_share_without": _number(item.unmet_share_without),
        "unmet_difference": _number(item.unmet_difference),
        "lost_t_per_year": _number(item.lost_t_per_year),
        "cutoff": estimate_values(item.cutoff),
        "cutoff_without": estimate_values(item.cutoff_without),
    }


def _lifetime(item: Lifetime) -> Document:
    return {
        "watched_days": item.watched_days,
        **{name: _number(estimate) for name, estimate in item.quantiles.items()},
    }


def _number(item: Estimate) -> Document:
    return {"value": item.value, "ci": [item.low, item.high], "n": item.n}
