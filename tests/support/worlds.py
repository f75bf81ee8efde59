"""A three-stage antimony-like chain with round numbers, and the case and draws to run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.catalogue.corridors import Capacity
from simulator.domain.chain import Chain, Gate, GovernmentStock, Lane, Project, Stage, StageKind
from simulator.domain.facts import UncertainInput
from simulator.domain.target import Criterion, Target
from simulator.domain.traces import Trace
from simulator.experiment.points import input_values
from simulator.experiment.streams import BlockDraws
from simulator.instruments.base import Instrument
from simulator.model import corridors
from simulator.model.surroundings import Surroundings
from simulator.model.world import World
from simulator.scenario.case import Case

ROLES: Mapping[str, tuple[float, float, float]] = {
    "demand_elasticity": (-0.3, -0.15, -0.07),
    "supply_elasticity": (0.05, 0.2, 0.5),
    "recycled_elasticity": (0.05, 0.2, 0.4),
    "stock_cover_months": (0.5, 1.5, 3.0),
    "contract_share": (0.15, 0.35, 0.6),
    "demand_growth": (0.0, 0.03, 0.08),
    "qualification_months": (1.0, 3.0, 6.0),
    "focal_demand_level": (0.95, 1.0, 1.05),
    "capacity_level": (0.95, 1.0, 1.05),
    "price_gap_elasticity": (0.08, 0.15, 0.35),
    "price_halving_months": (1.5, 5.0, 14.0),
    "hoarding_multiple": (1.2, 1.8, 2.6),
    "reroute_share": (0.1, 0.35, 1.0),
    "reroute_lag_months": (2.0, 4.0, 9.0),
    "reroute_premium": (0.1, 0.3, 1.0),
}
GLOBALS: Mapping[str, tuple[float, float, float]] = {
    "licence_approval/ALL": (0.60, 0.78, 0.90),
    "licence_fill/ALL": (0.3, 0.6, 0.9),
    "licence_lag_months/ALL": (1.0, 1.75, 3.0),
    "licence_validity_months/ALL": (6.0, 12.0, 36.0),
    "outage_rate_per_plant_year/ALL": (0.1, 0.25, 0.5),
    "cancellation_hazard_per_year/ALL": (0.04, 0.08, 0.16),
    "restart_months/ALL": (1.0, 4.0, 12.0),
    "start_slip_scale/ALL": (0.5, 1.0, 1.5),
    "truce_renewal/ALL": (0.5, 0.8, 0.95),
}
CALM: Mapping[str, tuple[float, float, float]] = {
    "demand_growth": (0.0, 0.0, 0.0),
    "focal_demand_level": (1.0, 1.0, 1.0),
    "capacity_level": (1.0, 1.0, 1.0),
}
"""Overrides of roles for a world that stands still."""


def lane(origin: str, days: float = 30.0, p95: float | None = None, closures: float = 0.0) -> Lane:
    """A way from ``origin`` to the focal buyer."""
    return Lane(f"{origin}_X", origin, f"corridor {origin}", days, p95 or days, (), closures, "test", "assumed")


def chain(commodity: str = "metal", *, lanes: Mapping[str, Lane] | None = None, secondary: float = 0.0) -> Chain:
    """Mine -> smelter -> oxide: China is large everywhere, Tajikistan mines, Belgium and the USA make oxide."""
    mine = np.array([600.0, 300.0, 100.0])
    smelt = np.array([800.0, 200.0])
    oxide = np.array([700.0, 250.0, 50.0 + secondary])
    to_smelters = np.array([[560.0, 40.0], [180.0, 120.0], [60.0, 40.0]])
    to_oxide = np.array([[640.0, 140.0, 20.0], [60.0, 110.0, 30.0]])
    # USA 300, CHN 400, EUU 300
    final = np.array([[150.0, 400.0, 150.0], [100.0, 0.0, 150.0], [50.0 + secondary, 0.0, 0.0]])
    ways = lanes or {c: lane(c, d) for c, d in (("CHN", 25.0), ("BEL", 20.0), ("USA", 3.0))}
    none = np.zeros
    stages = (
        Stage(
            "mine",
            "mine",
            ("CHN", "TJK", "OTH"),
            np.array([20.0, 1.0, 20.0]),
            mine,
            mine * 1.2,
            none(3),
            1.0,
            (),
            none(0),
            to_smelters,
            none((3, 2)),
            np.array([3.0, 30.0]),
        ),
        Stage(
            "smelter",
            "smelter",
            ("CHN", "OTH"),
            np.array([20.0, 20.0]),
            smelt,
            smelt * 1.3,
            none(2),
            1.0,
            (),
            none(0),
            to_oxide,
            none((2, 3)),
            np.array([3.0, 30.0, 30.0]),
        ),
        Stage(
            "oxide",
            "refinery",
            ("CHN", "BEL", "USA"),
            np.array([20.0, 2.0, 1.0]),
            oxide,
            oxide * 1.3,
            np.array([0.0, 0.0, secondary]),
            1.0,
            ("USA", "CHN", "EUU"),
            final.sum(axis=0),
            final,
            none((3, 3)),
            np.array([25.0, 3.0, 20.0]),
            {c: (w,) for c, w in ways.items()},
        ),
    )
    inputs = {role: f"{role}/{commodity}" for role in ROLES} | {name.split("/")[0]: name for name in GLOBALS}
    return Chain(
        commodity,
        commodity.title(),
        "t",
        "B",
        True,
        "test",
        stages,
        2,
        (),
        False,
        10.0,
        2024,
        inputs,
        GovernmentStock(0.0),
    )


def case(
    chains: Sequence[Chain],
    instruments: Sequence[Instrument] = (),
    *,
    projects: Sequence[Project] = (),
    inputs: Mapping[str, tuple[float, float, float]] | None = None,
    spin_up: date = date(2024, 7, 1),
    project_dates: str = "evidence",
) -> Case:
    """A case over ``chains`` with the baseline's calendar."""
    names: dict[str, tuple[float, float, float]] = dict(GLOBALS)
    for one in chains:
        names |= {f"{role}/{one.commodity}": prior for role, prior in ROLES.items()}
    for role, prior in (inputs or {}).items():
        names |= {name: prior for name in names if name == role or name.split("/")[0] == role}
    start, deadline = date(2025, 11, 6), date(2027, 5, 6)
    uncertain = tuple(
        UncertainInput(name, dimension, low, median, high, "1", "test", "assumed")
        for dimension, (name, (low, median, high)) in enumerate(names.items())
    )
    return Case(
        name="test", question="", sha256="0" * 64, data_sha256="0" * 64, start=start, as_of=start, spin_up=spin_up,
        deadline=deadline, horizon=date(2028, 5, 6), review_days=14, focal="USA", chains=tuple(chains),
        projects=tuple(projects), project_dates=project_dates, instruments=tuple(instruments), inputs=uncertain,
        target=Target(deadline, tuple(Criterion(y) for y in ("reliance", "direct", "crma65"))),
    )  # fmt: skip


def sharing(monkeypatch: pytest.MonkeyPatch, left_t_per_year: float) -> Case:
    """Two commodities of which Belgium's lots share the Middle Corridor, of a given capacity."""
    narrow = Capacity("Middle Corridor", left_t_per_year, 1.0, None, 2025, "test", "assumed", "")
    monkeypatch.setattr(corridors, "capacities", lambda: {"Middle Corridor": narrow})
    lanes = {c: lane(c, d) for c, d in (("CHN", 25.0), ("BEL", 20.0), ("USA", 3.0))}
    lanes["BEL"] = replace(lanes["BEL"], shared="Middle Corridor")
    return case([chain(name, lanes=lanes) for name in ("antimony", "gallium")])


def run(model: Case, replications: int | NDArray[np.int64] = 32, seed: int = 0) -> Trace:
    """Simulate the replications in one block."""
    chosen = np.arange(replications) if isinstance(replications, int) else replications
    return World(Surroundings(model, draws_of(model, chosen, seed))).run(chosen)


def draws_of(model: Case, replications: int | NDArray[np.int64] = 32, seed: int = 0) -> BlockDraws:
    """Random numbers and inputs of the replications, the same as in a run of any length."""
    chosen = np.arange(replications) if isinstance(replications, int) else replications
    total = max(16, int(np.ceil((chosen.max() + 1) / 16)) * 16)
    values = input_values(model.inputs, total, seed)
    return BlockDraws(seed, chosen, {name: np.ascontiguousarray(v[chosen]) for name, v in values.items()})


def world(model: Case, replications: int | NDArray[np.int64] = 32, seed: int = 0) -> World:
    """The world of the replications before its clock starts."""
    return World(Surroundings(model, draws_of(model, replications, seed)))


def at_reviews(running: World) -> Iterator[tuple[int, float]]:
    """Run the clock and stop just after each review; yield its index and day."""
    for index, day in enumerate(running.reviews[running.reviews < running.end]):
        running.env.run(until=day + 0.5)
        yield index, float(day)
    running.env.run(until=running.end)


def project(
    name: str = "plant",
    *,
    commodity: str = "antimony",
    country: str = "TJK",
    stage: str = "mine",
    kind: StageKind = "mine",
    gate: Gate = "feasibility",
    capacity: float = 60.0,
    announced: str | None = None,
    china_offtake: float = 0.0,
    accessible: float = 1.0,
    ramp_type: int = 2,
) -> Project:
    """A project that is not running yet."""
    return Project(
        name, name.title(), country, commodity, stage, kind, gate, "2025-01-01", capacity, announced, china_offtake,
        accessible, ramp_type, announced,
    )  # fmt: skip


def replication_bytes(trace: Trace, row: int, *, without: Sequence[str] = ()) -> dict[tuple[str, str], bytes]:
    """Every array of the record of one replication, as bytes."""
    apart = {"days", "delivery_days", *without}
    return {
        (chain.commodity, field.name): np.ascontiguousarray(value[row]).tobytes()
        for chain in trace.chains
        for field in fields(chain)
        if field.name not in apart and isinstance(value := getattr(chain, field.name), np.ndarray)
    }


def in_window(series: NDArray[np.float64], days: NDArray[np.float64], first: float, last: float) -> NDArray[np.float64]:
    """Increase of a cumulative series (n, T, ...) over observed days, both of which must have been observed."""
    begin, end = np.searchsorted(days, [first, last])
    if days[begin] != first or days[end] != last:
        raise ValueError(f"day {first} or {last} was not observed")
    return np.asarray(series[:, end] - series[:, begin])


def still(chain: Chain) -> Chain:
    """The chain with so many plants behind every producer that no outage is drawn."""
    many = tuple(replace(stage, plants=np.full(len(stage.producers), 50.0)) for stage in chain.stages)
    return replace(chain, stages=many)
