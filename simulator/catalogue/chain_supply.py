"""What each country puts out at a stage, read from the tables that ``stage_supply.csv`` names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from simulator.catalogue.chain_facts import assumption, assumptions, table_fact
from simulator.catalogue.chain_stages import resolve_stage
from simulator.catalogue.tables import Row, from_tables, number, overlay, rows, rows_of, shipped
from simulator.domain.facts import Fact
from simulator.domain.places import REST
from simulator.errors import CatalogueError

WORLD = frozenset({"WLD", "CHN_RUS", "ROW_EX_CHN"})
"""Aggregates that are no producer: their members stand beside them."""

_WORLD_TABLE: Final = "world_production"

ATTRIBUTED: Final = 0.80
"""Share of a stage's output that must be attributed by country for the stage to be modelled."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Output of a stage by country before it is scaled and pooled."""

    amounts: Mapping[str, float]
    """Output by country, scrap included: tonnes a year, or percent where ``is_shares``."""
    is_shares: bool
    secondary: Mapping[str, float]
    """Scrap-based output by country, t/yr."""
    secondary_share: Mapping[str, float]
    """Part of a country's output made from scrap, where only the part is known."""
    least: Mapping[str, float]
    """Output a source states apart from the split, t/yr: the least a country is given."""
    capacity: Mapping[str, float]
    """Published capacity by country, t/yr."""
    evidence: float
    """Share of the amounts that rests on rows not graded ``assumed``, 0 to 1."""
    facts: tuple[Fact, ...]


@from_tables
def supply(commodity: str, stage: str) -> Supply:
    """Read a stage's output, scrap-based output and capacity.

    A ``secondary`` row adds to the output and to the scrap-based part of it. Zero outputs are kept
    out, so that absence and zero are the same thing downstream; withheld cells are no output.
    """
    amounts: dict[str, float] = {}
    secondary: dict[str, float] = {}
    capacity: dict[str, float] = {}
    facts: list[Fact] = []
    assumed = 0.0
    takes: set[bool] = set()
    for entry in rows_of("stage_supply", commodity):
        if entry["stage"] != stage:
            continue
        role = entry["role"]
        if entry["factor"]:
            facts.append(assumption(entry["factor"]))
        for fact, country in _cells(entry):
            facts.append(fact)
            target = capacity if role == "capacity" else amounts
            target[country] = target.get(country, 0.0) + fact.value
            if role == "secondary":
                secondary[country] = secondary.get(country, 0.0) + fact.value
            if role != "capacity":
                assumed += fact.value if fact.quality == "assumed" else 0.0
                takes.add(entry["take"] == "share_pct" and not entry["factor"])
    if len(takes) != 1:
        raise CatalogueError(f"stage_supply.csv: {commodity} {stage} mixes shares and tonnes, or has no rows")
    amounts = {country: value for country, value in amounts.items() if value > 0}
    total = sum(amounts.values())
    if total - amounts.get(REST, 0.0) < ATTRIBUTED * total:
        raise CatalogueError(f"{commodity} {stage}: less than {ATTRIBUTED:.0%} of output is attributed by country")
    evidence = 1.0 - assumed / total
    least = dict(_stated(f"least_output/{commodity}/{stage}/"))
    facts.extend(least.values())
    for country, fact in _stated(f"secondary/{commodity}/{stage}/"):
        secondary[country] = fact.value
        facts.append(fact)
    parts = dict(_stated(f"secondary_share/{commodity}/{stage}/"))
    facts.extend(parts.values())
    return Supply(
        amounts,
        takes.pop(),
        secondary,
        {country: fact.value for country, fact in parts.items()},
        {country: fact.value for country, fact in least.items()},
        capacity,
        evidence,
        tuple(facts),
    )


def from_world_table(commodity: str, stage: str) -> bool:
    """Whether a stage's output is the world table's, which has earlier editions."""
    mapped = [row for row in rows_of("stage_supply", commodity) if row["stage"] == stage]
    return any(row["table"] == _WORLD_TABLE and row["role"] != "capacity" for row in mapped)


@from_tables
def growth_since(commodity: str) -> float | None:
    """World output of the first stage that has earlier editions, over that of the shipped base year.

    None where the tables are read as shipped, or no stage has any.
    """
    laid = overlay()
    if laid is None or not laid.earlier:
        return None
    for now, then in zip(_world_entries(commodity, shipped), _world_entries(commodity, rows), strict=False):
        base, known = _tonnes(now, shipped), _tonnes(then, rows)
        if base > 0 and known > 0:
            return known / base
    return None


def _world_entries(commodity: str, read: Callable[[str], tuple[Row, ...]]) -> list[Row]:
    wanted = (commodity, _WORLD_TABLE, "production")
    return [row for row in read("stage_supply") if (row["commodity"], row["table"], row["measure"]) == wanted]


def _tonnes(entry: Row, read: Callable[[str], tuple[Row, ...]]) -> float:
    key = (entry["commodity"], entry["table_stage"], entry["year"], entry["measure"])
    found = (
        number(row[entry["take"]]) or 0.0
        for row in read(_WORLD_TABLE)
        if (row["commodity"], row["stage"], row["year"], row["measure"]) == key and row["country"] not in WORLD
    )
    return sum(found)


def _cells(entry: Row) -> Iterator[tuple[Fact, str]]:
    """Facts of the source rows that one row of ``stage_supply.csv`` selects, with their countries."""
    only = set(entry["countries"].split())
    factor = assumption(entry["factor"]).value if entry["factor"] else 1.0
    shares = entry["take"] == "share_pct" and not entry["factor"]
    for row in rows_of(entry["table"], entry["commodity"]):
        if (row["stage"], row["year"]) != (entry["table_stage"], entry["year"]):
            continue
        if entry["measure"] and row.get("measure") != entry["measure"]:
            continue
        country = row["country"]
        if country in WORLD or (only and country not in only):
            continue
        name = f"{entry['commodity']}.{entry['stage']}.{entry['role']}.{country}"
        fact = table_fact(
            name, row, entry["take"], unit="percent" if shares else "t/yr", factor=factor, note=entry["note"]
        )
        if fact is not None:
            yield fact, country


def _stated(prefix: str) -> Iterator[tuple[str, Fact]]:
    for name, fact in assumptions().items():
        if name.startswith(prefix):
            yield name[len(prefix) :], fact


@from_tables
def project_rows(commodity: str, stage: str) -> tuple[Row, ...]:
    """Rows of the project tables that belong to a stage, whatever their status."""
    return tuple(
        row
        for table in ("projects", "projects_extra")
        for row in rows(table)
        if commodity in row["model_commodities"].split(";") and resolve_stage(commodity, row["stage"]) == stage
    )


@from_tables
def increment_countries(commodity: str, stage: str) -> frozenset[str]:
    """Countries in which the project tables add capacity at a stage."""
    where = {row["project_id"]: row for table in ("projects", "projects_extra") for row in rows(table)}
    return frozenset(
        where[row["project_id"]]["country"]
        for row in rows_of("project_capacity", commodity)
        if resolve_stage(commodity, where[row["project_id"]]["stage"]) == stage
    )


@from_tables
def operating_plants(commodity: str, stage: str) -> Mapping[str, int]:
    """Number of named plants in operation by country."""
    out: dict[str, int] = {}
    for row in project_rows(commodity, stage):
        if row["status"] == "operating":
            out[row["country"]] = out.get(row["country"], 0) + 1
    return out


@from_tables
def tied(commodity: str, stage: str, owner: str) -> Mapping[str, Fact]:
    """Share of a country's output owned by or sold to ``owner`` (``CHN`` or ``RUS``), by country.

    Capacity-weighted over the operating plants of the project tables; a country's plants without a
    named owner count as untied.
    """
    column = {"CHN": "share_china_pct", "RUS": "share_russia_pct"}[owner]
    weights: dict[str, list[tuple[float, float, Row]]] = {}
    for row in project_rows(commodity, stage):
        size, share = number(row["capacity_t_per_year"]), number(row[column])
        if row["status"] == "operating" and size and share is not None:
            weights.setdefault(row["country"], []).append((size, share / 100.0, row))
    out: dict[str, Fact] = {}
    for country, plants in weights.items():
        total = sum(size for size, _, _ in plants)
        share = sum(size * part for size, part, _ in plants) / total
        if share > 0 and country != owner:
            out[country] = Fact(
                f"{commodity}.{stage}.tied.{country}.{owner}",
                share,
                "fraction",
                None,
                "; ".join(row["source"] for _, _, row in plants),
                "derived",
                f"capacity-weighted {column} of " + ", ".join(row["project_id"] for _, _, row in plants),
            )
    return out


@from_tables
def stated_ties(commodity: str, stage: str) -> Mapping[tuple[str, str], Fact]:
    """(producer, buyer) -> share of output tied by ownership or by the only outlet, beyond the project tables."""
    out: dict[tuple[str, str], Fact] = {}
    for key, fact in _stated(f"tie/{commodity}/{stage}/"):
        producer, buyer = key.split("/")
        out[producer, buyer] = fact
    return out
