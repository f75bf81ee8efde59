"""Resolution: a checked scenario and the catalogue to the ``Case`` a model runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from simulator.catalogue.tables import Overlay
from simulator.domain.chain import Agreement as KnownAgreement
from simulator.domain.chain import Chain
from simulator.domain.chain import Project as KnownProject
from simulator.domain.company import Company
from simulator.domain.facts import UncertainInput
from simulator.domain.places import EU_MEMBERS
from simulator.domain.target import Target
from simulator.errors import CatalogueError, InputError, UsageError
from simulator.instruments.agreement import Agreement
from simulator.instruments.base import Instrument
from simulator.instruments.dates import Offset
from simulator.instruments.fields import nearest
from simulator.instruments.names import ALL, commodity_names
from simulator.instruments.project import Project
from simulator.instruments.recycling import Recycling
from simulator.scenario.case import Case
from simulator.scenario.focal import CompanyModel
from simulator.scenario.loader import Scenario
from simulator.scenario.producers import with_producers
from simulator.scenario.rules import known_rules
from simulator.scenario.schema import InputRange, OwnYardstick, ScenarioModel, SignedBefore

BEYOND = Offset(months=12)
"""The clock runs this long past the deadline, to see whether the target stays met."""


def resolve(scenario: Scenario, commodities: Sequence[str] | None = None) -> Case:
    """Look up everything a scenario names in the catalogue.

    Parameters
    ----------
    scenario
        The loaded scenario.
    commodities
        Commodities to keep, by catalogue name; those of the scenario where None.

    Raises
    ------
    UsageError
        If a commodity asked for is not one of the scenario's.
    InputError
        If a project event names a project that is not known at ``as_of``.
    """
    from simulator.catalogue.tables import laid_over

    known = _known(scenario)
    with laid_over(known):
        try:
            return _resolved(scenario, commodities)
        except CatalogueError as error:
            if known is None or not known.earlier:
                raise
            day = scenario.model.as_of or scenario.model.start
            raise CatalogueError(
                f"{scenario.path}: with the tables as they were known on {day}: {error}; what no edition gave by then "
                "comes from rows of your own, with --data DIR or `backtest: opening: DIR`"
            ) from error


def _known(scenario: Scenario) -> Overlay | None:
    """What to lay over the tables: the user's rows, the scenario's opening conditions, editions known at ``as_of``."""
    from simulator.catalogue.own_rows import read_own_rows
    from simulator.catalogue.tables import laid_on, overlay
    from simulator.catalogue.vintages import as_known

    model = scenario.model
    own = overlay()
    if model.backtest is not None and model.backtest.opening:
        own = laid_on(read_own_rows(Path(scenario.path).parent / model.backtest.opening), own)
    return as_known(model.as_of or model.start, own)


def _resolved(scenario: Scenario, commodities: Sequence[str] | None) -> Case:
    from simulator.catalogue.inputs import inputs
    from simulator.catalogue.tables import data_sha256, overlay

    model = scenario.model
    as_of = model.as_of or model.start
    focal = model.focal.company() if isinstance(model.focal, CompanyModel) else model.focal
    company = focal if isinstance(focal, Company) else None
    known = _wanted(focal, _named(model), commodities, model.name)
    wanted = tuple(known)
    deadline = model.target.deadline
    deadline = deadline.after(model.start) if isinstance(deadline, Offset) else deadline
    target = _target(model, deadline)
    events, projects = _projects(scenario, as_of)
    set_off = [event for rule in model.rules for event in rule.then]
    return Case(
        name=model.name,
        question=model.question,
        sha256=scenario.sha256,
        data_sha256=data_sha256(),
        start=model.start,
        as_of=as_of,
        spin_up=model.spin_up,
        deadline=deadline,
        horizon=max(BEYOND.after(day) for day in target.days),
        review_days=model.review_days,
        focal=focal.buyer if isinstance(focal, Company) else focal,
        chains=tuple(_with_sites(known[name], (*events, *set_off), projects) for name in wanted),
        projects=tuple(project for project in projects if project.commodity in wanted),
        project_dates=model.catalogue.project_dates,
        instruments=(*events, *_agreements(model, as_of, {event.id for event in events})),
        inputs=tuple(_overridden(item, model, company) for item in inputs(model.catalogue.inputs)),
        target=target,
        overlay=overlay(),
        rules=known_rules(model.rules, model.events, wanted),
        company=company,
        observations=tuple(row.observation() for row in model.observed if row.commodity in wanted),
    )


def _named(model: ScenarioModel) -> tuple[str, ...]:
    """Commodities the scenario names, or all."""
    own = model.commodities
    return tuple(name for name in commodity_names() if own is None or ALL in own or name in own)


def _target(model: ScenarioModel, deadline: date) -> Target:
    criteria = tuple(
        item.criterion(model.start) if isinstance(item, OwnYardstick) else item.criterion()
        for item in model.target.criteria
    )
    return Target(deadline, criteria, model.target.rule())


def _chains(focal: str | Company, names: Iterable[str]) -> Iterable[tuple[str, Chain]]:
    """Yield the chains of what the focal buyer uses, as it sees them."""
    from simulator.catalogue.chains import chain as chain_of
    from simulator.catalogue.focal import bought_by, seen_from

    for chain in map(chain_of, names):
        if isinstance(focal, str):
            seen = seen_from(chain, focal)
            if seen is not None:
                yield chain.commodity, seen
        elif chain.commodity in focal.demand:
            yield chain.commodity, bought_by(chain, focal)


def _wanted(focal: str | Company, named: Sequence[str], asked: Sequence[str] | None, scenario: str) -> dict[str, Chain]:
    """Commodity -> chain for those asked for, or for all that are named and that the focal buyer uses."""
    found = dict(_chains(focal, [name for name in named if name in asked] if asked else named))
    for name in asked or ():
        if name not in found:
            kept = [known for known, _ in _chains(focal, named)]
            near = nearest(name, kept)
            hint = f"did you mean {near!r}?" if near else f"known are {', '.join(kept)}"
            raise UsageError(f"{name!r} is not a commodity of the scenario {scenario!r}; {hint}")
    return found


def _overridden(item: UncertainInput, model: ScenarioModel, company: Company | None) -> UncertainInput:
    value = model.inputs.get(item.name)
    if value is None:
        role, _, commodity = item.name.partition("/")
        if company is None or role != "focal_demand_level" or commodity not in company.demand:
            return item
        note = "the company states its use; the range of the country's published figure is not its own"
        return dataclasses.replace(
            item, low=1.0, median=1.0, high=1.0, source="scenario", quality="reported", note=note
        )
    given = value if isinstance(value, InputRange) else InputRange(low=value, median=value, high=value)
    changed = {key: number for key, number in given.model_dump().items() if number is not None}
    return dataclasses.replace(
        item,
        **changed,
        source="scenario",
        quality="assumed",
        note=f"overridden by the scenario; {item.note}".strip("; "),
    )


def _agreements(model: ScenarioModel, as_of: date, replaced: set[str]) -> Iterable[Agreement]:
    """Return the catalogue's agreements as instruments; an event of the same id takes an agreement's place."""
    from simulator.catalogue.agreements import agreements

    choice = model.catalogue.agreements
    if choice == "none":
        return
    for item in agreements(as_of):
        before = not isinstance(choice, SignedBefore) or date.fromisoformat(item.signed) < choice.signed_before
        if before and item.id not in replaced and item.commodities:
            deal = _instrument(item)
            if _with_partner(model, deal.partners):
                yield deal


def _with_partner(model: ScenarioModel, countries: Iterable[str]) -> bool:
    """Whether a deal or a project of these countries is one the scenario takes from the catalogue."""
    partners = model.catalogue.partners
    if partners is None or ALL in partners:
        return True
    wanted = {*partners, *(EU_MEMBERS if "EUU" in partners else ())}
    return any(country in wanted or country == ALL for country in countries)


def _instrument(item: KnownAgreement) -> Agreement:
    """Return a catalogue agreement as an instrument; ``EU`` is the region ``EUU``."""
    return Agreement.model_validate(
        {
            "id": item.id,
            "type": "agreement",
            "at": item.signed,
            "kind": item.type,
            "partners": ["EUU" if partner == "EU" else partner for partner in item.partners],
            "commodities": list(item.commodities),
            "milestones": item.milestones,
            "money_usd_m": item.money_usd_m,
            "tonnes_per_year": item.tonnes_per_year,
            "projects": list(item.projects),
            "offtaker": item.offtaker,
            "offtake_share": item.offtake_share,
            "note": item.promise,
        }
    )


def _projects(scenario: Scenario, as_of: date) -> tuple[tuple[Instrument, ...], tuple[KnownProject, ...]]:
    """Return events with catalogue projects filled in, and the catalogue projects that no event replaces."""
    from simulator.catalogue.projects import projects

    model = scenario.model
    known = projects(as_of) if model.catalogue.projects == "known" else ()
    kept = {
        (item.id, item.commodity): item
        for item in known
        if item.gate == "operating" or _with_partner(model, (item.country,))
    }
    events: list[Instrument] = []
    for event in model.events:
        if not isinstance(event, Project) or event.project is None:
            events.append(event)
            continue
        meant = _one(event, list(kept.values()), scenario, as_of)
        filled = _filled(event, meant)
        events.append(filled)
        if filled.at is None:
            kept[meant.id, meant.commodity] = _on_other_terms(filled, meant, scenario)
        else:
            del kept[meant.id, meant.commodity]
    return tuple(events), tuple(kept.values())


def _one(event: Project, kept: list[KnownProject], scenario: Scenario, as_of: date) -> KnownProject:
    """Return the catalogue project an event means; a plant with several products needs the commodity named."""
    same = [item for item in kept if item.id == event.project]
    found = [item for item in same if event.commodity in (None, item.commodity)]
    if len(found) == 1:
        return found[0]
    if not same:
        raise _error(
            scenario,
            event,
            "project",
            f"{event.project!r} is not known on {as_of.isoformat()}, was left out, or replaced",
        )
    products = ", ".join(item.commodity for item in same)
    raise _error(scenario, event, "project", f"{event.project!r} makes {products}; name one as `commodity`")


def _error(scenario: Scenario, event: Project, field: str, text: str) -> InputError:
    name = f"events.{event.id}.{field}"
    return InputError(f"{scenario.origins.get(name, scenario.path)}: {name}: {text}")


def _filled(event: Project, known: KnownProject) -> Project:
    """Return the event with whatever it leaves open taken from the catalogue project."""
    usual: dict[str, object] = {
        "country": known.country,
        "commodity": known.commodity,
        "stage": known.stage,
        "capacity_t_per_year": known.capacity,
        "ramp_type": known.ramp_type,
        "china_offtake_share": known.china_offtake,
    }
    return event.model_copy(update={key: value for key, value in usual.items() if getattr(event, key) is None})


def _on_other_terms(event: Project, known: KnownProject, scenario: Scenario) -> KnownProject:
    capacity = event.capacity_t_per_year
    if not isinstance(capacity, int | float):
        text = "a distribution needs `at`; a project that passes its gates has one capacity"
        raise _error(scenario, event, "capacity_t_per_year", text)
    return dataclasses.replace(
        known,
        capacity=float(capacity),
        ramp_type=known.ramp_type if event.ramp_type is None else event.ramp_type,
        china_offtake=known.china_offtake if event.china_offtake_share is None else event.china_offtake_share,
    )


def _with_sites(chain: Chain, events: Iterable[Instrument], projects: Iterable[KnownProject]) -> Chain:
    """Return the chain with a producer wherever a project, of the catalogue or the scenario, will stand."""
    sites = [(item.stage, item.country) for item in projects if item.commodity == chain.commodity]
    for event in events:
        if isinstance(event, Project | Recycling) and event.at is not None and event.commodity == chain.commodity:
            sites.append((str(event.stage), str(event.country)))
    return _picklable(with_producers(chain, sites))


def _picklable(chain: Chain) -> Chain:
    """Return the chain with its read-only mappings as dictionaries: a view of a mapping cannot go to a worker."""
    stages = tuple(dataclasses.replace(stage, lanes=dict(stage.lanes)) for stage in chain.stages)
    return dataclasses.replace(chain, stages=stages, inputs=dict(chain.inputs))
