"""A chain as another economy, or one company, sees it: what it buys, from whom, and what is left to the others."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalogue.chains import chain, chains
from simulator.catalogue.focal import CompanyError, bought_by, seen_from
from simulator.domain.chain import Chain, Stage
from simulator.domain.company import Company
from simulator.domain.places import at_home, region_of

COMMODITIES = tuple(item.commodity for item in chains())


def maker(demand: float, commodity: str = "gallium", country: str = "DEU", **more: object) -> Company:
    return replace(Company("Maker", country, {commodity: demand}, {}, {}, {}, False), **more)


def bought(company: Company, commodity: str = "gallium") -> tuple[Chain, Stage, np.ndarray]:
    """The chain, the stage the company buys at, and its column."""
    seen = bought_by(chain(commodity), company)
    stage = seen.stages[seen.verdict_stage]
    return seen, stage, stage.flows[:, stage.regions.index(company.buyer)]


def test_a_company_is_a_part_of_its_region() -> None:
    before = chain("gallium").stages[1]
    seen, stage, column = bought(maker(3.0))
    demand = dict(zip(stage.regions, stage.demand, strict=True))
    assert demand["DEU:Maker"] == pytest.approx(3.0) == pytest.approx(column.sum())
    assert demand["EUU"] == pytest.approx(before.demand[before.regions.index("EUU")] - 3.0)
    assert [name for name in stage.regions if name not in before.regions] == ["DEU:Maker"]
    assert any(fact.name == "gallium.refined_high_purity.demand.Maker" and fact.value == 3.0 for fact in seen.facts)


@pytest.mark.parametrize("commodity", COMMODITIES)
@pytest.mark.parametrize("country", ["USA", "JPN", "FRA", "GBR"])
def test_flows_still_close_with_a_company(commodity: str, country: str) -> None:
    known = chain(commodity)
    judged = known.stages[known.verdict_stage]
    use = 0.3 * float(judged.demand[judged.regions.index(region_of(country))])
    _, stage, _ = bought(maker(use, commodity, country), commodity)
    flows = stage.flows[:, : len(stage.regions)]
    total = float(stage.output.sum())
    assert np.abs(stage.flows.sum(axis=1) - judged.flows.sum(axis=1)).max() <= 1e-9 * total
    assert np.abs(flows.sum(axis=0) - stage.demand).max() <= 1e-9 * total
    assert (stage.flows >= 0).all()
    assert (stage.committed <= 1.0 + 1e-9).all()


def test_a_company_without_suppliers_named_buys_as_its_region_and_nobody_else_notices() -> None:
    before = chain("gallium").stages[1]
    _, stage, column = bought(maker(3.0))
    r = before.regions.index("EUU")
    np.testing.assert_allclose(column / column.sum(), before.flows[:, r] / before.flows[:, r].sum(), rtol=1e-12)
    others = [name for name in before.regions if name != "EUU"]
    for name in others:
        ours, theirs = (item.flows[:, item.regions.index(name)] for item in (stage, before))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_a_company_buys_from_its_suppliers_alone() -> None:
    _, stage, column = bought(maker(3.0, suppliers={"gallium": {"JPN": None, "CAN": None}}))
    sellers = {name for name, tonnes in zip(stage.producers, column, strict=True) if tonnes > 0}
    assert sellers == {"JPN", "CAN"}
    before = chain("gallium").stages[1]
    region = dict(zip(before.producers, before.flows[:, before.regions.index("EUU")], strict=True))
    by_name = dict(zip(stage.producers, column, strict=True))
    assert by_name["JPN"] / by_name["CAN"] == pytest.approx(region["JPN"] / region["CAN"])


def test_stated_shares_of_suppliers_hold() -> None:
    _, stage, column = bought(maker(4.0, suppliers={"gallium": {"JPN": 0.75, "DEU": 0.25}}))
    assert dict(zip(stage.producers, column, strict=True))["JPN"] == pytest.approx(3.0)


def test_a_supplier_from_whom_the_region_buys_nothing_still_delivers() -> None:
    commodity, idle = next(
        (item.commodity, name)
        for item in chains()
        for stage in [item.stages[item.verdict_stage]]
        for name, usual, made in zip(
            stage.producers, stage.flows[:, stage.regions.index("USA")], stage.output, strict=True
        )
        if usual == 0 and made > 1
    )
    suppliers = {commodity: {idle: None}}
    _, stage, column = bought(maker(0.5, commodity, "USA", suppliers=suppliers), commodity)
    assert column.sum() == pytest.approx(0.5) == pytest.approx(column[stage.producers.index(idle)])


def test_a_company_that_takes_everything_takes_the_regions_place() -> None:
    before = chain("gallium").stages[1]
    r = before.regions.index("USA")
    _, stage, column = bought(maker(float(before.demand[r]), country="USA"))
    assert "USA" not in stage.regions
    np.testing.assert_allclose(column, before.flows[:, r], rtol=1e-12)
    np.testing.assert_allclose(np.sort(stage.flows.sum(axis=0)), np.sort(before.flows.sum(axis=0)), rtol=1e-9)


def test_lanes_lead_to_the_company_and_only_at_the_stage_it_buys() -> None:
    seen, stage, _ = bought(maker(3.0))
    assert set(stage.lanes) == set(stage.producers)
    assert stage.lanes["DEU"] == ()
    assert stage.lanes["JPN"][0].route_id != chain("gallium").stages[1].lanes["JPN"][0].route_id
    assert all(not other.lanes for other in seen.stages if other is not stage)


def test_a_company_may_buy_at_another_stage() -> None:
    company = maker(50.0, "antimony", "JPN", stages={"antimony": "smelter_metal"})
    seen, stage, _ = bought(company, "antimony")
    assert stage.name == "smelter_metal"
    assert seen.stages[seen.verdict_stage] is stage
    assert company.buyer not in seen.stages[-1].regions


def test_government_stock_serves_a_company_only_if_stated_and_by_its_part() -> None:
    stocked = next(item for item in chains() if item.government.opening_t > 0)
    judged = stocked.stages[stocked.verdict_stage]
    half = 0.5 * float(judged.demand[judged.regions.index("USA")])
    company = maker(half, stocked.commodity, "USA")
    assert bought_by(stocked, company).government.opening_t == 0.0
    served = bought_by(stocked, replace(company, government_stock=True))
    assert served.government.opening_t == pytest.approx(0.5 * stocked.government.opening_t)


@pytest.mark.parametrize(
    ("company", "field", "message"),
    [
        (
            maker(500.0),
            "demand_t_per_year",
            "500 is more than the 15.3986 t a year of refined_high_purity that all of EUU",
        ),
        (
            maker(3.0, suppliers={"gallium": {"FRA": None}}),
            "suppliers",
            "'FRA' makes no refined_high_purity of gallium",
        ),
        (
            maker(15.0, suppliers={"gallium": {"DEU": 1.0}}),
            "suppliers",
            "DEU would have to deliver 15 t a year and makes",
        ),
        (maker(3.0, stages={"gallium": "wafer"}), "stages", "'wafer' is not a stage of gallium; known are"),
        (maker(3.0, stages={"gallium": "primary_low_purity"}), "stages", "primary_low_purity has no buyers in EUU but"),
    ],
)
def test_a_company_that_does_not_fit_the_tables_is_refused(company: Company, field: str, message: str) -> None:
    with pytest.raises(CompanyError, match=re.escape(message)) as caught:
        bought_by(chain("gallium"), company)
    assert caught.value.field == field


def test_the_united_states_see_the_tables_as_they_are() -> None:
    assert all(seen_from(item, "USA") is item for item in chains())


@pytest.mark.parametrize("region", ["JPN", "EUU", "KOR"])
def test_another_economy_has_its_own_lanes_no_stockpile_and_a_grade_of_its_own(region: str) -> None:
    for item in chains():
        seen = seen_from(item, region)
        assert seen is not None
        judged = seen.stages[seen.verdict_stage]
        assert seen.government.opening_t == 0.0
        assert {c for c, ways in judged.lanes.items() if not ways} == {
            c for c in judged.producers if at_home(c, region)
        }
        assert seen.grade in "BC"
        assert f"{region} import origins none (fail)" in seen.grade_reason
        np.testing.assert_array_equal(judged.flows, item.stages[item.verdict_stage].flows)


@given(
    part=st.floats(0.01, 1.0),
    commodity=st.sampled_from(["gallium", "antimony", "tantalum", "vanadium"]),
    country=st.sampled_from(["USA", "JPN", "KOR", "NLD", "IND"]),
    chosen=st.sets(st.integers(0, 30), min_size=1, max_size=4),
)
def test_whatever_a_company_states_is_refused_or_closes(
    part: float, commodity: str, country: str, chosen: set[int]
) -> None:
    known = chain(commodity)
    judged = known.stages[known.verdict_stage]
    makers = [name for name, tonnes in zip(judged.producers, judged.output, strict=True) if tonnes > 0]
    suppliers = {commodity: dict.fromkeys(makers[i % len(makers)] for i in chosen)}
    use = part * float(judged.demand[judged.regions.index(region_of(country))])
    try:
        _, stage, column = bought(maker(use, commodity, country, suppliers=suppliers), commodity)
    except CompanyError:
        return  # a supplier too small for the use, or needed by others who buy from nobody else
    assert column.sum() == pytest.approx(use)
    assert {name for name, tonnes in zip(stage.producers, column, strict=True) if tonnes > 0} <= set(
        suppliers[commodity]
    )
    assert np.abs(stage.flows.sum(axis=1) - judged.flows.sum(axis=1)).max() <= 1e-9 * judged.output.sum()
