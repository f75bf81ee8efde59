"""The record of one block of replications, as the metrics read it.

Cumulative series run from the first day of the spin-up, so any window is a difference of two
columns. All arrays have the replication axis first; ``T`` indexes ``days``, ``C`` the fewer ``delivery_days``. In
memory replications lie side by side, day after day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REROUTED = "REROUTED"
"""Declared origin of Chinese lots that came through a third country."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainTrace:
    """What happened to one commodity in one block; tonnes of its own mass basis.

    ``consumed`` and all that is split from it count the focal economy's consumption at the stage the
    commodity is judged at (``Chain.verdict_stage``).
    """

    commodity: str
    stages: tuple[str, ...]
    """(S,) names of the modelled stages, upstream first."""
    origins: tuple[str, ...]
    """(O,) declared origins of what landed at the focal buyer; the focal country itself included."""
    days: Floats
    """(T,) days from start, ascending: every market review and every checkpoint of the case."""
    delivery_days: Floats
    """(C,) those of ``days`` between which deliveries are known exactly on every day that a run asks for them."""
    demanded: Floats
    """(n, T) cumulative final demand before any shortage."""
    consumed: Floats
    """(n, T) cumulative consumption; demanded - consumed is unmet."""
    exposed: Floats
    """(n, T) cumulative consumption with China at any modelled stage."""
    exposed_min: Floats
    """(n, T) the least of it that the same totals allow: every seller set clean tonnes aside for the focal buyer."""
    exposed_max: Floats
    """(n, T) the most of it that they allow: every seller gave the focal buyer its China-exposed tonnes first."""
    withheld: Floats
    """(n, T) cumulative tonnes of habitual purchases that Chinese controls kept back, when they would have been used:
    neither re-routed tonnes nor those that would be, had nobody acted against re-routing. It falls where licences make
    up for tonnes kept back before."""
    exposed_by_stage: Floats
    """(n, T, S) cumulative consumption with China at that stage."""
    runner_up_by_stage: Floats
    """(n, T, S) cumulative consumption that passed the largest producer outside China at that stage."""
    runner_up: tuple[str, ...]
    """(S,) that producer."""
    by_partner: Floats
    """(n, C, K) cumulative consumption by first partner touched."""
    partners: tuple[str, ...]
    """(K,) those partners, of ``places.PARTNER_LABELS``: the first, ``other``, and who produces in this chain."""
    suppliers: tuple[str, ...]
    """(2 S,) the two largest base-year producers of each stage outside the focal economy; "" where there are fewer."""
    world_output: Floats
    """(n, T, S) cumulative output of all producers of each stage."""
    world_demand: Floats
    """(n, T, S) cumulative demand for it: what regions would use at prices as they were, and plants feed."""
    supplier_output: Floats
    """(n, T, 2 S) the part that each of ``suppliers`` made."""
    supplier_demand: Floats
    """(n, T, 2 S) the part that each of them needed itself."""
    landed: Floats
    """(n, T, O) cumulative landings at the focal buyer by declared origin, its own country included."""
    stock: Floats
    """(n, T) focal industry stock at the verdict stage."""
    government: Floats
    """(n, C) focal government stock."""
    price_world: Floats
    """(n, T) price index outside China, 1 at the base year."""
    price_china: Floats
    """(n, T) price index inside China."""
    project_output: Floats
    """(n, T, J) cumulative output of each project of this commodity."""
    project_accessible: Floats
    """(n, C, J) part of it the focal buyer could have: made since qualification, tied to it or free to compete for."""
    projects: tuple[str, ...]
    """(J,) project ids."""
    balance_error: Floats
    """(n, S) largest conservation error of a stage as a share of its throughput."""
    clipped: Floats
    """(n, S) tonnes booked to losses because round-off left a negative stock."""
    lots: NDArray[np.int64]
    """(n,) lots dispatched."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One block: which replications, and a ``ChainTrace`` per commodity."""

    replications: NDArray[np.int64]
    """(n,) replication numbers."""
    chains: tuple[ChainTrace, ...]
    branches: dict[str, NDArray[np.bool_]]
    """Named branch -> (n,) mask: ``suspension/<id>/renewed``, ``event/<id>/happens`` and ``rule/<id>/fired``."""
    rule_days: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Rule -> (n,) day on which it first fired, days from start; +inf where it never did."""
    under_cut: tuple[ChainTrace, ...] = ()
    """The same chains in the same futures with China cut off on the deadline; empty where nobody asked for it."""
    behind: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Programme of purchases -> (n,) day on which industry's reserve first kept it from buying what it meant to, days
    from start; +inf where it never did."""
    bound: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Shared corridor -> (n,) day on which its capacity first delayed lots; +inf where it never did."""
    metered: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """Flow meter, ``price_world/<commodity>``, ``price_china/<commodity>`` or ``used/<commodity>`` -> (n, R) value
    after each review: cumulative tonnes, or price index. Empty unless the case has meters."""
    review_days: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    """(R,) days of the reviews, for ``metered``."""


def earliest(parts: Iterable[Mapping[str, Floats]]) -> dict[str, Floats]:
    """Return name -> (n,) the earliest of the days that some of the ``parts`` give for it; +inf stands for never.

    >>> earliest([{"vault": np.array([7.0, np.inf])}, {"vault": np.array([9.0, 3.0])}])
    {'vault': array([7., 3.])}
    """
    found: dict[str, Floats] = {}
    for part in parts:
        for name, days in part.items():
            found[name] = np.minimum(found.get(name, days), days)
    return found
