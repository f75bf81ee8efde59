"""What has been observed: one figure of one period, with its source and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from simulator.domain.facts import Quality

WORLD: Final = "WLD"
"""Origin or destination that stands for all countries together."""

TONNES: Final[Mapping[str, float]] = MappingProxyType({"kg": 1e-3, "t": 1.0, "kt": 1e3})
SHARES: Final[Mapping[str, float]] = MappingProxyType({"1": 1.0, "percent": 0.01, "percent_of_quantity": 0.01})
RATIOS: Final[Mapping[str, float]] = MappingProxyType({"1": 1.0, "ratio": 1.0, "percent": 0.01})

MEASURES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "imports": TONNES,
        "import_share": SHARES,
        "consumption": TONNES,
        "stocks": TONNES,
        "price_index": RATIOS,
        "price_index_china": RATIOS,
    }
)
"""Measures of the focal buyer that futures can be held against -> units in which they may be given, with the factor."""

SAME_AS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "us_imports": ("imports", "USA"),
        "us_consumption": ("consumption", "USA"),
        "china_share_of_us_imports": ("import_share", "USA"),
        "share_of_us_imports": ("import_share", "USA"),
        "japan_imports": ("imports", "JPN"),
        "japan_consumption": ("consumption", "JPN"),
        "china_share_of_japan_imports": ("import_share", "JPN"),
        "share_of_japan_imports": ("import_share", "JPN"),
    }
)
"""Names in which the destination is part of the measure -> measure and destination."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One observed figure, in the unit of its source."""

    commodity: str
    """Catalogue name, or any name the reader of the file knows."""
    measure: str
    period_start: date
    period_end: date
    """Last day of the period, which belongs to it."""
    value: float
    unit: str
    source: str
    quality: Quality
    origin: str = WORLD
    """Declared origin, ISO 3166-1 alpha-3; ``WLD`` for all."""
    destination: str = ""
    """Buying country or region; empty for the focal buyer."""
    stage: str = ""
    """Stage of the chain; empty for the one its consumption is judged at."""
    form: str = ""
    """What the source counts, in its own words."""
    sd: float | None = None
    """Standard deviation of its error where the source states one: relative for amounts and prices, else in shares."""
    episode: str = ""
    note: str = ""

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.period_end - self.period_start).days + 1

    @property
    def period(self) -> str:
        """The period in words: a year, a month, a day, or from one day to another."""
        first, last, after = self.period_start, self.period_end, self.period_end + timedelta(days=1)
        if (first.month, first.day) == (1, 1) and after == date(first.year + 1, 1, 1):
            return str(first.year)
        if first.day == 1 and after.day == 1 and self.days <= 31:
            return f"{first:%b %Y}"
        return f"{first}" if first == last else f"{first} to {last}"

    @property
    def key(self) -> str:
        """Name by which it is kept: what, from where, when."""
        what = ":".join(part for part in (self.commodity, self.stage) if part)
        return f"{what}.{self.measure}.{self.origin}.{self.period_start}.{self.period_end}"
