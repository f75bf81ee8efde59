"""The chains are consistent descriptions of how material moves."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from simulator.catalogue.chain_facts import assumptions
from simulator.catalogue.chain_levels import levels
from simulator.catalogue.chain_stages import commodities, resolve_stage, stages
from simulator.catalogue.chains import chain, chains
from simulator.catalogue.grades import grade
from simulator.domain.chain import Chain, Stage
from simulator.domain.places import REGIONS
from simulator.errors import CatalogueError

CLOSE = 1e-9
"""Largest balance error allowed, as a share of the stage's throughput."""
EACH_CHAIN = pytest.mark.parametrize("commodity", commodities())


def final_part(stage: Stage) -> np.ndarray:
    """Flows to consuming regions."""
    return stage.flows[:, : len(stage.regions)]


def feed_part(stage: Stage) -> np.ndarray:
    """Flows to the producers of the next stage."""
    return stage.flows[:, len(stage.regions) :]


def test_all_commodities_have_a_chain_in_the_order_of_the_table() -> None:
    """Twenty commodities, none twice."""
    assert tuple(c.commodity for c in chains()) == commodities()
    assert len(set(commodities())) == 20


@EACH_CHAIN
def test_mass_balances_close_at_every_stage(commodity: str) -> None:
    """All output goes somewhere, all demand is met, and feed times yield plus scrap is output."""
    built = chain(commodity)
    for i, stage in enumerate(built.stages):
        scale = stage.output.sum()
        assert np.abs(stage.flows.sum(axis=1) - stage.output).max() <= CLOSE * scale
        assert np.abs(final_part(stage).sum(axis=0) - stage.demand).max(initial=0.0) <= CLOSE * scale
        if i == 0:
            continue
        feed = feed_part(built.stages[i - 1]).sum(axis=0)
        made = feed * stage.feed_yield + stage.secondary
        assert np.abs(made - stage.output).max() <= CLOSE * built.stages[i - 1].output.sum()
    assert feed_part(built.stages[-1]).size == 0


@EACH_CHAIN
def test_stage_arrays_have_the_shapes_and_ranges_the_contract_states(commodity: str) -> None:
    """Shapes follow producers and buyers; nothing is negative; capacity covers output."""
    built = chain(commodity)
    assert 1 <= len(built.stages) <= 4
    for i, stage in enumerate(built.stages):
        producers = len(stage.producers)
        below = len(built.stages[i + 1].producers) if i + 1 < len(built.stages) else 0
        shape = (producers, len(stage.regions) + below)
        assert stage.flows.shape == stage.committed.shape == shape
        assert stage.lag_days.shape == shape[1:]
        assert stage.output.shape == stage.capacity.shape == stage.secondary.shape == stage.plants.shape == (producers,)
        assert len(set(stage.producers)) == producers
        assert set(stage.regions) <= set(REGIONS)
        assert (stage.capacity >= stage.output).all()
        assert (stage.secondary >= 0).all()
        assert (stage.secondary <= stage.output * (1 + CLOSE)).all()
        assert (stage.plants >= 1).all()
        assert (stage.flows >= 0).all()
        assert (stage.committed >= 0).all()
        assert (stage.committed.sum(axis=1) <= 1 + CLOSE).all()
        assert (stage.demand > 0).all()
        assert 0 < stage.feed_yield <= 1
        assert (stage.lag_days > 0).all()
        assert not stage.flows.flags.writeable


@EACH_CHAIN
def test_the_focal_economy_consumes_at_the_verdict_stage(commodity: str) -> None:
    """There is US demand where the verdict is passed, and a lane from every foreign origin that serves it."""
    built = chain(commodity)
    stage = built.stages[built.verdict_stage]
    column = stage.flows[:, stage.regions.index("USA")]
    assert column.sum() > 0
    for producer, tonnes in zip(stage.producers, column, strict=True):
        if tonnes > 0:
            assert bool(stage.lanes[producer]) == (producer != "USA"), f"{producer} sells {tonnes:g} t/yr"


@EACH_CHAIN
def test_every_number_of_a_chain_has_a_source_or_a_reason(commodity: str) -> None:
    """Facts name their source; an assumption gives a reason."""
    facts = chain(commodity).facts
    assert len(facts) > 20
    for fact in facts:
        assert fact.source, fact.name
        assert fact.quality != "assumed" or fact.note, fact.name
        assert np.isfinite(fact.value)


def test_every_assumption_has_a_reason_and_lies_in_its_range() -> None:
    """A stated guess gives its range in order and says why."""
    for fact in assumptions().values():
        assert fact.note, fact.name
        assert fact.source, fact.name
        if fact.low is not None and fact.high is not None:
            assert fact.low <= fact.value <= fact.high, fact.name


def test_tajik_antimony_is_tied_to_its_chinese_co_owner_and_to_home_smelters() -> None:
    """Nine tenths of Talco Gold is Chinese: most Tajik ore that leaves the country goes to China."""
    mine, smelter = chain("antimony").stages[:2]
    row = mine.producers.index("TJK")
    buyers = (*mine.regions, *smelter.producers)
    share = dict(zip(buyers, mine.flows[row] / mine.output[row], strict=True))
    committed = dict(zip(buyers, mine.committed[row], strict=True))
    assert share["CHN"] > 0.75 * (1 - share["TJK"])
    assert committed["CHN"] == pytest.approx(share["CHN"])
    assert committed["TJK"] > 0.2


def test_chinese_owned_boguty_ore_goes_to_china() -> None:
    """Kazakh tungsten output is capacity, not availability."""
    mine, apt = chain("tungsten").stages
    row = mine.producers.index("KAZ")
    column = len(mine.regions) + apt.producers.index("CHN")
    assert mine.committed[row, column] > 0.85


def test_australian_rare_earths_are_separated_in_malaysia() -> None:
    """Mt Weld feeds Kuantan: the main origin of Malaysia's feed is Australia."""
    mine, separation = chain("ree_light").stages[:2]
    column = len(mine.regions) + separation.producers.index("MYS")
    assert mine.producers[int(mine.flows[:, column].argmax())] == "AUS"


def test_yttrium_shipped_by_countries_that_separate_none_is_chinese() -> None:
    """Germany and Austria separate no yttrium: what they sell to the USA was mined in China."""
    mine, separation = chain("yttrium").stages
    feed = mine.flows[:, len(mine.regions) :]
    for country in ("DEU", "AUT"):
        column = feed[:, separation.producers.index(country)]
        assert column[mine.producers.index("CHN")] > 0.9 * column.sum()


def test_idle_works_without_output_are_no_capacity() -> None:
    """Rowley's 64,000 t of idle magnesium capacity is a project: counting it here would count it twice."""
    (smelter,) = chain("magnesium_metal").stages
    assert smelter.capacity[smelter.producers.index("USA")] == 0.0
    assert smelter.capacity[smelter.producers.index("CHN")] == pytest.approx(1_480_000)
    (refinery,) = chain("indium").stages
    korea = refinery.producers.index("KOR")
    # Published capacity (310 t) covers primary indium only; scrap lines come on top.
    assert refinery.capacity[korea] > refinery.output[korea]


def test_embargoed_countries_sell_nothing_to_the_focal_economy() -> None:
    """The unnamed rest of US imports never comes from North Korea or Iran, even inside the pool."""
    (smelter,) = levels("magnesium_metal")
    assert smelter.output["IRN"] > 0
    assert "IRN" not in smelter.cells
    mine = levels("graphite")[0]
    assert mine.output["PRK"] > 0
    assert "PRK" not in mine.cells
    assert mine.cells["MDG"] > 0


def test_chains_travel_to_workers_unchanged() -> None:
    """A chain survives pickling, which is how a worker process receives it."""
    for built in chains():
        again = pickle.loads(pickle.dumps(built))
        assert again.facts == built.facts
        assert all((a.flows == b.flows).all() for a, b in zip(again.stages, built.stages, strict=True))


def test_every_project_stage_of_the_map_is_a_stage_of_the_chain() -> None:
    """Projects resolve to stages that exist, and unknown words to none."""
    assert resolve_stage("antimony", "smelter") == "smelter_metal"
    assert resolve_stage("germanium", "mine") is None
    assert resolve_stage("gallium", "no such stage") is None
    for commodity, specs in stages().items():
        assert tuple(spec.name for spec in specs) == tuple(stage.name for stage in chain(commodity).stages)


def test_collapsed_stages_are_listed_with_a_reason() -> None:
    """A stage that is not modelled is named, so that a report can say so."""
    assert dict(chain("germanium").not_modelled)["feed"]
    assert all(reason for c in chains() for _, reason in c.not_modelled)


def test_an_unknown_commodity_is_an_error_that_lists_the_known_ones() -> None:
    """The message names what would be accepted."""
    with pytest.raises(CatalogueError, match=r"no commodity 'unobtainium'.*gallium"):
        chain("unobtainium")


def test_grade_c_and_uranium_stay_outside_the_headline() -> None:
    """Withheld consumption means grade C, and C is never counted."""
    by_name: dict[str, Chain] = {c.commodity: c for c in chains()}
    for built in by_name.values():
        assert built.headline == (built.grade != "C" and built.commodity != "uranium")
        assert built.grade_reason
    assert {by_name[name].grade for name in ("tungsten", "tellurium", "germanium")} == {"C"}


def test_the_grading_rule_counts_its_four_tests() -> None:
    """All four make an A, three a B, one a C; an assumed consumption figure is a C whatever else holds."""
    best = {
        "evidence": 1.0,
        "consumption_quality": "reported",
        "origins_quality": "reported",
        "reliance_published": True,
    }
    assert grade("x", **best).grade == "A"  # type: ignore[arg-type]
    assert grade("x", **{**best, "evidence": 0.79}).grade == "B"  # type: ignore[arg-type]
    assert grade("x", **{**best, "consumption_quality": "assumed"}).grade == "C"  # type: ignore[arg-type]
    poor = {**best, "evidence": 0.5, "origins_quality": "estimated", "reliance_published": False}
    assert grade("x", **poor).grade == "C"  # type: ignore[arg-type]
    assert not grade("uranium", **best).headline  # type: ignore[arg-type]
