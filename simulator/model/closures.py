"""Days on which a lane is shut, and how long a lot on it takes because of them.

A closure catches a lot anywhere in the exposed first part of its lane: the lot stands still until the corridor
reopens, then goes on. Closures are (n, m) begins and ends, ascending and disjoint in each replication; a lane is shut
in ``[begin, end)``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import side_by_side

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Shut = tuple[Floats, Floats]
"""(n, m) first days and (n, m) ends of closures; +inf where there are fewer than m."""


def united(parts: Sequence[Shut]) -> Shut:
    """Closures of several causes as one ascending series without overlaps (empty pieces may remain)."""
    begins, ends = (np.concatenate([part[side] for part in parts], axis=1) for side in (0, 1))
    order = np.argsort(begins, axis=1, kind="stable")
    begins, ends = np.take_along_axis(begins, order, axis=1), np.take_along_axis(ends, order, axis=1)
    reach = np.maximum.accumulate(ends, axis=1)
    begins[:, 1:] = np.maximum(begins[:, 1:], reach[:, :-1])
    return side_by_side(begins), side_by_side(reach)


def picked(shut: Shut, rows: NDArray[np.int64]) -> Shut:
    """Closures of some replications (c,)."""
    begins, ends = (side.T[:, rows].T for side in shut)
    return begins, ends


def is_shut(shut: Shut, day: Floats) -> Mask:
    """(c,) whether the lane is shut on ``day`` (c,), for rows (c, m) of closures."""
    found = np.zeros(day.size, dtype=bool)
    for begin, end in zip(shut[0].T, shut[1].T, strict=True):
        found |= (begin <= day) & (day < end)
    return found


def caught_on(shut: Shut, day: Floats) -> Floats:
    """(c,) first day after ``day`` (c,) on which the lane shuts; +inf where it does not again."""
    found = np.full(day.size, np.inf)
    for begin, end in zip(shut[0].T, shut[1].T, strict=True):
        np.minimum(found, begin, out=found, where=(begin > day) & (begin < end))
    return found


def arrival(shut: Shut, day: Floats, transit: Floats, exposed_share: float) -> Floats:
    """(c,) landing day of lots that set out on ``day`` (c,), waiting at the origin and wherever they are caught.

    The lot leaves the exposed part of the lane once the lane has been open for ``exposed_share`` of its
    ``transit`` (c,) days.
    """
    begins, ends = shut
    past = day + transit * exposed_share
    for j in range(begins.shape[1]):
        from_ = np.maximum(begins[:, j], day)
        caught = (from_ < past) & (ends[:, j] > from_)
        past = np.where(caught, past + (ends[:, j] - np.where(caught, from_, 0.0)), past)
    return np.asarray(past + transit * (1.0 - exposed_share))
