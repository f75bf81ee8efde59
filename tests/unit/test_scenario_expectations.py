"""Which partners count, and what a scenario expects of itself, are read and checked with the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import InputError
from simulator.instruments.agreement import Agreement
from simulator.metrics.outcome import KPIS
from simulator.scenario import Case, load, resolve
from simulator.scenario.expectations import OF_COMMODITY

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def case_of(tmp_path: Path, catalogue: str, *sets: str) -> Case:
    file = tmp_path / "part.yaml"
    file.write_text(f"name: Part\nextends: {SCENARIOS / 'baseline.yaml'}\ncatalogue: {catalogue}\n")
    return resolve(load(file, sets))


def partners(case: Case) -> dict[str, tuple[str, ...]]:
    return {item.id: item.partners for item in case.instruments if isinstance(item, Agreement)}


def test_only_projects_and_deals_of_the_partners_named_count_beside_running_plants(tmp_path: Path) -> None:
    whole, part = case_of(tmp_path, "{}"), case_of(tmp_path, "{partners: [KAZ, EUU]}")
    kept = {
        project for project in whole.projects if project.gate == "operating" or project.country in ("KAZ", "GRC", "FRA")
    }
    assert kept <= set(part.projects) < set(whole.projects)
    assert {project.country for project in part.projects if project.gate != "operating"} >= {"KAZ", "GRC", "FRA"}
    assert any(project.country == "USA" and project.gate == "operating" for project in part.projects)
    assert not any(project.country in ("USA", "AUS", "UZB") for project in part.projects if project.gate != "operating")
    assert partners(part) == {id_: names for id_, names in partners(whole).items() if "KAZ" in names}


def test_naming_every_partner_changes_nothing(tmp_path: Path) -> None:
    whole, part = case_of(tmp_path, "{}"), case_of(tmp_path, "{partners: ALL}")
    assert (whole.projects, whole.instruments) == (part.projects, part.instruments)


def test_a_deal_with_all_countries_counts_for_each_of_them(tmp_path: Path) -> None:
    part = case_of(tmp_path, "{partners: [KAZ, EUU]}", "as_of=2026-07-31")
    assert {"FORGE_2026", "USA_EU_JPN_ACTION_2026"} <= partners(part).keys()


def test_partners_and_days_of_signature_narrow_the_deals_together(tmp_path: Path) -> None:
    part = case_of(tmp_path, "{partners: [KAZ], agreements: {signed_before: 2025-10-01}}")
    assert partners(part).keys() == {"COVE_KAZGEO_REE_2023", "IREL_UKTMP_2024", "XIAMEN_TUNGSTEN_KATPAR_2018"}


def test_an_event_for_a_project_of_another_country_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "part.yaml"
    file.write_text(
        f"name: Part\nextends: {SCENARIOS / 'baseline.yaml'}\ncatalogue: {{partners: KAZ}}\n"
        "events: [{id: sooner, type: project, project: USA_SB_STIBNITE, at: +6mo}]\n"
    )
    with pytest.raises(InputError, match=r"USA_SB_STIBNITE.*was left out"):
        resolve(load(file))


def test_every_reported_figure_can_be_expected_to_move() -> None:
    assert set(OF_COMMODITY) == {"met", *KPIS}


@pytest.mark.parametrize(
    ("measure", "problem"),
    [
        ("unmet_shre/antimony", "did you mean 'unmet_share'"),
        ("unmet_share/antimny", "did you mean 'antimony'"),
        ("unmet_share", "names no commodity"),
        ("expected", "did you mean 'expected_met'"),
    ],
)
def test_a_measure_nobody_knows_is_refused(tmp_path: Path, measure: str, problem: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        f"name: Wrong\nextends: {SCENARIOS / 'baseline.yaml'}\n"
        f"directions: {{against: baseline.yaml, rises: [{measure}]}}\n"
    )
    with pytest.raises(InputError, match=problem):
        load(file)
