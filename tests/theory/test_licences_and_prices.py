"""The licence queue against queueing theory, and the price index against its own law."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.domain.changes import ControlChange
from simulator.domain.sampling import lognormal
from simulator.model.licences import Licences
from simulator.model.policy import ControlDesk
from simulator.model.prices import PriceIndex
from tests.support import worlds

Floats = NDArray[np.float64]
N, REVIEWS, LONGEST = 256, 400, 24
Z = 3.89
APPROVAL, FILL, CLAIM = 0.8, 0.5, 10.0


def desk(
    *, established: bool = False, validity: float = 1e12, refiled: float = 0.0
) -> tuple[ControlDesk, NDArray[np.int64]]:
    """A licence regime over one buyer in force, and the lags (n, T) that its applications will take."""
    draws = worlds.draws_of(worlds.case([worlds.chain("antimony")]), N)
    u = draws.uniform("theory/lags", REVIEWS)
    lags = np.minimum(np.maximum(1, np.ceil(lognormal(u, 3.5, 14.0))), LONGEST).astype(np.int64)
    reviews = np.ascontiguousarray(lags.T.astype(np.int16))
    licences = Licences(np.full(N, APPROVAL), np.full(N, FILL), np.full(N, validity), reviews, LONGEST, refiled)
    one = ControlDesk(0, ("USA",), N, licences, 14.0)
    one.steady = np.array([CLAIM])
    day, mask = np.zeros(N), np.ones(N, dtype=bool)
    change = ControlChange(
        event_id="licences", day=day, mask=mask, active=True, imposer="CHN", targets=("ALL",),
        commodities=("antimony",), kind="licence", established=established,
    )  # fmt: skip
    one.register(change, np.ones(N))
    one.apply("licences", True, 0.0, mask)
    return one, lags


def undecided(one: ControlDesk) -> Floats:
    """(n,) tonnes applied for and not decided."""
    queue = one.queue
    return np.asarray(queue.queue[:, :, 0].sum(axis=1) - queue.queue[:, queue.now, 0])


def shipped(one: ControlDesk, first: int, last: int) -> Floats:
    """(n,) tonnes shipped in reviews [first, last) when every claim that may pass does."""
    total = np.zeros(N)
    for index in range(last):
        allowed, _ = one.review(np.full((N, 1), CLAIM), index)
        one.use(allowed * CLAIM)
        if index >= first:
            total += allowed[:, 0] * CLAIM
    return total


def test_granted_flow_is_approval_times_fill_times_applications() -> None:
    """With licences that never lapse all that is granted ships; 5 standard lags at each end are the only error."""
    one, _ = desk()
    first = 3 * LONGEST
    flow = shipped(one, first, REVIEWS) / (REVIEWS - first)
    ends = LONGEST / (REVIEWS - first) * APPROVAL * FILL * CLAIM
    assert abs(flow.mean() - APPROVAL * FILL * CLAIM) <= Z * flow.std(ddof=1) / np.sqrt(N) + 0.02 * ends
    assert (np.abs(flow - APPROVAL * FILL * CLAIM) <= ends).all()
    assert abs(flow.mean() - APPROVAL * CLAIM) > 0.5  # negative control: approval without fill


@pytest.mark.parametrize("refiled", [0.5, 0.9])
def test_what_is_filed_again_raises_the_flow_to_the_sum_of_all_rounds(refiled: float) -> None:
    """Each round grants a x f of what the round before left, r of which is filed: a geometric series."""
    one, _ = desk(refiled=refiled)
    first = 10 * LONGEST
    flow = shipped(one, first, REVIEWS) / (REVIEWS - first)
    rounds = APPROVAL * FILL / (1.0 - refiled * (1.0 - APPROVAL * FILL))
    assert flow.mean() == pytest.approx(rounds * CLAIM, rel=0.02)
    assert abs(flow.mean() - APPROVAL * FILL * CLAIM) > 1.0  # negative control: nothing filed again


def test_catch_up_orders_are_not_applied_for_twice() -> None:
    """A buyer that orders 2.6 times its use because nothing came gets licences for no more than it lacks."""
    twice, _ = desk()
    for index in range(LONGEST):
        twice.review(np.full((N, 1), 2.6 * CLAIM), index, usual=np.full((N, 1), CLAIM))
    asked = twice.queue.pending[:, 0] + twice.queue.granted[:, 0]
    assert (asked <= CLAIM * LONGEST + 1.6 * CLAIM + 1e-9).all()
    assert (asked >= APPROVAL * FILL * CLAIM * LONGEST).all()


def test_licences_that_lapse_ship_less() -> None:
    lasting, short = (shipped(desk(validity=v)[0], 100, REVIEWS) for v in (1e12, 0.5))
    assert (short < lasting).all()


def test_the_queue_holds_the_rate_times_the_mean_lag() -> None:
    """Little's law: what waits is the rate of applications times the mean lag, so the mean wait is the mean lag.

    The median lag, half as long under this tail, is the negative control.
    """
    one, lags = desk()
    waiting = []
    for index in range(REVIEWS):
        one.review(np.full((N, 1), CLAIM), index)
        if index >= 2 * LONGEST:
            assert one.queue.pending[:, 0] == pytest.approx(undecided(one), abs=1e-9)
            waiting.append(undecided(one))
    content = np.mean(waiting, axis=0) / CLAIM
    expected = lags[:, LONGEST:].mean(axis=1)
    gap = content - expected
    assert abs(gap.mean()) <= Z * gap.std(ddof=1) / np.sqrt(N)
    assert abs((content - np.median(lags)).mean()) > Z * content.std(ddof=1) / np.sqrt(N) + 0.5


def test_a_regime_older_than_the_model_starts_with_its_queue_full() -> None:
    """Its queue holds what applications of the past have waiting: the rate times the mean lag, less nothing.

    Tolerance: standard errors of the mean over replications, and one review for what arrives in the first.
    """
    one, lags = desk(established=True)
    content = one.queue.queue[:, :, 0].sum(axis=1) / CLAIM
    error = content.std(ddof=1) / np.sqrt(N)
    assert lags.mean() - 1.0 - Z * error <= content.mean() <= lags.mean() + Z * error
    assert desk()[0].queue.queue.sum() == 0.0


def test_an_established_regime_lets_through_what_it_let_through_in_the_base_year() -> None:
    """Base-year flows already are what was granted: from the first review on, not approval times fill of them.

    The mean lag is missing from no replication's total by more than what still waits at the end.
    """
    one, _ = desk(established=True)
    flow = shipped(one, 0, REVIEWS) / REVIEWS
    assert flow.mean() == pytest.approx(CLAIM, rel=0.03)
    assert shipped(desk(established=True)[0], 0, 26).mean() / 26 == pytest.approx(CLAIM, rel=0.12)
    assert shipped(desk()[0], 0, 26).mean() / 26 < 0.5 * CLAIM


def index(elasticity: float, halving: float, cap: float = 100.0) -> PriceIndex:
    return PriceIndex(np.array([elasticity]), np.array([halving]), np.array([120.0]), 30.0, 42.0, cap)


@pytest.mark.parametrize(("gap", "elasticity"), [(0.05, 0.15), (0.2, 0.3), (0.4, 0.5)])
def test_a_lasting_gap_brings_the_price_to_the_clearing_level(gap: float, elasticity: float) -> None:
    """``(1 - gap) ** (-1 / e)``: after 200 half-times nothing is left of the start. Exponent 1 is the wrong model."""
    price = index(elasticity, 150.0)
    for _ in range(1000):
        price.review(np.full((2, 1), gap), 14.0)
    assert price.world[0] == pytest.approx((1.0 - gap) ** (-1.0 / elasticity), rel=1e-9)
    assert price.believed[0, 0] == pytest.approx(price.world[0], rel=1e-9)
    assert price.world[0] != pytest.approx(1.0 / (1.0 - gap), rel=1e-3)


@pytest.mark.parametrize("step", [7.0, 14.0, 28.0])
def test_the_premium_halves_in_the_stated_time_once_the_gap_has_closed(step: float) -> None:
    """The smoothed gap must be forgotten first; then the premium falls by half every halving time, at any step."""
    halving = 336.0
    price = index(0.3, halving)
    for _ in range(200):
        price.review(np.full((2, 1), 0.3), step)
    for _ in range(int(42 * 14 / step)):
        price.review(np.zeros((2, 1)), step)
    before = price.world[0] - 1.0
    for _ in range(int(halving / step)):
        price.review(np.zeros((2, 1)), step)
    assert before > 1e-2
    assert (price.world[0] - 1.0) / before == pytest.approx(0.5, rel=1e-2)
    assert (price.world[0] - 1.0) / before != pytest.approx(0.5**0.5, rel=0.05)


def test_the_price_never_passes_its_cap() -> None:
    price = index(0.05, 150.0, cap=12.0)
    for _ in range(300):
        price.review(np.full((2, 1), 0.9), 14.0)
    assert price.world[0] == pytest.approx(12.0, rel=1e-9)
