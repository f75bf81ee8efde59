"""Which stages a commodity's chain has, and which stage a project of the tables belongs to.

The choice is data: ``stage_map.csv`` names each stage, its class, where its split comes from and
whether it is modelled at all. This module only reads that table, so that projects can ask for a
stage without building the chains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from simulator.catalogue.tables import from_tables, rows
from simulator.domain.chain import StageKind
from simulator.errors import CatalogueError

Level = Literal["table", "feed", "back"]
"""How a stage's tonnage is set: by its table, by the feed upstream leaves it, or by what downstream needs."""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One modelled stage as ``stage_map.csv`` states it."""

    commodity: str
    name: str
    kind: StageKind
    verdict: bool
    level: Level
    project_stages: tuple[str, ...]
    """Stage words of the project tables that belong here."""
    basis: str
    source: str
    quality: str
    note: str


@from_tables
def commodities() -> tuple[str, ...]:
    """Names of the commodities in the order of ``commodities.csv``."""
    return tuple(row["commodity"] for row in rows("commodities"))


@from_tables
def stages() -> Mapping[str, tuple[StageSpec, ...]]:
    """Modelled stages of each commodity, upstream first.

    Raises
    ------
    CatalogueError
        If a commodity has no stage, stages out of order, or not exactly one verdict stage.
    """
    found: dict[str, list[tuple[int, StageSpec]]] = {name: [] for name in commodities()}
    for row in rows("stage_map"):
        if row["modelled"] != "yes":
            continue
        spec = StageSpec(
            commodity=row["commodity"],
            name=row["stage"],
            kind=cast(StageKind, row["kind"]),
            verdict=row["verdict"] == "1",
            level=cast(Level, row["level"]),
            project_stages=tuple(row["project_stages"].split()),
            basis=row["basis"],
            source=row["source"],
            quality=row["quality"],
            note=row["note"],
        )
        found[row["commodity"]].append((int(row["position"]), spec))
    out: dict[str, tuple[StageSpec, ...]] = {}
    for name, entries in found.items():
        if [position for position, _ in entries] != list(range(len(entries))) or not entries:
            raise CatalogueError(f"stage_map.csv: the stages of {name} are missing or out of order")
        out[name] = tuple(spec for _, spec in entries)
        if sum(spec.verdict for spec in out[name]) != 1:
            raise CatalogueError(f"stage_map.csv: {name} needs exactly one verdict stage")
    return out


@from_tables
def not_modelled(commodity: str) -> tuple[tuple[str, str], ...]:
    """Collapsed stages of a commodity, each with the reason."""
    return tuple(
        (row["stage"], row["note"])
        for row in rows("stage_map")
        if row["commodity"] == commodity and row["modelled"] != "yes"
    )


def resolve_stage(commodity: str, project_stage_kind: str) -> str | None:
    """Chain stage at which a project with that stage word produces; None where that stage is not modelled.

    >>> resolve_stage("antimony", "smelter"), resolve_stage("germanium", "mine")
    ('smelter_metal', None)
    """
    for spec in stages().get(commodity, ()):
        if project_stage_kind in spec.project_stages:
            return spec.name
    return None
