"""Days on which a lane is shut, and how long a lot on it takes because of them.

A closure catches a lot anywhere in the exposed first part of its lane: the lot stands still until the corridor
reopens, then goes on. Closures are (m, n) begins and ends, ascending and disjoint in each replication; a lane is shut
in ``[begin, end)``. What a lot meets is told by the place in them of the closure that is on, or comes next, when it
sets out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import anywhere

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Shut = tuple[Floats, Floats]
"""(m, n) first days and (m, n) ends of closures, none of them empty; +inf where there are fewer than m, and in the last
row."""


def united(parts: Sequence[Shut]) -> Shut:
    """Closures of several causes as one ascending series without overlaps."""
    begins, ends = _in_order(*(np.concatenate([part[side] for part in parts]) for side in (0, 1)))
    reach = np.maximum.accumulate(ends, axis=0)
    begins[1:] = np.maximum(begins[1:], reach[:-1])
    empty = begins >= reach
    return _in_order(np.where(empty, np.inf, begins), np.where(empty, np.inf, reach))


def _in_order(begins: Floats, ends: Floats) -> Shut:
    order = np.argsort(begins, axis=0, kind="stable")
    return np.take_along_axis(begins, order, axis=0), np.take_along_axis(ends, order, axis=0)


def met(shut: Shut, rows: Rows, day: Floats) -> tuple[Rows, Floats]:
    """Place in ``shut``, and first day, of the closure that is on or comes next on ``day`` (c,) in ``rows`` (c,)."""
    begins, ends = shut
    place = np.zeros(day.size, dtype=np.int64)
    for row in ends[:-1]:
        over = row.take(rows) <= day
        if not anywhere(over):
            break
        place += over
    place *= begins.shape[1]
    place += rows
    return place, begins.take(place)


def arrival(shut: Shut, place: Rows, day: Floats, transit: Floats, exposed_share: float) -> Floats:
    """(c,) landing day of lots that set out on ``day`` (c,), waiting at the origin and wherever they are caught.

    The lot leaves the exposed part of the lane once the lane has been open for ``exposed_share`` of its
    ``transit`` (c,) days; ``place`` (c,) is as in ``met``.
    """
    begins, ends = shut
    past = day + transit * exposed_share
    stands = np.maximum(begins.take(place), day)
    lots = caught = np.flatnonzero(stands < past)
    while lots.size:
        place, stands = place[caught], stands[caught]
        past[lots] += ends.take(place) - stands
        place += begins.shape[1]
        stands = begins.take(place)
        caught = np.flatnonzero(stands < past[lots])
        lots = lots[caught]
    return np.asarray(past + transit * (1.0 - exposed_share))
