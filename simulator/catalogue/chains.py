"""The physical chains of all commodities, built from the tables.

Base year 2024, with import origins of 2021-24: trade as it ran before the export controls; an earlier year where the
tables are read as they were known on an earlier day (``vintages``). The steps,
each documented where it is done: tonnage per stage (``chain_levels``), consumption (``chain_demand``),
pooling, plants, capacity and balanced flows (``chain_stage``, ``balance``), grade (``grades``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue import government, inputs, lanes
from simulator.catalogue.base_price import base_price, base_year
from simulator.catalogue.between import own_ways
from simulator.catalogue.chain_demand import FOCAL
from simulator.catalogue.chain_levels import Level, left_for_final_use, levels
from simulator.catalogue.chain_stage import Pool, flows, plants_and_capacity, pool, regional_demand
from simulator.catalogue.chain_stages import commodities, not_modelled
from simulator.catalogue.grades import grade
from simulator.catalogue.tables import from_tables, rows
from simulator.domain.chain import Chain, Stage
from simulator.domain.facts import Fact
from simulator.errors import CatalogueError


@from_tables
def chains() -> tuple[Chain, ...]:
    """Chains of all commodities, in the order of ``commodities.csv``."""
    return tuple(chain(commodity) for commodity in commodities())


@from_tables
def chain(commodity: str) -> Chain:
    """The chain of one commodity.

    Raises
    ------
    CatalogueError
        If there is no such commodity, or its tables do not close.
    """
    if commodity not in commodities():
        raise CatalogueError(f"no commodity {commodity!r}; there are {', '.join(commodities())}")
    (row,) = (row for row in rows("commodities") if row["commodity"] == commodity)
    built = levels(commodity)
    pools = [pool(level) for level in built]
    facts: list[Fact] = []
    stages: list[Stage] = []
    for i, level in enumerate(built):
        below = i + 1 < len(built)
        stage, used = _stage(
            level,
            pools[i],
            left_for_final_use(level, built[i + 1] if below else None),
            pools[i + 1] if below else None,
        )
        stages.append(stage)
        facts.extend(level.facts)
        facts.extend(used)
    verdict = next(i for i, level in enumerate(built) if level.spec.verdict)
    judged = built[verdict].demand
    if judged is None:
        raise CatalogueError(f"{commodity}: the verdict stage has no consumption")
    grading = grade(
        commodity,
        evidence=built[verdict].supply.evidence,
        consumption_quality=judged.focal_quality,
        origins_quality=judged.origins_quality,
        reliance_published=judged.reliance_published,
    )
    price = base_price(commodity)
    facts.append(price)
    (traits,) = (row for row in rows("chain_traits") if row["commodity"] == commodity)
    return Chain(
        commodity=commodity,
        name=row["name"],
        basis=row["unit_basis"],
        grade=grading.grade,
        headline=grading.headline,
        grade_reason=grading.reason,
        stages=tuple(stages),
        verdict_stage=verdict,
        not_modelled=not_modelled(commodity),
        byproduct=traits["byproduct"] == "yes",
        price_usd_per_kg=price.value,
        base_year=base_year(commodity),
        # A plain dict: read-only views cannot be pickled to workers.
        inputs=dict(inputs.roles(commodity)),
        government=government.stock(commodity),
        facts=_unique(facts),
    )


def _stage(level: Level, made: Pool, final_t: float, below: Pool | None) -> tuple[Stage, list[Fact]]:
    regions, wanted, facts = regional_demand(level, final_t)
    plants, capacity, more = plants_and_capacity(level, made)
    matrix, committed, prior_facts = flows(level, made, regions, wanted, below)
    facts += [*more, *prior_facts]
    commodity = level.spec.commodity
    buyers = (*regions, *(below.producers if below is not None else ()))
    between = own_ways(made.producers, buyers, matrix, commodity)
    others = np.array([[(p, b) not in between for b in buyers] for p in made.producers])
    ways = {country: lanes.lanes_to_focal(country, commodity) for country in made.producers} if FOCAL in regions else {}
    stage = Stage(
        name=level.spec.name,
        kind=level.spec.kind,
        producers=made.producers,
        plants=plants,
        output=made.output,
        capacity=capacity,
        secondary=made.secondary,
        feed_yield=level.feed_yield,
        regions=regions,
        demand=wanted,
        flows=matrix,
        committed=committed,
        lag_days=_lags(made.producers, buyers, matrix * others, made.output),
        lanes=ways,
        between=between,
    )
    for array in (plants, capacity, made.output, made.secondary, wanted, matrix, committed, stage.lag_days):
        array.flags.writeable = False
    return stage, facts


def _lags(
    producers: tuple[str, ...], buyers: tuple[str, ...], matrix: NDArray[np.float64], output: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(B,) mean transit to each buyer, days, weighted by base flows; by output where there are none."""
    out = np.zeros(len(buyers))
    for j, buyer in enumerate(buyers):
        weights = matrix[:, j] if matrix[:, j].sum() > 0 else output
        days = np.array([lanes.lag_days(producer, buyer) for producer in producers])
        out[j] = float((weights * days).sum() / weights.sum())
    return out


def _unique(facts: list[Fact]) -> tuple[Fact, ...]:
    """Facts in order of first use; one name may carry several sources."""
    return tuple(dict.fromkeys(facts))
