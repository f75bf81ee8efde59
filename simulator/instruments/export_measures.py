"""What bans, licences and quotas on exports have in common once they are compiled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from simulator.domain.changes import Change, ControlChange, Days, Mask, in_force
from simulator.instruments.base import EventDraws
from simulator.instruments.names import expand
from simulator.instruments.quantities import DateSpec


class ExportMeasure(Protocol):
    """An instrument by which a country restricts what it sells to others."""

    id: str
    announced: DateSpec | None
    until: DateSpec | None
    imposer: str
    target: tuple[str, ...]
    commodities: tuple[str, ...]
    stages: tuple[str, ...]

    def span(self, draws: EventDraws) -> tuple[Days, Days, Mask]:
        """Return first day, end day and mask, as every instrument does."""


def control(event: ExportMeasure, draws: EventDraws, **terms: Any) -> Iterator[Change]:
    """Yield one change when the control begins, one more when it ends.

    ``terms`` are the fields of ``ControlChange`` that tell one kind of control from another.
    """
    begins, ends, mask = event.span(draws)
    begun = ControlChange(
        event_id=event.id,
        day=begins,
        mask=mask,
        active=True,
        imposer=event.imposer,
        targets=event.target,
        commodities=expand(event.commodities),
        stages=event.stages,
        announced=None if event.announced is None else draws.day(event.announced, "announced"),
        **terms,
    )
    yield from in_force(begun, ends, lasting=event.until is None)
