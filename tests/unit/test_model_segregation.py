"""Who got which tonne of a sale is not known; what that can do to the focal buyer's exposure is bounded."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.model.segregation import LEAST, MOST, bounded
from tests.support import worlds


@pytest.mark.parametrize(
    ("to_buyer", "sold", "share", "least", "most"),
    [
        (10.0, 100.0, 0.3, 0.0, 10.0),  # clean tonnes enough, exposed ones too
        (80.0, 100.0, 0.3, 10.0, 30.0),  # 70 clean ones cannot fill 80
        (100.0, 100.0, 0.3, 30.0, 30.0),  # who gets all of it gets what is in it
        (10.0, 100.0, 0.0, 0.0, 0.0),
        (10.0, 100.0, 1.0, 10.0, 10.0),
    ],
)
def test_a_sale_bounds_what_one_buyer_may_have_got(
    to_buyer: float, sold: float, share: float, least: float, most: float
) -> None:
    exposed = np.full((1, 1), sold * share)
    found = bounded((exposed, exposed), np.full((1, 1), sold), np.full((1, 1, 1), to_buyer))
    assert found[LEAST, 0, 0, 0] == pytest.approx(least)
    assert found[MOST, 0, 0, 0] == pytest.approx(most)


def test_what_is_mixed_in_proportion_lies_between_the_bounds() -> None:
    chain = worlds.run(worlds.case([worlds.chain()]), 16).chains[0]
    slack = 1e-9 * chain.consumed
    assert (chain.exposed_min <= chain.exposed + slack).all()
    assert (chain.exposed <= chain.exposed_max + slack).all()
    assert (chain.exposed_max <= chain.consumed + slack).all()
    assert (chain.exposed_min < chain.exposed_max - slack)[:, -1].any(), "some producer mixes"


def test_the_world_makes_what_it_needs_in_the_base_year() -> None:
    """Flows are balanced: without growth or shocks output and demand of every stage are equal but for stocks."""
    chain = worlds.run(worlds.case([worlds.chain()]), 16).chains[0]
    ratio = chain.world_output[:, -1] / chain.world_demand[:, -1]
    assert np.abs(np.median(ratio, axis=0) - 1.0).max() < 0.1
    assert (
        chain.supplier_output.reshape(*chain.world_output.shape, 2).sum(axis=3) <= chain.world_output * 1.000001
    ).all()
    assert chain.suppliers[0] == "CHN"
