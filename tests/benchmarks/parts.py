"""Where the time of one commodity's run goes, part by part, against a bare NumPy version of the same array work.

Functions of the model are timed while the run lasts, each without what it calls of other parts; the bare loop notes
the time at the same seams. Parts that the bare loop does not have (policy, checks, opening state) are its overhead.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import simulator.model.review  # noqa: F401  # the package hides it behind a function of the same name
from simulator.model import focal, prices, recorder, state, trade, world

PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "draws and opening state": ((world.World, "__init__"),),
    "landing": ((state.Pipeline, "receive"), (focal.FocalBuyer, "land"), (focal.FocalBuyer, "settle")),
    "production and use": (("simulator.model.review", "_produce"), ("simulator.model.review", "_set_use")),
    "orders": (("simulator.model.review", "trade"),),
    "policy": tuple((trade, name) for name in ("policy_filters", "book", "reroute", "kept_back")),
    "allocation": ((trade, "allocate"),),
    "dispatch": ((trade, "_ship"),),
    "price": ((prices.PriceIndex, "review"),),
    "record": ((recorder.Recorder, "record"), (recorder.Recorder, "trace")),
    "checks": ((world, "check"),),
}
"""Part -> functions of the model that make it up, by owner and name."""
REST = "clock and all else"


class Stopwatch:
    """CPU seconds by part; a part that calls another stands still meanwhile."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = [REST]
        self._since = time.process_time()

    def enter(self, part: str) -> None:
        """Begin a part."""
        self._book()
        self._running.append(part)

    def leave(self) -> None:
        """End the part begun last."""
        self._book()
        self._running.pop()

    def lap(self, part: str) -> None:
        """Book what has passed since the last seam to a part."""
        self._running[-1] = part
        self._book()
        self._running[-1] = REST

    def _book(self) -> None:
        now = time.process_time()
        part = self._running[-1]
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self._since
        self._since = now


@contextmanager
def watched(clock: Stopwatch) -> Iterator[None]:
    """Time the parts of the model."""
    kept: list[tuple[Any, str, Any]] = []
    for part, functions in PARTS.items():
        for owner, name in functions:
            place = _module(owner)
            kept.append((place, name, getattr(place, name)))
            setattr(place, name, _timed(kept[-1][2], clock, part))
    try:
        yield
    finally:
        for place, name, function in kept:
            setattr(place, name, function)


def by_part(engine: Callable[[], object], bare: Callable[[Stopwatch], object]) -> list[dict[str, Any]]:
    """Seconds of both by part, the dearest first; None where the bare loop has no such part."""
    mine = Stopwatch()
    with watched(mine):
        engine()
    mine.lap(REST)
    theirs = Stopwatch()
    bare(theirs)
    names = [*PARTS, REST]
    rows = [
        {"part": name, "engine_s": mine.seconds.get(name, 0.0), "bare_s": theirs.seconds.get(name)} for name in names
    ]
    for row in rows:
        row["ratio"] = row["engine_s"] / row["bare_s"] if row["bare_s"] else None
    return sorted(rows, key=lambda row: -float(row["engine_s"]))


def _module(owner: Any) -> Any:
    return sys.modules[owner] if isinstance(owner, str) else owner


def _timed(function: Callable[..., Any], clock: Stopwatch, part: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def timed(*args: Any, **options: Any) -> Any:
        clock.enter(part)
        try:
            return function(*args, **options)
        finally:
            clock.leave()

    return timed
