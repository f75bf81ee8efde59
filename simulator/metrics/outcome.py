"""Reduce the trace of a block to what reports need: KPIs, met or not, and monthly series, per replication."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace, Trace, earliest
from simulator.metrics.delivery import deliveries
from simulator.metrics.judging import yardsticks
from simulator.metrics.predicted import predictions
from simulator.metrics.registry import metrics
from simulator.metrics.windows import Windows
from simulator.scenario.moments import moments_of

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Small = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)

KPIS: Final = (
    "china_exposed_share",
    "china_dependent_share",
    "direct_china_share",
    "unmet_share",
    "days_of_cover",
    "price_index",
    "hhi",
)
"""Metrics reported as numbers per commodity, over 90 days."""
YEAR_KPIS: Final = ("china_exposed_share", "direct_china_share", "unmet_share")
"""Metrics reported over 365 days as well, under the name with ``_365d``."""
YEAR_DAYS: Final = 365.0
TABLES: Final = ("stage_china_share", "top_country_share")
"""Further metrics kept at the moments."""
SERIES: Final = (*KPIS, "stage_china_share")
"""Metrics kept month by month over the 90 days before."""
MONTHLY: Final = ("landed_by_origin", "project_output")
"""Metrics kept month by month over the month itself."""
MONTH_DAYS: Final = 365.25 / 12.0
COLUMNS_AT_ONCE: Final = 8
SERIES_MOST: Final = 4096
"""Series are kept of the replications below this number, which is plenty for a band; values at the moments of all."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainOutcome:
    """What one commodity came to, per replication."""

    commodity: str
    """Catalogue name, or ``commodity:stage`` for an end product of its chain, which is a market of its own."""
    stages: tuple[str, ...]
    origins: tuple[str, ...]
    projects: tuple[str, ...]
    values: Mapping[str, Floats]
    """Metric, or what ``delivery.deliveries`` credits -> (n, moments) or (n, moments, axis)."""
    met: Mapping[str, Flags]
    """Yardstick -> (n, moments), at its own deadline where it has one. Of one that takes a branch of its own, only the
    deadline is known: elsewhere it stands as not met."""
    bounds: Mapping[str, Flags]
    """``YARDSTICK/min`` and ``/max`` -> (n, moments) whether it would be met with ``exposed_min`` or ``exposed_max`` in
    place of the exposed tonnes; of yardsticks that ask for them."""
    met_days: Mapping[str, Flags]
    """Yardstick -> (n, watched) whether it is met on each day watched."""
    distance: Mapping[str, Floats]
    """What ``distance.distance`` gives -> (n, moments)."""
    series: Mapping[str, Small]
    """Metric -> (n, months) or (n, months, axis), of the replications below ``SERIES_MOST``: the first rows."""
    balance_error: Floats
    """(n, stages) largest conservation error as a share of throughput."""
    lots: NDArray[np.int64]
    """(n,) lots dispatched."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a block, or several joined ones, came to."""

    replications: NDArray[np.int64]
    moments: tuple[str, ...]
    """``start``, ``deadline``, and ``later`` (12 months after it) where the horizon reaches it."""
    moment_days: tuple[float, ...]
    month_days: tuple[float, ...]
    """Days on which the values of the series stand."""
    watched: tuple[float, ...]
    """Days from the start on which yardsticks are looked at: the recorded reviews and checkpoints."""
    chains: tuple[ChainOutcome, ...]
    branches: Mapping[str, Flags]
    """Named branch -> (n,)."""
    rule_days: Mapping[str, Floats] = field(default_factory=dict)
    """Rule -> (n,) day on which it first fired, days from start; +inf where it never did."""
    bound_days: Mapping[str, Floats] = field(default_factory=dict)
    """``corridor/NAME`` and ``stockpile/EVENT`` -> (n,) day on which what commodities share, or the government takes,
    first kept somebody from what was meant, days from start; +inf where it never did."""
    predicted: Mapping[str, Floats] = field(default_factory=dict)
    """Observation by its key -> (n,) what the future would have shown in its place."""

    @property
    def with_series(self) -> int:
        """Replications of which series are kept: the first rows."""
        return int(np.count_nonzero(self.replications < SERIES_MOST))

    def moment(self, name: str) -> int:
        """Place of a moment on the second axis."""
        return self.moments.index(name)


def months_of(case: Case) -> tuple[float, ...]:
    """Return first days of months after the spin-up's first quarter, up to the horizon, in days from start."""
    first = case.spin_up + timedelta(days=90)
    days = []
    year, month = first.year, first.month
    while (day := date(year, month, 1)) <= case.horizon:
        if day >= first:
            days.append(float(case.day(day)))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return tuple(days)


def outcome(trace: Trace, case: Case, *, series: bool = True) -> Outcome:
    """Reduce the trace of a block; every replication by itself, so that blocks join to the same bytes.

    Without ``series`` those month by month are left empty, for who asks for the moments alone.
    """
    moments, months, watched = moments_of(case), months_of(case), watched_of(trace, case)
    under = trace.under_cut or (None,) * len(trace.chains)
    return Outcome(
        replications=trace.replications,
        moments=tuple(moments),
        moment_days=tuple(moments.values()),
        month_days=months,
        watched=watched,
        chains=tuple(
            _chain(
                chain,
                cut,
                with_series(chain, trace.replications) if series else None,
                case,
                tuple(moments.values()),
                months,
                watched,
            )
            for chain, cut in zip(trace.chains, under, strict=True)
        ),
        branches={name: np.array(flags) for name, flags in sorted(trace.branches.items())},
        rule_days=trace.rule_days,
        bound_days={f"corridor/{name}": days for name, days in trace.bound.items()}
        | {f"stockpile/{name}": days for name, days in trace.behind.items()},
        predicted=predictions(trace, case),
    )


def judged_stage(trace: ChainTrace, case: Case) -> int:
    """Return the stage at which a trace counts consumption: the chain's own, or the one an end product names."""
    commodity, _, stage = trace.commodity.partition(":")
    if stage:
        return trace.stages.index(stage)
    return next(chain.verdict_stage for chain in case.chains if chain.commodity == commodity)


def watched_of(trace: Trace, case: Case) -> tuple[float, ...]:
    """Return the recorded days from the start on, up to the horizon."""
    days = trace.chains[0].days if trace.chains else np.zeros(0)
    return tuple(float(day) for day in days[(days >= 0.0) & (days <= float(case.day(case.horizon)))])


def with_series(trace: ChainTrace, replications: NDArray[np.int64]) -> ChainTrace:
    """Return the part of a trace of which series are kept."""
    kept = replications < SERIES_MOST
    if kept.all():
        return trace
    arrays = {item.name: getattr(trace, item.name) for item in fields(trace) if not item.name.endswith("days")}
    cut: Any = {name: item[kept] for name, item in arrays.items() if isinstance(item, np.ndarray)}
    return replace(trace, **cut)


def _chain(
    trace: ChainTrace,
    under_cut: ChainTrace | None,
    thinned: ChainTrace | None,
    case: Case,
    moments: tuple[float, ...],
    months: tuple[float, ...],
    watched: tuple[float, ...],
) -> ChainOutcome:
    known = metrics()
    at_moments = Windows(moments, focal=case.focal, judged_stage=judged_stage(trace, case))
    at_months = replace(at_moments, end_days=months)
    values = {name: known[name](trace, at_moments) for name in (*KPIS, *TABLES)}
    for name in YEAR_KPIS:
        values[f"{name}_365d"] = known[name](trace, at_moments.of_length(YEAR_DAYS))
    values |= deliveries(trace, case, moments)
    judged = yardsticks(trace, under_cut, case, at_moments, watched)
    series = {}
    if thinned is not None:
        series = {name: known[name](thinned, at_months) for name in SERIES}
        series |= {name: known[name](thinned, at_months.of_length(MONTH_DAYS)) for name in MONTHLY}
    return ChainOutcome(
        commodity=trace.commodity,
        stages=trace.stages,
        origins=trace.origins,
        projects=trace.projects,
        values=_rows(values),
        met=_rows(judged.met),
        bounds=_rows(judged.bounds),
        met_days=_rows(judged.met_days),
        distance=_rows(judged.distance),
        series={name: _small(array) for name, array in series.items()},
        balance_error=np.array(trace.balance_error),
        lots=np.array(trace.lots),
    )


def _rows(arrays: Mapping[str, NDArray[Scalar]]) -> Mapping[str, NDArray[Scalar]]:
    """Return arrays in which what belongs to one replication lies together, as they are kept and joined."""
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _small(array: Floats) -> Small:
    """Return a series as it is kept: half the precision is plenty for a fan chart, and series are most of a run."""
    rows = array.reshape(len(array), math.prod(array.shape[1:]))
    small = np.empty(rows.shape, dtype=np.float32)
    # A few columns at a time: of all, the first are out of the cache again when the next replication asks for them.
    for begin in range(0, rows.shape[1], COLUMNS_AT_ONCE):
        few = slice(begin, begin + COLUMNS_AT_ONCE)
        small[:, few] = rows[:, few]
    return small.reshape(array.shape)


def joined(parts: Sequence[Outcome]) -> Outcome:
    """Return several outcomes of one case as one, in the order given."""
    first = parts[0]
    if len(parts) == 1:
        return first

    def stack(arrays: Sequence[NDArray[Scalar]]) -> NDArray[Scalar]:
        return np.concatenate(list(arrays), axis=0)

    chains = tuple(
        ChainOutcome(
            commodity=chain.commodity,
            stages=chain.stages,
            origins=chain.origins,
            projects=chain.projects,
            values={name: stack([part.chains[i].values[name] for part in parts]) for name in chain.values},
            met={name: stack([part.chains[i].met[name] for part in parts]) for name in chain.met},
            bounds={name: stack([part.chains[i].bounds[name] for part in parts]) for name in chain.bounds},
            met_days={name: stack([part.chains[i].met_days[name] for part in parts]) for name in chain.met_days},
            distance={name: stack([part.chains[i].distance[name] for part in parts]) for name in chain.distance},
            series={name: stack([part.chains[i].series[name] for part in parts]) for name in chain.series},
            balance_error=stack([part.chains[i].balance_error for part in parts]),
            lots=stack([part.chains[i].lots for part in parts]),
        )
        for i, chain in enumerate(first.chains)
    )
    return Outcome(
        replications=stack([part.replications for part in parts]),
        moments=first.moments,
        moment_days=first.moment_days,
        month_days=first.month_days,
        watched=first.watched,
        chains=chains,
        branches={name: stack([part.branches[name] for part in parts]) for name in first.branches},
        rule_days={name: stack([part.rule_days[name] for part in parts]) for name in first.rule_days},
        bound_days={name: stack([part.bound_days[name] for part in parts]) for name in first.bound_days},
        predicted={name: stack([part.predicted[name] for part in parts]) for name in first.predicted},
    )


def assembled(parts: Sequence[Outcome], case: Case) -> Outcome:
    """Return the outcomes of parts of a case's commodities, in their order, as one of all."""
    predicted = {key: found for part in parts for key, found in part.predicted.items()}
    return replace(
        parts[0],
        chains=tuple(chain for part in parts for chain in part.chains),
        bound_days=earliest(part.bound_days for part in parts),
        predicted={item.key: predicted[item.key] for item in case.observations},
    )


def selected(item: Outcome, rows: NDArray[np.int64]) -> Outcome:
    """Return some rows of an outcome in ascending order of replications; series follow the rows they stand for."""
    series_rows = rows[item.replications[rows] < SERIES_MOST]
    # Series stand in the first rows: those of replications that have any.
    places = np.cumsum(item.replications < SERIES_MOST) - 1

    def cut(value: Any, which: NDArray[np.int64]) -> Any:
        if isinstance(value, np.ndarray):
            return value[which]
        return {name: array[which] for name, array in value.items()} if isinstance(value, Mapping) else value

    def cut_fields(of: Outcome | ChainOutcome) -> dict[str, Any]:
        return {
            one.name: cut(getattr(of, one.name), places[series_rows] if one.name == "series" else rows)
            for one in fields(of)
            if one.name != "chains"
        }

    return Outcome(chains=tuple(ChainOutcome(**cut_fields(chain)) for chain in item.chains), **cut_fields(item))
