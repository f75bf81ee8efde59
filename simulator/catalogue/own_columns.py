"""What the shipped tables say about the rows a user may lay over them: keys, columns, words in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from simulator.catalogue.tables import number, shipped
from simulator.domain.places import REGIONS, REST

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "agreement_terms": ("agreement_id",),
    "agreements": ("agreement_id",),
    "assumptions": ("name",),
    "behaviour": ("parameter", "commodity", "statistic", "horizon", "sample_or_context"),
    "chain_traits": ("commodity",),
    "commodities": ("commodity",),
    "consumption_map": ("commodity", "stage"),
    "corridor_capacity": ("shared",),
    "corridor_cargo": ("commodity", "stage"),
    "corridors": ("corridor",),
    "cost_curve": ("group", "price_multiple"),
    "demand_by_region": ("commodity", "stage", "region"),
    "evidence_parameters": ("name",),
    "input_posteriors": ("role",),
    "input_priors": ("role", "subject"),
    "intermediaries": ("commodity", "country"),
    "lane_fallbacks": ("country",),
    "lane_modes": ("commodity",),
    "lane_use": ("route_id",),
    "lead_times": ("quantity", "group", "statistic"),
    "model_parameters": ("name",),
    "observation_errors": ("measure",),
    "processing_shares": ("commodity", "stage", "country", "year", "unit"),
    "project_capacity": ("project_id", "commodity"),
    "project_gates": ("name",),
    "project_left_out": ("project_id",),
    "projects": ("project_id",),
    "projects_extra": ("project_id",),
    "routes": ("route_id",),
    "routes_extra": ("route_id",),
    "stage_shares_extra": ("commodity", "stage", "country", "year"),
    "stage_supply": ("commodity", "stage", "role", "table", "year"),
    "stockpile_forms": ("commodity", "form"),
    "us_balance": ("commodity", "year", "measure", "form"),
    "us_end_products": ("product", "measure", "origin", "year"),
    "us_import_sources": ("commodity", "form", "period", "country"),
    "world_production": ("commodity", "stage", "measure", "country", "year"),
}
"""Tables the model reads -> columns that tell a row from every other; a test checks that they do."""
CLOSED: Final = frozenset(
    "chain_traits commodities evidence_parameters input_posteriors model_parameters observation_errors"
    " project_gates".split()
)
"""Tables in which the model looks for the names it knows: a row of another name would never be read."""
COUNTRY_COLUMNS: Final = frozenset({"country", "origin_country"})
_WORD_COLUMNS: Final = frozenset(
    "commodity kind measure parameter quantity region role stage subject table take unit unit_std".split()
)
"""Columns whose words the model matches: a new word would never be read."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the shipped rows say about the columns of a table."""

    names: tuple[str, ...]
    numbers: frozenset[str]
    """Columns in which every shipped cell that is not empty holds a number."""
    full: frozenset[str]
    """Columns in which no shipped cell is empty."""
    words: Mapping[str, frozenset[str]]
    """Column -> words in use, for columns whose words the model matches."""
    grading: tuple[str, ...]
    """Columns that say where a row comes from and how good it is."""


@cache
def columns(table: str) -> Columns:
    """Read off the shipped rows, which never change."""
    rows = shipped(table)
    names = tuple(rows[0])
    filled = {name: [row[name] for row in rows if row[name]] for name in names}
    grading: list[str] = [name for name in ("source", "quality") if name in names]
    if "source" not in names:
        grading.insert(0, "reason" if "reason" in names else "note")
    words = {n: frozenset(filled[n]) for n in names if n in _WORD_COLUMNS or n in COUNTRY_COLUMNS}
    for name in ("commodity", "subject"):
        if name in words:
            words[name] |= {row["commodity"] for row in shipped("commodities")}
    if "role" in words:
        words["role"] |= {row["name"].partition("/")[0] for row in shipped("sobol_dimensions")}
    if "region" in words:
        words["region"] |= {*REGIONS, REST}
    return Columns(
        names,
        frozenset(n for n, cells in filled.items() if cells and all(number(cell) is not None for cell in cells)),
        frozenset(n for n, cells in filled.items() if len(cells) == len(rows)),
        words,
        tuple(grading),
    )
