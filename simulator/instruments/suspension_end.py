"""The end of a suspension before its time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from simulator.domain.changes import Change, SuspensionEndChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.fields import reject
from simulator.instruments.names import Names
from simulator.instruments.quantities import DateSpec


def _without(value: DateSpec | None) -> DateSpec | None:
    if value is not None:
        reject(str(value), "is not accepted; a suspension that has been ended stays so, and a new one is a new event")
    return value


class SuspensionEnd(Instrument):
    """Suspensions are revoked: the controls that they lifted return at once, renewed or not."""

    type: Literal["suspension_end"] = "suspension_end"
    fireable: ClassVar[bool] = True
    lasts: ClassVar[bool] = False
    example: ClassVar[str] = """
        - id: antimony_ban
          type: export_ban
          at: 2025-12-01
          imposer: CHN
          target: USA
          commodities: [antimony]
        - id: truce
          type: suspension
          at: 2026-02-01
          suspends: [antimony_ban]
        - id: truce_revoked
          type: suspension_end
          at: 2026-09-01
          ends: [truce]
          probability: 0.2
    """

    at: DateSpec
    """Day the controls return: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    until: Annotated[DateSpec | None, AfterValidator(_without)] = None
    """Not given: the end of a suspension is for good."""
    ends: Annotated[Names, Field(min_length=1)]
    """Suspensions that end, by id; one that has not begun by then begins as if nothing had happened."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change on the day."""
        begins, _, mask = self.span(draws)
        yield SuspensionEndChange(event_id=self.id, day=begins, mask=mask, ends=self.ends)
