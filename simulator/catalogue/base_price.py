"""What a kilogram of a commodity cost in the base year, to which the price index refers."""

from __future__ import annotations

from typing import Final

from simulator.catalogue.tables import from_tables, number, overlay, rows
from simulator.domain.facts import Fact
from simulator.errors import CatalogueError

BASE_YEAR: Final = 2024
"""Year of the shipped quantities."""


def base_year(commodity: str) -> int:
    """Year of a commodity's quantities: of the shipped ones, or of what was known on an earlier day."""
    laid = overlay()
    return BASE_YEAR if laid is None else laid.base_years.get(commodity, BASE_YEAR)


@from_tables
def base_price(commodity: str) -> Fact:
    """Price of the base year, USD per kg of the commodity's basis."""
    (row,) = (row for row in rows("commodities") if row["commodity"] == commodity)
    price = number(row[f"price_{BASE_YEAR}_usd_per_kg"])
    if price is None:
        raise CatalogueError(f"commodities.csv: {commodity} has no price for {BASE_YEAR}")
    return Fact(f"{commodity}.price", price, "USD/kg", BASE_YEAR, row["source"], "reported", row["price_basis"])
