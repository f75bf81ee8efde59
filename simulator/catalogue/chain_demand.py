"""Final demand at a stage: the focal economy's consumption and its origins, and the other regions.

``consumption_map.csv`` says per stage which rows of ``us_balance``, ``us_import_sources`` and
``demand_by_region`` hold the numbers. Base-year imports are consumption times published reliance,
split by the four-year mean shares of origins (2021-24): trade as it was before the controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from simulator.catalogue.chain_facts import assumption, table_fact
from simulator.catalogue.tables import Row, from_tables, rows, rows_of
from simulator.domain.facts import Fact
from simulator.domain.places import REGIONS, REST
from simulator.errors import CatalogueError

FOCAL: Final = "USA"
PERCENT: Final = 0.01


@dataclass(frozen=True, slots=True)
class Demand:
    """Final demand at a stage before the other regions are scaled to the balance."""

    focal_t: float
    """Consumption of the focal economy, t/yr; 0 where it has none at this stage."""
    domestic_share: float | None
    """Share of it met by domestic output, 0 to 1; None: domestic output goes to domestic use first."""
    origins: Mapping[str, float]
    """Shares of imports by declared origin, ``OTH`` for the unnamed; empty where none is published."""
    regions: Mapping[str, float]
    """Demand of the other regions as published, in the table's own unit: proportions."""
    residual_region: str | None
    """Region that closes the balance; None: all regions are scaled alike."""
    focal_quality: str
    """Quality of the consumption figure."""
    reliance_published: bool
    """True where net import reliance is published as a number, not as a bound."""
    origins_quality: str
    facts: tuple[Fact, ...]


@from_tables
def demand(commodity: str, stage: str) -> Demand | None:
    """Final demand at a stage; None where the stage has none."""
    entries = [row for row in rows_of("consumption_map", commodity) if row["stage"] == stage]
    if not entries:
        return None
    (entry,) = entries
    facts: list[Fact] = []
    use = _focal(entry)
    if use is not None:
        facts.append(use)
    if entry["us_factor"]:
        facts.append(assumption(entry["us_factor"]))
    domestic, published = _domestic(entry)
    if domestic is not None:
        facts.append(domestic)
    origins = _origins(entry)
    facts.extend(origins.values())
    regions = _regions(entry)
    facts.extend(regions.values())
    return Demand(
        focal_t=0.0 if use is None else use.value,
        domestic_share=None if domestic is None else domestic.value,
        origins={country: fact.value for country, fact in origins.items()},
        regions={region: fact.value for region, fact in regions.items()},
        residual_region=entry["residual_region"] or None,
        focal_quality="none" if use is None else use.quality,
        reliance_published=published,
        origins_quality=_worst(fact.quality for fact in origins.values()),
        facts=tuple(facts),
    )


def _focal(entry: Row) -> Fact | None:
    """Consumption of the focal economy in the base year, t/yr."""
    name = f"{entry['commodity']}.{entry['stage']}.demand.{FOCAL}"
    factor = assumption(entry["us_factor"]).value if entry["us_factor"] else 1.0
    if entry["us_table"] == "":
        return None
    if entry["us_table"] == "demand_by_region":
        found = [
            row
            for row in rows_of("demand_by_region", entry["commodity"])
            if (row["stage"], row["region"]) == (entry["us_form"], entry["us_measure"])
        ]
        column = "value"
    else:
        wanted = (entry["us_measure"], entry["us_form"], entry["us_year"])
        found = [
            row
            for row in rows_of("us_balance", entry["commodity"])
            if (row["measure"], row["form"], row["year"]) == wanted
        ]
        column = "value_std"
    if len(found) != 1:
        raise CatalogueError(f"consumption_map.csv: {name} selects {len(found)} rows")
    fact = table_fact(name, found[0], column, unit="t/yr", factor=factor, note=entry["note"])
    if fact is None:
        raise CatalogueError(f"{name}: the selected row holds no number")
    return fact


def _domestic(entry: Row) -> tuple[Fact | None, bool]:
    """Share of focal consumption met at home, and whether reliance is published as a number.

    It is one minus published net import reliance: stocks and re-exports are netted out of imports.
    """
    rule, commodity, stage = entry["domestic"], entry["commodity"], entry["stage"]
    if rule == "assumption":
        return assumption(f"us_domestic/{commodity}/{stage}"), False
    if not rule.startswith("nir"):
        return None, False
    form = rule.partition(":")[2] or entry["us_form"]
    for row in rows_of("us_balance", commodity):
        key = (row["measure"], row["year"])
        if key == ("net_import_reliance_pct", entry["us_year"]) and row["form"] in {form, "all_forms"}:
            fact = table_fact("", row, "value", unit="fraction", factor=PERCENT)
            if fact is not None and row["qualifier"] == "eq":
                name = f"{commodity}.{stage}.domestic_share.{FOCAL}"
                note = "1 - net import reliance"
                return Fact(name, 1.0 - fact.value, "fraction", fact.year, fact.source, "derived", note), True
    raise CatalogueError(f"no published reliance of {commodity} in {entry['us_year']}")


def _origins(entry: Row) -> dict[str, Fact]:
    """Import shares by declared origin, scaled to one: published shares are rounded to a percent."""
    if not entry["import_table"]:
        return {}
    end_products = entry["import_table"] == "us_end_products"
    found: dict[str, Fact] = {}
    for row in rows(entry["import_table"]):
        if end_products:
            hit = (
                row["product"] == entry["import_form"]
                and row["measure"] == "import_share_mass"
                and row["year"] == entry["import_period"]
            )
            country, column = row["origin"], "value"
        else:
            hit = (row["commodity"], row["form"], row["period"]) == (
                entry["commodity"],
                entry["import_form"],
                entry["import_period"],
            )
            country, column = row["country"], "share_pct"
        if hit:
            name = f"{entry['commodity']}.{entry['stage']}.import_share.{country}"
            fact = table_fact(name, row, column, unit="fraction", factor=PERCENT)
            if fact is not None and fact.value > 0:
                found[country] = fact
    if not found:
        raise CatalogueError(f"consumption_map.csv: no import shares for {entry['commodity']} {entry['stage']}")
    total = sum(fact.value for fact in found.values())
    return {country: _scaled(fact, 1.0 / total) for country, fact in found.items()}


def _regions(entry: Row) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    for row in rows_of("demand_by_region", entry["commodity"]):
        region = row["region"]
        if row["stage"] == entry["regions_stage"] and region in REGIONS and region != FOCAL:
            fact = table_fact(
                f"{entry['commodity']}.{entry['stage']}.demand_published.{region}", row, "value", unit=row["unit"]
            )
            if fact is not None and fact.value > 0:
                found[region] = fact
    return found


def _scaled(fact: Fact, factor: float) -> Fact:
    return Fact(fact.name, fact.value * factor, fact.unit, fact.year, fact.source, fact.quality, fact.note)


def _worst(qualities: Iterable[str]) -> str:
    order = ("reported", "estimated", "derived", "assumed")
    seen = set(qualities)
    return next((quality for quality in reversed(order) if quality in seen), "none")


def named_floor(origins: Mapping[str, float]) -> float:
    """Smallest named share: a country the source leaves unnamed cannot stand above it."""
    return min((share for country, share in origins.items() if country != REST), default=1.0)
