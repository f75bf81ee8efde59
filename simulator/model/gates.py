"""From announcement to output: project stage gates, slip, cancellation, ramp-up and qualification.

A project's first day of output is drawn once per replication, by exactly one of these routes:

* *Operating*: an increment whose output has begun starts on its announced day and ramps up from there.
* *Announced*: a project under construction or commissioning with an announced start begins then plus slip
  (lognormal, by class of stage, scaled down when it is already commissioning; given that it had not begun
  on ``as_of``).
* *Gates*: any other project must pass financing (odds moved by agreements), then take its construction and
  commissioning time, each lognormal. It never starts before its announced date.

Cancellation strikes at a constant hazard until first output. With ``project_dates: promised`` every
announced date and tonnage comes true at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue import parameters
from simulator.catalogue.parameters import parameter
from simulator.domain.chain import Project, Stage
from simulator.domain.changes import SupportChange
from simulator.domain.draws import Draws
from simulator.domain.places import CHINA, region_of
from simulator.domain.sampling import lognormal, lognormal_cdf
from simulator.scenario.case import Case

Floats = NDArray[np.float64]
DAYS_PER_MONTH = 365.25 / 12


@dataclass(slots=True, eq=False)
class NewCapacity:
    """One project in the model: when it starts, how it ramps up and whom it sells to."""

    id: str
    producer: int
    start: Floats
    """(n,) first day of output; +inf if never."""
    qualified: Floats
    """(n,) first day the focal buyer accepts it."""
    capacity: Floats
    """(n,) design output, t/yr."""
    curve: tuple[tuple[float, float], ...] | None
    """Ramp-up points (months, fraction); None for full output at once."""
    outlets: Floats
    """(n, B) where its output goes once qualified; rows sum to 1."""
    unqualified_outlets: Floats
    """(n, B) the same before the focal buyer accepts it."""
    now: Floats = field(default_factory=lambda: np.zeros(0))
    """(n,) present output, t/day; set at each review."""

    def output(self, day: float) -> Floats:
        """(n,) design output reached on ``day``, t/yr."""
        if self.curve is None:
            return np.where(day >= self.start, self.capacity, 0.0)
        months = np.maximum(day - self.start, -1.0) / DAYS_PER_MONTH
        fraction = np.interp(months, [m for m, _ in self.curve], [f for _, f in self.curve], left=0.0)
        return self.capacity * np.asarray(fraction)


def start_days(project: Project, case: Case, draws: Draws, supports: Sequence[SupportChange]) -> tuple[Floats, Floats]:
    """First day of output (n,), and the share of output tied to the focal buyer (n,), by the rule above."""
    n, known = draws.n, float(case.day(case.as_of))
    announced = _announced(project.announced_start, case)
    if project.gate == "operating":
        return np.full(n, known if announced is None else announced), np.zeros(n)
    if case.project_dates == "promised":
        promised = _announced(project.promised_start, case) if project.promised_start else announced
        return np.full(n, np.inf if promised is None else max(promised, known)), np.zeros(n)

    # Rows that share an id are one plant: its commodities live, slip and die together.
    u = np.ascontiguousarray(draws.uniform(f"project/{project.id}", 4).T)
    helpers = [support for support in supports if _supports(support, project)]
    running = project.gate in ("construction", "commissioning")
    if running and announced is not None:
        start = announced + _slip_days(project, u[1], known - announced, draws)
    else:
        financed = np.full(n, known if running else np.inf)
        financed[u[0] < parameter("financing_odds_without_deal").value] = known
        for support in helpers:  # a deal opens the gate on its day at the earliest
            opens = support.mask & (u[0] < support.financing_odds)
            financed = np.where(opens, np.minimum(financed, np.maximum(known, support.day)), financed)
        start = np.maximum(financed + _gate_days(project, u), -np.inf if announced is None else announced)
    tied = np.zeros(n)
    for support in helpers:
        signed = np.maximum(known, support.day)
        live = support.mask & (signed < start)
        # Only what is still ahead on the day of signature gets shorter.
        start = np.where(live, signed + (start - signed) * support.duration_factor, start)
        tied = np.where(live, np.maximum(tied, support.focal_offtake), tied)
    dies = known - np.log(u[3]) / draws.input("cancellation_hazard_per_year/ALL") * 365.25
    return np.where(start < dies, start, np.inf), tied


def _announced(day: str | None, case: Case) -> float | None:
    return None if day is None else float(case.day(date.fromisoformat(day)))


def _slip_days(project: Project, u: Floats, elapsed: float, draws: Draws) -> Floats:
    """(n,) days of slip, given that ``elapsed`` days after the announced start nothing has begun."""
    median, _, p90 = parameters.slip(project.kind)
    scale = draws.input("start_slip_scale/ALL") * DAYS_PER_MONTH
    if project.gate == "commissioning":
        scale = scale * parameter("commissioning_slip_factor").value
    if elapsed > 0:
        past = lognormal_cdf(elapsed / scale, median, p90)
        u = np.minimum(past + u * (1.0 - past), 1.0 - 1e-12)
    return np.asarray(lognormal(u, median, p90) * scale)


def _gate_days(project: Project, u: Floats) -> Floats:
    """(n,) days through the gates that are still ahead."""
    build = parameters.construction_months(project.kind)
    median, high = build.value, build.high or build.value
    months = lognormal(u[1], median, max(high, median))
    if project.gate == "construction":
        months = months * parameter("construction_remaining_share").value
    elif project.gate != "commissioning":
        financing = parameter("feasibility_to_financing_months")
        months = months + lognormal(u[2], financing.value, financing.high or financing.value)
        if project.gate == "exploration":
            months = months + parameter("exploration_to_feasibility_months").value
    else:
        months = np.zeros_like(months)
    return np.asarray((months + parameter("commissioning_months").value) * DAYS_PER_MONTH)


def _supports(support: SupportChange, project: Project) -> bool:
    if support.projects:
        return project.id in support.projects
    here = project.country in support.countries or "ALL" in support.countries
    return here and ("ALL" in support.commodities or project.commodity in support.commodities)


def outlets(
    stage: Stage, country: str, focal: str, china: float | Floats, tied: Floats, accessible: float
) -> tuple[Floats, Floats]:
    """(n, B) where new output goes, once and before the focal buyer is qualified to take it.

    Chinese offtake goes to Chinese buyers. Of the rest, what is tied to the focal buyer goes there, what
    is accessible competes for every buyer's custom in proportion to demand (a focal producer serves the
    focal economy first), and what is not accessible goes to everybody but the focal buyer.
    """
    buyers = stage.buyers
    size = stage.flows.sum(axis=0)
    in_china = np.array([region_of(b) == CHINA for b in buyers])
    in_focal = np.array([region_of(b) == focal for b in buyers])
    china_share = np.broadcast_to(np.asarray(china, dtype=float), tied.shape)
    if not in_china.any():
        china_share = np.zeros_like(tied)
    rest = 1.0 - china_share
    to_focal = np.minimum(tied, rest) if in_focal.any() else np.zeros_like(tied)
    if region_of(country) == focal and in_focal.any():
        to_focal = rest * accessible
    free = rest - to_focal

    def spread(chosen: NDArray[np.bool_]) -> Floats:
        weight = np.where(chosen, size, 0.0)
        return np.asarray(
            weight / weight.sum() if weight.sum() > 0 else np.where(chosen, 1.0, 0.0) / max(1, chosen.sum())
        )

    outside = ~in_focal if (~in_focal).any() else np.ones_like(in_focal)
    open_ = accessible * spread(np.ones_like(in_focal)) + (1.0 - accessible) * spread(outside)
    held_back = china_share[:, None] * spread(in_china)[None, :]
    taken = held_back + to_focal[:, None] * spread(in_focal)[None, :] + free[:, None] * open_[None, :]
    waiting = held_back + rest[:, None] * spread(outside)[None, :]
    return taken, waiting
