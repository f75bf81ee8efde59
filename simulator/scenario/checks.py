"""Checks across a scenario's parts, once each part is valid by itself: order of days, and names of other things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel

from simulator.catalogue.inputs import Distribution
from simulator.catalogue.tables import from_tables
from simulator.instruments.base import Instrument
from simulator.instruments.dates import Offset
from simulator.instruments.distributions import InputReference
from simulator.instruments.enforcement import Enforcement
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_licensing import ExportLicensing
from simulator.instruments.export_quota import ExportQuota
from simulator.instruments.fields import nearest
from simulator.instruments.names import ALL, expand
from simulator.instruments.procurement_rule import ProcurementRule
from simulator.instruments.project import NEED_A_DAY, Project
from simulator.instruments.recycling import Recycling
from simulator.instruments.suspension import Suspension
from simulator.instruments.suspension_end import SuspensionEnd
from simulator.instruments.tariff import Tariff
from simulator.scenario.focal import CompanyModel, company_checks
from simulator.scenario.nodes import Path
from simulator.scenario.observed import observed_checks
from simulator.scenario.target_checks import deadline_faults, target_checks

Found = tuple[Path, str]
"""Path of a wrong value and what is wrong with it."""


def fixed_day(spec: Any, start: date) -> date | None:
    """Return the day a date or offset stands for; None for a distribution or where none is given."""
    if isinstance(spec, Offset):
        return spec.after(start)
    return spec if isinstance(spec, date) else None


def event_checks(events: Mapping[int, Instrument], all_ids: Mapping[str, str], start: date) -> Iterator[Found]:
    """Yield what is wrong between valid events, given by their index in the file.

    Parameters
    ----------
    events
        Valid events by index.
    all_ids
        Type of every event by id, valid or not.
    start
        First day after the spin-up.
    """
    seen: dict[str, int] = {}
    for index, event in events.items():
        at: Path = ("events", index)
        if event.id in seen:
            yield (*at, "id"), f"{event.id!r} is already the id of events[{seen[event.id]}]"
        seen.setdefault(event.id, index)
        yield from order_of_days(event, at, start)
        yield from event_faults(event, at, all_ids)


def event_faults(event: Instrument, at: Path, all_ids: Mapping[str, str]) -> Iterator[Found]:
    """Yield names in a valid event that stand for nothing; ``at`` is its place, ``all_ids`` as in ``event_checks``."""
    yield from _stages(event, at)
    yield from reference_faults(event, at)
    if isinstance(event, Suspension):
        yield from _suspends(event, at, all_ids)
    if isinstance(event, SuspensionEnd):
        suspensions = [name for name, kind in all_ids.items() if kind == Suspension.model_fields["type"].default]
        for place, name in enumerate(event.ends):
            yield from _known(name, suspensions, (*at, "ends", place), "the id of a suspension of this scenario")
    if isinstance(event, Enforcement):
        known = intermediary_countries(expand(event.commodities))
        for place, name in enumerate(event.intermediaries):
            yield from _known(name, known, (*at, "intermediaries", place), "an intermediary of the commodities named")
    if isinstance(event, Project) and event.project is not None:
        yield from _known(event.project, project_ids(), (*at, "project"), "a project of the catalogue")
        for name in NEED_A_DAY if event.at is None else ():
            if getattr(event, name) != Project.model_fields[name].default:
                yield (*at, name), _NO_DAY
    for place, name in enumerate(getattr(event, "projects", ())):
        yield from _known(name, project_ids(), (*at, "projects", place), "a project of the catalogue")


_NO_DAY = (
    "means nothing without `at`: a catalogue project that is given no day keeps the catalogue's place and gates; what "
    "moves its odds, pace and ties is an agreement that names it"
)

SHORTEST_SPIN_UP = timedelta(days=98)
"""The state at the start is a quarter's record; the spin-up must hold one."""
MOST_SPIN_UP_YEARS = 10
"""The tables know nothing of older years."""


def scenario_checks(model: Any) -> Iterator[Found]:
    """Yield what is wrong between the scenario's own days and inputs."""
    if model.spin_up > model.start - SHORTEST_SPIN_UP:
        latest = (model.start - SHORTEST_SPIN_UP).isoformat()
        yield (
            ("spin_up",),
            f"{model.spin_up.isoformat()!r} leaves no time to settle before the start; at latest {latest}",
        )
    if model.as_of is not None and model.as_of < model.spin_up:
        yield ("as_of",), f"{model.as_of.isoformat()!r} is before the spin-up {model.spin_up.isoformat()}"
    earliest = date(model.start.year - MOST_SPIN_UP_YEARS, model.start.month, 1)
    if model.spin_up < earliest:
        text = f"{model.spin_up.isoformat()!r} is too long before the start; at earliest {earliest.isoformat()}"
        yield ("spin_up",), text
    deadline = fixed_day(model.target.deadline, model.start)
    assert deadline is not None, "a deadline is a day or an offset"
    yield from deadline_faults(deadline, model.start, ("target", "deadline"))
    yield from target_checks(model.target, model.start)
    if isinstance(model.focal, CompanyModel):
        yield from company_checks(model.focal, expand(model.commodities or (ALL,)))
    yield from observed_checks(model)
    for name, value in model.inputs.items():
        wrong = list(_known(name, input_names(), ("inputs", name), "an uncertain input"))
        yield from wrong
        if not wrong:
            yield from _range(name, value, model.catalogue.inputs)


def _range(name: str, value: Any, distribution: Distribution) -> Iterator[Found]:
    prior = _inputs(distribution)[name]
    given = {key: getattr(value, key, value) for key in ("low", "median", "high")}
    given = {key: getattr(prior, key) if number is None else number for key, number in given.items()}
    for key, number in given.items():
        if not prior.minimum <= number <= prior.maximum:
            text = f"{key} {number:g} is out of bounds; {prior.minimum:g} to {prior.maximum:g}"
            yield ("inputs", name), text
    if not given["low"] <= given["median"] <= given["high"]:
        values = ", ".join(f"{key} {number:g}" for key, number in given.items())
        yield ("inputs", name), f"{values} is out of order; low <= median <= high (what is left out is the catalogue's)"


def order_of_days(event: Any, at: Path, start: date) -> Iterator[Found]:
    """Yield days of an event, or of a rule, that are out of order."""
    begins, ends = fixed_day(event.at, start), fixed_day(event.until, start)
    announced = fixed_day(getattr(event, "announced", None), start)
    if begins is not None and ends is not None and ends <= begins:
        yield (
            (*at, "until"),
            f"{ends.isoformat()!r} is not after `at`, {begins.isoformat()}; `until` is the first day without it",
        )
    if begins is not None and announced is not None and announced > begins:
        yield (*at, "announced"), f"{announced.isoformat()!r} is after `at`, {begins.isoformat()}"


def _stages(event: Instrument, at: Path) -> Iterator[Found]:
    stages: tuple[str, ...] = getattr(event, "stages", ())
    commodities: tuple[str, ...] = expand(getattr(event, "commodities", ()))
    known = list(dict.fromkeys(stage for name in commodities for stage in stage_names(name)))
    for place, stage in enumerate(stages):
        yield from _known(stage, known, (*at, "stages", place), f"a stage of {', '.join(commodities)}")
    if isinstance(event, Project | Recycling) and event.commodity is not None and event.stage is not None:
        yield from _known(event.stage, stage_names(event.commodity), (*at, "stage"), f"a stage of {event.commodity}")


def _suspends(event: Suspension, at: Path, all_ids: Mapping[str, str]) -> Iterator[Found]:
    controls = [name for name, kind in all_ids.items() if kind in _CONTROLS]
    for place, name in enumerate(event.suspends):
        yield from _known(
            name, controls, (*at, "suspends", place), "the id of a control or another trade measure of this scenario"
        )


_MEASURES = (ExportBan, ExportLicensing, ExportQuota, Tariff, ProcurementRule, Enforcement)
_CONTROLS = tuple(str(kind.model_fields["type"].default) for kind in _MEASURES)


def reference_faults(value: Any, at: Path) -> Iterator[Found]:
    """Yield references to uncertain inputs that do not exist."""
    for name in type(value).model_fields if isinstance(value, BaseModel) else ():
        child = getattr(value, name)
        if isinstance(child, InputReference):
            yield from _known(child.input, input_names(), (*at, name, "input"), "an uncertain input")


def _known(name: str, known: Iterable[str], path: Path, what: str) -> Iterator[Found]:
    names = list(known)
    if name in names:
        return
    near = nearest(name, names)
    few = 12
    some = f"; known are {', '.join(names)}" if 0 < len(names) <= few else ""
    yield path, f"{name!r} is not {what}" + (f"; did you mean {near!r}?" if near else some)


# The catalogue is asked late: these checks are the only part of reading a scenario that needs its tables.


def stage_names(commodity: str) -> tuple[str, ...]:
    """Names of a commodity's modelled stages, upstream first."""
    from simulator.catalogue.chain_stages import stages

    return tuple(spec.name for spec in stages()[commodity])


@from_tables
def _inputs(distribution: Distribution) -> Mapping[str, Any]:
    from simulator.catalogue.inputs import inputs

    return {item.name: item for item in inputs(distribution)}


def input_names() -> tuple[str, ...]:
    """Names of the uncertain inputs."""
    from simulator.catalogue.inputs import names

    return names()


def intermediary_countries(commodities: Iterable[str]) -> tuple[str, ...]:
    """Third countries through which some of these commodities may be re-routed, and ``ALL``."""
    from simulator.catalogue.intermediaries import intermediaries

    return tuple(dict.fromkeys(["ALL", *(way.country for name in commodities for way in intermediaries(name))]))


@from_tables
def project_ids() -> tuple[str, ...]:
    """Ids of every project of the catalogue, whenever it became known."""
    from simulator.catalogue.projects import projects

    return tuple(dict.fromkeys(project.id for project in projects(date.max)))
