"""A rival sells below cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np

from simulator.domain.changes import Change, DumpingChange, SetbackChange
from simulator.domain.countries import COUNTRIES
from simulator.domain.places import CHINA
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import Commodities, Country, expand
from simulator.instruments.quantities import DateSpec, Share

DEEPEST = 0.95
"""Nobody gives his goods away: a deeper cut counts as this one."""


class Dumping(Instrument):
    """A country offers all it can make below the price that scarcity makes outside China, for a time.

    The price index of the rest of the world follows within weeks. Its plants run at capacity; elsewhere running
    capacity whose cash cost the price does not cover is mothballed, and part of it never returns. Projects
    outside the dumper's country find less money and are given up more often. A price floor protects from
    both. Set off by a rule, it leaves projects alone: what becomes of them is drawn before the clock starts.
    """

    type: Literal["dumping"] = "dumping"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: cheap_antimony
          type: dumping
          at: 2026-03-01
          until: 2027-06-01
          dumper: CHN
          commodities: [antimony]
          depth_share: {triangular: {low: 0.2, mode: 0.35, high: 0.5}}
    """

    at: DateSpec
    """First day of the low prices: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    dumper: Country = CHINA
    """Country that dumps, ISO 3166-1 alpha-3."""
    commodities: Commodities
    """Commodities dumped, by catalogue name; ``ALL`` for every one."""
    depth_share: Share
    """Share by which it undercuts the prevailing price outside China, 0 to 1; more than 0.95 counts as 0.95."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """For each commodity the low prices, and what they do to projects elsewhere."""
        from simulator.catalogue.parameters import parameter

        begins, ends, mask = self.span(draws)
        depth = np.minimum(draws.number(self.depth_share, "depth_share", 0.0, DEEPEST), DEEPEST)
        hurt = np.minimum(depth / parameter("dumping_unfinanceable_depth").value, 1.0)
        elsewhere = tuple(country for country in COUNTRIES if country != self.dumper)
        for commodity in expand(self.commodities):
            yield DumpingChange(
                event_id=self.id,
                day=begins,
                until=ends,
                mask=mask,
                commodity=commodity,
                dumper=self.dumper,
                depth=depth,
            )
            yield SetbackChange(
                event_id=self.id,
                day=begins,
                until=ends,
                mask=mask,
                countries=elsewhere,
                commodities=(commodity,),
                financing_odds_factor=1.0 - hurt,
                hazard_factor=1.0 + (parameter("dumping_hazard_factor").value - 1.0) * hurt,
                price_depth=depth,
            )
