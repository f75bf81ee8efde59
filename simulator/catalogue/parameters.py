"""Parameters of the model's rules, each as a ``Fact``: durations, odds, ramp-up curves.

Four tables hold them: ``model_parameters.csv`` (stated by the model's own rules),
``evidence_parameters.csv`` (read off the evidence), ``project_gates.csv`` (duration and odds of each
gate) and ``lead_times.csv`` (statistics of sources).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, cast

from simulator.catalogue.tables import Row, from_tables, number, required, rows
from simulator.domain.chain import StageKind
from simulator.domain.facts import Fact, Quality
from simulator.errors import CatalogueError

MONTHS_PER_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class _Statistic:
    """One row of ``lead_times.csv``, and how it is expressed here."""

    quantity: str
    group: str
    statistic: str
    unit: str
    scale: float = 1.0


_SLIP: Final = "announced_start_slip"
_SEEN: Final = "ex-China critical minerals, rows with sources seen only"
_STATISTICS: Final[Mapping[str, _Statistic]] = {
    "financing_odds_mou": _Statistic(
        "loi_to_binding", "C5 and partner agreements", "share_MOU_or_framework_with_2plus_milestones", "1", 0.01
    ),
    "financing_odds_commercial": _Statistic(
        "loi_to_binding",
        "commercial deals (JV, offtake, loan, equity, price floor)",
        "share_with_2plus_milestones",
        "1",
        0.01,
    ),
    "delivery_odds_commercial": _Statistic(
        "loi_to_binding", "commercial deals", "share_with_product_flowing", "1", 0.01
    ),
    "mou_lapse_24_months": _Statistic(
        "mou_cancel_or_lapse", "government MOU, no money within 24 months", "probability", "1"
    ),
    "cancellation_hazard": _Statistic(
        "project_cancel_rate", "announced ex-China processing or magnet project", "hazard_per_year", "1/yr"
    ),
    "outage_rate": _Statistic(
        "operating_disruption", "single-plant outage (power, leak, protest)", "rate", "1/plant-year"
    ),
    "pre_production_delay": _Statistic("pre_production_delay", "critical-mineral mines", "share", "1", 0.01),
    "schedule_overrun": _Statistic("schedule_overrun", "mining and metals projects", "mean", "1", 0.01),
    "schedule_overrun_megaproject": _Statistic("schedule_overrun", "megaprojects above 1 bn USD", "mean", "1", 0.01),
    "restart_months_mine": _Statistic(
        "mine_restart_from_care_and_maintenance", "tungsten, antimony", "typical", "months", MONTHS_PER_YEAR
    ),
    "ramp_years_to_design": _Statistic("ramp_time_to_design", "new mines and mills", "mean", "yr"),
    "control_events_per_year": _Statistic(
        "chinese_control_events", "new or tightened controls on minerals", "rate", "1/yr"
    ),
    "slip_months": _Statistic(_SLIP, _SEEN, "median", "months"),
    "slip_months_p10": _Statistic(_SLIP, _SEEN, "p10", "months"),
    "slip_months_p90": _Statistic(_SLIP, _SEEN, "p90", "months"),
    "slip_months_magnet": _Statistic(_SLIP, "stage magnet", "median", "months"),
    "slip_months_separation": _Statistic(_SLIP, "stage separation", "median", "months"),
    "slip_months_refinery": _Statistic(_SLIP, "stage refinery", "median", "months"),
    "slip_months_mine": _Statistic(_SLIP, "stage mine", "median", "months"),
}
_SLIP_LIKE: Final[Mapping[StageKind, str]] = {"smelter": "refinery", "metal": "refinery", "recycling": "refinery"}
"""Kinds without a statistic of their own slip like refineries: process plants of similar size."""


@from_tables
def parameter(name: str) -> Fact:
    """The parameter called ``name``.

    Raises
    ------
    CatalogueError
        If no table has it; the message names the nearest one.
    """
    known = parameters()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise CatalogueError(f"no table holds the parameter {name!r}{hint}")
    return known[name]


@from_tables
def parameters() -> Mapping[str, Fact]:
    """Every parameter by name. A name in two tables is an error: a fact has one home."""
    found: dict[str, Fact] = {name: _statistic(name, spec) for name, spec in _STATISTICS.items()}
    for table in ("evidence_parameters", "model_parameters", "project_gates"):
        for row in rows(table):
            if row["name"] in found:
                raise CatalogueError(f"{table}.csv repeats the parameter {row['name']!r}")
            found[row["name"]] = _stated(table, row)
    return found


def slip(kind: StageKind | None = None) -> tuple[float, float, float]:
    """Median, P10 and P90 of the months by which an announced start slips.

    The spread of a kind is that of the whole sample (rows whose sources were seen, n = 40) scaled
    to the kind's own median; the sample is right-censored, so the true tail is longer.
    """
    median, low, high = (parameter(name).value for name in ("slip_months", "slip_months_p10", "slip_months_p90"))
    if kind is None:
        return median, low, high
    own = parameter(f"slip_months_{_SLIP_LIKE.get(kind, kind)}").value
    return own, low * own / median, high * own / median


def construction_months(kind: StageKind) -> Fact:
    """Months from financing to first feed: median with the range of cases in ``low`` and ``high``."""
    return parameter(f"construction_months_{kind}")


@from_tables
def ramp_curve(ramp_type: int) -> tuple[tuple[float, float], ...]:
    """Points (months since start, fraction of design output) of a McNulty ramp-up, from (0, 0).

    Type 1 is mature technology, 2 a licensed first use, 3 new chemistry after limited pilot work,
    4 several novel steps poorly defined. Beyond the last point the fraction stays.
    """
    points = {0.0: 0.0}
    for row in rows("lead_times"):
        if row["quantity"] == "ramp_fraction_of_design" and row["group"].startswith(f"type_{ramp_type} "):
            points[float(row["statistic"].removeprefix("month_"))] = required(row, "value")
    if len(points) == 1:
        raise CatalogueError(f"lead_times.csv has no ramp-up curve of type {ramp_type}")
    return tuple(sorted(points.items()))


@from_tables
def financing_odds(*, commercial: bool) -> Fact:
    """Share of agreements that reached money or a binding contract: commercial deals, or MOUs and frameworks."""
    return parameter("financing_odds_commercial" if commercial else "financing_odds_mou")


def _statistic(name: str, spec: _Statistic) -> Fact:
    hits = [
        row
        for row in rows("lead_times")
        if (row["quantity"], row["group"], row["statistic"]) == (spec.quantity, spec.group, spec.statistic)
    ]
    if len(hits) != 1:
        raise CatalogueError(f"lead_times.csv has {len(hits)} rows for the parameter {name!r}; it needs one")
    row = hits[0]
    note = "; ".join(part for part in (row["sample"], row["note"]) if part)
    return Fact(name, required(row, "value") * spec.scale, spec.unit, None, row["source"], _quality(row), note)


def _stated(table: str, row: Row) -> Fact:
    value = number(row["value"])
    if value is None:
        raise CatalogueError(f"{table}.csv gives no number for {row['name']!r}")
    year = number(row["year"])
    return Fact(
        name=row["name"],
        value=value,
        unit=row["unit"],
        year=None if year is None else int(year),
        source=row["source"],
        quality=_quality(row),
        note=row["note"],
        low=number(row["low"]),
        high=number(row["high"]),
    )


def _quality(row: Row) -> Quality:
    quality = row["quality"].split(" ")[0]
    if quality not in ("reported", "estimated", "derived", "assumed"):
        raise CatalogueError(f"{row['quality']!r} is not a quality grade, in the row {dict(row)}")
    return cast(Quality, quality)
