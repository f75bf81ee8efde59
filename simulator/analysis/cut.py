"""A cut-off of a country or a corridor, and the case in which it happens."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from simulator.catalogue.lanes import corridor_names
from simulator.catalogue.place_names import suggest_place
from simulator.domain.countries import COUNTRIES
from simulator.domain.days import nearest_day
from simulator.domain.places import CHINA, at_home
from simulator.errors import UsageError
from simulator.instruments.dates import Offset
from simulator.instruments.fields import nearest
from simulator.scenario import resolve

if TYPE_CHECKING:
    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

YEAR_DAYS: Final = 365
"""The clock runs at least this long past the cut's first day, and past its end to see what recovers."""
MOST_YEARS: Final = 10
"""A cut ends within so many years of the start: priors and projects say nothing of later ones."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What is cut off, from when to when."""

    what: str
    """Country (ISO 3166-1 alpha-3) whose exports stop, or corridor that is shut."""
    kind: Literal["country", "corridor"]
    begins: date
    """First day of the cut."""
    ends: date
    """First day after it."""
    rerouting: bool
    """Whether Chinese goods still come through third countries, as after an ordinary ban; others have no such way."""
    everyone: bool
    """Whether the country sells to nobody abroad, not only not to the focal buyer."""

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.ends - self.begins).days


def cut_of(case: Case, what: str, at: str | date, lasting: str, *, rerouting: bool, everyone: bool) -> Cut:
    """Return a checked cut of a case.

    Parameters
    ----------
    case
        The case without it.
    what
        Country or corridor.
    at
        First day: a date, or ``+18mo`` or ``+90d`` from the case's start.
    lasting
        Length, ``12mo`` or ``90d``.
    rerouting
        Whether Chinese goods may still come through third countries.
    everyone
        Whether a country stops selling to every other.

    Raises
    ------
    UsageError
        If a name, day or length is not understood, or does not fit the case.
    """
    begins = _day(at, case.start)
    ends = _length(lasting).after(begins)
    if begins < case.start:
        raise UsageError(f"the cut begins on {begins}, before the scenario's start {case.start}; cut later")
    if ends <= begins:
        raise UsageError(f"{lasting!r} is no time; write a length such as 12mo or 90d")
    latest = Offset(months=12 * MOST_YEARS).after(case.start)
    if ends > latest:
        raise UsageError(f"the cut ends on {ends}; the model looks no further than {latest}, so cut earlier or shorter")
    kind = _kind(what, case)
    if kind == "corridor" and (rerouting or everyone):
        raise UsageError(f"{what!r} is a corridor; re-routing and other buyers are for the cut of a country")
    return Cut(what, kind, begins, ends, rerouting, everyone)


def _day(at: str | date, start: date) -> date:
    if isinstance(at, date):
        return at
    if re.match(Offset.PATTERN, at):
        return Offset.parse(at).after(start)
    try:
        return date.fromisoformat(at)
    except ValueError:
        near = nearest_day(at)
        hint = f"did you mean {near!r}?" if near else "write a date such as 2027-05-06, or +18mo or +90d from start"
        raise UsageError(f"{at!r} is not a day; {hint}") from None


def _length(text: str) -> Offset:
    written = f"+{text.removeprefix('+')}"
    if not re.match(Offset.PATTERN, written):
        raise UsageError(f"{text!r} is not a length; write it in months or days, such as 12mo or 90d")
    return Offset.parse(written)


def _kind(what: str, case: Case) -> Literal["country", "corridor"]:
    if what in COUNTRIES:
        if at_home(what, case.focal):
            raise UsageError(f"{what} is the focal buyer's own economy; cut another country")
        return "country"
    if what in corridor_names():
        return "corridor"
    near = suggest_place(what)
    near = near if near in COUNTRIES else nearest(what, corridor_names())
    hint = f"did you mean {near!r}?" if near else "`simulator data routes COUNTRY` names corridors"
    raise UsageError(f"{what!r} is neither a country code (ISO 3166-1 alpha-3) nor a corridor; {hint}")


def branches(scenario: Scenario, case: Case, cut: Cut) -> tuple[Case, Case]:
    """Return the case without and with the cut: the same clock, watched on the same days.

    The clock runs a year past the cut's end. Draws of what recurs depend on the length of the clock, so
    futures are the same in both branches, but not those of a run that ends earlier.
    """
    watched = watched_days(case, cut)
    horizon = max(case.horizon, watched[-1])
    cutting = scenario
    for event in _events(scenario, case, cut):
        cutting = cutting.with_event(**event)
    other = resolve(cutting, [chain.commodity for chain in case.chains])
    return replace(case, horizon=horizon, watched=watched), replace(other, horizon=horizon, watched=watched)


def with_cutoff(scenario: Scenario) -> Scenario:
    """Return the scenario with the yardstick ``cutoff`` among its criteria."""
    criteria = [item.model_dump(mode="json", exclude_none=True) for item in scenario.model.target.criteria]
    if any(item.get("yardstick") == "cutoff" for item in criteria):
        return scenario
    return scenario.with_set("target.criteria", [*criteria, {"yardstick": "cutoff"}])


def at_deadline(scenario: Scenario, case: Case) -> Case:
    """Return a case with China cut off on its deadline for a year, on the case's own clock.

    The branch of ``simulator stress --cut CHN --at DEADLINE``, third countries shut too; the year ends within the
    clock of every case, so that its futures are those of a run.
    """
    cut = cut_of(case, CHINA, case.deadline, f"{YEAR_DAYS}d", rerouting=False, everyone=False)
    cutting = scenario
    for event in _events(scenario, case, cut):
        cutting = cutting.with_event(**event)
    other = resolve(cutting, [chain.commodity for chain in case.chains])
    return replace(other, horizon=case.horizon, watched=case.watched)


def watched_days(case: Case, cut: Cut) -> tuple[date, ...]:
    """Return the days at which supply is looked at: every review's length from the cut, its end, and a year more."""
    step, last = case.review_days, cut.ends + timedelta(days=YEAR_DAYS)
    during = [cut.begins + timedelta(days=day) for day in range(0, cut.days, step)]
    after = [cut.ends + timedelta(days=day) for day in range(0, YEAR_DAYS, step)]
    return tuple(sorted({*during, *after, cut.begins + timedelta(days=YEAR_DAYS), last}))


def _events(scenario: Scenario, case: Case, cut: Cut) -> list[dict[str, Any]]:
    """Return the cut as events of a scenario; their ids are new to it."""
    taken = {event.id for event in case.instruments} | {event.id for event in scenario.model.events}

    def event(kind: str, **fields: Any) -> dict[str, Any]:
        own = next(name for n in range(len(taken) + 1) if (name := f"stress_{kind}" + f"_{n}" * (n > 0)) not in taken)
        span = {"at": cut.begins.isoformat(), "until": cut.ends.isoformat()}
        return {"id": own, "type": kind, "commodities": ["ALL"], **span, **fields}

    if cut.kind == "corridor":
        return [event("corridor_closure", corridors=[cut.what])]
    buyer = case.company.country if case.company is not None else case.focal
    events = [event("export_ban", imposer=cut.what, target=["ALL" if cut.everyone else buyer])]
    if cut.what == CHINA and not cut.rerouting:
        # The model knows ways through third countries for Chinese goods alone.
        events.append(event("enforcement", intermediaries=["ALL"], stopped_share=1.0))
    return events
