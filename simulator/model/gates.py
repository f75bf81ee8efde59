"""From announcement to output: project stage gates, slip, cancellation.

A project's first day of output is drawn once per replication, by exactly one of these routes:

* *Operating*: an increment whose output has begun starts on its announced day and ramps up from there.
* *Announced*: a project under construction or commissioning with an announced start begins then plus slip
  (lognormal, by class of stage, scaled down when it is already commissioning; given that it had not begun
  on ``as_of``).
* *Gates*: any other project enters at the gate where it stood and passes the rest in order: exploration,
  resource, feasibility, financing, construction, commissioning. Each takes a lognormal time
  (``project_gates.csv``; construction by class of stage), and those with odds below 1 are passed by one
  uniform. It never starts before its announced date. Exploration and resource are lost only by mines.

*Financing.* A project asks for money when its studies are done, and again when an agreement is signed; the
decision falls the length of the gate later. It passes at the first decision whose odds exceed the project's
one uniform: the best odds of the agreements in force when it asked (those without a deal at least), times the
odds ratios in force, times the factors of setbacks that run on the day of the decision. Binding money needs
no decision: a project that is ready passes on its day. A setback that has ended leaves no second chance.

Cancellation strikes at a constant hazard until first output, raised while setbacks run. With
``project_dates: promised`` every announced date and tonnage comes true at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue import parameters
from simulator.catalogue.parameters import parameter
from simulator.domain.chain import Project
from simulator.domain.changes import SetbackChange, SupportChange
from simulator.domain.draws import Draws
from simulator.domain.sampling import lognormal, lognormal_cdf
from simulator.model.new_capacity import DAYS_PER_MONTH
from simulator.model.offtake import Levers, covers
from simulator.model.shelter import sheltered
from simulator.scenario.case import Case

Floats = NDArray[np.float64]
PREPARATION = ("exploration", "resource", "feasibility")
"""Gates before financing, in order; works that stand idle begin at the last."""
_ORE = ("exploration", "resource")
_FAR = 1e9
"""Days: stands for never where differences are taken."""


def start_days(project: Project, case: Case, draws: Draws, levers: Levers) -> Floats:
    """(n,) first day of output by the rule above; +inf if never."""
    n, known = draws.n, float(case.day(case.as_of))
    announced = _announced(project.announced_start, case)
    if project.gate == "operating":
        return np.full(n, known if announced is None else announced)
    if case.project_dates == "promised":
        promised = _announced(project.promised_start, case) if project.promised_start else announced
        return np.full(n, np.inf if promised is None else max(promised, known))

    # Rows that share an id are one plant: its commodities live, slip and die together.
    u = np.ascontiguousarray(draws.uniform(f"project/{project.id}", 4).T)
    supports = [support for support in levers.supports if covers(support, project)]
    setbacks = [setback for setback in levers.setbacks if covers(setback, project)]
    setbacks = sheltered(setbacks, levers.floors, project.country, project.commodity)
    if project.gate in ("construction", "commissioning") and announced is not None:
        start = announced + _slip_days(project, u[1], known - announced, draws)
    else:
        start = _through_gates(project, known, u, draws, supports, setbacks)
        start = np.maximum(start, -np.inf if announced is None else announced)
    for support in supports:
        if support.duration_factor != 1.0:
            signed = np.maximum(known, support.day)
            # Only what is still ahead on the day of signature gets shorter, and only while the deal holds.
            shorter = signed + (start - signed) * support.duration_factor
            ends = np.clip(support.until, signed, _FAR)
            in_part = start + (ends - signed) * (1.0 - 1.0 / support.duration_factor)
            shorter = np.where(shorter <= ends, shorter, in_part)
            start = np.where(support.mask & (signed < start), shorter, start)
    dies = cancelled(known, u[3], draws.input("cancellation_hazard_per_year/ALL"), setbacks)
    return np.where(start < dies, start, np.inf)


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


def _through_gates(
    project: Project,
    known: float,
    u: Floats,
    draws: Draws,
    supports: Sequence[SupportChange],
    setbacks: Sequence[SetbackChange],
) -> Floats:
    """(n,) first day of output through the gates that are still ahead; +inf where one is not passed."""
    handed_over = np.full(draws.n, known)
    if project.gate != "commissioning":
        remaining = 1.0
        if project.gate == "construction":
            remaining = parameter("construction_remaining_share").value
        else:
            ready = _prepared(project, known, draws)
            wait = _days("gate/financing/months", u[2])
            handed_over = financed(ready, wait, u[0], supports, setbacks)
        build = parameters.construction_months(project.kind)
        months = lognormal(u[1], build.value, max(build.high or build.value, build.value))
        handed_over = handed_over + months * remaining * DAYS_PER_MONTH
    return handed_over + _days("gate/commissioning/months", _gate_draws(project, "commissioning", draws)[1])


def _prepared(project: Project, known: float, draws: Draws) -> Floats:
    """(n,) day on which a project asks for money; +inf where it fails a gate before."""
    ready = np.full(draws.n, known)
    if project.gate == "financing":
        return ready
    first = PREPARATION.index(project.gate) if project.gate in PREPARATION else PREPARATION.index("feasibility")
    for gate in PREPARATION[first:]:
        passes, takes = _gate_draws(project, gate, draws)
        odds = parameter(f"gate/{gate}/odds").value if gate not in _ORE or project.kind == "mine" else 1.0
        ready = np.where(passes < odds, ready + _days(f"gate/{gate}/months", takes), np.inf)
    return ready


def _gate_draws(project: Project, gate: str, draws: Draws) -> tuple[Floats, Floats]:
    """Two (n,) uniforms of a gate: whether it is passed, and how long it takes."""
    u = draws.uniform(f"project/{project.id}/{gate}", 2)
    return np.ascontiguousarray(u[:, 0]), np.ascontiguousarray(u[:, 1])


def _days(name: str, u: Floats) -> Floats:
    """(n,) lognormal days of a parameter in months, its ``high`` the 90th percentile."""
    months = parameter(name)
    return np.asarray(lognormal(u, months.value, months.high or months.value) * DAYS_PER_MONTH)


def financed(
    ready: Floats,
    wait: Floats,
    u: Floats,
    supports: Sequence[SupportChange],
    setbacks: Sequence[SetbackChange] = (),
) -> Floats:
    """(n,) day of the first positive financing decision; +inf where none is.

    Parameters
    ----------
    ready
        (n,) day on which the project first asks for money.
    wait
        (n,) days from asking to the decision.
    u
        (n,) the project's uniform.
    supports
        Agreements that support it.
    setbacks
        Setbacks that concern it.
    """
    passed = np.full(ready.size, np.inf)
    for asks in (ready, *(np.where(s.mask, np.maximum(ready, s.day), np.inf) for s in supports)):
        odds, ratio = np.full(ready.size, parameter("financing_odds_without_deal").value), np.ones(ready.size)
        factor, bound = np.ones(ready.size), np.zeros(ready.size, dtype=bool)
        for support in supports:
            signed = support.holds(asks)
            odds = np.where(signed, np.maximum(odds, support.financing_odds), odds)
            ratio = np.where(signed, ratio * support.odds_ratio, ratio)
            factor = np.where(signed, np.minimum(factor, support.wait_factor), factor)
            bound |= signed & support.financed
        odds = np.where(ratio == 1.0, odds, ratio * odds / (1.0 - odds + ratio * odds))
        decision = asks + wait * factor
        for setback in setbacks:
            odds = np.where(setback.holds(decision), odds * setback.financing_odds_factor, odds)
        passed = np.where(u < odds, np.minimum(passed, decision), passed)
        passed = np.where(bound, np.minimum(passed, asks), passed)
    return passed


def cancelled(known: float, u: Floats, hazard: Floats, setbacks: Sequence[SetbackChange] = ()) -> Floats:
    """(n,) day on which a project is given up, by the inverse of a piecewise exponential distribution.

    The time it would live at the usual ``hazard`` (n, per year) is used up faster while setbacks run: by the
    product of their factors, from one edge of their windows to the next.
    """
    left = -np.log(u) / hazard * 365.25
    if not setbacks:
        return np.asarray(known + left)
    first = [np.where(s.mask, np.clip(s.day, known, _FAR), known) for s in setbacks]
    until = [np.where(s.mask, np.clip(s.until, known, _FAR), known) for s in setbacks]
    edges = np.sort(np.stack([*first, *until, np.full(u.size, np.inf)], axis=1), axis=1)
    begin, day = np.full(u.size, known), np.full(u.size, np.inf)
    for edge in np.ascontiguousarray(edges.T):
        factor = np.ones(u.size)
        for setback, opens, closes in zip(setbacks, first, until, strict=True):
            factor = np.where((opens <= begin) & (begin < closes), factor * setback.hazard_factor, factor)
        spent = (edge - begin) * factor
        day = np.where(np.isinf(day) & (left <= spent), begin + left / factor, day)
        left = left - spent
        begin = edge
    return day
