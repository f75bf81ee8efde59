"""Ways from a country to the focal buyer as a reader wants them: legs, time, cost, capacity, risk, use and source."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.catalogue.corridors import capacities, closure_note
from simulator.catalogue.lanes import lane_of, lanes_to_focal, routes_to_focal, usable_for
from simulator.catalogue.tables import number
from simulator.domain.chain import Lane


@dataclass(frozen=True, slots=True)
class Way:
    """One way, in the order in which lots take them."""

    lane: Lane
    path: str
    """Legs as published; empty for a lane that stands in where no table has one."""
    modes: tuple[str, ...]
    lane_teu_per_year: float | None
    """Containers a year of this lane alone, where published."""
    lane_mt_per_year: float | None
    """Cargo a year of this lane alone, million tonnes, where published."""
    shared_gross_t_per_year: float | None
    """Gross tonnes a year of the corridor it shares with others."""
    shared_left_t_per_year: float | None
    """Of these, left for critical minerals."""
    residual_share: float | None
    usd_per_feu: tuple[float, float] | None
    """Published price of a 40-foot container on a leg of the corridor, low and high; see ``capacity_note``."""
    usable_for: tuple[str, ...]
    """Commodities it is for; empty for all."""
    shut: str
    """Why it is shut for good, as known on the day asked; empty where it is open."""
    remark: str
    """Observed volume and reliability."""
    capacity_source: str
    capacity_quality: str
    capacity_note: str


def ways(country: str, commodity: str | None, focal: str, as_of: str) -> tuple[Way, ...]:
    """Ways of a country to a focal buyer, usual way first; of every commodity's goods where None is named."""
    routes = {row["route_id"]: row for row in routes_to_focal(country, commodity, focal)}
    found = {name: lane_of(row) for name, row in routes.items()}
    # What stands in for a missing lane comes first, as in the model.
    standing_in = [lane for lane in lanes_to_focal(country, commodity or "", focal) if lane.route_id not in found]
    if any(not lane.closed for lane in found.values()):
        standing_in = []
    result = []
    for lane in (*standing_in, *found.values()):
        row = routes.get(lane.route_id)
        capacity = capacities().get(lane.shared)
        result.append(
            Way(
                lane=lane,
                path=row["path"] if row else "",
                modes=tuple(row["modes"].split(";")) if row else (),
                lane_teu_per_year=number(row["capacity_teu_per_year"]) if row else None,
                lane_mt_per_year=number(row["capacity_mt_per_year"]) if row else None,
                shared_gross_t_per_year=capacity.gross_t_per_year if capacity else None,
                shared_left_t_per_year=capacity.left_t_per_year if capacity else None,
                residual_share=capacity.residual_share if capacity else None,
                usd_per_feu=capacity.usd_per_feu if capacity else None,
                usable_for=usable_for(row) if row else (),
                shut=closure_note(lane.corridor, as_of) if lane.closed else "",
                remark="; ".join(row[c] for c in ("observed_volume", "reliability_note") if row[c]) if row else "",
                capacity_source=capacity.source if capacity else "",
                capacity_quality=capacity.quality if capacity else "",
                capacity_note=capacity.note if capacity else "",
            )
        )
    return tuple(result)
