"""Commodities one after the other, or on one clock: the same futures either way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator import model
from simulator.analysis.cut import with_cutoff
from simulator.analysis.deadline import light_outcome
from simulator.analysis.study import Planned
from simulator.analysis.under_cut import assembled_supplies, supplies
from simulator.analysis.worths import assembled_worths, worths
from simulator.catalogue.tables import Overlay, overlay
from simulator.domain.chain import Chain
from simulator.domain.draws import Draws
from simulator.domain.meters import FlowMeter
from simulator.domain.traces import ChainTrace, Trace
from simulator.experiment.blocks import BlockTask, run_case
from simulator.experiment.many import Wanted, run_many
from simulator.experiment.points import input_values
from simulator.instruments.demand_shock import DemandShock
from simulator.metrics.outcome import Outcome, assembled, joined, outcome
from simulator.model import CommoditiesMeet, block, one_by_one
from simulator.model.surroundings import Surroundings
from simulator.scenario import Scenario, resolve
from simulator.scenario.case import Case
from tests.support import worlds
from tests.support.contents import leaves
from tests.support.rules import BAN, NEVER, rule, ruled

SCENARIOS = Path(__file__).parents[2] / "scenarios"
WIDE, TIGHT, NARROW = 1e5, 580.0, 150.0
"""Gross tonnes a year: more than both commodities send; what they send in some futures only; less than in any."""


def both_ways(case: Case, replications: int = 16, **options: object) -> tuple[Outcome, Outcome]:
    """The outcome of a case commodity by commodity, and of all on one clock."""
    reduce, assemble = partial(outcome, case=case), partial(assembled, case=case)
    apart = run_case(case, outcome=reduce, assemble=assemble, replications=replications, **options)
    at_once = run_case(case, outcome=reduce, replications=replications, **options)
    return joined(apart.parts), joined(at_once.parts)


def traces_of(case: Case, replications: int = 16) -> list[tuple[str, ...]]:
    """Commodities of each trace that comes of a case run apart."""
    chosen = np.arange(replications)
    return [
        tuple(chain.commodity for chain in trace.chains)
        for trace in one_by_one(case, worlds.draws_of(case, chosen), chosen)
    ]


def test_commodities_whose_lots_never_wait_run_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    case = worlds.sharing(monkeypatch, WIDE)
    assert traces_of(case) == [("antimony",), ("gallium",)]
    apart, at_once = both_ways(case)
    assert list(leaves(apart)) == list(leaves(at_once))


def test_commodities_that_would_wait_for_each_other_run_together(monkeypatch: pytest.MonkeyPatch) -> None:
    case = worlds.sharing(monkeypatch, NARROW)
    with pytest.raises(CommoditiesMeet):
        traces_of(case)
    apart, at_once = both_ways(case)
    assert np.isfinite(apart.bound_days["corridor/Middle Corridor"]).all()
    assert list(leaves(apart)) == list(leaves(at_once))


def test_a_future_is_the_same_in_a_block_that_runs_apart_and_in_one_that_runs_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Blocks in which somebody waits run together, others do not; what one future comes to must not depend on it."""
    case = worlds.sharing(monkeypatch, TIGHT)
    small, large = both_ways(case, 96, block_size=16)[0], both_ways(case, 96, block_size=96)[0]
    waits = np.isfinite(large.bound_days["corridor/Middle Corridor"]).reshape(6, 16).any(axis=1)
    assert waits.any()
    assert not waits[0]  # so the first block runs apart
    assert list(leaves(small)) == list(leaves(large))


def test_neither_fills_the_corridor_alone_but_both_do(monkeypatch: pytest.MonkeyPatch) -> None:
    case = worlds.sharing(monkeypatch, TIGHT)
    for chain in case.chains:
        assert np.isinf(worlds.run(replace(case, chains=(chain,)), 96).bound["Middle Corridor"]).all()
    with pytest.raises(CommoditiesMeet):
        traces_of(case, 96)


def pairs(trace: Trace) -> tuple[tuple[ChainTrace, ChainTrace], ...]:
    """Each commodity without and with the cut."""
    return tuple(zip(trace.chains, trace.under_cut, strict=True))


def concatenated(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    return tuple(item for part in parts for item in part)


def test_who_would_wait_under_a_cut_only_runs_together_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last commodity fills the corridor, in the case that goes with the run's own."""
    case = worlds.sharing(monkeypatch, TIGHT)
    rush = DemandShock(id="rush", region="USA", commodities=("gallium",), at=date(2026, 2, 1), factor=3.0)
    rushed = replace(case, instruments=(rush,))
    assert len(traces_of(case)) == 2
    with pytest.raises(CommoditiesMeet):
        traces_of(rushed)
    at_once = BlockTask(case, 0, pairs, None, rushed)
    apart, inputs = replace(at_once, assemble=concatenated), input_values(case.inputs, 16, 0)
    found = at_once(0, 16, inputs)
    assert list(leaves(apart(0, 16, inputs))) == list(leaves(found))
    assert (found[1][0].demanded[:, -1] < found[1][1].demanded[:, -1]).all()


def tries(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Case and size of every block that is run apart from now on, as they come."""
    tried: list[tuple[str, int]] = []

    def counting(case: Case, draws: Draws, replications: NDArray[np.int64], *told: Any) -> Iterator[Trace]:
        tried.append((case.name, len(replications)))
        return one_by_one(case, draws, replications, *told)

    monkeypatch.setattr(model, "one_by_one", counting)
    return tried


def test_a_case_whose_commodities_met_once_runs_together_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = tries(monkeypatch)
    for left, blocks in ((NARROW, 1), (WIDE, 3)):
        tried.clear()
        both_ways(worlds.sharing(monkeypatch, left), 48, block_size=16)
        assert tried == [("test", 16)] * blocks


def test_own_rows_with_which_commodities_met_once_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    tried, case = tries(monkeypatch), worlds.sharing(monkeypatch, NARROW)
    mine = {name: Overlay({}, {}, base_years={"antimony": year}) for name, year in (("own", 2023), ("other", 2024))}
    for name, rows in (("own", "own"), ("again", "own"), ("other", "other"), ("shipped", None), ("shipped too", None)):
        both_ways(replace(case, name=name, overlay=mine.get(rows)))
    assert [name for name, _ in tried] == ["own", "other", "shipped", "shipped too"]


def test_who_moves_most_runs_first_and_takes_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def watched(around: Surroundings, chains: Sequence[Chain], *others: Any) -> Trace:
        ran.append(chains[0].commodity)
        return run_part(around, chains, *others)

    run_part = block._run
    monkeypatch.setattr(block, "_run", watched)
    monkeypatch.setattr(block, "_tonnes", lambda chain: float(chain.commodity == "gallium"))
    assert traces_of(worlds.sharing(monkeypatch, WIDE)) == [("antimony",), ("gallium",)]
    assert ran == ["gallium", "antimony"]


@pytest.mark.parametrize("left", [WIDE, NARROW])
def test_a_trace_is_reduced_with_the_rows_it_was_simulated_with(monkeypatch: pytest.MonkeyPatch, left: float) -> None:
    own = Overlay({}, {})
    case = replace(worlds.sharing(monkeypatch, left), overlay=own)
    for assemble in (None, concatenated):
        task = BlockTask(case, 0, rows_in_force, assemble=assemble)
        assert all(item is own for item in task(0, 16, input_values(case.inputs, 16, 0)))
    assert overlay() is None


def rows_in_force(trace: Trace) -> tuple[Overlay | None, ...]:
    return tuple(overlay() for _ in trace.chains)


def test_progress_never_falls_back_when_all_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    case = worlds.sharing(monkeypatch, NARROW)
    task = BlockTask(case, 0, partial(outcome, case=case), assemble=partial(assembled, case=case))
    shares: list[float] = []
    task(0, 16, input_values(case.inputs, 16, 0), shares.append)
    assert shares == sorted(shares)
    assert max(map(shares.count, shares)) > 10  # while the second run catches up


@cache
def scenario(name: str, *commodities: str) -> Case:
    return resolve(Scenario.load(SCENARIOS / name), list(commodities))


@pytest.mark.parametrize(
    ("name", "commodities"),
    [
        ("vault_stockpile.yaml", ("gallium", "antimony", "ree_light")),
        ("observed/nowcast_2026_07.yaml", ("ree_light", "ree_heavy", "gallium")),
        ("russia_transit_closed.yaml", ("antimony", "bismuth", "titanium_sponge")),
    ],
)
def test_a_real_scenario_comes_to_the_same_either_way(name: str, commodities: tuple[str, ...]) -> None:
    """Programmes that buy several commodities, observations of some, magnets, closures."""
    apart, at_once = both_ways(scenario(name, *commodities))
    assert list(leaves(apart)) == list(leaves(at_once))
    if name.startswith("vault"):
        assert any(key.startswith("stockpile/") for key in apart.bound_days)
    if name.startswith("observed"):
        assert apart.predicted


@pytest.mark.parametrize(
    ("reduce", "assemble"),
    [
        (light_outcome, assembled),
        (supplies, assembled_supplies),
        (partial(worths, yardstick="reliance"), assembled_worths),
    ],
    ids=["light_outcome", "supplies", "worths"],
)
def test_every_study_sees_the_same_either_way(reduce: Any, assemble: Any) -> None:
    case = replace(scenario("baseline.yaml", "gallium", "ree_light", "antimony"), watched=(date(2027, 1, 1),))
    ((_, apart),) = run_many([Wanted(case, 16)], reduce=reduce, assemble=assemble)
    ((_, at_once),) = run_many([Wanted(case, 16)], reduce=reduce)
    assert list(leaves(apart)) == list(leaves(at_once))


def test_what_a_cut_would_leave_goes_with_its_commodity() -> None:
    asked = with_cutoff(Scenario.load(SCENARIOS / "baseline.yaml"))
    planned = Planned(asked, resolve(asked, ["gallium", "antimony"]), 16, 0)
    wanted = planned.futures(0, 16)
    assert wanted.cut_off is not None
    inputs = input_values(planned.case.inputs, 16, 0)
    at_once = BlockTask(planned.case, 0, wanted.outcome, None, wanted.cut_off)
    by_commodity = replace(at_once, assemble=wanted.assemble)
    assert by_commodity.assemble is not None
    assert list(leaves(by_commodity(0, 16, inputs))) == list(leaves(at_once(0, 16, inputs)))


def test_a_case_with_rules_or_meters_runs_on_one_clock() -> None:
    case = worlds.case([worlds.chain("antimony"), worlds.chain("gallium")])
    meter = FlowMeter("sold", "antimony", (), ("CHN",), ("USA",), False)
    for other in (ruled(case, rule(NEVER, BAN)), replace(case, meters=(meter,))):
        assert traces_of(other) == [("antimony", "gallium")]
    assert traces_of(case) == [("antimony",), ("gallium",)]


@pytest.mark.parametrize("cut", [False, True])
def test_progress_rises_from_commodity_to_commodity(cut: bool) -> None:
    case = scenario("baseline.yaml", "antimony", "gallium")
    shares: list[float] = []
    reduce, assemble = partial(outcome, case=case), partial(assembled, case=case)
    task = BlockTask(case, 0, reduce, None, case if cut else None, assemble)
    task(0, 16, input_values(case.inputs, 16, 0), shares.append)
    assert shares == sorted(shares)
    assert len(shares) > 40
    assert 0.9 < shares[-1] <= 1.0
