"""From tonnages by country to a ``Stage``: pooled producers, plants, capacity, balanced flows, ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.balance import fit
from simulator.catalogue.chain_demand import FOCAL
from simulator.catalogue.chain_facts import assumption, assumptions
from simulator.catalogue.chain_levels import Level
from simulator.catalogue.chain_supply import increment_countries, operating_plants, stated_ties, tied
from simulator.domain.facts import Fact
from simulator.domain.places import ASIAN_PARTNERS, C5, CHINA, REGIONS, REST, region_of
from simulator.errors import CatalogueError

Floats = NDArray[np.float64]
_COUNTRIES_AS_REGIONS = frozenset(REGIONS) - {"EUU", "ROW"}
_OWNERS = ("CHN", "RUS")


@dataclass(frozen=True, slots=True)
class Pool:
    """Producers kept by name, and the arrays over them."""

    producers: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    """Countries behind each producer: itself, or the pooled ones."""
    output: Floats
    secondary: Floats
    cells: Mapping[str, float]
    """Focal consumption by producer, t/yr."""
    stage: tuple[str, str]
    """Commodity and stage name."""
    reexporters: frozenset[str]
    """Named origins of focal imports to which the tables give no output."""
    feed: Floats
    """(P,) feed taken, t/yr of the upstream product."""


def pool(level: Level) -> Pool:
    """Keep the producers that matter by name and pool the rest in ``OTH``.

    Named: origins the US import statistics name, the USA, China, partners with output, countries with a
    project at the stage, then the largest until ``pool/keep`` of output or ``pool/max`` producers.
    """
    spec = level.spec
    with_project = increment_countries(spec.commodity, spec.name)
    named = set(level.demand.origins) if level.demand is not None else set()
    forced = (with_project | {c for c in level.output if c in named or c in (FOCAL, CHINA, *C5, *ASIAN_PARTNERS)}) - {
        REST
    }
    keep, limit = assumption("pool/keep").value, assumption("pool/max").value
    ranked = sorted((c for c in level.output if c != REST), key=lambda c: (-level.output[c], c))
    kept = set(forced)
    covered = sum(level.output.get(c, 0.0) for c in kept)
    for country in ranked:
        if covered >= keep * level.total or len(kept) >= limit:
            break
        if country not in kept:
            kept.add(country)
            covered += level.output[country]
    order = sorted(kept, key=lambda c: (-level.output.get(c, 0.0), c))
    if any(c not in kept for c in level.output):
        order.append(REST)
    output = np.zeros(len(order))
    secondary = np.zeros(len(order))
    cells: dict[str, float] = {}
    index = {country: i for i, country in enumerate(order)}
    for country, amount in level.output.items():
        output[index.get(country, len(order) - 1)] += amount
    for country, amount in level.secondary.items():
        secondary[index.get(country, len(order) - 1)] += amount
    for country, amount in level.cells.items():
        name = country if country in index else REST
        cells[name] = cells.get(name, 0.0) + amount
    reexporters = frozenset(country for country in level.cells if country not in level.supply.amounts) - {REST, FOCAL}
    pooled = tuple(sorted(country for country in level.output if country not in kept))
    return Pool(
        tuple(order),
        tuple(pooled if country == REST else (country,) for country in order),
        output,
        secondary,
        cells,
        (spec.commodity, spec.name),
        reexporters,
        (output - secondary) / level.feed_yield,
    )


def plants_and_capacity(level: Level, made: Pool) -> tuple[Floats, Floats, list[Fact]]:
    """Independent plants and capacity of each producer, with the facts used.

    Plants: those the project tables name as operating, else a stated assumption. Capacity: the published
    figure, else output over the default utilisation; never below output. Idle works of a country
    without output are projects, not capacity.
    """
    spec = level.spec
    seen = operating_plants(spec.commodity, spec.name)
    utilisation = assumption(f"utilisation/{spec.commodity}/{spec.name}", "utilisation/default")
    facts = [utilisation]
    facts += [assumption("pool/keep"), assumption("pool/max")]
    plants, capacity = np.ones(len(made.producers)), np.zeros(len(made.producers))
    for i, country in enumerate(made.producers):
        stated = assumption(f"plants/{spec.commodity}/{spec.name}/{country}", f"plants/{country}", "plants/default")
        if country in seen and country not in {CHINA, REST}:
            source = "projects.csv and projects_extra.csv"
            stated = Fact(
                f"{spec.commodity}.{spec.name}.plants.{country}",
                float(seen[country]),
                "plants",
                None,
                source,
                "derived",
                "plants named as operating",
            )
        plants[i] = stated.value
        facts.append(stated)
        members = made.members[i]
        capacity[i] = sum(_capacity(level, member, utilisation.value) for member in members)
        # Raised output and round-off may pass a published capacity: what runs can run.
        capacity[i] = max(capacity[i], float(made.output[i]))
    return plants, capacity, facts


def _capacity(level: Level, country: str, utilisation: float) -> float:
    """Capacity of a country, t/yr: published for primary output, scrap lines by utilisation; nil without output."""
    output = level.output.get(country, 0.0)
    if output <= 0:
        return 0.0
    scrap = level.secondary.get(country, 0.0)
    if country not in level.supply.capacity or level.supply.capacity[country] <= 0:
        return output / utilisation
    return max(level.supply.capacity[country], output - scrap) + scrap / utilisation


def regional_demand(level: Level, final_t: float) -> tuple[tuple[str, ...], Floats, list[Fact]]:
    """Final demand by region, scaled to the output that the next stage leaves, t/yr.

    The focal economy keeps its published consumption. The others are scaled alike, or one stated
    region closes the balance; the scale factor is a fact, so that a stretched table can be seen.
    """
    if level.demand is None or final_t == 0.0:
        if final_t > 0.0:
            raise CatalogueError(f"{level.spec.commodity} {level.spec.name}: {final_t:g} t/yr have no consumer")
        return (), np.zeros(0), []
    wanted = level.demand
    focal = wanted.focal_t
    others = dict(wanted.regions)
    name = f"{level.spec.commodity}.{level.spec.name}"
    facts: list[Fact] = []
    if wanted.residual_region is not None:
        rest = wanted.residual_region
        others[rest] = final_t - focal - sum(value for region, value in others.items() if region != rest)
        note = f"{rest} takes what output, next stage and other regions leave"
        facts.append(Fact(f"{name}.residual.{rest}", others[rest], "t/yr", None, "balance", "derived", note))
    else:
        factor = (final_t - focal) / sum(others.values())
        others = {region: value * factor for region, value in others.items()}
        note = "published demand of the regions other than the USA is multiplied by this to close the balance"
        facts.append(Fact(f"{name}.demand_scale", factor, "1", None, "balance", "assumed", note))
    if min(others.values(), default=0.0) < 0 or focal > final_t:
        raise CatalogueError(f"{name}: demand exceeds what the stage leaves")
    regions = tuple(r for r in REGIONS if others.get(r, 0.0) > 0 or (r == FOCAL and focal > 0))
    amounts = np.array([focal if r == FOCAL else others[r] for r in regions])
    return regions, amounts, facts


def flows(
    level: Level, made: Pool, regions: tuple[str, ...], demand: Floats, below: Pool | None
) -> tuple[Floats, Floats, list[Fact]]:
    """Balanced (P, R + Q) flows and committed shares.

    The focal column is fixed to the known origins. The rest is fitted from a prior in which material
    stays at home and follows ownership; see ``balance.fit``.
    """
    buyers = (*regions, *(below.producers if below is not None else ()))
    columns = np.concatenate([demand, below.feed if below is not None else np.zeros(0)])
    prior = np.outer(made.output, np.where(columns > 0, columns, 0.0)) / max(float(made.output.sum()), 1.0)
    home, bloc, pull = (assumption(f"prior/{name}").value for name in ("home", "bloc", "tied"))
    facts = [assumption(f"prior/{name}") for name in ("home", "bloc", "tied")]
    ties = {owner: dict(tied(level.spec.commodity, level.spec.name, owner)) for owner in _OWNERS}
    for (producer, owner), fact in stated_ties(level.spec.commodity, level.spec.name).items():
        ties.setdefault(owner, {})[producer] = fact
    for i, producer in enumerate(made.producers):
        for j, buyer in enumerate(buyers):
            is_region = j < len(regions)
            if producer == buyer and producer != REST:
                prior[i, j] *= home
            elif producer == buyer or (
                is_region and buyer not in _COUNTRIES_AS_REGIONS and region_of(producer) == buyer
            ):
                # A pooled or many-country buyer is only partly the producer's own country.
                prior[i, j] *= bloc
            elif buyer in ties and producer in ties[buyer]:
                prior[i, j] *= 1.0 + pull * ties[buyer][producer].value
    if below is not None:
        facts += _pull_reexports(prior, made, regions, below)
    known = np.full_like(prior, np.nan)
    if made.cells and FOCAL in regions:
        column = regions.index(FOCAL)
        for i, producer in enumerate(made.producers):
            if level.demand is not None and level.demand.origins:
                known[i, column] = made.cells.get(producer, 0.0)
            elif producer == FOCAL:
                known[i, column] = made.cells.get(FOCAL, 0.0)
    matrix = fit(prior, made.output, columns, known)
    committed = np.zeros_like(matrix)
    fixed = assumption("committed/home")
    facts.append(fixed)
    share = np.divide(matrix, made.output[:, None], out=np.zeros_like(matrix), where=made.output[:, None] > 0)
    for i, producer in enumerate(made.producers):
        for j, buyer in enumerate(buyers):
            if producer == buyer != REST and j >= len(regions):
                committed[i, j] = fixed.value * share[i, j]
        for owner in ties:
            if producer in ties[owner]:
                fact = ties[owner][producer]
                facts.append(fact)
                places = [j for j, buyer in enumerate(buyers) if buyer == owner]
                going = sum(float(share[i, j]) for j in places)
                if going > 0:
                    # Ownership binds what the base year really sends there, not more.
                    part = min(fact.value, going) / going
                    for j in places:
                        committed[i, j] = part * share[i, j]
    return matrix, committed, facts


def _pull_reexports(prior: Floats, made: Pool, regions: tuple[str, ...], below: Pool) -> list[Fact]:
    """Let origins that re-export work the material of the country they re-export for.

    These are the origins without output of their own at the next stage, unless they make the upstream
    product themselves (their own material comes first), and the origins named one by one.
    """
    facts: list[Fact] = []
    commodity, name = below.stage
    for i, producer in enumerate(made.producers):
        every = f"reexport/{commodity}/{name}/{producer}"
        for q, buyer in enumerate(below.producers):
            key = f"{every}/{buyer}"
            if key not in assumptions() and buyer in below.reexporters and buyer not in made.producers:
                key = every
            if key in assumptions():
                facts.append(assumption(key))
                prior[i, len(regions) + q] *= assumption(key).value
    return facts
