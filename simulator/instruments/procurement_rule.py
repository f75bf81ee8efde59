"""A rule on the origin of what the defence sector buys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import Change, OriginRuleChange, in_force
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import Buyer, Commodities, Countries, Names, expand
from simulator.instruments.quantities import DateSpec, Share


class ProcurementRule(Instrument):
    """A buyer's defence sector no longer takes material of some countries (DFARS 252.225-7052, from 2027-01-01).

    The defence share of its orders is not placed with producers of those countries nor, where China is one of them,
    on the part of other producers' goods that contains Chinese material. It goes to others within what they have
    to sell; the rule adds no supply, and what nobody can serve stays unmet. Civil users do not swap suppliers with
    the defence sector.
    """

    type: Literal["procurement_rule"] = "procurement_rule"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: dfars
          type: procurement_rule
          at: 2027-01-01
          buyer: USA
          commodities: [tungsten, tantalum, ree_light]
    """

    at: DateSpec
    """First day of the rule: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    buyer: Buyer
    """Country or region whose defence sector buys under the rule; its processors order for it too."""
    origins: Countries = ("CHN", "RUS", "PRK", "IRN")
    """Countries whose material is excluded, ISO 3166-1 alpha-3; those of 10 USC 4872 where not given."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    stages: Names = ()
    """Stages at whose market the rule holds, by the names of the commodity's chain; every stage where not given."""
    defence_share: Share | None = None
    """Share of the buyer's orders that falls under the rule, 0 to 1; drawn from the catalogue's range by commodity
    where not given."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change when the rule begins, one more when it ends."""
        begins, ends, mask = self.span(draws)
        rule = OriginRuleChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            active=True,
            commodities=expand(self.commodities),
            stages=self.stages,
            buyer=self.buyer,
            origins=self.origins,
            shares=tuple(self._share(draws, commodity) for commodity in expand(self.commodities)),
        )
        yield from in_force(rule, ends, lasting=self.until is None)

    def _share(self, draws: EventDraws, commodity: str) -> NDArray[np.float64]:
        if self.defence_share is not None:
            return draws.number(self.defence_share, "defence_share", 0.0, 1.0)
        from simulator.catalogue.defence import defence_share
        from simulator.domain.sampling import three_point

        fact = defence_share(commodity)
        low, high = (fact.value if end is None else end for end in (fact.low, fact.high))
        return three_point(draws.uniform("defence_share"), low, fact.value, high, 0.0, 1.0)
