"""Published figures come out of the catalogue again, recomputed from its flows."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.catalogue.chains import chain
from simulator.catalogue.tables import number, rows
from simulator.domain.chain import Stage

POINTS = 0.015
"""Published percentages are rounded to one point; shares of imports are scaled to their sum."""


def verdict(commodity: str) -> Stage:
    """Stage at which consumption is judged."""
    built = chain(commodity)
    return built.stages[built.verdict_stage]


def focal_column(stage: Stage) -> dict[str, float]:
    """US consumption by declared origin, t/yr."""
    return dict(zip(stage.producers, stage.flows[:, stage.regions.index("USA")], strict=True))


def cell(table: str, column: str, **where: str) -> float:
    """The one number a table holds for a key."""
    found = [row for row in rows(table) if all(row[key] == value for key, value in where.items())]
    assert len(found) == 1, (table, where, len(found))
    value = number(found[0][column])
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("commodity", "form"),
    [
        ("antimony", "all_forms"),
        ("bismuth", "all_forms"),
        ("gallium", "all_forms"),
        ("graphite", "all_forms"),
        ("indium", "all_forms"),
        ("manganese", "all_forms"),
        ("ree_heavy", "all_forms"),
        ("ree_light", "compounds_and_metals"),
        ("rhenium", "all_forms"),
        ("vanadium", "all_forms"),
        ("yttrium", "all_forms"),
    ],
)
def test_net_import_reliance_is_as_published(commodity: str, form: str) -> None:
    """Imports over consumption in the base flows equal the reliance that USGS publishes for 2024."""
    published = cell(
        "us_balance", "value", commodity=commodity, measure="net_import_reliance_pct", year="2024", form=form
    )
    flows = focal_column(verdict(commodity))
    domestic = flows.pop("USA", 0.0)
    imports = sum(flows.values())
    assert imports / (imports + domestic) == pytest.approx(published / 100, abs=POINTS)


@pytest.mark.parametrize(
    ("commodity", "measures"),
    [
        ("antimony", (("production_primary", "primary"), ("production_secondary", "secondary"))),
        ("bismuth", (("production_secondary", "secondary_scrap"),)),
        ("ree_light", (("production_primary", "compounds_and_metals"),)),
        ("rhenium", (("production_primary", "production"),)),
        ("vanadium", (("production_secondary", "from_ash_residues_and_spent_catalysts"),)),
    ],
)
def test_domestic_deliveries_match_reported_us_production(
    commodity: str, measures: tuple[tuple[str, str], ...]
) -> None:
    """What the flows let US plants deliver at home is what USGS says they made, a separate column of the source.

    The tolerance is 3 % of consumption: reliance is rounded, and some output is exported.
    """
    made = sum(
        cell("us_balance", "value_std", commodity=commodity, measure=measure, year="2024", form=form)
        for measure, form in measures
    )
    stage = verdict(commodity)
    use = stage.demand[stage.regions.index("USA")]
    assert focal_column(stage)["USA"] == pytest.approx(made, abs=0.03 * use)


@pytest.mark.parametrize(
    ("commodity", "stage_name", "table", "table_stage", "tolerance"),
    [
        ("gallium", "primary_low_purity", "processing_shares", "primary_low_purity", 0.005),
        ("antimony", "mine", "processing_shares", "mine", 0.005),
        ("antimony", "smelter_metal", "stage_shares_extra", "smelter_metal", 0.01),
        ("graphite", "mine", "processing_shares", "mine", 0.005),
        ("ree_light", "mine", "processing_shares", "mine", 0.005),
        ("ree_light", "separation", "processing_shares", "separation_magnet_ree", 0.005),
        ("ree_light", "permanent_magnet", "processing_shares", "permanent_magnet_sintered", 0.005),
        ("magnesium_metal", "smelter", "processing_shares", "smelter", 0.005),
        ("titanium_sponge", "sponge", "processing_shares", "sponge", 0.005),
        ("tantalum", "mine", "processing_shares", "mine", 0.005),
        ("beryllium", "mine", "processing_shares", "mine", 0.005),
        ("manganese", "mine", "processing_shares", "mine", 0.005),
        ("vanadium", "v2o5", "stage_shares_extra", "v2o5_primary_and_us_secondary", 0.005),
        ("uranium", "mine", "processing_shares", "mine", 0.005),
        # Boguty in Kazakhstan joins the base year: 2,400 t of 84,000 t.
        ("tungsten", "mine", "processing_shares", "mine", 0.025),
        # US smelting (588 t) and imports beyond published output dilute the split a little.
        ("bismuth", "refinery", "stage_shares_extra", "refinery_wide", 0.015),
    ],
)
def test_china_share_of_stage_output_is_as_published(
    commodity: str, stage_name: str, table: str, table_stage: str, tolerance: float
) -> None:
    """China's share of output at a stage equals the table of shares, read separately from the tonnages."""
    published = cell(
        table, "share_pct", commodity=commodity, stage=table_stage, country="CHN", year="2024", preferred="true"
    )
    (stage,) = (s for s in chain(commodity).stages if s.name == stage_name)
    share = stage.output[stage.producers.index("CHN")] / stage.output.sum()
    assert share == pytest.approx(published / 100, abs=tolerance)


@pytest.mark.parametrize(
    ("commodity", "form"),
    [
        ("gallium", "metal"),
        ("germanium", "combined_total"),
        ("antimony", "total_metal_and_oxide"),
        ("tungsten", "ores_concentrates_and_other_forms"),
        ("graphite", "all"),
        ("ree_light", "rare_earth_compounds_and_metals"),
        ("yttrium", "all"),
        ("bismuth", "all"),
        ("indium", "all"),
        ("titanium_sponge", "titanium_sponge_metal"),
        ("tantalum", "tantalum_metal_and_powder"),
        ("rhenium", "total_imports"),
        ("beryllium", "all"),
        ("vanadium", "total"),
        ("scandium", "all"),
    ],
)
def test_us_import_shares_by_origin_are_as_published(commodity: str, form: str) -> None:
    """Every origin that import statistics name has its published share of US imports in the base flows."""
    flows = focal_column(verdict(commodity))
    flows.pop("USA", None)
    imports = sum(flows.values())
    named = [
        row
        for row in rows("us_import_sources")
        if (row["commodity"], row["form"], row["period"]) == (commodity, form, "2021-24") and row["country"] != "OTH"
    ]
    assert named
    for row in named:
        share = number(row["share_pct"])
        assert share is not None
        assert flows[row["country"]] / imports == pytest.approx(share / 100, abs=POINTS), row["country"]


@pytest.mark.parametrize(
    ("commodity", "stage_name", "table_stage", "tolerance"),
    [
        ("gallium", "primary_low_purity", "primary_low_purity", 0.01),
        ("antimony", "mine", "mine", 0.01),
        ("graphite", "mine", "mine", 0.01),
        ("ree_light", "mine", "mine", 0.015),
        ("magnesium_metal", "smelter", "smelter", 0.015),
        ("titanium_sponge", "sponge", "sponge", 0.01),
        ("tantalum", "mine", "mine", 0.01),
        ("beryllium", "mine", "mine", 0.01),
        ("manganese", "mine", "mine", 0.01),
        ("uranium", "mine", "mine", 0.01),
        ("tungsten", "mine", "mine", 0.03),
    ],
)
def test_world_output_is_the_published_total(
    commodity: str, stage_name: str, table_stage: str, tolerance: float
) -> None:
    """Producers add up to the world row of the source, which is rounded and not used to build the chain."""
    world = cell(
        "world_production",
        "value_std",
        commodity=commodity,
        stage=table_stage,
        measure="production",
        country="WLD",
        year="2024",
    )
    (stage,) = (s for s in chain(commodity).stages if s.name == stage_name)
    assert stage.output.sum() == pytest.approx(world, rel=tolerance)


def test_almost_all_us_gallium_rests_on_chinese_primary_metal() -> None:
    """Direct imports from China are 18 %, but nearly all of what the USA consumes began as Chinese crude metal."""
    primary, refined = chain("gallium").stages
    china = primary.producers.index("CHN")
    feed = primary.flows[:, len(primary.regions) :]
    upstream = np.divide(feed[china], feed.sum(axis=0), out=np.zeros(feed.shape[1]), where=feed.sum(axis=0) > 0)
    flows = focal_column(refined)
    exposed = sum(tonnes * upstream[refined.producers.index(c)] for c, tonnes in flows.items())
    assert flows["CHN"] / sum(flows.values()) == pytest.approx(0.18, abs=POINTS)
    assert exposed / sum(flows.values()) > 0.9
