"""The physical chain of a commodity: stages, producers, buyers, lanes and balanced base-year flows.

Everything here is read-only description in tonnes a year of the commodity's own mass basis. The
arrays are one-dimensional or (producer, buyer) matrices; no replication axis lives here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.domain.facts import Fact

Floats = NDArray[np.float64]
Grade = Literal["A", "B", "C"]
StageKind = Literal["mine", "separation", "refinery", "smelter", "metal", "magnet", "recycling"]
"""Class of a stage in the tables of lead times."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One way from a country to the focal buyer: path, corridor and transit time."""

    route_id: str
    origin: str
    corridor: str
    """Shared corridor, such as ``Middle Corridor (TITR)``."""
    transit_days_median: float
    transit_days_p95: float
    crosses: tuple[str, ...]
    """Countries crossed on the way."""
    closures_per_year: float
    source: str
    quality: str
    shared: str = ""
    """Bottleneck it has in common with other corridors, such as ``Middle Corridor``; empty for none."""
    exposed_share: float = 1.0
    """First part of the transit, 0 to 1, during which a closure still catches a lot."""
    closed: bool = False
    """Shut to the focal buyer's goods for good; never used."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One step of a chain and the market of its product.

    Buyers are the consuming ``regions`` of this stage's product, followed by the producers of the
    next stage. ``flows`` is balanced: row sums equal ``output``, the columns of regions equal
    ``demand`` and the column of a next-stage producer equals its feed.
    """

    name: str
    kind: StageKind
    producers: tuple[str, ...]
    """Countries with output, or with a project at this stage; unique; ``OTH`` may be among them."""
    plants: Floats
    """(P,) number of independent plants behind each producer; outages hit one plant at a time."""
    output: Floats
    """(P,) base-year output, t/yr, scrap-based output included."""
    capacity: Floats
    """(P,) capacity, t/yr, at least the output."""
    secondary: Floats
    """(P,) part of the output made from scrap, t/yr: it needs no feed and carries no upstream label."""
    feed_yield: float
    """Tonnes out per tonne of the upstream stage's product; 1 at the first stage."""
    regions: tuple[str, ...]
    """Consuming regions with final demand for this stage's product (may be empty)."""
    demand: Floats
    """(R,) final demand of the regions, t/yr."""
    flows: Floats
    """(P, R + Q) balanced base-year flows, t/yr; Q producers of the next stage (0 at the last)."""
    committed: Floats
    """(P, R + Q) share of a producer's output tied by ownership or offtake to a buyer, 0 to 1; row sums <= 1."""
    lag_days: Floats
    """(R + Q,) mean transit to each buyer, days, from all that have no ways of their own to it."""
    lanes: Mapping[str, tuple[Lane, ...]] = field(default_factory=dict)
    """Ways from each producer to the focal region, usual way first; empty where the focal region buys none here."""
    between: Mapping[tuple[str, str], tuple[Lane, ...]] = field(default_factory=dict)
    """(producer, buyer) -> ways of that pair's own, usual way first; the focal region as a buyer has ``lanes``."""
    processors: tuple[str, ...] = ()
    """(Q,) countries of the next stage's producers, in its order; empty at the last stage."""

    @property
    def buyers(self) -> tuple[str, ...]:
        """(B,) regions, then processors: the columns of ``flows``."""
        return (*self.regions, *self.processors)

    def open_ways(self, country: str) -> tuple[Lane, ...]:
        """Ways of a producer to the focal region that are not closed for good, the usual one first."""
        return tuple(way for way in self.lanes.get(country, ()) if not way.closed)


@dataclass(frozen=True, slots=True)
class PurchasePlan:
    """Purchases for the stockpile that a public plan foresees."""

    t_per_year: float
    begins: str
    """ISO date of the first day of the plan."""
    ends: str
    """ISO date of the first day after it."""


@dataclass(frozen=True, slots=True)
class GovernmentStock:
    """Government stockpile of the focal economy for one commodity."""

    opening_t: float
    plans: tuple[PurchasePlan, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A commodity from mine to focal consumption."""

    commodity: str
    name: str
    basis: str
    grade: Grade
    """Data adequacy: A good, B usable, C outside the headline."""
    headline: bool
    grade_reason: str
    stages: tuple[Stage, ...]
    """1 to 4 modelled stages, upstream first."""
    verdict_stage: int
    """Index of the stage at which the focal economy's consumption is judged."""
    not_modelled: tuple[tuple[str, str], ...]
    """Collapsed stages, each with the reason."""
    byproduct: bool
    """Output follows a host metal and barely answers its own price."""
    price_usd_per_kg: float
    base_year: int
    inputs: Mapping[str, str]
    """Role -> name of the uncertain input that plays it: ``demand_elasticity`` -> ``demand_elasticity/antimony``."""
    government: GovernmentStock
    facts: tuple[Fact, ...] = ()
    """Every number behind the arrays, with its source."""


Gate = Literal[
    "exploration",
    "resource",
    "feasibility",
    "financing",
    "construction",
    "commissioning",
    "operating",
    "care_and_maintenance",
]


@dataclass(frozen=True, slots=True)
class Project:
    """Capacity that does not produce yet; only increments, never capacity already in ``Stage.output``."""

    id: str
    name: str
    country: str
    commodity: str
    stage: str
    """Name of the stage in the commodity's chain."""
    kind: StageKind
    gate: Gate
    """Where the project stood at ``known_from``."""
    known_from: str
    """ISO date from which its existence and status were public."""
    capacity: float
    """Contained t/yr at design, in the commodity's basis."""
    announced_start: str | None
    """ISO date of the announced first output, or None where none was announced."""
    china_offtake: float
    """Share of output owned by or sold to Chinese buyers, 0 to 1."""
    focal_accessible: float
    """Share of output the focal buyer could buy at all, 0 to 1."""
    ramp_type: int
    """McNulty type 1-4 of the ramp-up curve."""
    promised_start: str | None
    """ISO date if every promise came true (original announcement)."""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """A deal between governments or firms that may move projects through their gates."""

    id: str
    signed: str
    """ISO date."""
    partners: tuple[str, ...]
    type: str
    commodities: tuple[str, ...]
    """Catalogue names, ``("ALL",)`` for every one."""
    binding: bool
    """Binding money or contract, as known at the status date."""
    money_usd_m: float | None
    tonnes_per_year: float | None
    milestones: int
    """0 none, 1 signed, 2 binding contract or money, 3 product flowing."""
    status_date: str
    promise: str
    projects: tuple[str, ...] = ()
    """Ids of the plants it is for, running or not; empty where it names none."""
    offtaker: str | None = None
    """Country that a binding contract ties output to, other than the focal economy."""
    offtake_share: float = 0.0
    """Share of that output, 0 to 1."""
    facts: tuple[Fact, ...] = ()
