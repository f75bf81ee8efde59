"""What a verdict can be put down to: every event, agreement, project and rule of a case, and the stockpile programme.

A contributor is taken out of the case as a whole: an event with all its changes, a deal with its support, a plant
with its output, the programme with what it holds and plans. What it touches is known before anything runs, so that no
commodity is simulated again that cannot differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.domain.chain import Chain, GovernmentStock
from simulator.domain.places import country_of
from simulator.instruments.agreement import Agreement
from simulator.instruments.base import Instrument
from simulator.instruments.corridor_closure import CorridorClosure
from simulator.instruments.diplomatic_alignment import DiplomaticAlignment
from simulator.instruments.enforcement import Enforcement
from simulator.instruments.names import expand
from simulator.instruments.project import Project
from simulator.instruments.stockpile_purchase import StockpilePurchase
from simulator.scenario.rules import Rule, acts_on

if TYPE_CHECKING:
    from simulator.scenario.case import Case

STOCKPILE: Final = "stockpile_programme"
"""Stands for what the focal government holds and buys by its own plans."""
_COUNTRY_FIELDS: Final = ("imposer", "bidder", "dumper", "buyer", "country", "partners", "countries", "region")
"""Fields that say whose act an event is; the first one given counts."""


@dataclass(frozen=True, slots=True)
class Contributor:
    """One thing that may have moved the verdict."""

    id: str
    """Id of the event, agreement, project or rule; ``stockpile_programme``."""
    kind: str
    """Type of the event, ``agreement``, ``project``, ``rule`` or ``stockpile``."""
    country: str
    """Country, region or ``ALL`` whose act it is; of several partners the first one named."""
    commodities: tuple[str, ...]
    """Commodities of the case that it can touch, in the case's order."""
    money_usd_m: float | None
    """Money named in it, million USD; None where none is."""


def contributors_of(case: Case) -> tuple[Contributor, ...]:
    """Return everything of a case that can be taken out of it, in the case's order; ids are unique."""
    return tuple({item.id: item for item in (*_all(case),)}.values())


def _all(case: Case) -> Iterator[Contributor]:
    events = {event.id: event for event in (*case.instruments, *(event for rule in case.rules for event in rule.then))}
    for event in case.instruments:
        if not (isinstance(event, Project) and event.at is None):  # a catalogue project on other terms stands below
            touched = set(_touched(event, case, events))
            yield Contributor(
                event.id, event.type, _country(event, case, events), _ordered(case, touched), _money(event)
            )
    for project in {item.id: item for item in case.projects}.values():
        made = {item.commodity for item in case.projects if item.id == project.id}
        yield Contributor(project.id, "project", project.country, _ordered(case, made), None)
    for rule in case.rules:
        touched = {name for event in rule.then for name in acts_on(event, events)}
        yield Contributor(rule.id, "rule", rule.actor, _ordered(case, touched), None)
    held = {chain.commodity for chain in case.chains if chain.government.opening_t > 0 or chain.government.plans}
    if held:
        yield Contributor(STOCKPILE, "stockpile", country_of(case.focal), _ordered(case, held), None)


def _ordered(case: Case, names: Collection[str]) -> tuple[str, ...]:
    return tuple(chain.commodity for chain in case.chains if chain.commodity in names)


def _country(event: Instrument, case: Case, events: Mapping[str, Instrument]) -> str:
    if isinstance(event, Enforcement) or event.type.startswith("stockpile"):
        return country_of(case.focal)
    for name in (*getattr(event, "suspends", ()), *getattr(event, "ends", ())):
        return _country(events[name], case, events)
    for field in _COUNTRY_FIELDS:
        value = getattr(event, field, None)
        if value:
            return str(value if isinstance(value, str) else value[0])
    return "ALL"


def _money(event: Instrument) -> float | None:
    if isinstance(event, Agreement):
        return event.money_usd_m
    if isinstance(event, StockpilePurchase) and isinstance(event.usd_m, int | float):
        return float(event.usd_m) * len(expand(event.commodities))
    return None


def _touched(event: Instrument, case: Case, events: Mapping[str, Instrument]) -> Iterator[str]:
    """Yield the commodities an event can touch; rather one too many than one too few."""
    if isinstance(event, Agreement):
        yield from _supported(event, case)
    elif isinstance(event, DiplomaticAlignment):
        yield from (chain.commodity for chain in case.chains if event.country in _countries(chain, case))
    elif isinstance(event, CorridorClosure):
        named = set(event.corridors or ())
        for chain in case.chains:
            lanes = [lane for stage in chain.stages for ways in stage.lanes.values() for lane in ways]
            ways = {name for lane in lanes for name in (lane.corridor, lane.shared, *lane.crosses)}
            if chain.commodity in expand(event.commodities) and ways & (named | {event.country}):
                yield chain.commodity
    else:
        found = tuple(acts_on(event, events))
        yield from found or (chain.commodity for chain in case.chains)


def _supported(deal: Agreement, case: Case) -> Iterator[str]:
    """Yield the commodities with a plant that the deal supports; ties reach plants of the user's own as well."""
    yield from (plant.commodity for plant in case.projects if deal.supports(plant.id, plant.country, plant.commodity))
    for plant in case.instruments:
        if isinstance(plant, Project) and plant.at is not None:
            country, commodity = str(plant.country), str(plant.commodity)
            if deal.supports(plant.id, country, commodity):
                yield commodity


def _countries(chain: Chain, case: Case) -> set[str]:
    """Countries with a plant or a project of a commodity, and those its lanes cross."""
    lanes = [lane for stage in chain.stages for ways in stage.lanes.values() for lane in ways]
    return {
        *(country for stage in chain.stages for country in stage.producers),
        *(project.country for project in case.projects if project.commodity == chain.commodity),
        *(country for lane in lanes for country in (lane.origin, *lane.crosses)),
    }


def with_only(case: Case, commodities: Collection[str], kept: Collection[str]) -> Case:
    """Return the case with these commodities alone and nothing but the contributors named.

    Room for a plant that is taken out stays in the chain, empty; the uncertain inputs are all there, so that the
    futures are the same.
    """
    chains = [chain for chain in case.chains if chain.commodity in commodities]
    if STOCKPILE not in kept:
        chains = [replace(chain, government=GovernmentStock(0.0)) for chain in chains]
    return replace(
        case,
        chains=tuple(chains),
        projects=tuple(item for item in case.projects if item.commodity in commodities and item.id in kept),
        instruments=tuple(item for item in case.instruments if item.id in kept),
        rules=tuple(item for item in case.rules if item.id in kept),
    )


def units_of(case: Case, shared: Collection[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Return the commodities in groups that must be simulated together, in the case's order.

    Parameters
    ----------
    case
        The case.
    shared
        Corridors whose capacity bound: what uses one of them hangs together. A rule ties what it watches to what
        it acts on.
    """
    group = {chain.commodity: {chain.commodity} for chain in case.chains}

    def tie(names: Iterable[str]) -> None:
        known = [name for name in names if name in group]
        whole = set().union(*(group[name] for name in known))
        for name in whole:
            group[name] = whole

    for rule in case.rules:
        tie(_tied(rule, case))
    for corridor in shared:
        tie(chain.commodity for chain in case.chains if _uses(chain, corridor))
    return tuple(dict.fromkeys(_ordered(case, group[chain.commodity]) for chain in case.chains))


def _tied(rule: Rule, case: Case) -> Iterator[str]:
    events = {event.id: event for event in (*case.instruments, *(event for one in case.rules for event in one.then))}
    yield rule.when.commodity
    for event in rule.then:
        yield from acts_on(event, events)


def _uses(chain: Chain, corridor: str) -> bool:
    return any(lane.shared == corridor for stage in chain.stages for ways in stage.lanes.values() for lane in ways)
