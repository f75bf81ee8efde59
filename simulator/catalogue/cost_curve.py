"""What running capacity costs: the share of it that does not earn its cash cost at a price.

Prices are multiples of the base year's. By-products have a curve of their own, since the host metal pays for them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, cast

from simulator.catalogue.tables import from_tables, number, required, rows
from simulator.domain.facts import Fact, Quality
from simulator.errors import CatalogueError

BYPRODUCT: Final = "byproduct"
ALL: Final = "ALL"


@from_tables
def points(*, byproduct: bool) -> tuple[tuple[float, Fact], ...]:
    """Price over the base year's, ascending, and the share (0 to 1) of running capacity whose cash cost is above it."""
    group = BYPRODUCT if byproduct else ALL
    found = []
    for row in rows("cost_curve"):
        if row["group"] == group:
            price, share = required(row, "price_multiple"), required(row, "share_above")
            fact = Fact(
                f"cost_curve.{group}.{price:g}",
                share,
                "1",
                int(row["year"]),
                row["source"],
                cast(Quality, row["quality"]),
                row["note"],
                number(row["low"]),
                number(row["high"]),
            )
            found.append((price, fact))
    found.sort(key=lambda point: point[0])
    if any(above[1].value > below[1].value for below, above in pairwise(found)):
        raise CatalogueError(f"cost_curve.csv: the share of {group} above cost rises with the price")
    return tuple(found)
