"""Demand that moves to another material."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from simulator.domain.changes import Change, SubstitutionChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import Commodities, Region, expand
from simulator.instruments.quantities import Amount, DateSpec, Share


class Substitution(Instrument):
    """Part of a region's final demand moves to something else, evenly over a phase-in, and back at the end."""

    type: Literal["substitution"] = "substitution"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: other_flame_retardants
          type: substitution
          at: 2026-03-01
          region: USA
          commodities: [antimony]
          share: {uniform: {low: 0.1, high: 0.3}}
          phase_in_days: 365
    """

    at: DateSpec
    """Day on which demand begins to move: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    region: Region
    """Consuming region: USA, CHN, JPN, EUU (European Union), KOR or ROW (everything else)."""
    commodities: Commodities
    """Commodities replaced, by catalogue name; ``ALL`` for every one."""
    share: Share
    """Share of the demand that has moved once phased in, 0 to 1."""
    phase_in_days: Amount = 0.0
    """Days over which it moves, evenly; at once where not given. From ``until`` on all of it is back."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change for each commodity, which carries its own end."""
        begins, ends, mask = self.span(draws)
        share = draws.number(self.share, "share", 0.0, 1.0)
        phase_in = draws.number(self.phase_in_days, "phase_in_days", 0.0)
        for commodity in expand(self.commodities):
            yield SubstitutionChange(
                event_id=self.id,
                day=begins,
                until=ends,
                mask=mask,
                commodity=commodity,
                region=self.region,
                share=share,
                phase_in_days=phase_in,
            )
