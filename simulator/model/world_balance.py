"""What the world makes and needs of one stage's product, and what of it falls to its largest foreign suppliers.

Demand counts what regions would use at the prices of the base year, growth, shocks and substitution included, and what
the plants of the next stage would feed: what a scarce product's price squeezes out was still wanted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.domain.places import REST, at_home, country_of
from simulator.model.rows import row_sums, zeros

Floats = NDArray[np.float64]
FOLLOWED = 2
"""Suppliers followed at each stage: the largest, and one that may overtake it."""


class WorldBalance:
    """Cumulative output and demand of one stage, tonnes."""

    def __init__(self, stage: Stage, focal: str, n: int) -> None:
        named = [
            (stage.output[p], -p, p, country)
            for p, country in enumerate(stage.producers)
            if country != REST and not at_home(country, focal) and stage.output[p] > 0
        ]
        largest = sorted(named, reverse=True)[:FOLLOWED]
        self._producers = [p for _, _, p, _ in largest]
        # A region that is a country is its own country's demand; of a wider one nobody knows the part.
        self._buyers = [
            [b for b, buyer in enumerate(stage.buyers) if country_of(buyer) == country] for *_, country in largest
        ]
        self.suppliers = (*(country for *_, country in largest), *("",) * (FOLLOWED - len(largest)))
        """(2,) countries; "" where there are fewer."""
        self.output = np.zeros(n)
        self.demand = np.zeros(n)
        self.supplier_output = zeros(n, FOLLOWED)
        self.supplier_demand = zeros(n, FOLLOWED)

    def made(self, tonnes: Floats, total: Floats) -> None:
        """Add output (n, P), ``total`` (n,) in all."""
        self.output += total
        for place, p in enumerate(self._producers):
            self.supplier_output[:, place] += tonnes[:, p]

    def needed(self, rate: Floats, days: float, first: int) -> None:
        """Add demand of the buyers from place ``first`` on: their rates (n, width), t/day, for so many days."""
        self.demand += row_sums(rate) * days
        for place, buyers in enumerate(self._buyers):
            for b in buyers:
                if first <= b < first + rate.shape[1]:
                    self.supplier_demand[:, place] += rate[:, b - first] * days
