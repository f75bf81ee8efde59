"""A chain as another focal buyer sees it: another economy, or one company.

The tables are the United States' view: its consumption and the origins of its imports are published, other regions
come from the balance of the chain. Another economy therefore gets the fitted flows, lanes of its own, no government
stock, and a grade of its own. A company becomes a consuming region of its own: its use is taken out of its country's,
its purchases come from its suppliers, and what the others buy is balanced anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue import lanes
from simulator.catalogue.balance import fit
from simulator.catalogue.chain_demand import FOCAL
from simulator.catalogue.chain_supply import supply
from simulator.catalogue.grades import Grading, grade
from simulator.domain.chain import Chain, GovernmentStock, Lane, Stage
from simulator.domain.company import Company
from simulator.domain.facts import Fact
from simulator.domain.places import region_of
from simulator.errors import CatalogueError

Floats = NDArray[np.float64]
SOURCE: Final = "the scenario's `focal`"
_NIL: Final = 1e-9
"""Share of a demand below which what is left of it is round-off."""


def seen_from(chain: Chain, region: str) -> Chain | None:
    """Return the chain with another economy as the focal buyer; None where its use of the commodity is not known."""
    judged = chain.stages[chain.verdict_stage]
    if region == FOCAL or region not in judged.regions:
        return chain if region in judged.regions else None
    name = f"{chain.commodity}.{judged.name}"
    published = next((fact for fact in chain.facts if fact.name == f"{name}.demand_published.{region}"), None)
    residual = any(fact.name == f"{name}.residual.{region}" for fact in chain.facts)
    grading = _graded(
        chain,
        consumption="assumed" if published is None or residual else published.quality,
        origins="none",
        buyer=region,
    )
    return dataclasses.replace(
        chain,
        stages=tuple(_with_lanes(stage, chain.commodity, region, region) for stage in chain.stages),
        grade=grading.grade,
        headline=grading.headline,
        grade_reason=grading.reason,
        government=GovernmentStock(0.0),
    )


def bought_by(chain: Chain, company: Company) -> Chain:
    """Return the chain with a company as the focal buyer, judged at the stage whose product it buys.

    Raises
    ------
    CompanyError
        If the tables have no room for what it buys, or from whom.
    """
    s = stage_of(chain, company)
    stage, region = chain.stages[s], region_of(company.country)
    if region not in stage.regions:
        raise CompanyError("stages", f"{stage.name} has no buyers in {region} but the next stage")
    wanted, there = company.demand[chain.commodity], float(stage.demand[stage.regions.index(region)])
    if wanted > there * (1.0 + _NIL):
        raise CompanyError(
            "demand_t_per_year",
            f"{wanted:g} is more than the {there:.6g} t a year of {stage.name} that all of {region} uses",
        )
    column = purchases(stage, company, chain.commodity)
    bought = _with_buyer(stage, company, column, wanted)
    stages = [
        dataclasses.replace(other, lanes={}) if t != s else _with_lanes(bought, chain.commodity, region, company.buyer)
        for t, other in enumerate(chain.stages)
    ]
    known = chain.commodity in company.suppliers
    grading = _graded(chain, consumption="reported", origins="reported" if known else "none", buyer="the company's")
    held = chain.government.opening_t * wanted / there if company.government_stock else 0.0
    return dataclasses.replace(
        chain,
        stages=tuple(stages),
        verdict_stage=s,
        grade=grading.grade,
        headline=grading.headline,
        grade_reason=grading.reason,
        government=GovernmentStock(held, facts=chain.government.facts if company.government_stock else ()),
        facts=(*chain.facts, *_facts(chain.commodity, stage.name, company, column, wanted)),
    )


class CompanyError(CatalogueError):
    """What a company says of itself does not fit the tables; ``field`` is the key of ``focal`` to mend."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


def stage_of(chain: Chain, company: Company) -> int:
    """Return the index of the stage whose product the company buys."""
    name = company.stages.get(chain.commodity)
    if name is None:
        return chain.verdict_stage
    names = [stage.name for stage in chain.stages]
    if name not in names:
        raise CompanyError("stages", f"{name!r} is not a stage of {chain.commodity}; known are {', '.join(names)}")
    return names.index(name)


def purchases(stage: Stage, company: Company, commodity: str) -> Floats:
    """(P,) tonnes a year the company takes from each producer in the base year.

    Suppliers without stated shares deliver in proportion to what they deliver to its region; one that delivers
    nothing there counts as if the region bought an average share of its output.
    """
    wanted = company.demand[commodity]
    region = stage.flows[:, stage.regions.index(region_of(company.country))]
    named = company.suppliers.get(commodity)
    if named is None:
        return np.asarray(region * (wanted / region.sum()))
    weights = np.zeros(len(stage.producers))
    for country, share in named.items():
        p = stage.producers.index(country) if country in stage.producers else -1
        if p < 0 or stage.output[p] <= 0:
            makers = ", ".join(c for c, tonnes in zip(stage.producers, stage.output, strict=True) if tonnes > 0)
            raise CompanyError("suppliers", f"{country!r} makes no {stage.name} of {commodity}; producers are {makers}")
        usual = float(region[p]) or float(stage.output[p] * region.sum() / stage.output.sum())
        weights[p] = usual if share is None else share
    column = np.asarray(wanted * weights / weights.sum())
    for p in np.flatnonzero(column > stage.output).tolist():
        raise CompanyError(
            "suppliers",
            f"{stage.producers[p]} would have to deliver {column[p]:.6g} t a year and makes {stage.output[p]:.6g}",
        )
    return column


def _with_buyer(stage: Stage, company: Company, column: Floats, wanted: float) -> Stage:
    """Return the stage with the company as a buyer after the regions; its region's column loses what it takes."""
    r = stage.regions.index(region_of(company.country))
    count = len(stage.regions)
    left = float(stage.demand[r]) - wanted
    everything = left <= _NIL * wanted
    rest = np.zeros_like(column) if everything else np.maximum(stage.flows[:, r] - column, 0.0)
    flows = np.insert(stage.flows, count, column, axis=1)
    flows[:, r] = rest
    sums = np.insert(stage.flows.sum(axis=0), count, column.sum())
    sums[r] = 0.0 if everything else stage.flows[:, r].sum() - column.sum()
    known = np.full_like(flows, np.nan)
    known[:, count] = column
    flows = _balanced(flows, stage.flows.sum(axis=1), sums, known)
    committed = np.insert(stage.committed, count, 0.0, axis=1)
    share = np.divide(flows, stage.output[:, None], out=np.zeros_like(flows), where=stage.output[:, None] > 0)
    lag_days = np.insert(stage.lag_days, count, _lag(stage.producers, column, company.country))
    demand = np.insert(stage.demand, count, column.sum())
    demand[r] = sums[r]
    kept = np.array([place != r or not everything for place in range(flows.shape[1])])
    regions = tuple(name for name, keep in zip((*stage.regions, company.buyer), kept, strict=False) if keep)
    return dataclasses.replace(
        stage,
        regions=regions,
        demand=demand[kept[: count + 1]],
        flows=np.ascontiguousarray(flows[:, kept]),
        # What an owner is tied to take cannot be more than it takes now.
        committed=np.ascontiguousarray(np.minimum(committed, share)[:, kept]),
        lag_days=lag_days[kept],
    )


def _balanced(flows: Floats, rows: Floats, columns: Floats, known: Floats) -> Floats:
    """Fit the rest of the flows; where the base year's pairs alone cannot close, any producer may serve any buyer."""
    columns = columns * (rows.sum() / columns.sum())
    try:
        return fit(flows, rows, columns, known)
    except CatalogueError:
        anybody = np.outer(rows, columns) / rows.sum()
        try:
            return fit(np.where(flows > 0, flows, _SELDOM * anybody), rows, columns, known)
        except CatalogueError as error:
            raise CompanyError(
                "suppliers", f"these suppliers cannot serve the company and their other customers: {error}"
            ) from error


_SELDOM: Final = 1e-3
"""Weight, against trade in proportion, of a pair that did not trade in the base year."""


def _lag(producers: tuple[str, ...], column: Floats, country: str) -> float:
    days = np.array([lanes.lag_days(producer, country) for producer in producers])
    return float((column * days).sum() / column.sum())


def _with_lanes(stage: Stage, commodity: str, region: str, buyer: str) -> Stage:
    """Return the stage with the lanes that end in the buyer's region; in its country where the region is none."""
    if buyer not in stage.regions:
        return dataclasses.replace(stage, lanes={})
    end = buyer.partition(":")[0] if region == "ROW" else region
    ways: Mapping[str, tuple[Lane, ...]] = {
        country: lanes.lanes_to_focal(country, commodity, end) for country in stage.producers
    }
    return dataclasses.replace(stage, lanes=ways)


def _graded(chain: Chain, *, consumption: str, origins: str, buyer: str) -> Grading:
    return grade(
        chain.commodity,
        evidence=supply(chain.commodity, chain.stages[chain.verdict_stage].name).evidence,
        consumption_quality=consumption,
        origins_quality=origins,
        reliance_published=False,
        buyer=buyer,
    )


def _facts(commodity: str, stage: str, company: Company, column: Floats, wanted: float) -> list[Fact]:
    name = f"{commodity}.{stage}"
    note = "stated by the company of itself"
    facts = [Fact(f"{name}.demand.{company.name}", wanted, "t/yr", None, SOURCE, "reported", note)]
    if commodity in company.stock_days:
        days = company.stock_days[commodity]
        facts.append(Fact(f"{name}.stock.{company.name}", days, "days", None, SOURCE, "reported", note))
    return facts
