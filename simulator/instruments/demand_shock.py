"""A change of demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from simulator.domain.changes import Change, DemandChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import Commodities, Region, expand
from simulator.instruments.quantities import Amount, DateSpec


class DemandShock(Instrument):
    """A region's final demand for some commodities is multiplied by a factor for a time."""

    type: Literal["demand_shock"] = "demand_shock"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: ammunition_orders
          type: demand_shock
          at: +6mo
          until: +18mo
          region: USA
          commodities: [antimony]
          factor: 1.3
    """

    at: DateSpec
    """First day of the new demand: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    region: Region
    """Consuming region: USA, CHN, JPN, EUU (European Union), KOR or ROW (everything else)."""
    commodities: Commodities
    """Commodities concerned, by catalogue name; ``ALL`` for every one."""
    factor: Amount
    """Multiplier of final demand, 0 or more; 1 changes nothing."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change, which carries its own end."""
        begins, ends, mask = self.span(draws)
        yield DemandChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            region=self.region,
            commodities=expand(self.commodities),
            factor=draws.number(self.factor, "factor", 0.0),
            until=ends,
        )
