"""Shared corridors: what several lanes have in common, how much it carries, what cargo weighs, what is shut.

``corridors.csv`` says which bottleneck the corridors of the routes tables share, where a closure catches a lot and
where its goods take ship,
``corridor_capacity.csv`` what a bottleneck carries and leaves for minerals, ``corridor_cargo.csv`` how many gross
tonnes travel for a tonne of a commodity's own basis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.catalogue.tables import Row, from_tables, number, rows
from simulator.errors import CatalogueError

ANY = "ALL"


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a shared corridor carries; every number is None where none is published."""

    shared: str
    gross_t_per_year: float | None
    """Gross tonnes a year in both directions, by container where minerals travel in containers."""
    residual_share: float | None
    """Share of it left for critical minerals, 0 to 1."""
    usd_per_feu: tuple[float, float] | None
    """Lowest and highest published price of a 40-foot container, of the leg that ``note`` names."""
    year: int
    source: str
    quality: str
    note: str

    @property
    def left_t_per_year(self) -> float | None:
        """Gross tonnes a year left for critical minerals."""
        if self.gross_t_per_year is None or self.residual_share is None:
            return None
        return self.gross_t_per_year * self.residual_share


@from_tables
def capacities() -> Mapping[str, Capacity]:
    """Capacity of every shared corridor, by name."""
    return {row["shared"]: _capacity(row) for row in rows("corridor_capacity")}


def shared_corridor(corridor: str) -> str:
    """Bottleneck that a corridor of the routes tables shares with others; empty for none."""
    row = _corridors().get(corridor)
    return row["shared"] if row else ""


def caught_on_land(corridor: str) -> bool:
    """Whether a lot on the sea leg at the end of this corridor's lanes is past what can close."""
    row = _corridors().get(corridor)
    return row is not None and row["closure_catches"] == "land"


def corridor_exit(corridor: str) -> str:
    """Country at the end of a corridor's land part, where goods take ship; empty where the tables say none."""
    row = _corridors().get(corridor)
    return row["exit"] if row else ""


def closure_note(corridor: str, as_of: str) -> str:
    """Why a corridor is shut for good to the focal buyer's goods, as known on an ISO day; empty where it is open."""
    row = _corridors().get(corridor)
    if row is None or not row["closed_from"]:
        return ""
    if as_of < row["closed_from"]:
        return row["closed_before"]
    return f"closed since {row['closed_from']}: {row['closed_reason']}"


def gross_t_per_t(commodity: str, stage: str) -> float:
    """Gross tonnes that travel for a tonne of the commodity's own basis, in the form its stage makes."""
    table = _cargo()
    return table.get((commodity, stage), table[ANY, ANY])


@from_tables
def _corridors() -> dict[str, Row]:
    return {row["corridor"]: row for row in rows("corridors")}


@from_tables
def _cargo() -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for row in rows("corridor_cargo"):
        value = number(row["gross_t_per_t"])
        if value is None or value < 1.0:
            raise CatalogueError(f"corridor_cargo.csv: {row['commodity']} {row['stage']} weighs less than its content")
        found[row["commodity"], row["stage"]] = value
    return found


def _capacity(row: Row) -> Capacity:
    containers, load, bulk = (number(row[c]) for c in ("teu_per_year", "gross_t_per_teu", "bulk_mt_per_year"))
    gross = bulk * 1e6 if bulk is not None else None
    if containers is not None and load is not None:
        boxed = containers * load
        gross = boxed if gross is None else min(gross, boxed)
    low, high = number(row["usd_per_feu_low"]), number(row["usd_per_feu_high"])
    return Capacity(
        shared=row["shared"],
        gross_t_per_year=gross,
        residual_share=number(row["residual_share"]),
        usd_per_feu=None if low is None or high is None else (low, high),
        year=int(row["year"]),
        source=row["source"],
        quality=row["quality"],
        note=row["note"],
    )
