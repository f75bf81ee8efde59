"""Uncertain inputs, parameters, agreements, lanes and the government stock."""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise

import pytest

from simulator.catalogue.agreements import agreements
from simulator.catalogue.government import stock
from simulator.catalogue.inputs import commodities, inputs, roles
from simulator.catalogue.lanes import lag_days, lanes_to_focal
from simulator.catalogue.parameters import construction_months, parameter, parameters, ramp_curve, slip
from simulator.catalogue.tables import rows
from simulator.domain.facts import UncertainInput
from simulator.domain.places import REGIONS
from simulator.errors import CatalogueError

START = date(2025, 11, 6)


def named(name: str) -> UncertainInput:
    return next(item for item in inputs("prior") if item.name == name)


def test_names_and_dimensions_of_inputs_are_unique() -> None:
    """Two inputs on one Sobol dimension would move together."""
    assert len({item.name for item in inputs()}) == len(inputs())
    assert len({item.dimension for item in inputs()}) == len(inputs())


def test_the_dimension_table_names_exactly_the_inputs() -> None:
    """Every input has a fixed dimension, and no dimension waits for a name that does not exist."""
    assert {row["name"] for row in rows("sobol_dimensions")} == {item.name for item in inputs()}


def test_every_role_of_every_commodity_has_an_input() -> None:
    """The model can ask any commodity for any role."""
    known = {item.name for item in inputs()}
    for commodity in commodities():
        assert set(roles(commodity).values()) <= known
        assert roles(commodity)["reroute_share"] == "reroute_share/ALL"
        assert roles(commodity)["demand_elasticity"] == f"demand_elasticity/{commodity}"


def test_priors_are_ordered_inside_their_bounds_and_sourced() -> None:
    """Low, median and high are quantiles of one distribution."""
    for item in (*inputs("prior"), *inputs()):
        assert item.minimum <= item.low <= item.median <= item.high <= item.maximum, item
        assert item.source, item.name
        assert item.unit, item.name


def test_demand_never_rises_with_price() -> None:
    """Elasticities of demand are not positive, those of supply not negative."""
    for commodity in commodities():
        assert named(f"demand_elasticity/{commodity}").maximum <= 0
        assert named(f"supply_elasticity/{commodity}").minimum >= 0


def test_shares_are_fractions() -> None:
    """Percent in the tables became fractions of one."""
    for item in (*inputs("prior"), *inputs()):
        if item.name.split("/")[0] in (
            "contract_share",
            "licence_approval",
            "licence_fill",
            "licence_refiled",
            "truce_renewal",
        ):
            assert 0 < item.median < 1
    assert named("contract_share/uranium").median == pytest.approx(0.80)
    assert named("demand_growth/graphite").high == pytest.approx(0.14)
    assert named("stock_cover_months/gallium").median == pytest.approx(2.2)


@pytest.mark.parametrize("commodity", ["magnesium_metal", "tantalum", "ree_light", "ree_heavy"])
def test_elasticities_that_contain_hoarding_use_their_less_elastic_half(commodity: str) -> None:
    """All of the prior lies on the inelastic side of the published median."""
    published = {
        row["statistic"]: float(row["value"])
        for row in rows("behaviour")
        if row["parameter"] == "elasticity_demand_own"
        and row["commodity"] == commodity
        and row["horizon"].startswith("short")
        and row["sample_or_context"] == "recommended prior"
    }
    item = named(f"demand_elasticity/{commodity}")
    assert published["median"] < item.low < item.median < item.high <= 0


def test_base_year_output_is_known_worse_where_editions_differ_more() -> None:
    """Antimony output outside China was revised by four fifths, rhenium by a twentieth."""
    assert named("capacity_level/antimony").high > named("capacity_level/rhenium").high
    item = named("capacity_level/graphite")
    assert item.low * item.high == pytest.approx(1.0)


def test_demand_of_a_commodity_with_a_published_range_uses_it() -> None:
    """US tungsten use of 2024 lies between 5,674 and 10,780 t around 8,624 t."""
    item = named("focal_demand_level/tungsten")
    assert item.low == pytest.approx(5673.68 / 8624, rel=1e-3)
    assert item.high == pytest.approx(10780 / 8624, rel=1e-3)


def test_slip_scale_is_the_sampling_error_of_the_slip_median() -> None:
    """Recomputed from median, P90 and sample size of the slip statistics."""
    median, _, p90 = slip()
    sigma = math.log(p90 / median) / 1.2816
    half_width = 1.645 * 1.2533 * sigma / math.sqrt(40)
    item = named("start_slip_scale/ALL")
    assert item.low == pytest.approx(math.exp(-half_width), abs=0.01)
    assert item.high == pytest.approx(math.exp(half_width), abs=0.01)


def test_published_odds_of_agreements() -> None:
    """One in ten memoranda and about half of the commercial deals reached money or a contract."""
    assert parameter("financing_odds_mou").value == pytest.approx(0.10)
    assert parameter("financing_odds_commercial").value == pytest.approx(0.48)


def test_mines_slip_longest_and_magnet_plants_least() -> None:
    """As the statistics by stage say; kinds without their own take the refinery's."""
    assert slip("mine")[0] > slip("separation")[0] > slip("refinery")[0] > slip("magnet")[0]
    assert slip("smelter") == slip("refinery")
    for kind in ("mine", "separation", "refinery", "smelter", "metal", "magnet", "recycling"):
        low, median, high = slip(kind)[1], slip(kind)[0], slip(kind)[2]
        assert 0 < low < median < high
        months = construction_months(kind)
        assert months.low is not None
        assert months.high is not None
        assert 0 < months.low <= months.value <= months.high


def test_ramp_up_rises_and_harder_plants_ramp_slower() -> None:
    """McNulty's four types never cross."""
    for month in range(1, 5):
        fractions = [ramp_curve(ramp_type)[month][1] for ramp_type in (1, 2, 3, 4)]
        assert fractions == sorted(fractions, reverse=True)
    for ramp_type in (1, 2, 3, 4):
        curve = ramp_curve(ramp_type)
        assert curve[0] == (0.0, 0.0)
        assert all(a < b and x <= y for (a, x), (b, y) in pairwise(curve))


def test_an_unknown_parameter_names_the_nearest() -> None:
    """A misspelt parameter is a message, not a silent default."""
    with pytest.raises(CatalogueError, match="did you mean 'financing_odds_mou'"):
        parameter("financing_odds_mous")
    assert all(fact.source for fact in parameters().values())


def test_agreements_signed_later_are_invisible() -> None:
    """The Mitsubishi gallium contract of December 2025 is unknown at the start."""
    known = {item.id for item in agreements(START)}
    assert "ERG_MCRTM_GA_2025" not in known
    assert "ERG_MCRTM_GA_2025" in {item.id for item in agreements(date(2026, 7, 31))}
    assert "USA_KAZ_MOU_2025" in known
    assert all(item.status_date <= START.isoformat() for item in agreements(START))


def test_a_deal_that_binds_later_only_counts_as_signed_before() -> None:
    """The Cove tungsten venture had no share purchase agreement on the day it was announced."""
    before = {item.id: item for item in agreements(START)}["COVE_TKS_W_2025"]
    after = {item.id: item for item in agreements(date(2026, 11, 1))}["COVE_TKS_W_2025"]
    assert (before.milestones, before.binding) == (1, False)
    assert (after.milestones, after.binding) == (2, True)


def test_a_cancelled_deal_supports_nothing() -> None:
    """The Kutessay licence was cancelled long before."""
    stans = {item.id: item for item in agreements(START)}["STANS_KUTESSAY_2009"]
    assert (stans.milestones, stans.binding) == (0, False)


def test_no_agreement_starts_with_product_unless_its_status_said_so_then() -> None:
    """Milestone 3 in 2026 is at most money in 2025."""
    mp = {item.id: item for item in agreements(START)}["MP_DOD_2025"]
    assert mp.milestones == 2
    assert mp.binding


def test_unknown_holdings_are_assumed_and_bounded_by_the_authority_to_sell() -> None:
    """Beryllium may be sold from the stockpile, gallium may not be assumed to be in it."""
    assert stock("beryllium").opening_t == pytest.approx(7.0)
    assert stock("gallium").opening_t == 0
    assert stock("gallium").facts[0].quality == "assumed"
    assert stock("manganese").opening_t == pytest.approx(18_000 * (0.74 + 0.95) / 2)
    assert all(stock(name).opening_t >= 0 for name in commodities())


def test_purchases_of_a_fiscal_year_end_with_it() -> None:
    """The plan of fiscal 2025 buys nothing after September 2025; one over five years runs on."""
    titanium = stock("titanium_sponge").plans
    assert [(plan.begins, plan.ends) for plan in titanium] == [
        ("2023-10-01", "2024-10-01"),
        ("2024-10-01", "2025-10-01"),
    ]
    assert all(0 < plan.t_per_year < 15_000 for plan in titanium)
    (scandium,) = stock("scandium").plans
    assert scandium.t_per_year == pytest.approx(6.0 / 5)
    assert (scandium.begins, scandium.ends) == ("2025-10-01", "2030-10-01")
    late = {name for name in commodities() if any(plan.ends > "2025-11-06" for plan in stock(name).plans)}
    assert late == {"scandium"}


def test_high_value_metals_fly_and_bulk_goes_by_sea() -> None:
    """Usual way first."""
    assert lanes_to_focal("CHN", "gallium")[0].route_id == "CHN_AIR"
    assert lanes_to_focal("CHN", "graphite")[0].route_id == "CHN_LAX"
    assert all("AIR" not in lane.route_id for lane in lanes_to_focal("CHN", "manganese"))


def test_iran_is_never_the_usual_way() -> None:
    """Corridors through Iran have been closed since March 2026 and stand last."""
    for origin in ("KAZ", "UZB", "TJK"):
        lanes = lanes_to_focal(origin, "tungsten")
        through = [index for index, lane in enumerate(lanes) if "IRN" in lane.crosses]
        assert len(lanes) > 1
        assert through == [len(lanes) - 1]


def test_uranium_uses_its_own_lanes_and_nobody_else_does() -> None:
    """Uranium convoys set their own pace."""
    assert lanes_to_focal("KAZ", "uranium")[0].route_id == "KAZ_TITR_U"
    assert all(not lane.route_id.endswith("_U") for lane in lanes_to_focal("KAZ", "tungsten"))


def test_a_country_without_a_lane_gets_a_graded_one() -> None:
    """A producer can always deliver; the guess is marked."""
    (lane,) = lanes_to_focal("BGR", "bismuth")
    assert lane.quality == "assumed"
    assert "Europe" in lane.source
    (rest,) = lanes_to_focal("OTH", "bismuth")
    assert rest.quality == "assumed"
    assert lanes_to_focal("USA", "gallium") == ()


def test_every_lane_ends_in_the_focal_region() -> None:
    """Lanes between other countries never serve the United States."""
    elsewhere = {row["route_id"] for row in rows("lane_use") if row["destination"] != "USA"}
    for row in rows("lane_fallbacks"):
        for lane in lanes_to_focal(row["country"], "antimony"):
            assert lane.route_id not in elsewhere
            assert 0 < lane.transit_days_median <= lane.transit_days_p95


def test_transit_between_places_is_positive_and_short_at_home() -> None:
    """Home delivery beats any border; a known lane beats the guess."""
    for origin in ("CHN", "KAZ", "BRA", "OTH"):
        for buyer in REGIONS:
            assert lag_days(origin, buyer) > 0
    assert lag_days("CHN", "CHN") < lag_days("CHN", "JPN") == pytest.approx(8.0)
    assert lag_days("DEU", "EUU") < lag_days("CHN", "EUU")
