"""Tonnes by agreement and by partner country as JSON values."""

from __future__ import annotations

from typing import Any

from simulator.analysis.delivery import Delivered, agreement_deliveries, partner_deliveries
from simulator.analysis.study import Study
from simulator.report.values import estimate_values, quantile_values

Document = dict[str, Any]


def agreement_documents(study: Study) -> list[Document]:
    """Return what each agreement delivers by the deadline, as JSON values; tonnes of the commodity's mass basis."""
    found = []
    for item in agreement_deliveries(study.case, study.counted):
        deal = item.agreement
        found.append(
            {
                "agreement": deal.id,
                "kind": deal.kind,
                "signed": study.case.calendar_day(item.signed_day).isoformat(),
                "partners": list(deal.partners),
                "milestones": deal.milestones,
                "money_usd_m": deal.money_usd_m,
                "promised_t_per_year": deal.tonnes_per_year,
                "p_signed": None if item.happens is None else estimate_values(item.happens),
                "delivered": [_delivered(one) for one in item.delivered],
            }
        )
    return found


def partner_documents(study: Study) -> list[Document]:
    """Return what each partner country delivers, as JSON values; tonnes of the commodity's mass basis."""
    return [
        {
            "partner": item.partner,
            "flows": [
                {
                    "commodity": flow.commodity,
                    "consumed_t_365d": {
                        "start": quantile_values(flow.consumed_at_start),
                        "deadline": quantile_values(flow.consumed),
                    },
                    "landed_t_365d": {"deadline": quantile_values(flow.landed)},
                }
                for flow in item.flows
            ],
            "new_output": [_delivered(one) for one in item.delivered],
        }
        for item in partner_deliveries(study.case, study.counted)
    ]


def _delivered(item: Delivered) -> Document:
    return {
        "commodity": item.commodity,
        "stage": item.stage,
        "projects": list(item.projects),
        "output_t": quantile_values(item.output),
        "p_any": estimate_values(item.any_output),
        "accessible_t": quantile_values(item.accessible),
        "p_any_accessible": estimate_values(item.any_accessible),
    }
