"""A loss of capacity for some time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np

from simulator.domain.changes import Change, OutageChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import Commodities, Country, Names, expand
from simulator.instruments.quantities import Amount, DateSpec, Share


class Outage(Instrument):
    """A country's producers of some commodities lose part of their capacity for a time."""

    type: Literal["outage"] = "outage"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: tajik_mine_flooded
          type: outage
          at: +12mo
          country: TJK
          commodities: [antimony]
          lost_share: 0.5
          duration_days: 120
    """

    at: DateSpec
    """First day of the outage: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    country: Country
    """Country of the producers, ISO 3166-1 alpha-3."""
    commodities: Commodities
    """Commodities hit, by catalogue name; ``ALL`` for every one."""
    stages: Names = ()
    """Stages hit, by the names of the commodity's chain; every stage where not given."""
    lost_share: Share = 1.0
    """Share of the capacity that is lost, 0 to 1."""
    duration_days: Amount | None = None
    """Length in days; until ``until``, or for good, where not given."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change for each commodity and stage."""
        begins, ends, mask = self.span(draws)
        lost = draws.number(self.lost_share, "lost_share", 0.0, 1.0)
        with np.errstate(invalid="ignore"):
            length = np.where(np.isfinite(begins), ends - begins, 0.0)
        if self.duration_days is not None:
            length = np.minimum(length, draws.number(self.duration_days, "duration_days", 0.0))
        for commodity in expand(self.commodities):
            for stage in self.stages or (None,):
                yield OutageChange(
                    event_id=self.id,
                    day=begins,
                    mask=mask,
                    country=self.country,
                    commodity=commodity,
                    stage=stage,
                    lost_share=lost,
                    duration_days=length,
                )
