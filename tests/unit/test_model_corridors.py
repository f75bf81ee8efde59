"""Lots on closed and on crowded corridors."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from simulator.domain.chain import Lane
from simulator.domain.changes import ClosureChange
from simulator.domain.traces import Trace
from simulator.instruments.corridor_closure import CorridorClosure
from simulator.model.corridors import Corridors, Transits
from simulator.model.ledger import balance_errors
from simulator.model.passage import Queues
from tests.support import worlds

DAYS = np.arange(0.0, 700.0, 14.0)
N = 8


def way(name: str, days: float, *, crosses: tuple[str, ...] = (), exposed: float = 1.0, closed: bool = False) -> Lane:
    """A way of Belgium without spread in its time."""
    lane = Lane(name, "BEL", name, days, days, crosses, 0.0, "test", "assumed")
    return replace(lane, exposed_share=exposed, closed=closed)


def closure(
    first: float, until: float, corridors: tuple[str, ...] = (), country: str | None = None, commodity: str = "ALL"
) -> ClosureChange:
    return ClosureChange(
        event_id="x",
        day=np.full(N, first),
        mask=np.ones(N, dtype=bool),
        corridors=corridors,
        country=country,
        commodities=(commodity,),
        until=np.full(N, until),
    )


def transits(ways: tuple[Lane, ...], *closures: ClosureChange, commodity: str = "antimony") -> Transits:
    """Services of the lots of Belgium, the second of the three producers, with some ways and closures."""
    stage = worlds.chain(commodity).stages[-1]
    stage = replace(stage, lanes={**stage.lanes, "BEL": ways})
    draws = worlds.draws_of(worlds.case([worlds.chain(commodity)]), N)
    return Corridors(draws, DAYS, 0.0, 700.0, closures).transits(stage, commodity)


def weeks(ways: tuple[Lane, ...], *closures: ClosureChange, commodity: str = "antimony") -> np.ndarray:
    found = transits(ways, *closures, commodity=commodity).weeks[:, :, 1]
    assert (found == found[:1]).all(), "closures of the scenario are the same in every replication"
    return found[0].astype(int)


USUAL, SECOND, THIRD = way("usual", 27.9), way("second", 41.9, crosses=("RUS",)), way("third", 55.9)


def test_a_lot_takes_the_next_open_way_and_its_time_while_its_own_is_shut() -> None:
    found = weeks((USUAL, SECOND, THIRD), closure(100, 200, ("usual",)))
    shut = (DAYS >= 100) & (DAYS < 200)
    assert (found[shut] == 6).all()
    assert (found[(DAYS < 72) | ~shut & (DAYS >= 200)] == 4).all()


def test_a_lot_looks_past_the_second_way_and_never_uses_one_that_is_closed_for_good() -> None:
    both = closure(100, 200, ("usual", "second"))
    shut = (DAYS >= 100) & (DAYS < 200)
    assert (weeks((USUAL, SECOND, THIRD), both)[shut] == 8).all()
    barred = way("barred", 13.9, closed=True)
    assert (weeks((USUAL, SECOND, barred, THIRD), both)[shut] == 8).all()


def test_where_all_ways_are_shut_a_lot_waits_and_takes_the_one_that_lands_it_first() -> None:
    found = weeks((USUAL, SECOND), closure(100, 200, ("usual",)), closure(100, 180, ("second",)))
    for day, took in zip(DAYS, found, strict=True):
        if 100 <= day < 180:
            assert took == int(np.ceil(max(min(200 + 27.9, 180 + 41.9) - day, 27.9) / 7))


def test_a_closure_of_a_transit_country_shuts_the_lanes_across_it_and_no_other() -> None:
    shut = (DAYS >= 100) & (DAYS < 200)
    assert (weeks((SECOND, THIRD), closure(100, 200, country="RUS"))[shut] == 8).all()
    assert (weeks((USUAL, SECOND), closure(100, 200, country="RUS")) == 4).all()


def test_a_closure_of_a_shared_corridor_shuts_all_its_branches() -> None:
    branch = replace(way("branch", 27.9), shared="Middle Corridor")
    found = weeks((branch, THIRD), closure(100, 200, ("Middle Corridor",)))
    assert (found[(DAYS >= 100) & (DAYS < 200)] == 8).all()


def test_a_closure_for_one_commodity_leaves_the_others_alone() -> None:
    stop = closure(100, 200, ("usual",), commodity="gallium")
    assert (weeks((USUAL, SECOND), stop) == 4).all()
    assert (weeks((USUAL, SECOND), stop, commodity="gallium")[(DAYS >= 100) & (DAYS < 200)] == 6).all()


def test_a_lot_caught_under_way_stands_still_until_the_corridor_reopens() -> None:
    """One leaving on day 84 is caught on day 100 and lands 20 days late."""
    found = weeks((USUAL,), closure(100, 120, ("usual",)))
    assert found[DAYS == 84] == int(np.ceil((27.9 + 20) / 7))
    assert found[DAYS == 70] == 4  # landed on day 98
    assert found[DAYS == 112] == int(np.ceil((27.9 + 8) / 7))  # waits at the origin


def test_a_lot_past_the_part_that_can_close_goes_on() -> None:
    """On the sea leg that makes the second half of its way, a lot no longer cares."""
    found = weeks((replace(USUAL, exposed_share=0.5),), closure(100, 120, ("usual",)))
    assert found[DAYS == 84] == 4
    assert found[DAYS == 98] == int(np.ceil((27.9 + 20) / 7))


def test_a_lot_caught_early_turns_round_where_that_lands_it_sooner() -> None:
    """Caught 2 days out, it is back after 4 and then takes the second way; the corridor stays shut 300 days."""
    found = transits((USUAL, SECOND), closure(100, 400, ("usual",)))
    assert found.weeks[0, DAYS == 98, 1] == int(np.ceil((4 + 41.9) / 7))
    told = found.detours[1]
    mine = (told.rows == 0) & (DAYS[told.reviews] == 98)
    assert told.taken[mine] == 1
    assert told.lands[mine] == pytest.approx(4 + 41.9, abs=0.1)


def test_a_lot_that_has_turned_round_does_not_turn_where_it_never_was() -> None:
    """Back on day 100 it takes the second way; that this was shut on day 99 concerns it no more."""
    stops = closure(99, 410, ("usual",)), closure(99.5, 99.9, ("second",))
    found = transits((USUAL, SECOND, way("third", 38.0)), *stops)
    told = found.detours[1]
    mine = (told.rows == 0) & (DAYS[told.reviews] == 98)
    assert told.taken[mine] == 1
    assert told.lands[mine] == pytest.approx(2 + 41.9, abs=0.1)


def test_a_diverted_lot_never_lands_before_its_usual_way_would_have_landed_it() -> None:
    found = weeks((USUAL, way("flight", 5.0)), closure(100, 200, ("usual",)))
    assert (found[(DAYS >= 100) & (DAYS < 200)] == 4).all()


def test_a_lane_shut_for_good_lands_nothing_before_the_clock_stops() -> None:
    found = weeks((USUAL,), closure(100, np.inf, ("usual",)))
    late = DAYS > 100 - 27.9
    assert (DAYS[late] + 7.0 * found[late] > 700).all()


def test_no_closure_lets_a_lot_land_earlier_than_on_open_ways() -> None:
    rng = np.random.default_rng(5)
    ways = (USUAL, SECOND, way("flight", 5.0), THIRD)
    calm = weeks(ways)
    for _ in range(60):
        stops = [
            closure(first := float(rng.uniform(-50, 600)), first + float(rng.exponential(60)), (name,))
            for name in rng.choice(["usual", "second", "flight", "third"], rng.integers(1, 7))
        ]
        assert (weeks(ways, *stops) >= calm).all()


def test_a_corridor_passes_what_it_can_and_the_wait_grows_evenly_with_a_steady_surplus() -> None:
    """Inflow of 30 t a day in front of 20 t a day: after k reviews of 14 days, 14 x 10 x k t wait, 7 k days' worth."""
    queues = Queues(["narrow"], [20.0], 3, 16)
    for k in range(1, 9):
        assert (queues.services(0) == k - 1).all()
        queues.inflow[k - 1, 0] += np.array([30.0, 30.0, 30.0]) * 14
        queues.review(14.0 * k, 14)
        assert np.allclose(queues.backlog[0], 140.0 * k)
    assert (queues.bound[0] == 14.0).all()
    for _ in range(8):
        queues.review(200.0, 14)
    assert (queues.backlog[0] == 0.0).all()
    assert (queues.services(0) == 0).all()


def test_replications_queue_each_for_itself() -> None:
    queues = Queues(["narrow"], [20.0], 2, 1)
    queues.inflow[0, 0] += np.array([100.0, 1000.0])
    queues.review(14.0, 14)
    assert queues.backlog[0].tolist() == [0.0, 720.0]
    assert queues.first_bound()["narrow"].tolist() == [np.inf, 14.0]


@pytest.mark.parametrize(("tonnes", "waits"), [(279.0, False), (280.0, True), (281.0, True)])
def test_a_corridor_is_overrun_where_something_would_wait(tonnes: float, waits: bool) -> None:
    """20 t a day pass 280 t in 14 days. What fills it to the last tonne counts: round-off must not decide."""
    queues = Queues(["wide", "narrow"], [1e3, 20.0], 3, 4)
    queues.inflow[2, 1, 1] = tonnes
    queues.inflow[:, 2] = 1e9  # of lots that join no queue
    assert queues.overrun(14) is waits


def shared_world(monkeypatch: pytest.MonkeyPatch, left_t_per_year: float) -> Trace:
    running = worlds.world(worlds.sharing(monkeypatch, left_t_per_year), 16)
    trace = running.run(np.arange(16))
    for chain in running.chains:
        assert balance_errors(chain).max() < 1e-9
    return trace


def test_a_corridor_that_never_binds_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    wide, wider = shared_world(monkeypatch, 1e5), shared_world(monkeypatch, 1e9)
    for k in range(16):
        assert worlds.replication_bytes(wide, k) == worlds.replication_bytes(wider, k)
    assert np.isinf(wide.bound["Middle Corridor"]).all()


def test_a_narrow_corridor_delays_both_commodities_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    wide, narrow = shared_world(monkeypatch, 1e9), shared_world(monkeypatch, 150.0)
    assert np.isfinite(narrow.bound["Middle Corridor"]).all()
    for before, after in zip(wide.chains, narrow.chains, strict=True):
        origin = before.origins.index("BEL")
        assert (after.landed[:, -1, origin] < before.landed[:, -1, origin]).all()


def event(**fields: object) -> CorridorClosure:
    return CorridorClosure.model_validate({"id": "stop", "type": "corridor_closure", **fields})


def lively(*events: CorridorClosure, held: tuple[str, ...] = ("antimony", "gallium")) -> Trace:
    """Two commodities; Belgium's antimony crosses Russia, its gallium does not."""
    ways = {c: worlds.lane(c, d, 1.4 * d, closures=0.3) for c, d in (("CHN", 25.0), ("BEL", 20.0), ("USA", 3.0))}
    across = {**ways, "BEL": replace(ways["BEL"], crosses=("RUS",), corridor="across")}
    chains = [worlds.chain(c, lanes=across if c == "antimony" else ways) for c in held]
    running = worlds.world(worlds.case(chains, events), 16)
    trace = running.run(np.arange(16))
    for chain in running.chains:
        assert balance_errors(chain).max() < 1e-9
    return trace


def test_a_closure_delays_lots_but_loses_none_and_leaves_other_commodities_bit_for_bit() -> None:
    calm = lively()
    stopped = lively(event(country="RUS", at=date(2026, 3, 1), until=date(2026, 7, 1)))
    for k in range(16):
        before, after = worlds.replication_bytes(calm, k), worlds.replication_bytes(stopped, k)
        assert all(after[name] == value for name, value in before.items() if name[0] == "gallium")
    antimony = calm.chains[0]
    origin, during = antimony.origins.index("BEL"), np.searchsorted(antimony.days, 230.0)
    assert (stopped.chains[0].landed[:, during, origin] < antimony.landed[:, during, origin]).all()
    # What was held lands after the corridor has reopened.
    late = stopped.chains[0].landed[:, -1, origin] - stopped.chains[0].landed[:, during, origin]
    assert (late > antimony.landed[:, -1, origin] - antimony.landed[:, during, origin]).all()


def test_a_replication_with_closures_and_queues_is_the_same_alone_and_in_a_block() -> None:
    ways = {c: worlds.lane(c, d, 1.4 * d, closures=2.0) for c, d in (("CHN", 25.0), ("BEL", 20.0), ("USA", 3.0))}
    ways["BEL"] = replace(ways["BEL"], crosses=("RUS",), shared="Middle Corridor")
    stop = event(
        country="RUS", at=date(2026, 3, 1), duration_days={"uniform": {"low": 5, "high": 300}}, probability=0.5
    )
    case = worlds.case([worlds.chain("antimony", lanes=ways)], [stop])
    whole, part = worlds.run(case, 16), worlds.run(case, np.array([3, 9]))
    for row, k in enumerate((3, 9)):
        assert worlds.replication_bytes(whole, k) == worlds.replication_bytes(part, row)


def test_nothing_moves_before_a_closure_begins() -> None:
    calm, stopped = lively(), lively(event(country="RUS", at=date(2026, 6, 1)))
    first = int(np.searchsorted(calm.chains[0].days, (date(2026, 6, 1) - date(2025, 11, 6)).days))
    for before, after in zip(calm.chains, stopped.chains, strict=True):
        assert before.landed[:, :first].tobytes() == after.landed[:, :first].tobytes()
        assert before.stock[:, :first].tobytes() == after.stock[:, :first].tobytes()


def test_a_closure_that_never_happens_or_touches_no_lane_restores_the_run_without_it() -> None:
    calm = lively()
    for stop in (
        event(country="RUS", at=date(2026, 3, 1), probability=0.0),
        event(country="PAN", at=date(2026, 3, 1)),
        event(country="RUS", at=date(2026, 3, 1), duration_days=0.0),
    ):
        other = lively(stop)
        for k in range(16):
            assert worlds.replication_bytes(calm, k) == worlds.replication_bytes(other, k)


@pytest.mark.parametrize(
    ("fields", "phrase"),
    [
        ({"corridors": "Midle Corridor"}, "did you mean 'Middle Corridor'"),
        ({"country": "BRA"}, "is crossed by no lane"),
        ({"country": "Russia"}, "did you mean 'RUS'"),
        ({}, "either `corridors` or a `country`"),
        ({"country": "RUS", "corridors": "Middle Corridor"}, "either `corridors` or a `country`"),
    ],
)
def test_a_corridor_or_country_that_no_lane_uses_is_refused(fields: dict[str, str], phrase: str) -> None:
    with pytest.raises(ValueError, match=phrase):
        event(at=date(2026, 1, 1), **fields)
