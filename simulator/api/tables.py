"""A run as pandas tables and as an xarray dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.delivery import agreement_deliveries
from simulator.analysis.frames import dataframe, optional
from simulator.analysis.study import Study
from simulator.analysis.verdict import YardstickVerdict
from simulator.domain.target import BRANCHED
from simulator.errors import UsageError
from simulator.metrics.outcome import KPIS, YEAR_KPIS
from simulator.metrics.registry import metrics

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Level = Literal["verdict", "kpi", "series", "agreement"]
MOMENTS: Final = (*KPIS, *(f"{name}_365d" for name in YEAR_KPIS), "top_country_share")
"""KPIs of a future at its moments."""
HEADLINE_ROWS: Final = "headline"
"""Stands for the headline commodities together."""


def table(study: Study, level: str) -> pd.DataFrame:
    """Return a run as a tidy pandas table.

    Raises
    ------
    UsageError
        If there is no such level, or pandas is not installed.
    """
    if level not in _TABLES:
        raise UsageError(f"level={level!r} is not known; write {', '.join(_TABLES)}")
    return _TABLES[level](study)


def _verdict(study: Study) -> pd.DataFrame:
    """One row per commodity and yardstick, the headline commodities together first."""
    return dataframe(_verdict_rows(study))


def _verdict_rows(study: Study) -> Iterator[dict[str, Any]]:
    for name, overall in study.verdict.overall.items():
        found, expected = overall.probability, overall.expected_met
        yield {
            "commodity": HEADLINE_ROWS,
            "yardstick": name,
            "p": found.value,
            "low": found.low,
            "high": found.high,
            "n": study.futures,
            "expected_met": expected.value,
            "expected_low": expected.low,
            "expected_high": expected.high,
            "of": len(overall.commodities),
        }
    for item in (*study.verdict.commodities, *study.verdict.end_products):
        for name, yardstick in item.yardsticks.items():
            found = yardstick.probability
            yield {
                "commodity": item.commodity,
                "yardstick": name,
                "p": found.value,
                "low": found.low,
                "high": found.high,
                "n": found.n,
                "threshold": yardstick.threshold,
                "met_at_start": yardstick.met_at_start,
                **_beyond(yardstick),
                "headline": item.headline,
                "grade": item.grade,
                "binding_stage": item.binding_stage,
            }


def _beyond(item: YardstickVerdict) -> dict[str, Any]:
    """What a yardstick says beyond P(met); a first day of ``inf`` lies beyond the last day watched."""
    nan = float("nan")
    return {
        "still_met": nan if item.still_met is None else item.still_met.value,
        "ever_met": nan if item.first_met is None else item.first_met.ever.value,
        "first_met_days": nan if item.first_met is None else item.first_met.days.quantiles["p50"].value,
        "distance": nan if item.distance is None else item.distance.mean.value,
        "distance_unit": "" if item.distance is None else item.distance.unit,
        "unmet_distance": nan if item.unmet_distance is None else item.unmet_distance.mean.value,
        "p_exposed_min": nan if item.exposed_min is None else item.exposed_min.value,
        "p_exposed_max": nan if item.exposed_max is None else item.exposed_max.value,
        "identified": item.identified,
    }


def _kpi(study: Study) -> pd.DataFrame:
    """One row per future, commodity and moment, as in ``kpis.csv`` of a run directory."""
    pd = optional("pandas", "to_dataframe")
    outcome = study.outcome
    chains, moments, n = outcome.chains, outcome.moments, len(outcome.replications)
    days = [study.case.calendar_day(day) for day in outcome.moment_days]
    columns: dict[str, Any] = {
        "replication": np.tile(np.repeat(outcome.replications, len(moments)), len(chains)),
        "commodity": _repeated(pd, [chain.commodity for chain in chains], n * len(moments)),
        "moment": pd.Categorical.from_codes(np.tile(np.arange(len(moments)), n * len(chains)), moments),
        "day": np.tile(_timestamps(days), n * len(chains)),
    }
    for name in MOMENTS:
        columns[name] = np.concatenate([chain.values[name].ravel() for chain in chains])
    for name in chains[0].met if chains else ():
        flags = np.concatenate([chain.met[name].ravel() for chain in chains])
        columns[f"met_{name}"] = flags if name not in BRANCHED else pd.array(flags, dtype="boolean")
        if name in BRANCHED:
            # Known of the deadline alone: a False elsewhere would claim what nobody asked.
            columns[f"met_{name}"][np.asarray(columns["moment"] != "deadline")] = pd.NA
    return pd.DataFrame(columns)


def _series(study: Study) -> pd.DataFrame:
    """One row per future with series, commodity and month; shares cover the 90 days before it."""
    pd = optional("pandas", "to_dataframe")
    outcome = study.outcome
    chains, n = outcome.chains, outcome.with_series
    months = _months(study)
    columns: dict[str, Any] = {
        "replication": np.tile(np.repeat(outcome.replications[:n], len(months)), len(chains)),
        "commodity": _repeated(pd, [chain.commodity for chain in chains], n * len(months)),
        "month": np.tile(months, n * len(chains)),
    }
    for name in KPIS:
        columns[name] = np.concatenate([chain.series[name].ravel() for chain in chains])
    return pd.DataFrame(columns)


def _agreement(study: Study) -> pd.DataFrame:
    """One row per agreement and what its plants make by the deadline, in tonnes; agreements without plants once."""
    return dataframe(_agreement_rows(study))


def _agreement_rows(study: Study) -> Iterator[dict[str, Any]]:
    for item in agreement_deliveries(study.case, study.counted):
        about = {
            "agreement": item.agreement.id,
            "kind": item.agreement.kind,
            "partners": " ".join(item.agreement.partners),
            "signed": study.case.calendar_day(item.signed_day),
        }
        nothing = {"commodity": "", "stage": "", "p_any": 0.0, "p05": 0.0, "p50": 0.0, "p95": 0.0, "p_accessible": 0.0}
        if not item.delivered:
            yield {**about, **nothing}
        for made in item.delivered:
            yield {
                **about,
                "commodity": made.commodity,
                "stage": made.stage,
                "p_any": made.any_output.value,
                "p05": made.output.p05,
                "p50": made.output.p50,
                "p95": made.output.p95,
                "p_accessible": made.any_accessible.value,
            }


_TABLES: Final[Mapping[str, Callable[[Study], Any]]] = {
    "verdict": _verdict,
    "kpi": _kpi,
    "series": _series,
    "agreement": _agreement,
}
"""Level -> what makes its table."""


def dataset(study: Study) -> xr.Dataset:
    """Return a run as an xarray dataset: KPIs at the moments and month by month, and what was met.

    Raises
    ------
    UsageError
        If xarray is not installed.
    """
    library = optional("xarray", "to_xarray")
    outcome, case = study.outcome, study.case
    known, chains = metrics(), outcome.chains
    at_moments, by_month = ("replication", "commodity", "moment"), ("replication", "commodity", "month")

    def stacked(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        return np.stack(arrays, axis=1)

    variables: dict[str, Any] = {}
    for name in MOMENTS:
        values = stacked([chain.values[name] for chain in chains])
        variables[name] = (at_moments, values, {"units": known[name.removesuffix("_365d")].unit})
    for name in KPIS:
        values = stacked([chain.series[name] for chain in chains])
        # Futures without series have none of their numbers by month.
        missing = ((0, len(outcome.replications) - len(values)), *((0, 0),) * (values.ndim - 1))
        values = np.pad(values, missing, constant_values=np.nan)
        variables[f"{name}_by_month"] = (by_month, values, {"units": known[name].unit})
    for name in chains[0].met if chains else ():
        flags = stacked([chain.met[name] for chain in chains])
        if name in BRANCHED:
            flags = np.where(np.array(outcome.moments) == "deadline", flags, np.nan)
        variables[f"met_{name}"] = (at_moments, flags)
    made: xr.Dataset = library.Dataset(
        variables,
        coords={
            "replication": outcome.replications,
            "commodity": [chain.commodity for chain in chains],
            "moment": list(outcome.moments),
            "day": ("moment", _timestamps([case.calendar_day(day) for day in outcome.moment_days])),
            "month": _months(study),
        },
        attrs={
            "scenario": case.name,
            "scenario_sha256": case.sha256,
            "data_sha256": case.data_sha256,
            "seed": study.seed,
        },
    )
    return made


def _repeated(pd: Any, names: list[str], times: int) -> Any:
    return pd.Categorical.from_codes(np.repeat(np.arange(len(names)), times), names)


def _months(study: Study) -> NDArray[np.datetime64]:
    return _timestamps([study.case.calendar_day(day) for day in study.outcome.month_days])


def _timestamps(days: list[date]) -> NDArray[np.datetime64]:
    return np.array(days, dtype="datetime64[s]")
