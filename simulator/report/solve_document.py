"""What it would take, as one JSON document, the same bytes for the same search."""

from __future__ import annotations

from typing import Any, Final

from simulator.analysis.intervals import Estimate
from simulator.analysis.levers import Lever
from simulator.analysis.solve import Setting, Solution
from simulator.report.document import data_of, finite

SOLVE_SCHEMA: Final = "simulator.solve/1"

Document = dict[str, Any]


def solve_document(found: Solution, *, wall_s: float, jobs: int) -> Document:
    """Return a solution as plain JSON values."""
    single = len(found.levers) == 1
    return finite(
        {
            "schema": SOLVE_SCHEMA,
            "scenario": {"name": found.scenario, "sha256": found.sha256},
            "data": data_of(found.case),
            "seed": found.seed,
            "check_seed": found.check_seed,
            "replications": found.replications,
            "start": found.case.start.isoformat(),
            "deadline": found.case.deadline.isoformat(),
            "goal": {
                "measure": found.goal.measure,
                "at_least": found.goal.at_least,
                "wanted": found.goal.wanted,
                "commodity": found.goal.commodity,
                "headline": list(found.counted),
                "text": found.goal.text,
            },
            "levers": [_lever(lever) for lever in found.levers],
            "complete": found.complete,
            "reachable": found.reachable if found.complete else None,
            "answer": _optional(found, found.answer),
            **(
                {"answer_ci": [found.low, found.high], "falls": [_fall(*item) for item in found.falls]}
                if single
                else {}
            ),
            "safe": _optional(found, found.safe),
            "runners_up": [_setting(found, item) for item in found.runners_up],
            "best": _optional(found, found.best),
            "no_effect": found.inert,
            "tried": [_setting(found, item) for item in found.tried],
            "execution": {"wall_s": round(wall_s, 3), "jobs": jobs},
        }
    )


def _lever(lever: Lever) -> Document:
    return {
        "path": lever.path,
        "low": lever.text(0),
        "high": lever.text(lever.steps),
        "steps": lever.steps,
        "resolution": lever.resolution,
        "cost_per_unit": lever.cost,
    }


def _optional(found: Solution, item: Setting | None) -> Document | None:
    return None if item is None else _setting(found, item)


def _setting(found: Solution, item: Setting) -> Document:
    fresh = {} if item.fresh is None else {"fresh": _estimate(item.fresh), "confidence": item.confidence}
    return {
        "values": {lever.path: value for lever, value in zip(found.levers, item.values, strict=True)},
        "cost": item.cost,
        **_estimate(item.estimate),
        **fresh,
    }


def _fall(before: str, after: str, difference: Estimate) -> Document:
    return {"best_before": before, "at": after, "difference": _estimate(difference)}


def _estimate(item: Estimate) -> Document:
    return {"value": item.value, "ci": [item.low, item.high], "n": item.n}
