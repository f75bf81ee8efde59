"""Projects as known on a day, in the mass basis of the chain they belong to."""

from __future__ import annotations

from datetime import date

import pytest

from simulator.catalogue.chain_stages import stages
from simulator.catalogue.projects import GATES, projects, unmapped
from simulator.catalogue.tables import rows
from simulator.domain.chain import Project

START = date(2025, 11, 6)
LATER = date(2026, 7, 31)


def known(as_of: date) -> dict[tuple[str, str], Project]:
    return {(project.id, project.commodity): project for project in projects(as_of)}


def test_projects_are_unique_by_id_and_commodity() -> None:
    """One plant may yield two commodities, never the same one twice."""
    assert len(known(START)) == len(projects(START))


def test_every_row_of_the_project_tables_is_modelled_or_explained() -> None:
    """Nothing is dropped in silence."""
    rows_all = {row["project_id"] for table in ("projects", "projects_extra") for row in rows(table)}
    modelled = {project.id for project in projects(date.max)}
    explained = dict(unmapped())
    assert rows_all == modelled | set(explained)
    assert not modelled & set(explained)
    assert all(explained.values())


def test_nothing_dated_after_as_of_is_used() -> None:
    """Neither existence nor status."""
    for day in (date(2024, 7, 1), START, LATER):
        assert all(project.known_from <= day.isoformat() for project in projects(day))


def test_atalco_gallium_is_unknown_at_the_start_and_known_later() -> None:
    """It was announced in January 2026."""
    assert ("USA_GA_ATALCO", "gallium") not in known(START)
    assert ("USA_GA_ATALCO", "gallium") in known(LATER)


def test_projects_that_plainly_existed_are_visible_at_the_start() -> None:
    """A later status must not hide the plant of Pavlodar, Sangdong, Stibnite or Cove's tungsten."""
    ids = {id_ for id_, _ in known(START)}
    assert {"KAZ_GA_PAVLODAR", "KOR_W_SANGDONG", "USA_SB_STIBNITE", "KAZ_W_NKATPAR", "USA_SB_USAC"} <= ids


def test_a_later_status_falls_back_to_an_earlier_gate_and_the_original_start() -> None:
    """Thompson Falls was commissioning in April 2026 and still promised for December 2025 at the start."""
    key = ("USA_SB_USAC", "antimony")
    before, after = known(START)[key], known(LATER)[key]
    assert (before.gate, after.gate) == ("construction", "commissioning")
    assert before.announced_start == "2025-12-15"
    assert after.announced_start == "2026-04-15"


def test_gates_never_go_back_with_time() -> None:
    """More knowledge moves a project forward or leaves it."""
    before, after = known(START), known(LATER)
    for key, project in before.items():
        if project.gate in GATES and after[key].gate in GATES:
            assert GATES.index(project.gate) <= GATES.index(after[key].gate), key


def test_only_plants_that_already_started_stand_at_operating() -> None:
    """A start in the future is not output."""
    for project in projects(START):
        if project.gate == "operating":
            assert project.announced_start is not None
            assert project.announced_start <= START.isoformat()


def test_every_project_belongs_to_a_modelled_stage() -> None:
    """Its output has a market to go to."""
    for project in projects(date.max):
        assert project.stage in {spec.name for spec in stages()[project.commodity]}


def test_capacity_is_the_published_figure_times_its_factor() -> None:
    """Each conversion can be redone by hand."""
    for row in rows("project_capacity"):
        published, factor = float(row["published_t_per_year"]), float(row["factor"])
        assert float(row["capacity_t_per_year"]) == pytest.approx(published * factor, rel=2e-3), row["project_id"]
        assert row["reason"]


@pytest.mark.parametrize(
    ("id_", "commodity", "tonnes"),
    [
        ("KAZ_GA_PAVLODAR", "gallium", 15),
        ("USA_MP_HREE", "ree_heavy", 200),
        ("USA_EVAC", "ree_light", 2000 * 0.351),
        ("KAZ_V_BALASA", "vanadium", 5600 * 2 * 50.9415 / 181.88),
        ("USA_SB_USAC", "antimony", 4900 - 588),
    ],
)
def test_capacity_in_the_basis_of_the_chain(id_: str, commodity: str, tonnes: float) -> None:
    """Magnets in oxide equivalent, vanadium pentoxide in vanadium, expansions without the old plant."""
    assert known(LATER)[id_, commodity].capacity == pytest.approx(tonnes, rel=2e-3)


def test_running_output_is_not_counted_twice() -> None:
    """Plants that ran through the base year are no projects."""
    ids = {project.id for project in projects(LATER)}
    assert not ids & {"KAZ_U_KAP", "JPN_TI_OSAKA", "THA_SB", "KAZ_W_BOGUTY", "MEX_SB_USAC"}


def test_shares_are_fractions_and_capacity_is_positive() -> None:
    """Percent became fractions of one."""
    for project in projects(date.max):
        assert 0 <= project.china_offtake <= 1
        assert 0 <= project.focal_accessible <= 1
        assert project.capacity > 0
        assert project.ramp_type in (1, 2, 3, 4)
        assert any(fact.name.endswith(".capacity") and fact.source for fact in project.facts)


def test_boguty_expansion_belongs_to_china() -> None:
    """Capacity in Kazakhstan is not availability."""
    boguty = known(START)["KAZ_W_BOGUTY2", "tungsten"]
    assert boguty.china_offtake == 1.0
    assert boguty.focal_accessible == 0.0
