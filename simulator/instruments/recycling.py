"""New output from scrap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from simulator.domain.changes import Change, RecyclingChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import CommodityName, Country
from simulator.instruments.quantities import Amount, DateSpec


class Recycling(Instrument):
    """Recyclers of a country add output that needs no ore or feed, and so carries no other country's label.

    It wins custom like a new plant, needs qualification like one, and where evidence bounds the scrap of a
    commodity it stays below that bound.
    """

    type: Literal["recycling"] = "recycling"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: antimony_from_batteries
          type: recycling
          at: 2026-01-01
          country: USA
          commodity: antimony
          stage: oxide_trioxide
          output_t_per_year: 3000
          ramp_days: 365
    """

    at: DateSpec
    """Day of the first tonne: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    country: Country
    """Country of the recyclers, ISO 3166-1 alpha-3."""
    commodity: CommodityName
    """Commodity recovered, by catalogue name."""
    stage: str
    """Stage of the commodity's chain whose product they make."""
    output_t_per_year: Amount
    """Output once ramped up, t/yr of the commodity's basis, on top of what is recycled already."""
    ramp_days: Amount = 0.0
    """Days from the first tonne to full output, rising evenly; full output at once where not given."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change, which carries its own end."""
        begins, ends, mask = self.span(draws)
        yield RecyclingChange(
            event_id=self.id,
            day=begins,
            until=ends,
            mask=mask,
            commodity=self.commodity,
            country=self.country,
            stage=self.stage,
            output=draws.number(self.output_t_per_year, "output_t_per_year", 0.0),
            ramp_days=draws.number(self.ramp_days, "ramp_days", 0.0),
        )
