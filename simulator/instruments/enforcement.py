"""Action against re-routing through third countries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simulator.domain.changes import Change, EnforcementChange, in_force
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import Commodities, Targets, expand
from simulator.instruments.quantities import Amount, DateSpec, Share


class Enforcement(Instrument):
    """Somebody acts against goods that reach a banned buyer through some third countries.

    Part of the tonnes that go through them is stopped, re-routing there starts later, and it pays only from a higher
    premium. What is stopped stays with its producer. ``intermediaries.csv`` lists the countries of each commodity.
    """

    type: Literal["enforcement"] = "enforcement"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: antimony_ban
          type: export_ban
          at: 2025-12-01
          imposer: CHN
          target: USA
          commodities: [antimony]
        - id: thai_audits
          type: enforcement
          at: +6mo
          intermediaries: [THA, MEX]
          commodities: [antimony]
          stopped_share: 0.7
          lag_multiplier: 1.5
    """

    at: DateSpec
    """First day of the action: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    intermediaries: Targets = ("ALL",)
    """Third countries acted against, ISO 3166-1 alpha-3; every one where not given."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    stopped_share: Share
    """Share of the tonnes re-routed through them that is stopped, 0 to 1."""
    lag_multiplier: Annotated[float, Field(ge=1)] = 1.0
    """Multiplies the time from a control to the first lots re-routed through them, 1 or more."""
    added_premium: Amount = 0.0
    """Cost of hiding, added to the premium from which re-routing pays, as a share of the Chinese price."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change when the action begins, one more when it ends."""
        begins, ends, mask = self.span(draws)
        action = EnforcementChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            active=True,
            commodities=expand(self.commodities),
            intermediaries=self.intermediaries,
            stopped=draws.number(self.stopped_share, "stopped_share", 0.0, 1.0),
            lag_multiplier=self.lag_multiplier,
            added_premium=draws.number(self.added_premium, "added_premium", 0.0),
        )
        yield from in_force(action, ends, lasting=self.until is None)
