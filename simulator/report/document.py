"""The result of a run as one JSON document, the same bytes for the same run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from simulator.analysis.input_range import InputRange
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.domain.company import Company
from simulator.experiment.streaming import Failure
from simulator.report.conditioning_document import conditioning_document
from simulator.report.delivery_document import agreement_documents, partner_documents
from simulator.report.precision_text import precision_document
from simulator.report.values import estimate_values, quantile_values
from simulator.report.yardstick_document import (
    overall_values,
    range_document,
    yardstick_documents,
    yardstick_values,
)
from simulator.scenario.case import Case

RUN_SCHEMA: Final = "simulator.run/1"
RUNS_SCHEMA: Final = "simulator.runs/1"

Document = dict[str, Any]


def run_document(study: Study) -> Document:
    """Return a study as plain JSON values; only what stands under ``execution`` differs between equal runs."""
    case, verdict = study.case, study.verdict
    return finite(
        {
            "schema": RUN_SCHEMA,
            "scenario": {"name": case.name, "question": case.question, "sha256": case.sha256},
            "data": data_of(case),
            "seed": study.seed,
            "replications": study.replications,
            "replications_requested": study.requested,
            "complete": study.complete,
            **({"failed": [_failure(item, study.seed) for item in study.failed]} if study.failed else {}),
            **({"precision": precision_document(study.precision)} if study.precision is not None else {}),
            "lots": verdict.lots,
            "focal": case.focal,
            **({"company": _company(case.company)} if case.company is not None else {}),
            "start": case.start.isoformat(),
            "as_of": case.as_of.isoformat(),
            "deadline": case.deadline.isoformat(),
            **({"conditioning": conditioning_document(study)} if study.case.observations else {}),
            "yardsticks": yardstick_documents(case, tuple(verdict.overall)),
            "overall": {name: overall_values(name, item) for name, item in verdict.overall.items()},
            "branches": {name: estimate_values(item) for name, item in verdict.branches.items()},
            "rules": {
                name: {**estimate_values(item.fired), "first_day": quantile_values(item.first_day)}
                for name, item in verdict.rules.items()
            },
            "constraints": {
                name: {**estimate_values(item.fired), "first_day": quantile_values(item.first_day)}
                for name, item in verdict.bound.items()
            },
            **({"input_range": range_document(study.input_range)} if study.input_range is not None else {}),
            "commodities": [_commodity(item, study.input_range) for item in verdict.commodities],
            "end_products": [_commodity(item, study.input_range) for item in verdict.end_products],
            "agreements": agreement_documents(study),
            "partners": partner_documents(study),
            "execution": {"wall_s": round(study.wall_s, 3), "jobs": study.jobs},
        }
    )


def _failure(item: Failure, seed: int) -> Document:
    return {"replication": item.replication, "seed": seed, "kind": item.kind, "message": item.message}


def data_of(case: Case) -> Document:
    """Return which facts a case rests on: the digest of all tables, and how many rows are the user's own."""
    found: Document = {"sha256": case.data_sha256}
    if case.overlay is not None:
        found["own"] = {
            "sha256": case.overlay.sha256,
            "tables": [
                {
                    "file": f"{table}.csv",
                    "replaced": sum(row.replaced is not None for row in rows),
                    "added": sum(row.replaced is None for row in rows),
                }
                for table, rows in case.overlay.tables.items()
            ],
        }
    return found


def _company(company: Company) -> Document:
    return {
        "name": company.name,
        "country": company.country,
        "demand_t_per_year": dict(company.demand),
        "stock_days": dict(company.stock_days),
        "suppliers": {commodity: dict(shares) for commodity, shares in company.suppliers.items()},
        "stages": dict(company.stages),
        "government_stock": company.government_stock,
    }


def text(value: Document) -> str:
    """Return a document as JSON text, ending in a newline."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def together(runs: Sequence[str]) -> Iterator[str]:
    """Yield the text of one run as it is, that of several as a list of runs, piece by piece.

    Put together as one document, a thousand runs would take many times the length of their text in memory.

    >>> print("".join(together([text({"p": 0.5}), text({"p": 1.0})])), end="")
    {
      "schema": "simulator.runs/1",
      "runs": [
        {
          "p": 0.5
        },
        {
          "p": 1.0
        }
      ]
    }
    """
    if len(runs) == 1:
        yield runs[0]
        return
    yield f'{{\n  "schema": {json.dumps(RUNS_SCHEMA)},\n  "runs": ['
    for place, run in enumerate(runs):
        yield (",\n    " if place else "\n    ") + run.rstrip("\n").replace("\n", "\n    ")
    yield "\n  ]\n}\n"


def finite(value: Document) -> Document:
    """Return a document with every non-finite number replaced by None."""
    return {key: without_nan(item) for key, item in value.items()}


def without_nan(value: object) -> object:
    """Return the value with every non-finite number replaced by None, which JSON can say.

    >>> without_nan({"p": float("nan"), "ci": [0.0, float("inf")]})
    {'p': None, 'ci': [0.0, None]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value


def _commodity(item: CommodityVerdict, over: InputRange | None) -> Document:
    ranges = {} if over is None else over.commodities.get(item.commodity, {})
    return {
        "commodity": item.commodity,
        "name": item.name,
        "grade": item.grade,
        "grade_reason": item.grade_reason,
        "headline": item.headline,
        "yardsticks": {
            name: yardstick_values(yardstick, headline=name == HEADLINE, over_inputs=ranges.get(name))
            for name, yardstick in item.yardsticks.items()
        },
        "kpis": {
            name: {moment: quantile_values(quantiles) for moment, quantiles in moments.items()}
            for name, moments in item.kpis.items()
        },
        "stage_china_share": {stage: quantile_values(quantiles) for stage, quantiles in item.stage_china_share.items()},
        "binding_stage": item.binding_stage,
    }
