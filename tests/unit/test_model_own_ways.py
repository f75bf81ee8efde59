"""Goods between the stages of a chain on ways of their own: closures hold them or send them another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from simulator.catalogue.between import own_ways, ways_between
from simulator.catalogue.chains import chain as built
from simulator.domain.chain import Chain, Lane
from simulator.domain.places import C5
from simulator.instruments.corridor_closure import CorridorClosure
from simulator.model import corridors
from simulator.model.ledger import balance_errors, label_errors
from simulator.model.own_ways import OwnWays
from simulator.model.world import World
from tests.support import worlds

N = 16
FIRST, UNTIL = date(2026, 3, 1), date(2026, 9, 1)
NORTH, WEST, SEA = "Northern (Russia)", "Middle Corridor (TITR)", "Transpacific-Panama"
USUAL = Lane("usual", "TJK", NORTH, 27.0, 27.0, ("RUS",), 0.0, "test", "assumed")
SECOND = replace(USUAL, route_id="second", corridor=WEST, transit_days_median=69.0, transit_days_p95=69.0)
SMELTED = Lane("smelted", "OTH", SEA, 41.0, 41.0, ("PAN",), 0.0, "test", "assumed")


def chain(between: Mapping[int, Mapping[tuple[str, str], tuple[Lane, ...]]]) -> Chain:
    """Still chain whose pairs of a stage have ways of their own."""
    made = worlds.still(worlds.chain("antimony"))
    stages = tuple(replace(stage, between=between.get(s, {})) for s, stage in enumerate(made.stages))
    return replace(made, stages=stages)


def closure(*names: str, until: date | None = UNTIL) -> CorridorClosure:
    return CorridorClosure(id="stop", corridors=names, at=FIRST, until=until)


def world(*events: CorridorClosure, ways: tuple[Lane, ...] = (USUAL, SECOND)) -> World:
    one = chain({0: {("TJK", "OTH"): ways}, 1: {("OTH", "BEL"): (SMELTED,)}})
    return worlds.world(worlds.case([one], events, inputs=worlds.CALM), N)


def ways_of(running: World, stage: int) -> OwnWays:
    found = running.chains[0].markets[stage].state.own_ways
    assert found is not None
    return found


def arrivals(running: World, stage: int = 0) -> Mapping[float, np.ndarray]:
    """Review day -> (n,) tonnes that land on the pair's ways; conservation is checked at the end."""
    found, ways = {}, ways_of(running, stage)
    land = ways.land

    def watched(feed_labels: np.ndarray | None) -> np.ndarray:
        due = land(feed_labels)
        found[float(running.env.now)] = due[:, 0].copy()
        return due

    ways.land = watched  # type: ignore[method-assign]
    for _ in worlds.at_reviews(running):
        pass
    assert balance_errors(running.chains[0]).max() < 1e-9
    assert label_errors(running.chains[0]).max() < 1e-9
    return found


def day(of: date) -> float:
    return float((of - date(2025, 11, 6)).days)


def test_goods_take_the_time_of_their_own_way() -> None:
    """27 days are two reviews, 41 are three; a year's base-year flow is under way for that long."""
    running = world()
    assert ways_of(running, 0).usual.tolist() == [2]
    assert ways_of(running, 1).usual.tolist() == [3]
    assert ways_of(running, 0).on_way[:, 0] == pytest.approx(120.0 * 2 * 14 / 365.25)
    assert ways_of(running, 1).on_way[:, 0] == pytest.approx(110.0 * 3 * 14 / 365.25)


def test_a_closure_sends_goods_between_stages_another_way_and_loses_none() -> None:
    """Nothing lands while the longer way fills; then it flows again, and after the reopening both lots land."""
    free, shut = arrivals(world()), arrivals(world(closure(NORTH)))
    days = np.array(list(free))
    open_, closed = (np.stack([run[d] for d in days]) for run in (free, shut))
    before = days < day(FIRST)
    assert np.array_equal(open_[before], closed[before])
    gap = (days > day(FIRST) + 28) & (days < day(FIRST) + 69)
    assert (closed[gap] == 0.0).all()
    assert (open_[gap] > 0.0).all()
    flows_again = (days > day(FIRST) + 84) & (days < day(UNTIL))
    assert (closed[flows_again] > 0.0).all()
    assert closed[days > day(UNTIL)].sum() > 0.0


def test_without_another_way_goods_wait_and_land_once_it_opens() -> None:
    shut = arrivals(world(closure(NORTH), ways=(USUAL,)))
    days = np.array(list(shut))
    landed = np.stack(list(shut.values()))
    held = (days > day(FIRST) + 14) & (days < day(UNTIL))
    assert (landed[held] == 0.0).all()
    after = (days >= day(UNTIL)) & (days <= day(UNTIL) + 56)
    assert landed[after].sum(axis=0).min() > 1.5 * landed[days < day(FIRST)][-4:].sum(axis=0).max()


def test_goods_that_are_shut_in_for_good_stay_on_the_way() -> None:
    running = world(closure(NORTH, WEST, until=None))
    arrivals(running)
    assert (ways_of(running, 0).on_way > 0.0).all()


def test_a_closure_of_processed_goods_moves_their_labels_with_them() -> None:
    """What Belgium gets from abroad is of Chinese ore in part: tonnes and labels of the lots wait together."""
    running = world(closure(SEA))
    landed = arrivals(running, stage=1)
    days = np.array(list(landed))
    waits = (days > day(FIRST) + 14) & (days < day(UNTIL))
    assert (np.stack(list(landed.values()))[waits] == 0.0).all()
    ways = ways_of(running, 1)
    assert ways.labels is not None
    layout = running.chains[0].labels.layouts[1]
    assert ways.labels[:, 0, layout.partners].sum(axis=1) == pytest.approx(ways.on_way[:, 0])
    least, most = np.moveaxis(ways.labels[:, 0, layout.bounds], 1, 0)
    exposed = ways.labels[:, 0, layout.exposed]
    assert (least <= exposed * (1 + 1e-9)).all()
    assert (exposed <= most * (1 + 1e-9)).all()


def test_a_replication_alone_meets_the_same_closures_as_in_a_block() -> None:
    one = chain({0: {("TJK", "OTH"): (replace(USUAL, closures_per_year=1.0), SECOND)}, 1: {("OTH", "BEL"): (SMELTED,)}})
    model = worlds.case([one], [closure(SEA)])
    block, alone = worlds.run(model, N), worlds.run(model, np.array([5]))
    assert worlds.replication_bytes(block, 5) == worlds.replication_bytes(alone, 0)


def test_a_way_as_long_as_the_mean_transit_and_never_shut_changes_nothing_but_rounding() -> None:
    plain = worlds.run(worlds.case([chain({})], inputs=worlds.CALM), N).chains[0]
    apart = worlds.run(worlds.case([chain({0: {("TJK", "OTH"): (USUAL,)}})], inputs=worlds.CALM), N).chains[0]
    assert apart.consumed == pytest.approx(plain.consumed, rel=1e-9)


def test_a_shared_corridor_is_one_queue_for_goods_between_stages_and_for_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.catalogue.corridors import Capacity

    narrow = Capacity("Middle Corridor", 50.0, 1.0, None, 2025, "test", "assumed", "")
    monkeypatch.setattr(corridors, "capacities", lambda: {"Middle Corridor": narrow})
    crowded = (replace(USUAL, shared="Middle Corridor"),)
    running = world(ways=crowded)
    found = arrivals(running)
    assert np.isfinite(running.corridors.queues.first_bound()["Middle Corridor"]).all()
    monkeypatch.undo()
    free = arrivals(world(ways=(USUAL,)))
    assert sum(found.values()).max() < sum(free.values()).min()


# ---------------------------------------------------------------- ways in the tables


def test_central_asian_metal_reaches_east_asia_over_china_and_else_the_long_way_round() -> None:
    usual, *others = ways_between("KAZ", "JPN", "antimony")
    assert usual.crosses == ("CHN",)
    assert others
    assert all("CHN" not in way.crosses for way in others)
    assert min(way.transit_days_median for way in others) > usual.transit_days_median + 14


def test_a_neighbour_is_reached_over_the_border_and_no_other_way() -> None:
    assert [way.route_id for way in ways_between("KAZ", "RUS", "tungsten")] == ["KAZ_RUS"]
    (border,) = ways_between("UZB", "CHN", "uranium")
    assert border.crosses == ("KAZ",)


def test_what_central_asia_buys_travels_the_same_corridors_inward() -> None:
    inward = ways_between("ZAF", "KAZ", "titanium_sponge")
    assert {way.shared for way in inward} >= {"Middle Corridor", "Russia transit", "China transit"}
    assert all(way.exposed_share == 1.0 for way in inward)


def test_pairs_outside_central_asia_and_goods_that_fly_have_none() -> None:
    assert ways_between("CHN", "JPN", "antimony") == ()
    assert ways_between("KAZ", "KGZ", "antimony") == ()
    assert ways_between("KAZ", "JPN", "gallium") == ()


def test_every_material_flow_out_of_central_asia_has_its_own_way_but_by_air() -> None:
    for commodity in ("antimony", "tungsten", "uranium", "titanium_sponge"):
        made = built(commodity)
        for stage, below in zip(made.stages, (*made.stages[1:], None), strict=True):
            buyers = (*stage.regions, *(below.producers if below else ()))
            for p, producer in enumerate(stage.producers):
                for b, buyer in enumerate(buyers):
                    if producer in C5 and buyer not in C5 and stage.flows[p, b] > 0.01 * stage.flows[p].sum():
                        assert (producer, buyer) in stage.between, (commodity, stage.name, producer, buyer)


def test_small_trade_keeps_the_mean_transit() -> None:
    flows = np.array([[1000.0, 1.0], [1e6, 1e6]])
    assert own_ways(("TJK", "AUS"), ("JPN", "KOR"), flows, "antimony").keys() == {("TJK", "JPN")}
