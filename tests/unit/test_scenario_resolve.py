"""A resolved case holds what the catalogue knew on the scenario's day, and what the scenario changed of it."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from simulator.catalogue.agreements import agreements
from simulator.catalogue.projects import projects
from simulator.errors import InputError, UsageError
from simulator.instruments.agreement import Agreement
from simulator.instruments.project import Project
from simulator.scenario import Case, Scenario, load, resolve

SCENARIOS = Path(__file__).parents[2] / "scenarios"
BASELINE = SCENARIOS / "baseline.yaml"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load(BASELINE)


@pytest.fixture(scope="module")
def baseline(scenario: Scenario) -> Case:
    return resolve(scenario)


def deals(case: Case) -> dict[str, Agreement]:
    return {item.id: item for item in case.instruments if isinstance(item, Agreement)}


def test_the_clock_runs_from_the_spin_up_to_twelve_months_past_the_deadline(baseline: Case) -> None:
    assert (baseline.spin_up, baseline.start) == (date(2024, 7, 1), date(2025, 11, 6))
    assert (baseline.deadline, baseline.horizon) == (date(2027, 5, 6), date(2028, 5, 6))
    assert baseline.day(baseline.start) == 0
    assert baseline.target.deadline == baseline.deadline
    assert [item.threshold for item in baseline.target.criteria] == [0.5, 0.5, 0.65]


def test_all_twenty_commodities_are_there_and_a_part_can_be_asked_for(scenario: Scenario, baseline: Case) -> None:
    assert len(baseline.chains) == 20
    part = resolve(scenario, ["antimony", "gallium"])
    assert [chain.commodity for chain in part.chains] == ["gallium", "antimony"]
    assert {project.commodity for project in part.projects} <= {"gallium", "antimony"}
    assert (part.sha256, part.data_sha256) == (baseline.sha256, baseline.data_sha256)
    with pytest.raises(UsageError, match="did you mean 'antimony'"):
        resolve(scenario, ["antimny"])


def test_what_was_signed_after_the_day_of_knowledge_is_invisible(baseline: Case) -> None:
    signed = {item.id: item.signed for item in agreements(date(2026, 11, 1))}
    assert deals(baseline)
    assert all(signed[name] <= "2025-11-06" for name in deals(baseline))
    nowcast = resolve(load(SCENARIOS / "nowcast.yaml"))
    assert set(deals(baseline)) < set(deals(nowcast))
    assert max(signed[name] for name in deals(nowcast)) > "2025-11-06"
    assert len(nowcast.projects) >= len(baseline.projects)


def test_no_deals_keeps_only_the_agreements_signed_before_october_2025(baseline: Case) -> None:
    case = resolve(load(SCENARIOS / "no_deals.yaml"))
    dropped = set(deals(baseline)) - set(deals(case))
    assert "USA_KAZ_MOU_2025" in dropped
    assert all(str(item.at) < "2025-10-01" for item in deals(case).values())
    assert case.projects == baseline.projects


def test_both_suspensions_of_the_truce_share_one_draw(scenario: Scenario) -> None:
    held = [event for event in scenario.model.events if event.type == "suspension"]
    assert [(event.until, event.renewal_draw) for event in held] == [
        (date(2026, 11, 10), "truce"),
        (date(2026, 11, 27), "truce"),
    ]
    snapback = load(SCENARIOS / "snapback_2026.yaml").model.events
    assert [event.renewal_probability for event in snapback if event.type == "suspension"] == [0.0, 0.0]


def test_the_full_ban_covers_every_commodity_without_leakage() -> None:
    (full,) = (event for event in load(SCENARIOS / "export_ban_full.yaml").model.events if event.id == "full_ban")
    assert (full.commodities, full.leakage, full.at) == (("ALL",), 0.0, date(2026, 12, 1))


def test_an_event_takes_the_place_of_the_agreement_of_its_id(scenario: Scenario) -> None:
    other = scenario.with_event(
        id="USA_KAZ_MOU_2025", type="agreement", at="2025-11-06", partners="KAZ", commodities="ALL", probability=0
    )
    found = [item for item in resolve(other).instruments if item.id == "USA_KAZ_MOU_2025"]
    assert [item.probability for item in found] == [0.0]


def test_a_catalogue_project_given_a_day_leaves_its_gates(scenario: Scenario, baseline: Case) -> None:
    known = next(item for item in baseline.projects if item.id == "KAZ_W_NKATPAR")
    case = resolve(scenario.with_event(id="early", type="project", project=known.id, at="+6mo"))
    assert known.id not in {item.id for item in case.projects}
    (event,) = (item for item in case.instruments if isinstance(item, Project))
    assert (event.country, event.stage, event.capacity_t_per_year) == (known.country, known.stage, known.capacity)


def test_a_catalogue_project_without_a_day_keeps_its_gates_with_the_new_capacity(
    scenario: Scenario, baseline: Case
) -> None:
    known = next(item for item in baseline.projects if item.id == "KAZ_W_NKATPAR")
    case = resolve(scenario.with_event(id="big", type="project", project=known.id, capacity_t_per_year=9_000))
    (found,) = (item for item in case.projects if item.id == known.id)
    assert found == dataclasses.replace(known, capacity=9_000.0)


def test_a_project_unknown_on_the_day_of_knowledge_is_refused_with_its_place(tmp_path: Path) -> None:
    early = {item.id for item in projects(date(2025, 11, 6))}
    late = next(item.id for item in projects(date(2026, 7, 31)) if item.id not in early)
    path = tmp_path / "late.yaml"
    path.write_text(f"name: X\nevents:\n- {{id: p, type: project, project: {late}, at: +6mo}}\n")
    with pytest.raises(InputError, match=f"late.yaml:3: events.p.project: '{late}' is not known on 2025-11-06"):
        resolve(load(path))


def test_a_plant_of_several_products_needs_the_commodity_named(scenario: Scenario) -> None:
    event = {"id": "p", "type": "project", "project": "KAZ_REE_IRTYSH", "at": "+6mo"}
    with pytest.raises(InputError, match="makes ree_light, ree_heavy; name one"):
        resolve(scenario.with_event(**event))
    case = resolve(scenario.with_event(**event, commodity="ree_heavy"))
    assert [item.commodity for item in case.projects if item.id == "KAZ_REE_IRTYSH"] == ["ree_light"]


def test_a_new_country_gets_a_place_in_the_chain_without_moving_a_tonne(scenario: Scenario, baseline: Case) -> None:
    event = {"commodity": "antimony", "stage": "smelter_metal", "capacity_t_per_year": 500, "at": "+6mo"}
    case = resolve(scenario.with_event(type="project", country="NZL", **event))
    before, after = ({item.commodity: item for item in found.chains}["antimony"].stages for found in (baseline, case))
    mine, smelter = after[0], after[1]
    assert "NZL" not in before[1].producers
    assert smelter.producers[-1] == "NZL"
    assert smelter.output[-1] == smelter.flows[-1].sum() == 0.0
    assert mine.flows.shape == (len(mine.producers), len(mine.regions) + len(smelter.producers))
    assert mine.lag_days.shape == (len(mine.regions) + len(smelter.producers),)
    assert smelter.flows.shape == smelter.committed.shape
    for old, new in zip(before, after, strict=True):
        assert new.flows.sum() == pytest.approx(old.flows.sum(), rel=1e-12)


def test_every_project_stands_at_a_producer_of_its_chain() -> None:
    for path in SCENARIOS.glob("*.yaml"):
        case = resolve(load(path))
        stages = {(chain.commodity, stage.name): stage for chain in case.chains for stage in chain.stages}
        for item in case.projects:
            assert item.country in stages[item.commodity, item.stage].producers


def test_inputs_can_be_overridden_in_part_and_say_so(scenario: Scenario, baseline: Case) -> None:
    path = [f"inputs.{name}" for name in ("truce_renewal/ALL=0.3", "reroute_share/ALL={high: 0.6}")]
    case = resolve(load(BASELINE, path))
    before, after = ({item.name: item for item in found.inputs} for found in (baseline, case))
    truce, reroute = after["truce_renewal/ALL"], after["reroute_share/ALL"]
    assert (truce.low, truce.median, truce.high, truce.source) == (0.3, 0.3, 0.3, "scenario")
    assert (reroute.low, reroute.high) == (before["reroute_share/ALL"].low, 0.6)
    assert sum(after[name] != before[name] for name in before) == 2


def test_a_case_can_be_sent_to_a_worker(baseline: Case) -> None:
    copy = pickle.loads(pickle.dumps(baseline))
    assert copy.instruments == baseline.instruments
    np.testing.assert_array_equal(copy.chains[0].stages[0].flows, baseline.chains[0].stages[0].flows)
