"""A ring and a list land the same tonnes, to the last bit, as one long row of days."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.model.calendars import Calendar

K, N, NEAR, EVERY = 3, 4, 5, 3


@pytest.mark.parametrize("way", ["put", "put_some"])
def test_tonnes_land_on_their_day_in_the_order_in_which_they_left(way: str) -> None:
    rng = np.random.default_rng(1)
    one, landed, days = Calendar(NEAR, EVERY, K, N), np.zeros((90, K, N)), range(60)
    for day in days:
        due = one.turn()
        assert np.array_equal(due, landed[day + 1])
        due.fill(0.0)
        if day % 2:
            continue
        ahead = rng.integers(1, 25, (K, N)).astype(np.int16)
        tonnes = rng.lognormal(size=(K, N)) * rng.integers(0, 2, (K, N))
        for place in np.ndindex(K, N):
            landed[day + 1 + ahead[place]][place] += tonnes[place]
        if way == "put":
            one.put(ahead, tonnes)
        else:
            one.put_some(ahead.reshape(-1), np.arange(K * N), tonnes.reshape(-1))
    coming = one.coming()
    assert np.array_equal(coming[1:], landed[61 : 60 + len(coming)])
