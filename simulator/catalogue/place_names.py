"""Which place a wrong name most likely means: of those that occur in the tables rather than of all countries."""

from __future__ import annotations

from collections import Counter
from typing import Final

from simulator.catalogue.tables import from_tables, rows
from simulator.domain.countries import COUNTRIES, suggest_country
from simulator.domain.places import ASIAN_PARTNERS, C5, REGIONS

_TABLES: Final = (
    "world_production", "processing_shares", "stage_shares_extra", "projects", "projects_extra", "us_import_sources",
)  # fmt: skip
"""Who mines, refines, plans to and sells."""


@from_tables
def places() -> tuple[str, ...]:
    """Return the countries and named regions that occur in the model, those of most rows first."""
    found = Counter(row["country"] for table in _TABLES for row in rows(table))
    found.update((*REGIONS, *C5, *ASIAN_PARTNERS))
    return tuple(
        place for place, _ in found.most_common() if place in COUNTRIES or (place in REGIONS and place != "ROW")
    )


def suggest_place(text: str) -> str | None:
    """Return the code of the place that a wrong one most likely means, or None.

    >>> [suggest_place(wrong) for wrong in ("CHX", "KAX", "UAS", "Kazakstan", "ROX")]
    ['CHN', 'KAZ', 'USA', 'KAZ', 'ROU']
    """
    return suggest_country(text, places())
