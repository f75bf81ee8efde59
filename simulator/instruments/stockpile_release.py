"""Releases from the government stockpile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import model_validator

from simulator.domain.changes import Change, ReleaseChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.fields import reject
from simulator.instruments.names import Commodities, expand
from simulator.instruments.quantities import Amount, DateSpec, Share


class StockpileRelease(Instrument):
    """The focal government hands stockpiled material to industry, never more than it holds.

    Besides the releases the model makes by itself while demand goes unmet.
    """

    type: Literal["stockpile_release"] = "stockpile_release"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: tungsten_release
          type: stockpile_release
          at: 2026-06-01
          until: 2026-12-01
          commodities: [tungsten]
          holding_share: 0.8
    """

    at: DateSpec
    """First day of the release: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    commodities: Commodities
    """Commodities released, by catalogue name; ``ALL`` for every one."""
    tonnes_per_year: Amount | None = None
    """Tonnes a year of each commodity's basis; give this or ``holding_share``."""
    holding_share: Share | None = None
    """Share of what it holds on the first day, 0 to 1, spread evenly until ``until``."""

    @model_validator(mode="after")
    def _one_amount(self) -> StockpileRelease:
        if (self.tonnes_per_year is None) == (self.holding_share is None):
            reject(self.id, "needs tonnes_per_year or holding_share, and not both")
        if self.holding_share is not None and self.until is None:
            reject(self.id, "needs an `until` over which to spread holding_share")
        return self

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change for each commodity, which carries its own end."""
        begins, ends, mask = self.span(draws)
        if self.holding_share is not None:
            amount = draws.number(self.holding_share, "holding_share", 0.0, 1.0)
        else:
            assert self.tonnes_per_year is not None
            amount = draws.number(self.tonnes_per_year, "tonnes_per_year", 0.0)
        for commodity in expand(self.commodities):
            yield ReleaseChange(
                event_id=self.id,
                day=begins,
                until=ends,
                mask=mask,
                commodity=commodity,
                amount=amount,
                unit="t_per_year" if self.holding_share is None else "share",
            )
