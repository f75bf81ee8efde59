"""The focal buyer in a scenario file: an economy by its code, or a company described by its own numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Field, Strict, Tag

from simulator.catalogue.place_names import suggest_place
from simulator.domain.company import Company
from simulator.domain.countries import COUNTRIES
from simulator.domain.places import CHINA, REST
from simulator.instruments.fields import STRICT, as_list, at_least_one, reject
from simulator.instruments.names import CommodityName, Country
from simulator.scenario.nodes import Path

ECONOMIES: Final = ("USA", "JPN", "EUU", "KOR")
"""Economies whose use is in the tables and whose independence of China can be asked about."""
_WHOLE: Final = 0.01
"""How far stated shares of suppliers may be from 1 together."""


def _economy(value: str) -> str:
    if value == "EU":
        return "EUU"
    if value not in ECONOMIES:
        hint = suggest_place(value)
        text = f"cannot be the focal buyer; write {', '.join(ECONOMIES)}, or describe a company: name, country, demand"
        reject(value, text, hint if hint in ECONOMIES else None)
    return value


def _seat(value: str) -> str:
    if value == CHINA:
        reject(value, "cannot be the seat: dependence on China is what is judged")
    return value


def _supplier(value: str) -> str:
    if value not in COUNTRIES and value != REST:
        hint = suggest_place(value)
        reject(value, f"is not a country code (ISO 3166-1 alpha-3) or {REST}", hint if hint in COUNTRIES else None)
    return value


def _whole(value: dict[str, float]) -> dict[str, float]:
    total = sum(value.values())
    if abs(total - 1.0) > _WHOLE:
        reject(total, "is what the suppliers' shares add up to; they must add up to 1")
    return value


Supplier = Annotated[str, AfterValidator(_supplier)]
Share = Annotated[float, Field(gt=0, le=1)]
Suppliers = Annotated[
    Annotated[tuple[Supplier, ...], Strict(False), at_least_one(), Tag("list")]
    | Annotated[dict[Supplier, Share], at_least_one(), AfterValidator(_whole), Tag("shares")],
    Discriminator(lambda value: "shares" if isinstance(value, dict) else "list"),
    BeforeValidator(as_list),
]
"""Countries, or countries with the share of purchases from each."""


class CompanyModel(BaseModel):
    """A manufacturer as the focal buyer: it is judged by its own use, and competes with its country's other users."""

    model_config = STRICT

    name: Annotated[str, Field(min_length=1, max_length=60)]
    """Name, shown in reports."""
    country: Annotated[Country, AfterValidator(_seat)]
    """Country of its works, ISO 3166-1 alpha-3; lots travel there, and controls on it hit the company."""
    demand_t_per_year: Annotated[dict[CommodityName, Annotated[float, Field(gt=0)]], at_least_one()]
    """Use at the scenario's start by commodity, t/yr of its basis; a part of its region's, growing and answering prices
    like it. Commodities not named are left out."""
    stock_days: dict[CommodityName, Annotated[float, Field(ge=0, le=3650)]] = {}
    """Days of use it means to hold, by commodity; the uncertain cover of its industry where not given."""
    suppliers: dict[CommodityName, Suppliers] = {}
    """Qualified suppliers by commodity: a list of countries, or countries with shares that add up to 1; all that its
    region buys from where not given. Any other must be qualified first, once supply falls short."""
    stages: dict[CommodityName, str] = {}
    """Stage whose product it buys, by commodity; the stage the commodity is judged at where not given."""
    government_stock: bool = False
    """Whether the government's stock serves it, by its part of the use of the United States; no by default."""

    def company(self) -> Company:
        """Return it as the domain's word."""
        return Company(
            name=self.name,
            country=self.country,
            demand=dict(self.demand_t_per_year),
            stock_days=dict(self.stock_days),
            suppliers={
                commodity: dict(named) if isinstance(named, dict) else dict.fromkeys(named)
                for commodity, named in self.suppliers.items()
            },
            stages=dict(self.stages),
            government_stock=self.government_stock,
        )


def _kind(value: Any) -> str:
    return "CompanyModel" if isinstance(value, dict | CompanyModel) else "economy"


Focal = Annotated[
    Annotated[str, AfterValidator(_economy), Field(json_schema_extra={"enum": [*ECONOMIES]}), Tag("economy")]
    | Annotated[CompanyModel, Tag("CompanyModel")],
    Discriminator(_kind),
]
"""The focal buyer."""


def company_checks(company: CompanyModel, commodities: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong between a company's numbers, the scenario's commodities and the tables."""
    if not any(commodity in commodities for commodity in company.demand_t_per_year):
        used = ", ".join(company.demand_t_per_year)
        yield ("focal", "demand_t_per_year"), f"nothing of it ({used}) is among the scenario's `commodities`"
    for name in ("stock_days", "suppliers", "stages"):
        for commodity in getattr(company, name):
            if commodity not in company.demand_t_per_year:
                yield ("focal", name, commodity), f"{commodity!r} has no demand_t_per_year"
    if company.government_stock and company.country != "USA":
        yield ("focal", "government_stock"), f"the tables hold no government stock of {company.country}"
    from simulator.catalogue.chains import chain
    from simulator.catalogue.focal import CompanyError, bought_by

    meant = company.company()
    for commodity in company.demand_t_per_year:
        try:
            bought_by(chain(commodity), meant)
        except CompanyError as error:
            yield ("focal", error.field, commodity), error.text
