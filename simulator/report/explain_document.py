"""An attribution as one JSON document, the same bytes whatever the number of workers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from simulator.analysis.contributions import Contribution
from simulator.analysis.explain import Attribution
from simulator.analysis.intervals import Estimate
from simulator.analysis.worths import MEASURES
from simulator.report.document import data_of, finite

EXPLAIN_SCHEMA: Final = "simulator.explain/1"
CLOSES_TO: Final = 1e-12
"""Relative rounding of the numbers written; the sums behind them are exact."""

Document = dict[str, Any]


def explain_document(found: Attribution, *, wall_s: float | None = None, jobs: int | None = None) -> Document:
    """Return an attribution as plain JSON values; only what stands under ``execution`` differs between equal ones."""
    document = {
        "schema": EXPLAIN_SCHEMA,
        "scenario": {"name": found.scenario, "sha256": found.sha256},
        "data": data_of(found.case),
        "seed": found.seed,
        "replications": found.replications,
        "start": found.case.start.isoformat(),
        "deadline": found.case.deadline.isoformat(),
        "yardstick": found.yardstick,
        "grouping": found.grouping,
        "complete": found.complete,
        "runs": {"finished": found.runs, "needed": found.runs_needed, "avoided": found.runs_avoided},
        "corridors_full": list(found.bound),
        "list": {"commodities": list(found.listed), "met_at_start": list(found.met_at_start)},
        "measures": {item.name: {"unit": item.unit, "says": item.says} for item in MEASURES},
        "closes_to": CLOSES_TO,
        "groups": [{"group": group.name, "members": list(group.members)} for group in found.groups],
        "levers": [
            {
                "lever": item.id,
                "kind": item.kind,
                "whose": item.country,
                "touches": list(item.commodities),
                "money_usd_m": item.money_usd_m,
            }
            for item in found.contributors
        ],
        "contributions": list(_contributions(found.contributions)),
        "costs": [
            {
                "who": item.who,
                "part": item.part,
                "money_usd_m": item.money_usd_m,
                "deals_without_money": item.without_money,
                "points": _estimate(item.points),
                "usd_m_per_point": _estimate(item.usd_m_per_point),
            }
            for item in found.costs
        ],
        "binding": [
            {
                "commodity": item.commodity,
                "stage": item.stage,
                "country": item.country or None,
                "share": item.share,
                "share_of": "world_output" if found.yardstick == "nminus1" else "focal_use",
                "next_country": item.next_country or None,
                "next_share": item.next_share,
            }
            for item in found.bindings
        ],
    }
    if wall_s is not None:
        document["execution"] = {"wall_s": round(wall_s, 3), "jobs": jobs}
    return finite(document)


def _contributions(items: Iterable[Contribution]) -> Iterable[Document]:
    for item in items:
        yield {
            "commodity": item.commodity,
            "measure": item.measure,
            "part": item.part,
            "who": item.who,
            **_estimate(item.estimate),
            "orders": item.orders,
        }


def _estimate(item: Estimate) -> Document:
    return {"value": item.value, "ci": [item.low, item.high], "n": item.n}
