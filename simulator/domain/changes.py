"""Primitive dated effects: what instruments compile to and the world applies.

A change holds for the replications of its ``mask``. Days count from the scenario's ``start``
(negative in the spin-up) and may differ by replication. Adding an instrument means emitting these,
or adding one dataclass here and one handler in ``model/policy.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Days = NDArray[np.float64]
ALL: Final = "ALL"
"""Stands for every name in a list of names."""


def covered(name: str, names: Sequence[str]) -> bool:
    """Whether a list of names says this one, or ``ALL``.

    >>> covered("gallium", ("gallium",)), covered("gallium", ("ALL",)), covered("gallium", ())
    (True, True, False)
    """
    return name in names or ALL in names


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Change:
    """One effect on a day."""

    event_id: str
    """Event of the scenario that caused it."""
    day: Days
    """(n,) day of effect, days from start; +inf where it never happens."""
    mask: Mask
    """(n,) replications concerned."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpanChange(Change):
    """An effect that holds from ``day`` to ``until``.

    Both arrays may be written while the clock runs, by a rule that sets the event off: read them, keep no copy.
    """

    until: Days
    """(n,) first day without it; +inf for never."""

    def holds(self, day: Days | float) -> Mask:
        """(n,) replications in which it holds on ``day``, one for all or (n,)."""
        return np.asarray(self.mask & (self.day <= day) & (day < self.until))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SwitchChange(Change):
    """A measure comes into force or ends; a suspension may lift it meanwhile."""

    active: bool
    """True: comes into force; False: ends."""
    commodities: tuple[str, ...]
    """Catalogue names, ``("ALL",)`` for every one."""
    stages: tuple[str, ...] = ()
    """Stage names covered; empty for every stage."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ControlChange(SwitchChange):
    """An export control comes into force or ends."""

    imposer: str
    targets: tuple[str, ...]
    """Consuming regions or countries targeted; ``("ALL",)`` for every one but the imposer."""
    kind: Literal["ban", "licence", "quota"] = "ban"
    covered_share: float = 1.0
    """Share of the flow that falls under the control, 0 to 1."""
    leakage: Days | float = 0.0
    """Ban: share of the covered flow that still passes, 0 to 1."""
    extraterritorial_share: float = 0.0
    """Ban: share of goods made elsewhere from the imposer's material that may not be sold to the targets, 0 to 1."""
    approval_multiplier: float = 1.0
    """Licence: multiplies the approval share (targeted destinations below 1)."""
    announced: Days | None = None
    """(n,) day the control was announced; buyers pull orders forward between it and ``day``."""
    established: bool = False
    """Licence regime older than the model's first day: base-year flows already are what it lets through."""
    quota: Days | float = 0.0
    """Quota: tonnes a year that may go to all targets together."""
    year_ends: tuple[float, ...] = ()
    """Quota: ascending days on which a new year's quota opens; empty where any 365 days count together."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DutyChange(SwitchChange):
    """An import duty comes into force or ends."""

    imposer: str
    """Country or region whose imports pay."""
    origins: tuple[str, ...]
    """Countries or regions whose goods pay; ``("ALL",)`` for every one but the imposer."""
    borne: Days
    """(n,) duty that importers bear, as a share of value, 0 or more."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OriginRuleChange(SwitchChange):
    """A rule on the origin of what public purchasers buy comes into force or ends."""

    buyer: str
    """Country or region that buys under the rule."""
    origins: tuple[str, ...]
    """Countries whose material it may not contain."""
    shares: tuple[Days, ...]
    """Per commodity of ``commodities``: (n,) share of the buyer's orders under the rule, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EnforcementChange(SwitchChange):
    """Action against re-routing through some intermediary countries begins or ends."""

    intermediaries: tuple[str, ...]
    """Countries named in ``intermediaries.csv``; ``("ALL",)`` for every one."""
    stopped: Days
    """(n,) share of the re-routed tonnes that no longer gets through, 0 to 1."""
    lag_multiplier: float = 1.0
    """Multiplies the time until re-routing through them begins, 1 or more."""
    added_premium: Days | float = 0.0
    """Added to the premium over the Chinese price from which re-routing pays, as a share of that price."""


_Switched = TypeVar("_Switched", bound=SwitchChange)


def in_force(begins: _Switched, ends: Days, *, lasting: bool) -> Iterator[_Switched]:
    """Yield a measure's beginning and, unless it lasts for good, its end on day ``ends`` (n,)."""
    yield begins
    if not lasting:
        yield replace(begins, active=False, day=ends)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SuspensionChange(Change):
    """Named controls are lifted, and return when the suspension ends without renewal."""

    active: bool
    suspends: tuple[str, ...]
    """Event ids of the controls suspended."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SuspensionEndChange(Change):
    """Named suspensions end at once: the controls they lift return, unless another suspension still lifts them."""

    ends: tuple[str, ...]
    """Event ids of the suspensions."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SupportChange(SpanChange):
    """An agreement supports projects: while it holds it moves gate odds and durations."""

    countries: tuple[str, ...]
    commodities: tuple[str, ...]
    """Catalogue names, ``("ALL",)`` for every one."""
    projects: tuple[str, ...] = ()
    """Project ids supported; empty for all of the countries and commodities."""
    financing_odds: float
    """Probability that a supported project passes its financing gate, 0 to 1 (never lowers the unsupported odds)."""
    duration_factor: float = 1.0
    """Multiplies the time that is still ahead and falls into ``[day, until)``, above 0."""
    focal_offtake: float = 0.0
    """Share of supported projects' output tied to the focal buyer, 0 to 1."""
    odds_ratio: float = 1.0
    """Multiplies the odds p / (1 - p) of every financing decision asked for in ``[day, until)``, 1 or more."""
    wait_factor: float = 1.0
    """Multiplies the time from asking for money to the decision, above 0 to 1."""
    financed: bool = False
    """Binding money: a supported project that is ready passes its financing gate on that day, without a draw."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SetbackChange(SpanChange):
    """Projects are discouraged for a while: a rival sells below their cost, or their backers turn away.

    A financing decision that falls into ``[day, until)`` has its odds multiplied; meanwhile the hazard of
    cancellation is multiplied too. Setbacks of one project that overlap multiply.
    """

    countries: tuple[str, ...]
    """Countries of the projects, ``("ALL",)`` for every one."""
    commodities: tuple[str, ...]
    """Catalogue names, ``("ALL",)`` for every one."""
    projects: tuple[str, ...] = ()
    """Project ids; empty for all of the countries and commodities."""
    financing_odds_factor: NDArray[np.float64] | float = 1.0
    """(n,) or one number: multiplies the odds of a financing decision in the window, 0 to 1."""
    hazard_factor: NDArray[np.float64] | float = 1.0
    """(n,) or one number: multiplies the cancellation hazard in the window, 1 or more."""
    price_depth: NDArray[np.float64] | None = None
    """(n,) share by which a rival undercuts the price, where that is what discourages; a floor shields from it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OfftakeChange(SpanChange):
    """Output is tied to a buyer from ``day`` to ``until``, as far as no earlier tie holds it.

    It concerns the projects named; without names every project and running producer of the countries.
    """

    countries: tuple[str, ...]
    """Countries whose output is tied; ``("ALL",)`` for every one but the buyer."""
    commodities: tuple[str, ...]
    """Catalogue names, ``("ALL",)`` for every one."""
    stages: tuple[str, ...] = ()
    """Stage names; empty for every stage."""
    projects: tuple[str, ...] = ()
    """Project ids; empty for all output of the countries and commodities."""
    buyer: str
    """Country or region the output goes to."""
    share: NDArray[np.float64]
    """(n,) share of the output, 0 to 1."""
    log_odds: NDArray[np.float64] | None = None
    """(n,) log-odds that an owner without ties to the buyer accepts; one draw per project or producer. None: signed."""
    log_odds_per_owned: float = 0.0
    """Added to the log-odds per share of the output that is the buyer's already."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AlignmentChange(SpanChange):
    """A country aligns itself with the focal economy: rivals' bids and its ways out meet another climate."""

    country: str
    offer_log_odds: float
    """Added to the log-odds that owners in the country accept a bid made while it holds; 0 or less."""
    closure_factor: float
    """Multiplies how often lanes that cross the country close while it holds, above 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CapacityChange(SpanChange):
    """A user's own project: new capacity from ``day`` on, with ramp-up, until the plant closes."""

    country: str
    commodity: str
    stage: str
    capacity: NDArray[np.float64]
    """(n,) design output, t/yr."""
    ramp_type: int
    """McNulty type 1-4; 0 for full output from the first day."""
    china_offtake: float = 0.0
    focal_offtake: float = 0.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OutageChange(Change):
    """A producer loses part of its capacity for some days."""

    country: str
    commodity: str
    stage: str | None
    """Stage name; None for every stage the country has."""
    lost_share: NDArray[np.float64]
    """(n,) share of capacity lost, 0 to 1."""
    duration_days: Days
    """(n,) length, days."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClosureChange(SpanChange):
    """Corridors to the focal buyer are closed in ``[day, until)``; read before the clock starts."""

    corridors: tuple[str, ...] = ()
    """Corridors or shared bottlenecks closed, by name."""
    country: str | None = None
    """Country crossed: every lane across it is closed."""
    commodities: tuple[str, ...]
    """Catalogue names of the goods stopped, ``("ALL",)`` for all."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DemandChange(SpanChange):
    """Final demand of a region is multiplied by a factor until ``until``."""

    region: str
    commodities: tuple[str, ...]
    factor: NDArray[np.float64]
    """(n,) multiplier, >= 0."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LastingChange(SpanChange):
    """An effect on one commodity, read at every market review."""

    commodity: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FloorChange(LastingChange):
    """Producers of some countries are guaranteed a price; somebody pays them the difference."""

    countries: tuple[str, ...]
    """Countries of the producers and projects; ``("ALL",)`` for every one but China."""
    multiple: NDArray[np.float64]
    """(n,) guaranteed price over the base-year price, 0 or more."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DumpingChange(LastingChange):
    """A rival offers all it can make below the prevailing price outside China."""

    dumper: str
    depth: NDArray[np.float64]
    """(n,) share by which it undercuts the price, 0 to below 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PurchaseChange(LastingChange):
    """The focal government buys for its stockpile."""

    amount: NDArray[np.float64]
    """(n,) tonnes or USD: a year, or in all, evenly over the days that are left."""
    unit: Literal["t", "usd"]
    per_year: bool
    clean: bool
    """Only material that China touched at no modelled stage."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReleaseChange(LastingChange):
    """The focal government releases stockpiled material to industry."""

    amount: NDArray[np.float64]
    """(n,) tonnes a year, or share of what it holds when the release begins."""
    unit: Literal["t_per_year", "share"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecyclingChange(LastingChange):
    """New output from scrap: it needs no feed and carries no label but its own country's."""

    country: str
    stage: str
    output: NDArray[np.float64]
    """(n,) output once ramped up, t/yr."""
    ramp_days: NDArray[np.float64]
    """(n,) days from the first tonne to full output, rising evenly."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SubstitutionChange(LastingChange):
    """Part of a region's demand moves to something else, and comes back on ``until``."""

    region: str
    share: NDArray[np.float64]
    """(n,) share of the demand that has moved in the end, 0 to 1."""
    phase_in_days: NDArray[np.float64]
    """(n,) days over which it moves, evenly."""
