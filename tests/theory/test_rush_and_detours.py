"""What is laid in before a control, and what goes around one, against what the multiple and the share come to."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from simulator.catalogue.intermediaries import intermediaries
from simulator.catalogue.parameters import parameter
from simulator.domain.changes import ControlChange
from simulator.instruments.export_ban import ExportBan
from simulator.model.front_loading import FrontLoading
from simulator.model.rerouting import SEEN_BETWEEN, Rerouting, share_after
from tests.support import worlds

N = 32
ANNOUNCED, EFFECT, PREPARING, MULTIPLE = 15.0, 46.0, 14.0, 1.8
SHARE = 0.6
EAGER = {
    **worlds.CALM,
    "reroute_share": (SHARE, SHARE, SHARE),
    "reroute_lag_months": (1.0, 1.0, 1.0),
    "reroute_premium": (0.3, 0.3, 0.3),
}


def rush() -> FrontLoading:
    change = ControlChange(
        event_id="ban", day=np.array([EFFECT]), mask=np.ones(1, dtype=bool), active=True, imposer="CHN",
        targets=("USA",), commodities=("antimony",), kind="ban", announced=np.array([ANNOUNCED]),
    )  # fmt: skip
    return FrontLoading(change, np.ones(1), np.array([MULTIPLE]), PREPARING)


@pytest.mark.parametrize("step", [1.0, 5.0, 7.0, 14.0])
@pytest.mark.parametrize("first", [0.0, 0.5])
def test_buyers_lay_in_the_multiple_of_the_time_they_have_whatever_the_reviews(step: float, first: float) -> None:
    """What leaves on top is (multiple - 1) x the days from announcement to effect, and the last days' own."""
    one, laid_in = rush(), 0.0
    reviews = np.arange(first, EFFECT, step)
    for day in reviews:
        extra = one.extra(day, step)
        laid_in += 0.0 if extra is None else extra[0, 0] * step
    hurried = EFFECT - reviews[-1]
    assert laid_in - hurried == pytest.approx((MULTIPLE - 1.0) * (EFFECT - ANNOUNCED))


def test_nothing_leaves_ahead_before_it_is_ready() -> None:
    one = rush()
    assert one.extra(ANNOUNCED + PREPARING - 1.0, 7.0) is None
    assert one.extra(ANNOUNCED + PREPARING, 7.0) == pytest.approx(0.0)
    assert one.extra(EFFECT, 7.0) is None


def test_the_denied_buyer_pays_for_its_detour_whatever_others_pay() -> None:
    """What comes to a buyer follows its own offer: half of it at the premium, nothing for one that offers none."""
    one = Rerouting(intermediaries("antimony"), np.full(1, SHARE), np.zeros(1), np.full(1, 0.3), 2.0)
    blocked, offered = np.full(3, 10.0), np.array([0.0, 0.3, 30.0])
    came = one.reach(blocked, np.full(3, 10.0), np.full(3, 400.0), offered, np.zeros(3, dtype=int)).sum(axis=0)
    assert came == pytest.approx(SHARE * 10.0 * np.array([0.0, 0.5, 1.0]), abs=1e-4)


@pytest.mark.parametrize("lag", [0.0, 1.0, 2.5, 4.0])
def test_what_passes_after_the_wait_makes_the_leakage_that_was_seen(lag: float) -> None:
    """Months 2 to 7 of a denial: what flows in those after the lag is the leakage of them all."""
    seen = share_after(np.array([0.1, 0.9]), np.array([lag, lag]), 2.0, 7.0)
    assert seen[0] * (7.0 - max(lag, 2.0)) == pytest.approx(0.1 * 5.0)
    assert seen[1] == pytest.approx(min(1.0, 0.9 * 5.0 / (7.0 - max(lag, 2.0))))
    late = share_after(np.array([0.1]), np.array([9.0]), 2.0, 7.0)
    assert late == pytest.approx(1.0), "nothing less would be seen later"


def ban(**options: date) -> ExportBan:
    return ExportBan(id="ban", imposer="CHN", target=("USA",), commodities=("antimony",), **options)  # type: ignore[arg-type]


def test_orders_that_pile_up_make_no_way_wider() -> None:
    """No more comes round than the share of what ordinarily came, though starved buyers order more than twice of it."""
    world = worlds.world(worlds.case([worlds.chain("antimony")], [ban(at=date(2025, 10, 1))], inputs=EAGER), N)
    market = world.chains[0].markets[2]
    market.via = np.zeros((N, len(world.chains[0].rerouting.ways)))
    world.run(np.arange(N))
    usual = market.flows[market.stage.producers.index("CHN"), market.state.focal]
    share = share_after(np.array([SHARE]), np.array([1.0]), *(parameter(name).value for name in SEEN_BETWEEN))[0]
    came = market.via.sum(axis=1) / (share * usual * (world.end - world.first))
    assert (came <= 1.0).all()
    assert came.max() > 0.5


def test_sellers_run_all_their_capacity_once_a_control_is_announced() -> None:
    """More is made than without the announcement: the rush is bounded by capacity, not by usual output."""
    made = []
    for hoarding in (1.0, 2.6):
        inputs = {**worlds.CALM, "hoarding_multiple": (hoarding, hoarding, hoarding)}
        announced = ban(announced=date(2025, 12, 1), at=date(2026, 3, 1))
        world = worlds.world(worlds.case([worlds.chain("antimony")], [announced], inputs=inputs), N)
        world.env.run(until=world.first + (world.end - world.first) // 2)
        made.append(world.chains[0].markets[2].state.produced.copy())
    assert (made[1] > made[0]).all()
