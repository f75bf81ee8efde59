"""Estimates and spreads as JSON values."""

from __future__ import annotations

from typing import Any

from simulator.analysis.intervals import Estimate
from simulator.analysis.verdict import Quantiles


def estimate_values(item: Estimate) -> dict[str, Any]:
    """Return a probability with its confidence interval and the replications behind it, effective ones if weighted."""
    found: dict[str, Any] = {"p": item.value, "ci": [item.low, item.high], "n": item.n}
    return found if item.ess is None else {**found, "ess": item.ess}


def number_values(item: Estimate) -> dict[str, Any]:
    """Return a number that is no probability with its confidence interval and the replications behind it."""
    return {"value": item.value, "ci": [item.low, item.high], "n": item.n}


def quantile_values(item: Quantiles) -> dict[str, Any]:
    """Return the spread of a number over replications."""
    return {"p05": item.p05, "p50": item.p50, "p95": item.p95}
