"""What Chinese controls keep back of habitual purchases, and what makes up for it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.domain.changes import ControlChange
from simulator.model.policy import ControlDesk
from tests.support import worlds

HABIT = 10.0


def desk(*, licensed: float = 1.0) -> ControlDesk:
    """A desk of China's in the small world, before the clock starts; licences are asked for or not."""
    found = worlds.world(worlds.case([worlds.chain("antimony")]), 1).chains[0].desk(2, "CHN")
    assert found is not None
    everywhere = np.ones(1, dtype=bool)
    change = ControlChange(
        event_id="licensing", day=np.zeros(1), mask=everywhere, active=True, imposer="CHN", targets=("ALL",),
        commodities=("antimony",), kind="licence",
    )  # fmt: skip
    found.register(change, np.ones(1))
    found.apply("licensing", licensed > 0.0, 0.0, everywhere)
    return found


def tonnes(one: ControlDesk, claim: float, passing: float, shipped: float | None = None) -> float:
    """Kept back of one buyer with a habit of ten tonnes."""

    def each(value: float) -> NDArray[np.float64]:
        return np.full((1, len(one.buyers)), value)

    sold = claim * passing if shipped is None else shipped
    return float(one.kept_back(each(claim), each(HABIT), each(claim * passing), each(sold))[0, 0])


@pytest.mark.parametrize(("shipped", "made_up"), [(0.0, 0.0), (12.0, 2.0), (25.0, 4.0)])
def test_a_licence_makes_up_for_what_was_kept_back_only_as_far_as_it_is_filled(shipped: float, made_up: float) -> None:
    """Four tonnes were kept back before; now a licence lets 25 pass where ten are habit."""
    one = desk()
    assert tonnes(one, 10.0, 0.6) == pytest.approx(4.0)
    assert tonnes(one, 25.0, 1.0, shipped) == pytest.approx(-made_up)


@pytest.mark.parametrize("licensed", [0.0, 1.0])
def test_orders_that_come_in_lumps_are_no_denial_and_make_up_for_none(licensed: float) -> None:
    """Four tonnes were kept back; after that everything passes, and orders swing about the habit for a year."""
    one = desk(licensed=licensed)
    first = tonnes(one, 10.0, 0.6)
    swings = [tonnes(one, claim, 1.0) for claim in (5.0, 15.0) * 13]
    assert first == pytest.approx(4.0)
    assert swings == pytest.approx([0.0] * 26)


@pytest.mark.parametrize("lumps", [(10.0,), (5.0, 15.0), (0.0, 20.0), (15.0, 5.0)])
def test_half_of_the_habit_is_kept_back_however_orders_fall(lumps: tuple[float, ...]) -> None:
    """A ban that lets half pass keeps back half of what is used, in the long run."""
    one = desk(licensed=0.0)
    kept = [tonnes(one, claim, 0.5) for claim in lumps * (200 // len(lumps))]
    assert np.mean(kept) == pytest.approx(HABIT / 2, rel=0.05)


def test_what_was_laid_in_and_then_lived_on_is_not_denied() -> None:
    """Thirty tonnes laid in before, three reviews without an order, and then a ban: only its own days count."""
    one = desk(licensed=0.0)
    before = [tonnes(one, claim, 1.0) for claim in (40.0, 0.0, 0.0, 0.0)]
    after = [tonnes(one, claim, 0.0) for claim in (10.0, 20.0, 26.0)]
    assert before == pytest.approx([0.0] * 4)
    assert after == pytest.approx([10.0] * 3)
