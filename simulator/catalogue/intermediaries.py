"""Third countries through which blocked goods reach their buyers: ``intermediaries.csv``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.catalogue.tables import from_tables, required, rows
from simulator.errors import CatalogueError

_ANY: Final = "DEFAULT"


@dataclass(frozen=True, slots=True)
class Intermediary:
    """One third country as a way around controls on one commodity."""

    country: str
    """ISO 3166-1 alpha-3; ``OTH`` for the unnamed rest."""
    share: float
    """Its share of the commodity's re-routed tonnes, 0 to 1."""
    capacity_share: float
    """The most it can handle, as a share of the base-year flow it stands in for."""
    lag_factor: float
    """Its lag relative to the commodity's (``reroute_lag_months``)."""


@from_tables
def intermediaries(commodity: str) -> tuple[Intermediary, ...]:
    """Ways around controls on a commodity: its own rows, else the default rows. Shares sum to 1."""
    own = [row for row in rows("intermediaries") if row["commodity"] == commodity]
    chosen = own or [row for row in rows("intermediaries") if row["commodity"] == _ANY]
    found = []
    for row in chosen:
        share, capacity, lag = (required(row, name) for name in ("share", "capacity_share", "lag_factor"))
        found.append(Intermediary(row["country"], share, capacity, lag))
    if abs(sum(way.share for way in found) - 1.0) > 1e-9:
        raise CatalogueError(f"intermediaries.csv: shares of {commodity} do not sum to 1")
    return tuple(found)
