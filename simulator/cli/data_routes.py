"""``simulator data routes``: the ways of a country's goods to the focal buyer, in order of use."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.cli.options import check_commodity
from simulator.cli.own_data import own_data
from simulator.cli.tables import print_table, print_text
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.catalogue.ways import Way

SCHEMA: Final = "simulator.data/1"
AS_OF: Final = datetime(2026, 7, 1)
"""Closures are shown as known by the middle of 2026; the question's own day is 2025-11-06."""
FOCAL: Final = "USA"


@click.command("routes")
@click.argument("country")
@click.option("--commodity", help="In the order in which this commodity's goods use them, by catalogue name.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=AS_OF,
    show_default="2026-07-01",
    help="Show closures as known on this day.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@own_data
def routes_command(country: str, commodity: str | None, as_of: datetime, as_json: bool) -> None:
    """Ways of COUNTRY's goods to the USA in order of use: corridor, days, capacity, closures, source."""
    from simulator.catalogue.ways import ways

    country = _country(country)
    if commodity is not None:
        check_commodity(commodity)
    day = as_of.date().isoformat()
    found = ways(country, commodity, FOCAL, day)
    if as_json:
        listed = [{"order": place, **_entry(way)} for place, way in enumerate(found, start=1)]
        document = {"schema": SCHEMA, "country": country, "focal": FOCAL, "commodity": commodity, "as_of": day}
        click.echo(json.dumps(document | {"routes": listed}, indent=2, ensure_ascii=False, allow_nan=False))
        return
    _print(country, found)


def _country(text: str) -> str:
    from simulator.catalogue.place_names import suggest_place
    from simulator.domain.countries import COUNTRIES

    if text.upper() in COUNTRIES:
        return text.upper()
    near = suggest_place(text)
    raise UsageError(
        f"{text!r} is not a country code (ISO 3166-1 alpha-3)" + (f"; did you mean {near!r}?" if near else "")
    )


def _entry(way: Way) -> dict[str, Any]:
    """The way as a flat document."""
    document = asdict(way)
    return {**document.pop("lane"), **document}


def _print(country: str, found: tuple[Way, ...]) -> None:
    if not found:
        print_text(f"{country}: goods are at home, no way to the {FOCAL} is needed")
        return
    print_table(
        f"Ways of {country} to the {FOCAL}, in order of use",
        ("", "lane", "corridor", "shared", "days", "P95", "crosses", "closures/yr", "for", "state", "grade", "source"),
        [
            (
                place,
                way.lane.route_id,
                way.lane.corridor,
                way.lane.shared,
                _number(way.lane.transit_days_median),
                _number(way.lane.transit_days_p95),
                " ".join(way.lane.crosses),
                _number(way.lane.closures_per_year),
                " ".join(way.usable_for) or "all",
                way.shut or ("closed" if way.lane.closed else "open"),
                way.lane.quality,
                "; ".join(part for part in (way.path, way.remark, way.lane.source) if part),
            )
            for place, way in enumerate(found, start=1)
        ],
        beneath=1,
    )
    shared = {way.lane.shared: way for way in found if way.lane.shared}
    if not shared:
        return
    print_table(
        "Corridors they share, all commodities together",
        ("corridor", "gross t/yr", "share for minerals", "left t/yr", "USD per 40-foot box", "grade", "source"),
        [
            (
                name,
                _number(way.shared_gross_t_per_year),
                "" if way.residual_share is None else f"{way.residual_share:.0%}",
                _number(way.shared_left_t_per_year),
                "" if way.usd_per_feu is None else f"{way.usd_per_feu[0]:,.0f} to {way.usd_per_feu[1]:,.0f}",
                way.capacity_quality,
                f"{way.capacity_source}; {way.capacity_note}",
            )
            for name, way in shared.items()
        ],
        beneath=1,
    )
    published = [way for way in found if way.lane_teu_per_year or way.lane_mt_per_year]
    if not published:
        return
    print_table(
        "Capacity published for a lane alone",
        ("lane", "TEU/yr", "Mt/yr"),
        [(way.lane.route_id, _number(way.lane_teu_per_year), _number(way.lane_mt_per_year)) for way in published],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"
