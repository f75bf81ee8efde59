"""Lanes: ways from a country to the focal region, and mean transit between any two places.

``routes.csv`` and ``routes_extra.csv`` hold the lanes; ``lane_use.csv`` says where each one ends,
which commodities it is for and whether it can be used at all; ``lane_modes.csv`` says which
commodities fly. Where no row fits, lanes of the same part of the world (``lane_fallbacks.csv``) stand in,
graded ``assumed``.
"""

from __future__ import annotations

from statistics import median
from typing import Final

from simulator.catalogue.corridors import caught_on_land, shared_corridor
from simulator.catalogue.parameters import parameter
from simulator.catalogue.tables import Row, from_tables, number, rows
from simulator.domain.chain import Lane
from simulator.domain.places import EU_MEMBERS, region_of
from simulator.errors import CatalogueError

FALLBACK_SOURCE: Final = "lane_fallbacks.csv: median of the routes tables"
URANIUM: Final = "uranium"
ANYWHERE: Final = "anywhere"


@from_tables
def lanes_to_focal(country: str, commodity: str, focal: str = "USA") -> tuple[Lane, ...]:
    """Ways from a country to the focal region, usual way first.

    The usual way of a commodity that flies is air, where the country has an air lane. Otherwise, and
    after it, lanes go by transit time plus closures a year times the wait of a closure. A lane made for
    the commodity (uranium, manganese ore) comes before the general ones. Closed lanes (Iran) come
    last. A country without a lane gets one fallback lane. Empty for the focal country itself.
    """
    if region_of(country) == focal:
        return ()
    usable = routes_to_focal(country, commodity, focal)
    if all(lane_use(row)["usable"] == "closed" for row in usable):
        return (*(_fallback_lanes(country, focal)), *(lane_of(row) for row in usable))
    return tuple(lane_of(row) for row in usable)


@from_tables
def routes_to_focal(country: str, commodity: str | None, focal: str) -> tuple[Row, ...]:
    """Rows of the routes tables behind ``lanes_to_focal``, usual way first.

    Without a commodity: every way anything may take, those by air and those made for one commodity last.
    """
    air = "also" if commodity is None else _air(commodity)
    found = [
        row
        for row, use in _routes_of(country)
        if _ends_in(use["destination"], focal)
        and use["usable"] != "no"
        and (not use["only_for"] or commodity is None or commodity in use["only_for"].split())
        and (row["modes"] != "air" or air)
    ]

    def rank(row: Row) -> tuple[bool, bool, bool, float]:
        use = lane_use(row)
        flies_first = row["modes"] == "air" and air == "first"
        flies_last = row["modes"] == "air" and air != "first"
        made_for_it = bool(use["only_for"]) == (commodity is not None)
        return (
            use["usable"] == "closed" or flies_last,
            not flies_first,
            not made_for_it,
            _days(row, "transit_days_typical") + _risk(row) * parameter("closure_wait_days").value,
        )

    return tuple(sorted(found, key=rank))


@from_tables
def lag_days(origin: str, buyer: str) -> float:
    """Mean transit in days from a country to a country or consuming region.

    Delivery inside a country or inside the European Union has its own parameter. Otherwise the median
    of the open surface lanes between the two places (either direction), else between their parts of the
    world, else of all lanes.
    """
    if origin == buyer and origin not in ("EUU", "ROW", "OTH"):
        return parameter("domestic_transit_days").value
    if region_of(origin) == "EUU" and region_of(buyer) == "EUU":
        return parameter("bloc_transit_days").value
    here, there = _zone(origin), _zone(buyer)
    for ends in ((origin, buyer), (here, buyer), (here, there), (here, ANYWHERE)):
        found = _days_between().get(ends)
        if found:
            return median(found)
    return median(_days_between()[ANYWHERE, ANYWHERE])


@from_tables
def corridor_names() -> tuple[str, ...]:
    """Names of shared bottlenecks and of corridors of the routes tables that lead to a focal region, sorted."""
    own = {_corridor(row) for row in _leading()}
    return tuple(sorted(own | {shared for name in own if (shared := shared_corridor(name))}))


@from_tables
def countries_crossed() -> tuple[str, ...]:
    """Countries that some lane to a focal region crosses, sorted."""
    return tuple(sorted({country for row in _leading() for country in _crossed(row)}))


def _leading() -> list[Row]:
    """Routes to an economy that can be a focal buyer."""
    return [row for row, use in _routes() if use["usable"] != "no" and region_of(use["destination"]) != "ROW"]


@from_tables
def _routes() -> tuple[tuple[Row, Row], ...]:
    """(route, its row of ``lane_use.csv``) in file order."""
    return tuple((row, lane_use(row)) for table in ("routes", "routes_extra") for row in rows(table))


@from_tables
def _routes_of(country: str) -> tuple[tuple[Row, Row], ...]:
    """Those of ``_routes`` that begin in a country."""
    return tuple((row, use) for row, use in _routes() if row["origin_country"] == country)


@from_tables
def _uses() -> dict[str, Row]:
    return {row["route_id"]: row for row in rows("lane_use")}


def lane_use(row: Row) -> Row:
    """Row of ``lane_use.csv`` that says where a route ends, for which commodities, and whether it is open."""
    use = _uses().get(row["route_id"])
    if use is None:
        raise CatalogueError(f"lane_use.csv does not say where route {row['route_id']} ends")
    return use


def routes_from(country: str) -> list[Row]:
    """Rows of the routes tables that begin in a country."""
    return [row for row, _ in _routes_of(country)]


def flies_first(commodity: str) -> bool:
    """Whether a commodity's usual way is air."""
    return _air(commodity) == "first"


@from_tables
def _air(commodity: str) -> str:
    """``first`` or ``also`` where the commodity flies, else empty."""
    return {row["commodity"]: row["air"] for row in rows("lane_modes")}.get(commodity, "")


def usable_for(row: Row) -> tuple[str, ...]:
    """Commodities that a route is for: those named, those that fly for one by air; empty for all."""
    if lane_use(row)["only_for"]:
        return tuple(lane_use(row)["only_for"].split())
    return tuple(mode["commodity"] for mode in rows("lane_modes")) if row["modes"] == "air" else ()


def _ends_in(destination: str, focal: str) -> bool:
    return destination == focal or (focal == "EUU" and destination in EU_MEMBERS)


def lane_of(row: Row) -> Lane:
    """Lane of a row of the routes tables."""
    return _lane(tuple(row.items()))


@from_tables
def _lane(cells: tuple[tuple[str, str], ...]) -> Lane:
    """Lane of the cells of a row: a way serves many commodities, each of which asks for it."""
    row = dict(cells)
    name = _corridor(row)
    return Lane(
        route_id=row["route_id"],
        origin=row["origin_country"],
        corridor=name,
        transit_days_median=_days(row, "transit_days_typical"),
        transit_days_p95=_days(row, "transit_days_max"),
        crosses=_crossed(row),
        closures_per_year=_corridor_risks()[name],
        source=row["source"],
        quality=row["quality"],
        shared=shared_corridor(name),
        exposed_share=_exposed_share(row),
        closed=lane_use(row)["usable"] == "closed",
    )


def _crossed(row: Row) -> tuple[str, ...]:
    return tuple(part for part in row["countries_crossed"].replace(" or ", ";").split(";") if part)


def _corridor(row: Row) -> str:
    """Name of what closes together: a route across other countries is shared, a direct sea or air lane is not."""
    name = row["corridor"].strip()
    return name if row["countries_crossed"] else f"{name} from {row['origin_country']}"


def _exposed_share(row: Row) -> float:
    """Part of the transit before the lot has left the corridor: all of it, or all but the sea leg at its end."""
    if not caught_on_land(_corridor(row)):
        return 1.0
    return 1.0 - (number(row["sea_days"]) or 0.0) / _days(row, "transit_days_typical")


@from_tables
def _corridor_risks() -> dict[str, float]:
    """Closures a year of each corridor: the highest that the tables give for any lane through it."""
    highest: dict[str, float] = {}
    for row, _ in _routes():
        name, risk = _corridor(row), _risk(row)
        highest[name] = max(risk, highest.get(name, risk))
    return highest


@from_tables
def _fallback_lanes(country: str, focal: str) -> tuple[Lane, ...]:
    """One lane with the median times of the open general surface lanes of the same part of the world."""
    near = [row for row in _surface() if _ends_in(lane_use(row)["destination"], focal)]
    zone = [row for row in near if _zone(row["origin_country"]) == _zone(country)]
    # A country of no known part of the world (the unnamed rest) is as far away as the middle lane.
    like = zone if _zone(country) in _zones().values() else near
    if not like:
        days = lag_days(country, focal)
        stretch = median(_days(row, "transit_days_max") / _days(row, "transit_days_typical") for row in _surface())
        typical, longest = days, days * stretch
        closures = median(_risk(row) for row in _surface())
    else:
        typical = median(_days(row, "transit_days_typical") for row in like)
        longest = median(_days(row, "transit_days_max") for row in like)
        closures = median(_risk(row) for row in like)
    where = _zone(country) if zone else "all lanes"
    lane = Lane(
        route_id=f"{country}_{focal}_FALLBACK",
        origin=country,
        corridor=f"unspecified ({where})",
        transit_days_median=typical,
        transit_days_p95=longest,
        crosses=(),
        closures_per_year=closures,
        source=f"{FALLBACK_SOURCE}, {len(like)} lanes of {where}",
        quality="assumed",
    )
    return (lane,)


@from_tables
def _surface() -> tuple[Row, ...]:
    """Open lanes by sea and land that are not made for uranium, whose paperwork sets their pace."""
    return tuple(
        row
        for row, use in _routes()
        if row["modes"] != "air" and use["usable"] == "yes" and URANIUM not in use["only_for"]
    )


@from_tables
def _days_between() -> dict[tuple[str, str], list[float]]:
    """Days of the surface lanes between two ends, either way; an end is a place, its zone or ``ANYWHERE``."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in _surface():
        days = _days(row, "transit_days_typical")
        starts, stops = _names(row["origin_country"]), _names(lane_use(row)["destination"])
        for pair in {pair for a in starts for b in stops for pair in ((a, b), (b, a))}:
            found.setdefault(pair, []).append(days)
    return found


def _names(place: str) -> tuple[str, ...]:
    """What a place may be asked for as: itself, the European Union it belongs to, its part of the world."""
    return (place, *(("EUU",) if place in EU_MEMBERS else ()), _zone(place), ANYWHERE)


@from_tables
def _zone(country: str) -> str:
    """Part of the world of a country; the rest of the world is a part of its own, so it matches nothing."""
    return _zones().get(country, f"unknown ({country})")


@from_tables
def _zones() -> dict[str, str]:
    return {row["country"]: row["zone"] for row in rows("lane_fallbacks")}


def _days(row: Row, column: str) -> float:
    value = number(row[column])
    if value is None or value <= 0:
        raise CatalogueError(f"route {row['route_id']}: no days in {column!r}")
    return value


def _risk(row: Row) -> float:
    return number(row["p_closure_per_year"]) or 0.0
