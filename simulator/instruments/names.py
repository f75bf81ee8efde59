"""Types of the fields that name a country, a region or a commodity of the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from simulator.catalogue import tables
from simulator.catalogue.place_names import suggest_place
from simulator.domain.countries import COUNTRIES
from simulator.domain.places import REGIONS
from simulator.instruments.fields import as_list, at_least_one, nearest, reject

ALL = "ALL"
"""Every country but the imposer, or every commodity."""


@tables.from_tables
def commodity_names() -> tuple[str, ...]:
    """Names of the catalogue's commodities, in its order."""
    return tuple(row["commodity"] for row in tables.rows("commodities"))


def expand(commodities: tuple[str, ...]) -> tuple[str, ...]:
    """Return the commodities named, every one of the catalogue for ``ALL``."""
    return commodity_names() if ALL in commodities else commodities


def _country(value: str) -> str:
    if value not in COUNTRIES:
        hint = suggest_place(value)
        reject(value, "is not a country code (ISO 3166-1 alpha-3)", hint if hint in COUNTRIES else None)
    return value


def _target(value: str) -> str:
    if value not in COUNTRIES and value not in REGIONS and value != ALL:
        reject(value, "is not a country code (ISO 3166-1 alpha-3), EUU or ALL", suggest_place(value))
    return value


def _buyer(value: str) -> str:
    if value == ALL:
        reject(value, "is not one buyer; name a country or EUU")
    return _target(value)


def _region(value: str) -> str:
    if value not in REGIONS:
        hint = suggest_place(value)
        reject(value, f"is not a region; known are {', '.join(REGIONS)}", hint if hint in REGIONS else None)
    return value


def _commodity(value: str) -> str:
    known = commodity_names()
    if value not in known and value != ALL:
        near = nearest(value, known) or next((name for name in known if name.startswith(value.casefold())), None)
        reject(value, "is not a commodity" + ("" if near else f"; known are {', '.join(known)}"), near)
    return value


def _one_commodity(value: str) -> str:
    if value == ALL:
        reject(value, "is not one commodity; name it")
    return _commodity(value)


def _one_or_more(item: dict[str, Any], least: int = 1) -> WithJsonSchema:
    """Return the schema of one name or a list of names."""
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item, "minItems": least}]})


_CODE: dict[str, Any] = {"type": "string", "pattern": "^[A-Z]{3}$"}
_COMMODITY: dict[str, Any] = {"type": "string", "enum": [*commodity_names(), ALL]}


Country = Annotated[str, AfterValidator(_country), Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]
"""ISO 3166-1 alpha-3 code."""
Countries = Annotated[
    tuple[Annotated[str, AfterValidator(_country)], ...],
    Strict(False),
    BeforeValidator(as_list),
    _one_or_more(_CODE, least=0),
]
"""One country, a list of them, or none."""
Target = Annotated[str, AfterValidator(_target)]
Targets = Annotated[tuple[Target, ...], Strict(False), BeforeValidator(as_list), at_least_one(), _one_or_more(_CODE)]
"""One country or region, a list of them, or ``ALL``."""
Buyer = Annotated[str, AfterValidator(_buyer), Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]
"""A country or region that buys."""
Region = Annotated[str, AfterValidator(_region), Field(json_schema_extra={"enum": list(REGIONS)})]
"""Consuming region."""
CommodityName = Annotated[
    str, AfterValidator(_one_commodity), WithJsonSchema({"type": "string", "enum": list(commodity_names())})
]
"""One commodity, by catalogue name."""
Commodities = Annotated[
    tuple[Annotated[str, AfterValidator(_commodity)], ...],
    Strict(False),
    BeforeValidator(as_list),
    at_least_one(),
    _one_or_more(_COMMODITY),
]
"""Catalogue names, or ``ALL``."""
Names = Annotated[tuple[str, ...], Strict(False), BeforeValidator(as_list), _one_or_more({"type": "string"}, least=0)]
"""A list of names checked elsewhere."""
