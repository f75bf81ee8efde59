"""Baseline checks as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from simulator.analysis.baseline_verdict import ALPHA, Check, KpiVerdict
from simulator.report.document import finite

CHECK_SCHEMA: Final = "simulator.baseline.check/1"

Document = dict[str, Any]


def baseline_document(checks: Sequence[Check], *, exit_code: int, wall_s: float, jobs: int) -> Document:
    """Return checks as plain JSON values; only what stands under ``execution`` differs between equal ones."""
    return finite(
        {
            "schema": CHECK_SCHEMA,
            "passed": exit_code == 0,
            "exit_code": exit_code,
            "alpha": ALPHA,
            "scenarios": [_check(check) for check in checks],
            "execution": {"wall_s": round(wall_s, 3), "jobs": jobs},
        }
    )


def _check(check: Check) -> Document:
    return {
        "scenario": check.scenario,
        "file": check.file,
        "passed": check.passed,
        "refused": check.refused or None,
        "seed": check.seed,
        "replications": check.replications,
        "counts": check.counts(),
        "kpis": [_kpi(item) for item in check.kpis],
    }


def _kpi(item: KpiVerdict) -> Document:
    return {
        "kpi": item.kpi,
        "verdict": item.verdict,
        "unit": item.unit,
        "baseline": item.baseline,
        "now": item.now,
        "difference": item.difference.value,
        "ci": [item.difference.low, item.difference.high],
        "level": item.level,
        "n": item.difference.n,
        "materiality": item.materiality,
        "undefined_in_one": item.undefined,
        "replications_needed": item.needed or None,
    }
