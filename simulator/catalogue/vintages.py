"""The tables as they could be read on an earlier day: no number of a later edition, by construction.

For a day before the shipped base year is over, world output, the balance of the United States and its import sources
come from ``world_production_vintages`` and ``us_vintages``: of each quantity, the latest edition known on that day.
All shipped rows of these tables are hidden, so that a later edition cannot be read at all. Rows marked ``HINDSIGHT``
or
``OUTCOME``, and rows that do not say since when they were known, never enter.

Two rules fill what earlier editions left open:

* A table that names the world and some countries only: the rest of the world is ``OTH``.
* Import sources printed in order without shares: what the published shares leave is split among the ranked countries
  and the unnamed rest in proportion to 1 / rank (graded ``assumed``).

Tables of structure that have one edition only (splits of later stages, regional demand, yields) are read as shipped;
an episode may bring rows of its own for them.
"""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from simulator.catalogue.base_price import BASE_YEAR
from simulator.catalogue.tables import Overlay, Row, number, shipped
from simulator.domain.places import REST

STRUCTURE: Final = ("processing_shares", "stage_shares_extra", "demand_by_region", "assumptions", "us_end_products")
"""Tables without earlier editions that the chains are built from."""
_NEVER: Final = ("HINDSIGHT", "OUTCOME")
_KNOWN: Final = re.compile(r"(?:Known|Computable) from (\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_TONNES: Final[Mapping[str, float]] = {"t": 1.0, "kg": 1e-3, "kt": 1e3}
_WORLD: Final = "WLD"
_SHARE: Final = "import_share_pct"
_RANK: Final = "import_source_rank"
_USE: Final = ("consumption_apparent", "consumption_reported", "consumption_estimated")


def known_from(row: Row) -> date | None:
    """Return the day from which a row of a vintage table could be read, at the latest; None for never.

    >>> known_from({"note": "Known from 2020-02. Four-year average."})
    datetime.date(2020, 2, 29)
    >>> known_from({"note": "HINDSIGHT: Known from 2020-02."}) is None
    True
    """
    note = row["note"]
    found = _KNOWN.search(note)
    if found is None or any(word in note for word in _NEVER):
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    month = 12 if month is None else month
    return date(year, month, calendar.monthrange(year, month)[1] if day is None else day)


def as_known(as_of: date, own: Overlay | None = None) -> Overlay | None:
    """Return what to lay over the tables to read them as on a day, with the user's rows on top.

    The shipped base year is kept, and ``own`` returned as it is, where that year is over on the day.
    """
    if as_of.year > BASE_YEAR:
        return own
    world, years = _world_production(as_of)
    balance = _latest_rows(row for row in _visible("us_vintages", as_of) if row["measure"] not in (_SHARE, _RANK))
    sources = _import_sources(as_of)
    tables = {
        "world_production": tuple(world),
        "us_balance": tuple(_balance_row(row) for row in balance),
        "us_import_sources": tuple(sources),
        "stage_supply": tuple(_stage_supply(years, as_of, own)),
    }
    tables["consumption_map"] = tuple(_consumption_map(tables["us_balance"], tables["us_import_sources"], as_of))
    first_stage = {commodity: year for (commodity, _, measure), year in years.items() if measure == "production"}
    commodities = {row["commodity"] for row in shipped("commodities")}
    base = {commodity: first_stage.get(commodity, as_of.year - 1) for commodity in commodities}
    return replace(own or Overlay({}, {}), earlier=tables, base_years=base)


def _visible(table: str, as_of: date) -> Iterator[Row]:
    for row in shipped(table):
        known = known_from(row)
        if known is not None and known <= as_of:
            yield row


def _edition_order(row: Row) -> date:
    known = known_from(row)
    assert known is not None
    return known


def _world_production(as_of: date) -> tuple[list[dict[str, str]], dict[tuple[str, str, str], int]]:
    """Rows of the latest edition of each quantity, and the year each is for."""
    found: dict[tuple[str, str, str], dict[tuple[int, date], list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in _visible("world_production_vintages", as_of):
        if number(row["value_std"]) is not None and row["year"].isdigit():
            key = (row["commodity"], row["stage"], row["measure"])
            found[key][int(row["year"]), _edition_order(row)].append(row)
    rows: list[dict[str, str]] = []
    years: dict[tuple[str, str, str], int] = {}
    for key, editions in found.items():
        whole = [edition for edition, listed in editions.items() if _closes(listed, key[2])]
        if not whole:
            continue
        listed = editions[max(whole)]
        year, _ = max(whole)
        years[key] = year
        rows += [{name: row[name] for name in row if name != "edition"} for row in listed]
        rest = _rest(listed) if key[2] == "production" else None
        if rest is not None:
            rows.append(rest)
    return rows, years


def _closes(listed: Iterable[Row], measure: str) -> bool:
    """Whether an edition's rows say what the world makes: several countries, or one and the world."""
    return measure != "production" or len({row["country"] for row in listed}) > 1


def _rest(listed: list[Row]) -> dict[str, str] | None:
    """The world less the countries named, where an edition's table names few and no rest."""
    values = {row["country"]: number(row["value_std"]) or 0.0 for row in listed}
    if _WORLD not in values or REST in values:
        return None
    left = values[_WORLD] - sum(value for country, value in values.items() if country != _WORLD)
    if left <= 0.02 * values[_WORLD]:
        return None
    row = dict(next(row for row in listed if row["country"] == _WORLD))
    row.pop("edition", None)
    note = f"{row['note']} World less the countries named."
    return {**row, "country": REST, "value": f"{left:g}", "value_std": f"{left:g}", "quality": "derived", "note": note}


def _latest_rows(rows: Iterable[Row]) -> list[Row]:
    """Of each quantity and year, the row of the latest edition that holds a number."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in ("commodity", "year_or_period", "measure", "form", "country"))
        if number(row["value"]) is None:
            continue
        if key not in found or _edition_order(row) >= _edition_order(found[key]):
            found[key] = row
    return list(found.values())


def _balance_row(row: Row) -> dict[str, str]:
    """A row of ``us_vintages`` in the columns of ``us_balance``."""
    value, factor = number(row["value"]), _TONNES.get(row["unit"])
    assert value is not None
    standard = value if factor is None else value * factor
    bound = "bound" in row["note"].lower() or ">" in row["note"]
    return {
        "commodity": row["commodity"],
        "year": row["year_or_period"],
        "measure": row["measure"],
        "form": row["form"],
        "value": row["value"],
        "unit": row["unit"],
        "qualifier": "gt" if bound else "eq",
        "value_low": "",
        "value_high": "",
        "value_std": f"{standard:.12g}",
        "unit_std": row["unit"] if factor is None else "t",
        "source": row["source"],
        "quality": row["quality"],
        "note": row["note"],
    }


def _import_sources(as_of: date) -> Iterator[dict[str, str]]:
    """Yield shares of imports by country of the latest window, ranks turned into shares by the rule of this module."""
    groups: dict[str, dict[tuple[str, date], list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in _visible("us_vintages", as_of):
        if row["measure"] in (_SHARE, _RANK) and number(row["value"]) is not None:
            groups[row["commodity"]][row["year_or_period"], _edition_order(row)].append(row)
    for commodity, windows in groups.items():
        window = max(period for period, _ in windows)
        rows = [row for (period, _), listed in windows.items() if period == window for row in listed]
        forms = sorted({row["form"] for row in rows if row["measure"] == _RANK} or {row["form"] for row in rows})
        for form in forms:
            listed = [row for row in rows if row["form"] == form or row["form"] == "form_not_stated"]
            yield from _shares(commodity, form, window, listed)


def _shares(commodity: str, form: str, window: str, listed: list[Row]) -> Iterator[dict[str, str]]:
    stated = {row["country"]: row for row in listed if row["measure"] == _SHARE}
    ranked = sorted((row for row in listed if row["measure"] == _RANK), key=lambda row: float(row["value"]))
    open_ = [row for row in ranked if row["country"] not in stated]
    published = sum(float(row["value"]) for country, row in stated.items() if country != REST or not open_)
    weights = {row["country"]: 1.0 / float(row["value"]) for row in open_}
    if open_ or published < 99.5:
        weights[REST] = 1.0 / (len(ranked) + 1)
    left = max(100.0 - published, 0.0)

    def row_of(country: str, share: float, like: Row, quality: str, note: str) -> dict[str, str]:
        return {
            "commodity": commodity,
            "form": form,
            "period": window,
            "country": country,
            "share_pct": f"{share:.6g}",
            "qualifier": "eq",
            "source": like["source"],
            "quality": quality,
            "note": note,
        }

    for country, row in stated.items():
        if country != REST or not open_:
            yield row_of(country, float(row["value"]), row, row["quality"], row["note"])
    if REST in stated and not open_:
        return
    for country, weight in weights.items():
        like = next((row for row in open_ if row["country"] == country), listed[0])
        note = "Share not published: what published shares leave, in proportion to 1 / rank of the published order."
        yield row_of(country, left * weight / sum(weights.values()), like, "assumed", f"{note} {like['note']}")


def _stage_supply(
    years: Mapping[tuple[str, str, str], int], as_of: date, own: Overlay | None
) -> Iterator[dict[str, str]]:
    """Yield the map of stages to tables with the years that were known; a capacity nobody knew is left out.

    Of a table without earlier editions, a stage's rows are those of the last year of the user's, where there are any.
    """
    brought: dict[tuple[str, str, str], str] = {}
    for table, rows in (own.tables if own is not None else {}).items():
        for item in rows:
            key = (table, item.cells.get("commodity", ""), item.cells.get("stage", ""))
            brought[key] = max(item.cells.get("year", ""), brought.get(key, ""))
    for row in shipped("stage_supply"):
        if row["table"] != "world_production":
            yield {**row, "year": brought.get((row["table"], row["commodity"], row["table_stage"]), row["year"])}
            continue
        known = years.get((row["commodity"], row["table_stage"], row["measure"]))
        if known is not None or row["measure"] == "production":
            yield {**row, "year": str(as_of.year - 1 if known is None else known)}


def _consumption_map(balance: Iterable[Row], sources: Iterable[Row], as_of: date) -> Iterator[dict[str, str]]:
    """Yield where the consumption of each stage stands, with the measures, years and periods that were known."""
    used: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in balance:
        if row["year"].isdigit():
            used[row["commodity"], row["measure"], row["form"]].append(row["year"])
    periods = {(row["commodity"], row["form"]): row["period"] for row in sources}
    for row in shipped("consumption_map"):
        entry = dict(row)
        if entry["us_table"] == "us_balance":
            commodity, form = entry["commodity"], entry["us_form"]
            options = [(measure, f) for measure in (entry["us_measure"], *_USE) for f in (form, "all_forms")]
            measure, form = next((o for o in options if used.get((commodity, *o))), (entry["us_measure"], form))
            years = used.get((commodity, measure, form), [str(as_of.year - 1)])
            entry |= {"us_measure": measure, "us_form": form, "us_year": max(years)}
        if entry["import_table"] == "us_import_sources":
            forms = [form for commodity, form in periods if commodity == entry["commodity"]]
            form = entry["import_form"] if entry["import_form"] in forms or not forms else forms[0]
            entry |= {"import_form": form, "import_period": periods.get((entry["commodity"], form), "")}
        yield entry
