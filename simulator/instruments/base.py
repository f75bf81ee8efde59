"""What every instrument has, what it may ask of randomness, and the list of all instruments."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

import simulator.instruments
from simulator.domain.changes import Change
from simulator.domain.draws import Draws
from simulator.errors import UsageError
from simulator.instruments.dates import Offset
from simulator.instruments.distributions import InputReference
from simulator.instruments.fields import STRICT
from simulator.instruments.quantities import DateSpec, Day, Number, Share

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEVER = float("inf")
"""Day of what never happens."""


@dataclass(frozen=True, slots=True)
class EventDraws:
    """Answers for a whole block what one event of a scenario asks: its days, numbers and whether it happens.

    Draws are named by the event and the field alone (``event/<id>/<field>``), so that editing one
    event, or adding another, moves no draw.
    """

    draws: Draws
    event_id: str
    start: date
    """Day 0 of the model's clock."""
    horizon: date
    """First day after the model's clock stops."""

    @property
    def n(self) -> int:
        """Number of replications in the block."""
        return self.draws.n

    def uniform(self, field: str) -> Floats:
        """(n,) uniforms of this event's field."""
        return np.ascontiguousarray(self.draws.uniform(f"event/{self.event_id}/{field}", 1)[:, 0])

    def day(self, spec: Day | None, field: str = "at") -> Floats:
        """(n,) whole days from the start; ``inf`` where the day is not given.

        A date is the same in every replication, a distribution gives one day for each.
        """
        if spec is None:
            return np.full(self.n, NEVER)
        if isinstance(spec, Offset):
            spec = spec.after(self.start)
        if isinstance(spec, date):
            return np.full(self.n, float((spec - self.start).days))
        return np.floor(spec.sample(self.uniform(field)))

    def days_in(self, length: Offset) -> float:
        """Days of a length of time, its months counted from the start."""
        return float((length.after(self.start) - self.start).days)

    def number(self, spec: Number, field: str, low: float = -NEVER, high: float = NEVER) -> Floats:
        """(n,) values of a number or its distribution, cut at ``low`` and ``high``."""
        if isinstance(spec, InputReference):
            return np.clip(self.draws.input(spec.input), low, high)
        if isinstance(spec, int | float):
            return np.full(self.n, float(spec))
        return np.clip(spec.sample(self.uniform(field)), low, high)

    def happens(self, probability: Number, draw: str | None = None, field: str = "probability") -> Mask:
        """(n,) mask of the futures in which something of this probability comes true.

        ``draw`` names a shared uniform: all that happen by the same draw happen together, the more
        probable in every future in which the less probable does. ``field`` names the field that holds
        the probability, should it be a distribution.
        """
        cause = f"draw/{draw}" if draw else f"event/{self.event_id}/happens"
        u = self.draws.uniform(cause, 1)[:, 0]
        return np.asarray(u < self.number(probability, field, 0.0, 1.0))


class Instrument(BaseModel):
    """A lever or a shock that a scenario puts on the clock."""

    model_config = STRICT

    dated: ClassVar[bool] = True
    """Whether ``at`` must be given."""
    fireable: ClassVar[bool] = False
    """Whether a rule can set it off: every change it compiles to may begin on a day unknown before the clock starts."""
    lasts: ClassVar[bool] = True
    """Whether it holds from ``at`` to ``until``; False for an act of one day."""
    example: ClassVar[str] = ""
    """The shortest useful event of this type: YAML as it stands under ``events:``, with the events it needs."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    """Name of the event, unique in the scenario; a later layer changes the event by it."""
    type: str
    """Which instrument this is."""
    probability: Share = 1.0
    """Probability that the event happens at all, 0 to 1."""
    announced: DateSpec | None = None
    """Day on which it became public. Buyers order ahead of an export control from then on; of any other event it is
    kept for readers and moves nothing. Same forms as ``at``."""
    at: DateSpec | None = None
    """Day of effect: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days from the start."""
    until: DateSpec | None = None
    """First day on which it no longer holds; never where not given. Same forms as ``at``."""
    note: str = ""
    """Free text for readers of the scenario."""
    source: str = ""
    """Where the fact comes from."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """Yield the dated changes of a block; days and masks have shape ``(n,)``."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it changes")

    def span(self, draws: EventDraws) -> tuple[Floats, Floats, Mask]:
        """Return first day, end day and mask of the replications in which the event happens and lasts.

        Where drawn days cross, ``until`` at or before ``at``, nothing happens in that replication.
        """
        begins, ends = draws.day(self.at, "at"), draws.day(self.until, "until")
        return begins, ends, draws.happens(self.probability) & (begins < ends)


_registered: dict[str, type[Instrument]] = {}
"""Instruments of the user's own, by type."""
Own = TypeVar("Own", bound=Instrument)


def register_instrument(kind: type[Own]) -> type[Own]:
    """Make an instrument of one's own known to scenario files; a decorator of its class.

    The module that holds the class must be imported before a scenario that names it is loaded. Worker processes import
    it by themselves, provided that it is a module on Python's path and not a cell of a notebook.

    Raises
    ------
    UsageError
        If the class is no instrument, lacks a ``type`` with a default, or takes the name of another.
    """
    if not (isinstance(kind, type) and issubclass(kind, Instrument)):
        raise UsageError(f"{getattr(kind, '__name__', kind)!r} is not a class derived from simulator.Instrument")
    name = kind.model_fields["type"].default
    if not isinstance(name, str):
        raise UsageError(f'{kind.__name__} needs its type as a default: `type: Literal["my_type"] = "my_type"`')
    holder = instrument_types().get(name)
    same = holder is not None and (holder.__module__, holder.__qualname__) == (kind.__module__, kind.__qualname__)
    if holder is not None and not same:
        raise UsageError(f"{name!r} is already an instrument, {holder.__module__}.{holder.__qualname__}")
    _registered[name] = kind
    instrument_types.cache_clear()
    return kind


@cache
def instrument_types() -> dict[str, type[Instrument]]:
    """Every instrument by its ``type``: the subclasses defined in the modules of this folder, then registered ones."""
    found: dict[str, type[Instrument]] = {}
    for module in sorted(entry.name for entry in pkgutil.iter_modules(simulator.instruments.__path__)):
        for item in vars(importlib.import_module(f"simulator.instruments.{module}")).values():
            if not (isinstance(item, type) and issubclass(item, Instrument)):
                continue
            if item is not Instrument and item.__module__ == f"simulator.instruments.{module}":
                found[str(item.model_fields["type"].default)] = item
    return found | _registered
