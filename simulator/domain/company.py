"""A manufacturer as the focal buyer: what it uses, holds and buys from whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Company:
    """One manufacturer; its use is part of its country's, and its rivals there are ordinary buyers."""

    name: str
    country: str
    """Seat, ISO 3166-1 alpha-3; controls on the country, or its region, hit the company."""
    demand: Mapping[str, float]
    """Commodity -> use at the scenario's start, t/yr."""
    stock_days: Mapping[str, float]
    """Commodity -> days of use it means to hold; its industry's cover where not given."""
    suppliers: Mapping[str, Mapping[str, float | None]]
    """Commodity -> country -> share of purchases, or None for shares as in its country; all of its country's where
    not given."""
    stages: Mapping[str, str]
    """Commodity -> stage whose product it buys; the stage the commodity is judged at where not given."""
    government_stock: bool
    """Whether the government's stock serves it, in proportion to its part of the country's use."""

    @property
    def buyer(self) -> str:
        """Its name among the consuming regions: ``DEU:Acme``."""
        return f"{self.country}:{self.name}"
