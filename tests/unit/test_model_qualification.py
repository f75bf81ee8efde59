"""From whom the focal buyer may take more than it always did, and when."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.catalogue.parameters import parameter
from simulator.model.market import Firm, Gate, OpenTo, allocate
from simulator.model.qualification import Qualification

STEP = 14.0


def after(shortage: float, *, days: float = 50.0, reviews: int = 40) -> list[float]:
    """Part of the firms that accept new suppliers, at each review of a shortage that lasts."""
    one = Qualification(np.array([days]), STEP, reviews)
    found = []
    for index in range(reviews):
        found.append(float(one.accepted(index)[0]))
        one.note(np.array([shortage]), index)
    return found


def test_a_buyer_that_lacks_nothing_qualifies_nobody() -> None:
    assert after(0.0) == [0.0] * 40


def test_half_of_the_firms_end_up_qualifying_at_the_stated_shortage_and_nine_in_ten_at_its_stated_multiple() -> None:
    trigger, multiple = (
        parameter(name).value for name in ("qualification_shortage_trigger", "qualification_trigger_p90_multiple")
    )
    ends = [after(trigger * factor)[-1] for factor in (1.0 / multiple, 1.0, multiple)]
    assert ends == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


def test_nothing_is_accepted_before_its_time_and_what_is_accepted_stays() -> None:
    part = after(0.5)
    assert part[:4] == [0.0] * 4, "four reviews of a fortnight are 56 days, the first within 50"
    assert part[4] > 0.0
    assert (np.diff(part) >= 0.0).all()


def test_acceptance_never_goes_back_when_the_shortage_ends() -> None:
    one = Qualification(np.array([0.0]), STEP, 20)
    for index in range(20):
        one.note(np.array([0.4 if index < 5 else 0.0]), index)
    assert one.accepted(19)[0] == one.accepted(10)[0] > 0.5


@pytest.mark.parametrize(
    ("accepting", "open_", "bought"), [(0.0, 1.0, 0.0), (0.3, 1.0, 12.0), (1.0, 1.0, 40.0), (1.0, 0.05, 4.0)]
)
def test_firms_take_no_more_than_they_miss_and_policy_lets_pass(accepting: float, open_: float, bought: float) -> None:
    """Of 60 t one supplier of three delivers 20; the other two have plenty, behind a gate."""
    offer, share = np.array([[20.0, 500.0, 900.0]]), np.array([[1.0], [0.0], [0.0]])
    firm = Firm(np.zeros((3, 1)), np.zeros(1))
    gates = [Gate(p, np.ones((1, 1)), np.full((1, 1), open_)) for p in (1, 2)]
    flow, sold, received = allocate(offer, np.array([[60.0]]), share, firm, gates, OpenTo(0, np.full(1, accepting)))
    assert received[0, 0] - 20.0 == pytest.approx(bought)
    assert flow[1:, 0, 0].sum() == pytest.approx(sold[0, 1:].sum()) == pytest.approx(bought)
