"""The focal buyer in a scenario file: an economy by its code, or a company; what is refused, and where."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simulator.errors import InputError, UsageError
from simulator.scenario import load, resolve
from simulator.scenario.schema import json_schema

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "scenarios" / "gallium_device_maker.yaml"


def write(folder: Path, focal: str, more: str = "") -> Path:
    path = folder / "scenario.yaml"
    path.write_text(f"name: X\nfocal: {focal}\n{more}", "utf-8")
    return path


def focal(**fields: str) -> str:
    usual = {"name": "Maker", "country": "DEU", "demand_t_per_year": "{gallium: 3}"}
    return "{" + ", ".join(f"{key}: {value}" for key, value in (usual | fields).items() if value) + "}"


@pytest.mark.parametrize(
    ("word", "code"), [("USA", "USA"), ("JPN", "JPN"), ("EU", "EUU"), ("EUU", "EUU"), ("KOR", "KOR")]
)
def test_an_economy_goes_by_its_code(word: str, code: str, tmp_path: Path) -> None:
    case = resolve(load(write(tmp_path, word)), ["gallium"])
    assert (case.focal, case.company) == (code, None)


def test_without_a_focal_buyer_it_is_the_united_states(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("name: X\n", "utf-8")
    assert load(path).sha256 == load(write(tmp_path, "USA")).sha256


FAULTS = [
    ("Japan", "Japan", "focal: 'Japan' cannot be the focal buyer; write USA, JPN, EUU, KOR, or describe a company"),
    ("CHN", "CHN", "'CHN' cannot be the focal buyer"),
    (focal(country="CHN"), "CHN", "focal.country: 'CHN' cannot be the seat"),
    (focal(country="Germany"), "Germany", "'Germany' is not a country code (ISO 3166-1 alpha-3); did you mean 'DEU'?"),
    (focal(demand_t_per_year=""), "focal", "focal.demand_t_per_year: is missing; a company needs it: Use at"),
    (focal(demand_t_per_year="{galium: 3}"), "3}", "'galium' is not a commodity; did you mean 'gallium'?"),
    (focal(demand_t_per_year="{gallium: -3}"), "-3", "-3 is not accepted; it must be above 0"),
    (focal(demand_t_per_year="{gallium: 500}"), "500", "500 is more than the 15.3986 t a year of refined_high_purity"),
    (focal(suppliers="{gallium: [JPN, FRA]}"), "[", "focal.suppliers.gallium: 'FRA' makes no refined_high_purity"),
    (focal(suppliers="{gallium: [Canada]}"), "Canada", "'Canada' is not a country code (ISO 3166-1 alpha-3) or OTH"),
    (focal(suppliers="{gallium: {JPN: 0.5}}"), "{JPN", "0.5 is what the suppliers' shares add up to; they must add"),
    (focal(suppliers="{antimony: [JPN]}"), "[JPN", "focal.suppliers.antimony: 'antimony' has no demand_t_per_year"),
    (focal(stock_days="{gallium: -1}"), "-1", "-1 is not accepted; it must be at least 0"),
    (focal(stages="{gallium: wafer}"), "wafer", "'wafer' is not a stage of gallium; known are primary_low_purity"),
    (focal(government_stock="true"), "true", "focal.government_stock: the tables hold no government stock of DEU"),
    (focal(supplier="{gallium: [JPN]}"), "supplier", "unknown field of a company; did you mean 'suppliers'?"),
]


@pytest.mark.parametrize(("text", "at", "message"), FAULTS, ids=[fault[2][:40] for fault in FAULTS])
def test_a_wrong_focal_buyer_is_refused_with_its_place(text: str, at: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        load(path)
    column = f"focal: {text}".index(at) + 1
    assert re.findall(r"yaml:(\d+):(\d+): ", str(caught.value)) == [("2", str(column))]


def test_a_company_cannot_use_what_the_scenario_leaves_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing of it \(gallium\) is among the scenario's `commodities`"):
        load(write(tmp_path, focal(), "commodities: [antimony]\n"))


def test_a_part_of_what_a_company_uses_can_be_looked_at_alone() -> None:
    assert [chain.commodity for chain in resolve(load(EXAMPLE).only("gallium")).chains] == ["gallium"]


def test_a_commodity_it_does_not_buy_cannot_be_asked_for() -> None:
    with pytest.raises(
        UsageError, match="'antimony' is not a commodity of the scenario 'A device maker in Germany'; known are gallium"
    ):
        resolve(load(EXAMPLE), ["antimony"])


def test_the_example_resolves_to_the_company_it_describes() -> None:
    case = resolve(load(EXAMPLE))
    assert case.company is not None
    assert case.company.suppliers["germanium"] == {"BEL": 0.7, "CAN": 0.3}
    level = next(item for item in case.inputs if item.name == "focal_demand_level/gallium")
    assert (level.low, level.high, level.quality) == (1.0, 1.0, "reported")
    other = next(item for item in case.inputs if item.name == "focal_demand_level/antimony")
    assert other.low < other.high


def test_an_override_may_change_one_number_of_the_company() -> None:
    case = resolve(load(EXAMPLE, ["focal.stock_days.gallium=90"]))
    assert case.company is not None
    assert case.company.stock_days == {"gallium": 90, "germanium": 45}


def test_the_schema_offers_both_kinds_of_focal_buyer() -> None:
    text = json.dumps(json_schema()["properties"]["focal"])
    assert "EUU" in text
    assert "CompanyModel" in text
