"""Tonnes on the way by the day on which they land, replications side by side.

Most of what leaves lands soon. Coming days lie in a ring as far as a horizon; the few tonnes that land beyond it wait
in a list. From time to time the horizon moves, and what it passes enters the ring. So tonnes of the same day and place
are added in the order in which they left, wherever they waited.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ahead = NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.int32] | NDArray[np.int64]
"""Days until something lands, at least 1; days of the calendar, which may be services or reviews."""
Places = NDArray[np.int64]


class Calendar:
    """What lands on the coming days in each of K rows of n replications."""

    def __init__(self, near: int, every: int, rows: int, n: int) -> None:
        """The ring holds ``near`` days at least; the horizon moves once in ``every`` days."""
        self._length = near + every
        self._every = every
        self._shape = rows, n
        self._size = rows * n
        self._ring = np.zeros((self._length + 1, rows, n))
        """What lands on each day as far as the horizon; the last is a day that never comes."""
        self._flat = self._ring.reshape(-1)
        self._place = np.arange(self._size).reshape(rows, n)
        self._index = np.empty_like(self._place)
        self._now = 0
        self._horizon = self._length
        """First day beyond the ring."""
        self._far: list[tuple[Places, Places, Floats]] = []
        """Day, place in (K, n) and tonnes of what lands beyond the ring."""

    def put(self, ahead: Ahead, tonnes: Floats) -> None:
        """Tonnes (K, n) land so many days ``ahead`` (K, n)."""
        self._move()
        near = self._horizon - self._now
        begins = (self._now + np.arange(near + 1)) % self._length * self._size
        begins[near] = self._length * self._size
        index = begins.take(ahead, out=self._index, mode="clip")
        index += self._place
        np.add.at(self._flat, index.reshape(-1), tonnes.reshape(-1))
        late = np.flatnonzero(ahead >= near)
        if late.size:
            self._wait(ahead.reshape(-1)[late], late, tonnes.reshape(-1)[late])

    def put_some(self, ahead: Ahead, places: Places, tonnes: Floats) -> None:
        """Tonnes (c,) land so many days ``ahead`` (c,) at ``places`` (c,) in (K, n), none of which comes twice."""
        self._move()
        near = ahead < self._horizon - self._now
        if not near.all():
            late = ~near
            self._wait(ahead[late], places[late], tonnes[late])
            ahead, places, tonnes = ahead[near], places[near], tonnes[near]
        days = self._now + ahead.astype(np.int64)
        self._flat[days % self._length * self._size + places] += tonnes

    def turn(self) -> Floats:
        """Go on to the next day; returns what lands on it, (K, n), for the caller to empty."""
        self._now += 1
        if self._now >= self._horizon:
            self._move()
        landing: Floats = self._ring[self._now % self._length]
        return landing

    def coming(self) -> Floats:
        """(W, K, n) all that lands in 0, 1, 2 ... days."""
        last = max((int(days.max(initial=0)) for days, _, _ in self._far), default=0) - self._now + 1
        found = np.zeros((max(last, self._length), *self._shape))
        found[: self._length] = np.roll(self._ring[:-1], -(self._now % self._length), axis=0)
        for days, places, tonnes in self._far:
            np.add.at(found.reshape(-1), (days - self._now) * self._size + places, tonnes)
        return found

    def _wait(self, ahead: Ahead, places: Places, tonnes: Floats) -> None:
        """Tonnes (c,) land beyond the horizon."""
        self._far.append((self._now + ahead.astype(np.int64), places, tonnes))

    def _move(self) -> None:
        """Move the horizon as far ahead as the ring is long, once some days have passed since the last time."""
        if self._now + self._length - self._horizon < self._every:
            return
        self._horizon = self._now + self._length
        if not self._far:
            return
        days, places, tonnes = (np.concatenate(column) for column in zip(*self._far, strict=True))
        near = days < self._horizon
        np.add.at(self._flat, days[near] % self._length * self._size + places[near], tonnes[near])
        rest = ~near
        self._far = [(days[rest], places[rest], tonnes[rest])]
