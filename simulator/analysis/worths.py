"""What a commodity comes to with some contributors and without the others, future by future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.places import at_home
from simulator.domain.traces import ChainTrace, Trace
from simulator.instruments.project import Project
from simulator.instruments.recycling import Recycling
from simulator.metrics.concentration import NOT_ONE_COUNTRY
from simulator.metrics.dependence import china_dependent_share
from simulator.metrics.n_minus_1 import supplier_shares, without_largest
from simulator.metrics.outcome import judged_stage
from simulator.metrics.windows import Windows, at, during, share
from simulator.metrics.yardsticks import criteria, met

if TYPE_CHECKING:
    from simulator.domain.target import Criterion
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a commodity that contributions are counted in."""

    name: str
    unit: str
    says: str
    """What it is, for the reader of a report."""
    counted: bool = False
    """Whether a future has it or has it not, so that no future changed is no proof that none would."""


MEASURES: Final = (
    Measure("met", "1", "the target is met at the deadline", counted=True),
    Measure("china_dependent_share", "1", "China-exposed share of use over 90 days with what China withholds"),
    Measure("accessible_t", "t", "output of projects since the start, at the judged stage, open to the focal buyer"),
    Measure("accessible_upstream_t", "t", "the same at stages before the judged one"),
    Measure("exposed_t", "t", "use since the start that China mined, refined or worked at any modelled stage"),
    Measure("unmet_t", "t", "demand since the start that went unmet"),
)
"""Measures of a commodity; tonnes in its own mass basis, from the start to the deadline."""


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """One commodity under one set of contributors."""

    values: Mapping[str, Floats]
    """Measure -> (n,)."""
    met_at_start: NDArray[np.bool_]
    """(n,) whether the target was met at the start already."""
    stages: tuple[str, ...]
    china: Floats
    """(n, S) share of consumption that passed China at each stage, over 90 days."""
    runner_up: Floats
    """(n, S) the same of the largest producer outside China and the focal economy."""
    runner_ups: tuple[str, ...]
    """(S,) that producer; empty where it is none, or no one country."""
    spared: Spared | None = None
    """What ``nminus1`` looks at, where that is the yardstick."""


@dataclass(frozen=True, slots=True, eq=False)
class Spared:
    """How well each stage up to the judged one could spare its largest foreign supplier, in the criterion's window."""

    ratio: Floats
    """(n, S) supply over demand without the largest supplier and its demand; ``nan`` where nobody else needs any."""
    suppliers: tuple[tuple[str, str], ...]
    """(S, 2) the largest producers outside the focal economy."""
    shares: Floats
    """(n, S, 2) their shares of world output."""


@dataclass(frozen=True, slots=True, eq=False)
class Worths:
    """What a block of a case came to, commodity by commodity."""

    by_commodity: Mapping[str, Worth]
    bound: tuple[str, ...]
    """Shared corridors whose capacity held something up in some replication."""


def worths(trace: Trace, case: Case, yardstick: str) -> Worths:
    """Reduce a block's trace to what contributions are counted in; every replication by itself."""
    return Worths(
        {chain.commodity: _worth(chain, case, yardstick) for chain in trace.chains},
        tuple(name for name, days in trace.bound.items() if np.isfinite(days).any()),
    )


def assembled_worths(parts: Sequence[Worths], case: Case) -> Worths:
    """Return the worths of parts of a case's commodities, in their order, as one of all; parts held nothing up."""
    return Worths({name: worth for part in parts for name, worth in part.by_commodity.items()}, parts[0].bound)


def _worth(trace: ChainTrace, case: Case, yardstick: str) -> Worth:
    criterion = next(item for item in criteria(case.target) if item.yardstick == yardstick)
    deadline = float(case.day(case.deadline if criterion.deadline is None else criterion.deadline))
    judged = judged_stage(trace, case)
    windows = Windows((0.0, deadline), focal=case.focal, judged_stage=judged)
    flags = met(trace, criterion, windows)
    dependent = china_dependent_share(trace, windows)[:, 1]
    consumed = during(trace.consumed, trace.days, windows)[:, 1:, None]

    def since_start(series: Floats, days: Floats = trace.days) -> Floats:
        both = at(series, days, (0.0, deadline))
        return np.ascontiguousarray(both[:, 1] - both[:, 0])

    accessible = since_start(trace.project_accessible, trace.delivery_days)
    stage_of = _stages(trace, case)
    here = np.array([stage_of[name] == trace.stages[judged] for name in trace.projects], dtype=bool)
    before = np.array([stage_of[name] in trace.stages[:judged] for name in trace.projects], dtype=bool)
    upstream = accessible[:, before].sum(axis=1) if ":" not in trace.commodity else np.zeros(len(flags))
    third = tuple(
        name if name not in NOT_ONE_COUNTRY and not at_home(name, case.focal) else "" for name in trace.runner_up
    )
    return Worth(
        values={
            "met": flags[:, 1].astype(np.float64),
            # What cannot be computed counts as dependent, as it counts as not met.
            "china_dependent_share": np.where(np.isnan(dependent), 1.0, dependent),
            "accessible_t": accessible[:, here].sum(axis=1),
            "accessible_upstream_t": upstream,
            "exposed_t": since_start(trace.exposed),
            "unmet_t": since_start(trace.demanded) - since_start(trace.consumed),
        },
        met_at_start=np.array(flags[:, 0]),
        stages=trace.stages,
        china=_deadline(share(during(trace.exposed_by_stage, trace.days, windows)[:, 1:], consumed)),
        runner_up=_deadline(share(during(trace.runner_up_by_stage, trace.days, windows)[:, 1:], consumed)),
        runner_ups=third,
        spared=_spared(trace, criterion, windows) if criterion.yardstick == "nminus1" else None,
    )


def _spared(trace: ChainTrace, criterion: Criterion, windows: Windows) -> Spared:
    year = replace(windows, end_days=windows.end_days[-1:], length_days=float(criterion.window_days))
    supply, demand = (_deadline(item) for item in without_largest(trace, year))
    pairs = tuple(zip(trace.suppliers[::2], trace.suppliers[1::2], strict=True))
    ratio = np.divide(supply, demand, out=np.full(supply.shape, np.nan), where=demand > 0)
    return Spared(ratio, pairs[: supply.shape[1]], _deadline(supplier_shares(trace, year)))


def _deadline(values: Floats) -> Floats:
    """(n, ...) of (n, 1, ...), what belongs to one replication together, as blocks are joined."""
    return np.ascontiguousarray(values[:, 0])


def _stages(trace: ChainTrace, case: Case) -> dict[str, str]:
    """Project of a trace -> stage at which it produces."""
    commodity = trace.commodity.partition(":")[0]
    found = {item.id: item.stage for item in case.projects if item.commodity == commodity}
    for event in case.instruments:
        if isinstance(event, Project | Recycling) and event.at is not None and event.commodity == commodity:
            found[event.id] = str(event.stage)
    return found


def joined_worths(parts: Sequence[Worths]) -> Worths:
    """Return the blocks of one case as one."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    found = {}
    for commodity, one in first.by_commodity.items():
        blocks = [part.by_commodity[commodity] for part in parts]
        found[commodity] = Worth(
            values={name: np.concatenate([block.values[name] for block in blocks]) for name in one.values},
            met_at_start=np.concatenate([block.met_at_start for block in blocks]),
            stages=one.stages,
            china=np.concatenate([block.china for block in blocks]),
            runner_up=np.concatenate([block.runner_up for block in blocks]),
            runner_ups=one.runner_ups,
            spared=_joined([block.spared for block in blocks if block.spared is not None]),
        )
    return Worths(found, tuple(dict.fromkeys(name for part in parts for name in part.bound)))


def _joined(blocks: Sequence[Spared]) -> Spared | None:
    if not blocks:
        return None
    ratio, shares = np.concatenate([one.ratio for one in blocks]), np.concatenate([one.shares for one in blocks])
    return Spared(ratio, blocks[0].suppliers, shares)
