"""Ways between two places other than the focal buyer, over the corridors of the routes tables.

The five Central Asian states have no coast: what they sell and buy crosses China, Russia, the Caspian or
Afghanistan. Each of a state's ways to the USA gives a way to anywhere else: its land part, up to the country where
goods take ship (``exit`` in ``corridors.csv``), and from there the mean transit to the other place; the other way round
for what they buy. A row of the routes tables between the two places themselves comes instead of what is put together
over the same corridor. Rows that leave the corridor open ("RUS or AZE") are left out: their parts are there.

Every pair of places with none of the five at one end keeps its mean transit, as do goods that fly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.corridors import corridor_exit
from simulator.catalogue.lanes import flies_first, lag_days, lane_of, lane_use, routes_from, routes_to_focal
from simulator.catalogue.parameters import parameter
from simulator.catalogue.tables import Row, from_tables, number
from simulator.domain.chain import Lane
from simulator.domain.places import C5, EU_MEMBERS, country_of

LEAST_SHARE = 0.01
"""Part of what either side trades in the base year from which a pair has its own ways."""
_BORDER = "Land border"
DERIVED = "land part of {way} and mean transit between {exit} and {place}"


def own_ways(
    producers: tuple[str, ...], buyers: tuple[str, ...], flows: NDArray[np.float64], commodity: str
) -> Mapping[tuple[str, str], tuple[Lane, ...]]:
    """(producer, buyer) -> ways of their own, usual way first, for pairs that trade over corridors.

    ``flows`` (P, B) are base-year tonnes. A producer or buyer without any may trade with everybody later.
    """
    sold, bought = flows.sum(axis=1, keepdims=True), flows.sum(axis=0, keepdims=True)
    matters = (flows >= LEAST_SHARE * sold) | ((flows >= LEAST_SHARE * bought) & (bought > 0)) | (bought == 0)
    found: dict[tuple[str, str], tuple[Lane, ...]] = {}
    for p, producer in enumerate(producers):
        for b, buyer in enumerate(buyers):
            if matters[p, b] and (ways := ways_between(producer, country_of(buyer), commodity)):
                found[producer, buyer] = ways
    return found


@from_tables
def ways_between(origin: str, destination: str, commodity: str) -> tuple[Lane, ...]:
    """Surface ways between a Central Asian state and a place outside Central Asia, usual way first; else none."""
    if (origin in C5) == (destination in C5) or flies_first(commodity):
        return ()
    outward = origin in C5
    state, place = (origin, destination) if outward else (destination, origin)
    ways = [lane_of(row) for row in routes_from(origin) if _leads(row, destination, commodity)]
    derived = [way for row in routes_to_focal(state, commodity, "USA") if (way := _over(row, place, outward=outward))]
    neighbours = [way for way in derived if way.corridor.startswith(_BORDER)]
    if neighbours:  # nobody goes round the world to a neighbour
        return tuple(_in_order(ways or neighbours[:1]))
    taken = {way.shared or way.corridor for way in ways}
    return tuple(_in_order([*ways, *(way for way in derived if (way.shared or way.corridor) not in taken)]))


def _in_order(ways: list[Lane]) -> list[Lane]:
    wait = parameter("closure_wait_days").value
    return sorted(ways, key=lambda way: way.transit_days_median + way.closures_per_year * wait)


def _ends_at(row: Row, place: str) -> bool:
    ends = lane_use(row)["destination"]
    return ends == place or (ends == "EUU" and place in EU_MEMBERS)


def _leads(row: Row, destination: str, commodity: str) -> bool:
    use = lane_use(row)
    return (
        _ends_at(row, destination)
        and use["usable"] == "yes"
        and (not use["only_for"] or commodity in use["only_for"].split())
        and row["modes"] != "air"
        and " or " not in row["countries_crossed"]
    )


def _over(row: Row, place: str, *, outward: bool) -> Lane | None:
    """The way over the corridor of a route to the USA, to or from ``place``; None where it is shut, or by air."""
    lane, exit_ = lane_of(row), corridor_exit(row["corridor"].strip())
    if lane.closed or row["modes"] == "air" or not (exit_ or place == "USA"):
        return None
    ends = (lane.origin, place) if outward else (place, lane.origin)
    if place == exit_ or place in lane.crosses:
        days = lag_days(lane.origin, place)
        where = lane.crosses.index(place) if place in lane.crosses else len(lane.crosses)
        name, before = f"{_BORDER} {lane.origin}-{place}", lane.crosses[:where]
        source = "mean transit to a neighbour"
        lane = replace(lane, corridor=name, shared="", crosses=before, closures_per_year=0.0)
        exposed = 1.0
    elif place == "USA":
        days, exposed, source = lane.transit_days_median, lane.exposed_share, lane.source
    else:
        land = lane.transit_days_median - (number(row["sea_days"]) or 0.0)
        days = land + _sea_days(exit_, place)
        exposed, source = land / days, DERIVED.format(way=row["route_id"], exit=exit_, place=place)
    return replace(
        lane,
        route_id=f"{ends[0]}_{ends[1]}_{row['route_id']}",
        origin=ends[0],
        transit_days_median=days,
        transit_days_p95=days * lane.transit_days_p95 / lane.transit_days_median,
        # Outward, a lot at sea is past the corridor; inward it has the corridor still before it.
        exposed_share=exposed if outward else 1.0,
        source=source,
        quality="derived",
    )


@from_tables
def _sea_days(exit_: str, place: str) -> float:
    """Days at sea between the end of a corridor and a place: as a route to it says, else the mean transit."""
    stated = [
        number(row["sea_days"]) or 0.0
        for state in C5
        for row in routes_from(state)
        if row["modes"] != "air" and corridor_exit(row["corridor"].strip()) == exit_ and _ends_at(row, place)
    ]
    return median(stated) if stated else lag_days(exit_, place)
