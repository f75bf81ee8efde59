"""Windows of time over the cumulative series of a trace."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Place = tuple[int, int, float]
"""Recorded days before and after a day, and how far it is from the one to the other, 0 to 1."""

DEFAULT_WINDOW_DAYS: Final = 90.0


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one length that end on given days, and whose economy they look at."""

    end_days: tuple[float, ...]
    """(M,) last days, counted from the scenario's start."""
    length_days: float = DEFAULT_WINDOW_DAYS
    focal: str = "USA"
    """Focal country or region; its own output is not an import."""
    judged_stage: int | None = None
    """Stage at which consumption is judged; the last one when None. Stages after it are not upstream of it."""
    _grown: dict[int, tuple[Floats, Floats]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What ``during`` found for a series before: most metrics look at the same few. The series is kept with it."""
    _others: dict[float, Windows] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of_length(self, days: float) -> Windows:
        """Return windows of another length with the same ends; the same each time, so that metrics share finds."""
        if days == self.length_days:
            return self
        if days not in self._others:
            self._others[days] = replace(self, length_days=days)
        return self._others[days]


def at(series: Floats, days: Floats, points: ArrayLike) -> Floats:
    """Return a cumulative series on any days: exact on recorded days, linear between, constant outside.

    Parameters
    ----------
    series
        (n, T) or (n, T, K).
    days
        (T,) recorded days, ascending.
    points
        (M,) days wanted.

    Returns
    -------
    Floats
        (n, M) or (n, M, K).

    Examples
    --------
    >>> at(np.array([[0.0, 10.0, 30.0]]), np.array([0.0, 1.0, 3.0]), [0.5, 1.0, 2.0, 9.0])
    array([[ 5., 10., 20., 30.]])
    """
    by_day = _replications_last(series)
    value = np.empty((np.size(points), *by_day.shape[1:]))
    for row, place in zip(value, _places(days, points), strict=True):
        np.copyto(row, _on(by_day, place, row))
    # Contiguous, so that sums over the last axis run in one order whatever the block's size.
    return np.ascontiguousarray(_replications_first(value))


def _places(days: Floats, points: ArrayLike) -> tuple[Place, ...]:
    among, wanted = (np.asarray(item, dtype=np.float64).tobytes() for item in (days, points))
    return _places_among(among, wanted)


@lru_cache(maxsize=64)
def _places_among(among: bytes, wanted: bytes) -> tuple[Place, ...]:
    """Where the days wanted lie among the recorded ones: all series of a run are asked for the same days."""
    days, points = np.frombuffer(among), np.frombuffer(wanted)
    points = np.clip(points, days[0], days[-1])
    left = np.searchsorted(days, points, side="right") - 1
    right = np.minimum(left + 1, len(days) - 1)
    span = days[right] - days[left]
    part = np.divide(points - days[left], span, out=np.zeros_like(points), where=span > 0)
    return tuple(zip(left.tolist(), right.tolist(), part.tolist(), strict=True))


def _on(by_day: Floats, place: Place, room: Floats) -> Floats:
    """(..., n) of (T, ..., n) on one day, as recorded or else in ``room``: day by day, what one needs stays cached."""
    before, after, part = place
    value: Floats = by_day[before]
    if part:
        np.subtract(by_day[after], value, out=room)
        np.multiply(room, part, out=room)
        value = np.add(value, room, out=room)
    return value


def _replications_first(by_day: Floats) -> Floats:
    return by_day.transpose(-1, *range(by_day.ndim - 1))


def _replications_last(series: Floats) -> Floats:
    return series.transpose(*range(1, series.ndim), 0)


def last(series: Floats, days: Floats, points: ArrayLike) -> Floats:
    """Return a level, such as a stock or a price, as last recorded on or before each day: (n, M)."""
    place = np.searchsorted(days, np.asarray(points, dtype=np.float64), side="right") - 1
    return _replications_first(_replications_last(series)[np.maximum(place, 0)])


def during(series: Floats, days: Floats, windows: Windows) -> Floats:
    """Return how much a cumulative series grew in each window, in its own unit: (n, M) or (n, M, K).

    A window that begins before the trace counts from the trace's first day. The result is shared: read it only.
    Replications lie side by side in it, as in a trace, so add up its last axis with ``added``.

    >>> during(np.array([[0.0, 10.0, 30.0]]), np.array([0.0, 10.0, 20.0]), Windows((20.0,), 5.0))
    array([[10.]])
    """
    known = windows._grown.get(id(series))
    if known is not None:
        return known[1]
    by_day = _replications_last(series)
    grown = np.empty((len(windows.end_days), *by_day.shape[1:]))
    begun = np.empty(by_day.shape[1:])
    ends = np.asarray(windows.end_days, dtype=np.float64)
    for row, end, begin in zip(grown, _places(days, ends), _places(days, ends - windows.length_days), strict=True):
        np.subtract(_on(by_day, end, row), _on(by_day, begin, begun), out=row)
    grown = _replications_first(grown)
    grown.flags.writeable = False
    windows._grown[id(series)] = series, grown
    return grown


def added(tonnes: Floats, which: NDArray[np.bool_] | None = None) -> Floats:
    """Return sums (n, M) of (n, M, K) over the last axis, or over ``which`` (K,) of it.

    From eight on they run in eight sums side by side, as NumPy adds up neighbours in memory: fewer roundings than in
    one, and the same for a replication alone and in a block.

    >>> added(np.array([[[1.0, 2.0, 4.0]]])), added(np.array([[[1.0, 2.0, 4.0]]]), np.array([True, False, True]))
    (array([[7.]]), array([[5.]]))
    """
    places = np.arange(tonnes.shape[-1]) if which is None else np.flatnonzero(which)
    columns = [tonnes[..., k] for k in places]
    if not columns:
        return np.zeros(tonnes.shape[:-1])
    eights = len(columns) // 8 * 8
    if eights:
        sums = columns[:8]
        for k, column in enumerate(columns[8:eights]):
            sums[k % 8] = sums[k % 8] + column
        sums = [one + other for one, other in zip(sums[::2], sums[1::2], strict=True)]
        for k, other in ((0, 1), (2, 3), (0, 2)):
            sums[k] += sums[other]
        total = sums[0]
    else:
        total = columns.pop(0).copy(order="K")
    for column in columns[eights:]:
        total += column
    return total


def quotient(part: Floats, whole: Floats, otherwise: float = np.nan) -> Floats:
    """Return part / whole, and ``otherwise`` where the whole is not above zero.

    >>> quotient(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    divides = whole > 0
    # To divide everything and mend what cannot be divided is twice as fast as to divide by a mask.
    with np.errstate(all="ignore"):
        found: Floats = np.divide(part, whole)
    if not divides.all():
        np.copyto(found, otherwise, where=~divides)
    return found


def share(part: Floats, whole: Floats) -> Floats:
    """Return part / whole cut to [0, 1]; ``nan`` where the whole is not above zero.

    The cut only removes round-off: a part is a difference of two large cumulative numbers.

    >>> share(np.array([5.0, 0.0]), np.array([4.0, 0.0]))
    array([ 1., nan])
    """
    found = quotient(part, whole)
    return np.clip(found, 0.0, 1.0, out=found)
