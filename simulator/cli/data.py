"""``simulator data``: the catalogue, every number with its unit, year, grade and source."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from simulator.cli.data_routes import routes_command
from simulator.cli.options import check_commodity
from simulator.cli.own_data import own_data, own_rows_of, print_own_rows
from simulator.cli.tables import Cell, print_table, print_text

# The catalogue (and with it numpy) is imported inside the commands, so that --help stays quick.
if TYPE_CHECKING:
    from simulator.domain.chain import Chain, Lane, Project
    from simulator.domain.facts import Fact, UncertainInput

SCHEMA: Final = "simulator.data/1"
AS_OF: Final = datetime(2025, 11, 6)
"""Day of the question (DESIGN section 1): projects are shown as known then."""
ASSUMED: Final = "assumed"


@click.group("data")
def data_group() -> None:
    """Show the catalogue: commodities, the facts behind them, and their sources."""


data_group.add_command(routes_command)


@data_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@own_data
def list_command(as_json: bool) -> None:
    """One line per commodity: basis, stages, grade, demand, China's share."""
    from simulator.catalogue.chains import chains

    entries = [_summary(chain) for chain in chains()]
    if as_json:
        _print_json({"schema": SCHEMA, "commodities": entries})
        return
    print_table(
        "Commodities",
        ("commodity", "basis", "stages", "grade", "headline", "US demand t/yr", "China share of output"),
        [
            (
                entry["commodity"],
                entry["basis"],
                " > ".join(stage["name"] for stage in entry["stages"]),
                entry["grade"],
                "yes" if entry["headline"] else "no",
                _text(entry["us_demand_t_per_year"]),
                " > ".join(_percent(stage["china_share_of_output"]) for stage in entry["stages"]),
            )
            for entry in entries
        ],
    )


@data_group.command("show")
@click.argument("commodity")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=AS_OF,
    show_default="2025-11-06",
    help="Show projects as known on this day.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@own_data
def show_command(commodity: str, as_of: datetime, as_json: bool) -> None:
    """Every number behind COMMODITY, with unit, year, grade and source; assumptions apart."""
    from simulator.catalogue.chains import chain

    check_commodity(commodity)
    chosen = chain(commodity)
    projects = _projects(commodity, as_of.date())
    inputs = _inputs(chosen)
    facts = [*chosen.facts, *chosen.government.facts, *(fact for project in projects for fact in project.facts)]
    if as_json:
        _print_json(_full(chosen, projects, inputs, facts, as_of.date()))
        return
    _print_commodity(chosen, projects, inputs, facts)


@data_group.command("sources")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@own_data
def sources_command(as_json: bool) -> None:
    """Every source with the number of facts it carries and their grades, and the table files."""
    from simulator.catalogue.own_columns import KEYS
    from simulator.catalogue.tables import TABLES, data_sha256, rows

    grades: dict[str, Counter[str]] = {}
    for source, quality in _sourced():
        grades.setdefault(source, Counter())[quality] += 1
    ordered = sorted(grades.items(), key=lambda item: (-item[1].total(), item[0]))
    tables: list[dict[str, Any]] = [
        {"file": f"{table}.csv", "rows": len(rows(table)), "key": list(KEYS.get(table, ()))} for table in TABLES
    ]
    if as_json:
        listed = [{"source": source, "facts": count.total(), "grades": dict(count)} for source, count in ordered]
        _print_json(
            {
                "schema": SCHEMA,
                "data_sha256": data_sha256(),
                "own_rows": own_rows_of(),
                "sources": listed,
                "tables": tables,
            }
        )
        return
    print_table(
        "Sources of the facts in use",
        ("facts", "grades", "source"),
        [
            (count.total(), ", ".join(f"{number} {grade}" for grade, number in count.most_common()), source)
            for source, count in ordered
        ],
        beneath=1,
    )
    print_table(
        "Tables (simulator/catalogue/tables); a row of --data with the same key replaces, those without take none",
        ("file", "rows", "key"),
        [(t["file"], t["rows"], " ".join(t["key"])) for t in tables],
    )
    print_own_rows(own_rows_of())
    click.echo(f"SHA-256 over all tables: {data_sha256()}")


def _summary(chain: Chain) -> dict[str, Any]:
    from simulator.domain.places import CHINA

    verdict = chain.stages[chain.verdict_stage]
    demand = dict(zip(verdict.regions, verdict.demand, strict=True))
    stages = []
    for stage in chain.stages:
        output = dict(zip(stage.producers, stage.output, strict=True))
        total = float(sum(output.values()))
        china = float(output.get(CHINA, 0.0))
        stages.append(
            {
                "name": stage.name,
                "output_t_per_year": total,
                "china_share_of_output": china / total if total else None,
            }
        )
    return {
        "commodity": chain.commodity,
        "name": chain.name,
        "basis": chain.basis,
        "grade": chain.grade,
        "grade_reason": chain.grade_reason,
        "headline": chain.headline,
        "base_year": chain.base_year,
        "verdict_stage": verdict.name,
        "us_demand_t_per_year": float(demand.get("USA", 0.0)),
        "stages": stages,
    }


def _projects(commodity: str, as_of: date) -> list[Project]:
    from simulator.catalogue.projects import projects

    return [project for project in projects(as_of) if project.commodity == commodity]


def _inputs(chain: Chain) -> list[UncertainInput]:
    from simulator.catalogue.inputs import inputs, roles

    wanted = set(roles(chain.commodity).values())
    return [item for item in inputs() if item.name in wanted]


def _lanes(chain: Chain) -> list[Lane]:
    """Lanes of every stage that sells to the focal region, each once, usual way of an origin first."""
    found: dict[str, Lane] = {}
    for stage in chain.stages:
        for lanes in stage.lanes.values():
            found.update({lane.route_id: lane for lane in lanes if lane.route_id not in found})
    return list(found.values())


def _sourced() -> Iterable[tuple[str, str]]:
    """(source, grade) of every fact, input, lane, agreement and parameter the model can read."""
    from simulator.catalogue.agreements import agreements
    from simulator.catalogue.chains import chains
    from simulator.catalogue.inputs import inputs
    from simulator.catalogue.parameters import parameters
    from simulator.catalogue.projects import projects

    items: list[Fact | UncertainInput | Lane] = [*inputs(), *parameters().values()]
    lanes: dict[str, Lane] = {}
    for chain in chains():
        items += [*chain.facts, *chain.government.facts]
        lanes.update({lane.route_id: lane for lane in _lanes(chain)})
    items += lanes.values()
    for project in projects(date.max):
        items += project.facts
    for agreement in agreements(date.max):
        items += agreement.facts
    return [(item.source, item.quality) for item in items]


def _full(
    chain: Chain, projects: Sequence[Project], inputs: Sequence[UncertainInput], facts: Sequence[Fact], as_of: date
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        **_summary(chain),
        "not_modelled": [{"stage": stage, "reason": reason} for stage, reason in chain.not_modelled],
        "as_of": as_of.isoformat(),
        "facts": [asdict(fact) for fact in facts if fact.quality != ASSUMED],
        "assumptions": [asdict(fact) for fact in facts if fact.quality == ASSUMED],
        "inputs": [asdict(item) for item in inputs],
        "own_rows": own_rows_of(chain.commodity),
        "lanes": [asdict(lane) for lane in _lanes(chain)],
        "projects": [{key: value for key, value in asdict(item).items() if key != "facts"} for item in projects],
    }


def _print_commodity(
    chain: Chain, projects: Sequence[Project], inputs: Sequence[UncertainInput], facts: Sequence[Fact]
) -> None:
    entry = _summary(chain)
    print_text(f"{chain.name}: {chain.basis}, base year {chain.base_year}")
    print_text(f"Data grade {chain.grade} ({'headline' if chain.headline else 'not headline'}): {chain.grade_reason}")
    print_text(f"US demand {_text(entry['us_demand_t_per_year'])} t/yr, judged at {entry['verdict_stage']}")
    for stage in entry["stages"]:
        share = _percent(stage["china_share_of_output"])
        print_text(f"  {stage['name']}: {_text(stage['output_t_per_year'])} t/yr, China {share}")
    for name, reason in chain.not_modelled:
        print_text(f"  {name}: not modelled ({reason})")
    print_own_rows(own_rows_of(chain.commodity))
    header = ("what", "value", "unit", "year", "grade", "source", "note")
    firm = [fact for fact in facts if fact.quality != ASSUMED]
    assumed = [fact for fact in facts if fact.quality == ASSUMED]
    print_table("Facts", header, [_fact_cells(fact) for fact in firm], beneath=2)
    print_table("Assumptions", header, [_fact_cells(fact) for fact in assumed], beneath=2)
    print_table(
        "Uncertain inputs",
        ("input", "low", "median", "high", "unit", "grade", "source", "note"),
        [(i.name, *map(_text, (i.low, i.median, i.high)), i.unit, i.quality, i.source, i.note) for i in inputs],
        beneath=2,
    )
    print_table(
        "Lanes to the USA",
        ("origin", "lane", "corridor", "days", "P95", "crosses", "grade", "source"),
        [
            (
                lane.origin,
                lane.route_id,
                lane.corridor,
                _text(lane.transit_days_median),
                _text(lane.transit_days_p95),
                " ".join(lane.crosses),
                lane.quality,
                lane.source,
            )
            for lane in _lanes(chain)
        ],
        beneath=1,
    )
    print_table(
        "Projects",
        ("id", "stage", "gate", "known", "t/yr", "announced", "China offtake", "name"),
        [
            (
                item.id,
                item.stage,
                item.gate,
                item.known_from,
                _text(item.capacity),
                item.announced_start,
                _percent(item.china_offtake),
                item.name,
            )
            for item in projects
        ],
        beneath=1,
    )


def _fact_cells(fact: Fact) -> tuple[Cell, ...]:
    value = _text(fact.value)
    if fact.low is not None and fact.high is not None:
        value += f" ({_text(fact.low)} to {_text(fact.high)})"
    return fact.name, value, fact.unit, fact.year, fact.quality, fact.source, fact.note


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    """The same document with null in place of numbers JSON cannot hold."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
