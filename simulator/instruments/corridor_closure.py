"""A way to the focal buyer that is shut for some time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Strict, WithJsonSchema, model_validator

from simulator.catalogue.lanes import corridor_names, countries_crossed
from simulator.domain.changes import Change, ClosureChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.fields import nearest, reject
from simulator.instruments.names import ALL, Commodities, Country
from simulator.instruments.quantities import Amount, DateSpec


def _corridor(value: str) -> str:
    known = corridor_names()
    if value not in known:
        near = nearest(value, known) or next((name for name in known if value.casefold() in name.casefold()), None)
        reject(value, "is not a corridor; `simulator data routes` names those of a country", near)
    return value


def _crossed(value: str) -> str:
    known = countries_crossed()
    if value not in known:
        reject(value, f"is crossed by no lane to a focal buyer; crossed are {', '.join(known)}")
    return value


_NAME = {"type": "string"}
Corridors = Annotated[
    tuple[Annotated[str, AfterValidator(_corridor)], ...],
    Strict(False),
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [_NAME, {"type": "array", "items": _NAME}]}),
]
"""One corridor or a list of them, by the names that ``simulator data routes`` shows."""


class CorridorClosure(Instrument):
    """Corridors, or all lanes across a country, are shut for a time: lots take another way or wait.

    A lot leaves by the first way of its origin that is open; where none is, it waits. A lot on a lane that
    shuts stands still until it reopens, or turns round onto the first open way if that lands it sooner.
    Known before the clock starts, so no rule can set it off. Goods between the stages of a chain and to other
    buyers keep their mean transit.
    """

    type: Literal["corridor_closure"] = "corridor_closure"
    fireable: ClassVar[bool] = False
    example: ClassVar[str] = """
        - id: no_transit_through_china
          type: corridor_closure
          at: +3mo
          until: +15mo
          country: CHN
          commodities: [titanium_sponge]
    """

    at: DateSpec
    """First closed day: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    corridors: Corridors = ()
    """Corridors shut, such as ``Middle Corridor``; a shared name shuts all its branches. Give these or ``country``."""
    country: Annotated[Country, AfterValidator(_crossed)] | None = None
    """Country that lets nothing through: every lane across it is shut, ISO 3166-1 alpha-3. Its own exports are not."""
    commodities: Commodities = (ALL,)
    """Commodities stopped, by catalogue name; every one where not given."""
    duration_days: Amount | None = None
    """Length in days; until ``until``, or for good, where not given."""

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.corridors) == (self.country is not None):
            reject(self.id, "must name either `corridors` or a `country` crossed")
        return self

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change: the closure from its first day to its end."""
        begins, ends, mask = self.span(draws)
        if self.duration_days is not None:
            ends = np.minimum(ends, begins + draws.number(self.duration_days, "duration_days", 0.0))
        yield ClosureChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            corridors=self.corridors,
            country=self.country,
            commodities=self.commodities,
            until=ends,
        )
