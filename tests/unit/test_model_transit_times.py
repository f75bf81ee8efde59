"""Services read off a table are those of the days drawn."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.domain.sampling import standard_normal
from simulator.model.transit_times import open_days, open_services, services_of
from tests.support.worlds import lane

LONGEST = 210.0


@pytest.mark.parametrize(("median", "p95"), [(3.0, 6.0), (27.0, 42.0), (30.0, 30.0), (120.0, 400.0)])
def test_the_table_gives_the_services_of_the_days(median: float, p95: float) -> None:
    way = lane("BEL", median, p95)
    u = np.random.default_rng(0).random((300, 100))
    u[0, :4] = 2.0**-53, 1 - 2.0**-53, 0.5, np.nextafter(0.5, 1)
    found = open_services(way, LONGEST, u)
    assert np.array_equal(found, services_of(open_days(way, LONGEST, standard_normal(u))))
    assert np.array_equal(open_services(way, LONGEST, u[7:8]), found[7:8])


def test_without_a_draw_a_lot_takes_the_median() -> None:
    assert open_days(lane("BEL", 27.0, 42.0), LONGEST, None).tolist() == [27.0]
    assert open_days(lane("BEL", 270.0, 420.0), LONGEST, None).tolist() == [LONGEST]
