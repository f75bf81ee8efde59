"""Projects: capacity that does not produce in the base year, as known on a day.

``projects.csv`` and ``projects_extra.csv`` mix running plants with projects. Which rows add output,
and how much in the chain's own mass basis, is decided row by row in ``project_capacity.csv`` (a
plant that yields two commodities has two rows there and keeps one id); ``project_left_out.csv``
says why a row is not modelled. Rows that only describe running plants are part of base-year output.

What was known when: a status dated after ``as_of`` is not used. The project is then visible only if
its table gives an earlier trace (``known_from``, or an original start that had already been
announced), stands at ``gate_then`` or else one gate earlier than the later status, and has only its
original announced start. ``p_output_by_2027_05`` is a comparison column and is never read here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, cast, get_args

from simulator.catalogue.chain_stages import resolve_stage
from simulator.catalogue.dates import table_date
from simulator.catalogue.parameters import parameter
from simulator.catalogue.tables import Row, from_tables, number, rows
from simulator.domain.chain import Gate, Project, StageKind
from simulator.domain.facts import Fact, Quality
from simulator.errors import CatalogueError

GATES: Final[tuple[Gate, ...]] = (
    "exploration",
    "resource",
    "feasibility",
    "financing",
    "construction",
    "commissioning",
    "operating",
)
"""Order of the gates; ``care_and_maintenance`` stands outside it."""
IDLE: Final[Gate] = "care_and_maintenance"


@from_tables
def projects(as_of: date) -> tuple[Project, ...]:
    """Projects visible on ``as_of`` at a modelled stage, with gate and start date as known then.

    ``(id, commodity)`` is unique; rows that share an id are one plant and should share its fate.
    """
    return tuple(project for row, capacity in _increments() if (project := _project(row, capacity, as_of)) is not None)


@from_tables
def unmapped() -> tuple[tuple[str, str], ...]:
    """Rows of the project tables that are not modelled, each with the reason."""
    out = [(row["project_id"], row["reason"]) for row in rows("project_left_out")]
    decided = {id_ for id_, _ in out} | {row["project_id"] for row in rows("project_capacity")}
    for id_, row in _table().items():
        if id_ in decided:
            continue
        if row["status"] != "operating":
            raise CatalogueError(f"project {id_} stands in neither project_capacity.csv nor project_left_out.csv")
        out.append((id_, "operates already: part of base-year output"))
    for row, capacity in _increments():
        if _stage(row, capacity) is None:
            out.append((row["project_id"], f"no modelled {row['stage']} stage for {capacity['commodity']}"))
    return tuple(sorted(out))


@from_tables
def _table() -> Mapping[str, Row]:
    found: dict[str, Row] = {}
    for table in ("projects", "projects_extra"):
        for row in rows(table):
            if row["project_id"] in found:
                raise CatalogueError(f"{table}.csv repeats the project {row['project_id']}")
            found[row["project_id"]] = row
    return found


def _increments() -> Iterator[tuple[Row, Row]]:
    """(row of the project tables, row of ``project_capacity.csv``) of every increment."""
    table = _table()
    for capacity in rows("project_capacity"):
        if capacity["project_id"] not in table:
            raise CatalogueError(f"project_capacity.csv names an unknown project {capacity['project_id']!r}")
        yield table[capacity["project_id"]], capacity


def _stage(row: Row, capacity: Row) -> str | None:
    return resolve_stage(capacity["commodity"], row["stage"])


def _project(row: Row, capacity: Row, as_of: date) -> Project | None:
    stage = _stage(row, capacity)
    status_date, known = _dates(row, capacity)
    if stage is None or known > as_of:
        return None
    current = status_date <= as_of
    original, latest = table_date(row["announced_start_original"]), table_date(row["announced_start"])
    started = table_date(capacity["start"])
    announced = started or ((latest or original) if current else original)
    gate = _status(row) if current else _earlier_gate(row, capacity)
    if gate == "operating" and (announced is None or announced > as_of):
        # The plant runs, the added capacity does not yet.
        gate = "commissioning"
    promised = started or original or announced
    if gate == IDLE:
        # An old start of a stopped plant promises nothing.
        announced = promised = None
    kind = row["stage"]
    if kind not in get_args(StageKind):
        raise CatalogueError(f"project {row['project_id']}: {kind!r} is not a class of stage")
    return Project(
        id=row["project_id"],
        name=row["project"],
        country=row["country"],
        commodity=capacity["commodity"],
        stage=stage,
        kind=cast(StageKind, kind),
        gate=gate,
        known_from=(status_date if current else known).isoformat(),
        capacity=_required(capacity, "capacity_t_per_year"),
        announced_start=None if announced is None else announced.isoformat(),
        china_offtake=(number(row["share_china_pct"]) or 0.0) / 100,
        focal_accessible=parameter(f"focal_accessible_{row['us_accessible']}").value,
        ramp_type=int(_required(capacity, "ramp_type")),
        promised_start=None if promised is None else promised.isoformat(),
        facts=_facts(row, capacity, status_date if current else known, gate),
    )


def _dates(row: Row, capacity: Row) -> tuple[date, date]:
    """(date of the recorded status, first day the project was public)."""
    status_date = table_date(row["status_date"])
    if status_date is None:
        raise CatalogueError(f"project {row['project_id']} has no status date")
    # An original start in the past must have been announced before it.
    traces = [table_date(capacity["known_from"]), table_date(row["announced_start_original"])]
    return status_date, min([status_date, *(trace for trace in traces if trace is not None)])


def _status(row: Row) -> Gate:
    status = row["status"]
    if status not in get_args(Gate):
        raise CatalogueError(f"project {row['project_id']}: {status!r} is not a gate")
    return cast(Gate, status)


def _earlier_gate(row: Row, capacity: Row) -> Gate:
    """Gate before the recorded status: the reviewed one, else one step back."""
    if capacity["gate_then"]:
        return _status({**capacity, "status": capacity["gate_then"]})
    status = _status(row)
    return status if status == IDLE else GATES[max(GATES.index(status) - 1, 0)]


def _facts(row: Row, capacity: Row, when: date, gate: Gate) -> tuple[Fact, ...]:
    id_, source = row["project_id"], row["source"]
    prefix = f"{id_}.{capacity['commodity']}"
    quality = cast(Quality, row["quality"])
    found = [
        Fact(
            f"{prefix}.capacity",
            _required(capacity, "capacity_t_per_year"),
            "t/yr",
            when.year,
            source,
            cast(Quality, capacity["quality"]),
            f"{capacity['published_t_per_year']} t x {capacity['factor']}: {capacity['reason']}; status {gate}",
        )
    ]
    share = number(row["share_china_pct"])
    if share is not None:
        found.append(
            Fact(
                f"{prefix}.china_offtake", share / 100, "1", when.year, source, quality, row["offtake_ownership_notes"]
            )
        )
    access = parameter(f"focal_accessible_{row['us_accessible']}")
    found.append(
        Fact(f"{prefix}.focal_accessible", access.value, "1", when.year, access.source, access.quality, access.note)
    )
    return tuple(found)


def _required(row: Row, column: str) -> float:
    value = number(row[column])
    if value is None:
        raise CatalogueError(f"no number in column {column!r} of the row {dict(row)}")
    return value
