"""A guaranteed price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from simulator.domain.changes import Change, FloorChange, SupportChange
from simulator.domain.places import CHINA, EU_MEMBERS
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.fields import reject
from simulator.instruments.names import Commodities, Targets, expand
from simulator.instruments.quantities import Amount, DateSpec, FixedShare

OPENS_GATES = 1.0
"""Floor over the base-year price from which it counts as a deal for lenders; below, it only insures."""


class PriceFloor(Instrument):
    """Producers and projects of some countries are guaranteed a price; buyers pay the market's.

    Running producers answer the larger of price and floor, so they neither cut output nor close when a rival
    dumps. Projects pass their financing gate with the odds of a commercial deal, from a floor at the base-year
    price on, and a rival's low prices discourage them as far only as the floor leaves them open. Set off
    by a rule, it concerns running producers alone: what becomes of projects is drawn before the clock starts.
    """

    type: Literal["price_floor"] = "price_floor"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: antimony_floor
          type: price_floor
          at: 2026-01-01
          until: 2029-01-01
          countries: [TJK, THA, USA, AUS]
          commodities: [antimony]
          floor_multiple: 2.0
    """

    at: DateSpec
    """First day of the guarantee: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    countries: Targets
    """Countries of the producers and projects protected; ``EUU`` for the European Union, ``ALL`` for all but China."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    floor_usd_per_kg: Amount | None = None
    """Guaranteed price, USD per kg of the commodity's basis; give this or ``floor_multiple``."""
    floor_multiple: Amount | None = None
    """Guaranteed price over the catalogue's base-year price (2024), 0 or more."""
    financing_odds: FixedShare | None = None
    """Probability that a protected project passes its financing gate, 0 to 1; from the record where not given."""

    @model_validator(mode="after")
    def _one_floor(self) -> PriceFloor:
        if (self.floor_usd_per_kg is None) == (self.floor_multiple is None):
            reject(self.id, "needs floor_usd_per_kg or floor_multiple, and not both")
        if CHINA in self.countries:
            reject(CHINA, "is not protected by a floor; name other countries, or ALL for all but China")
        return self

    def _multiple(self, draws: EventDraws, commodity: str) -> NDArray[np.float64]:
        """(n,) floor over the base-year price."""
        from simulator.catalogue.base_price import base_price

        if self.floor_usd_per_kg is not None:
            return draws.number(self.floor_usd_per_kg, "floor_usd_per_kg", 0.0) / base_price(commodity).value
        assert self.floor_multiple is not None
        return draws.number(self.floor_multiple, "floor_multiple", 0.0)

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """For each commodity a floor, which carries its end, and the support of projects by the deal."""
        from simulator.catalogue.parameters import financing_odds

        begins, ends, mask = self.span(draws)
        countries = tuple(c for named in self.countries for c in (sorted(EU_MEMBERS) if named == "EUU" else (named,)))
        odds = financing_odds(commercial=True).value if self.financing_odds is None else self.financing_odds
        for commodity in expand(self.commodities):
            multiple = self._multiple(draws, commodity)
            yield FloorChange(
                event_id=self.id,
                day=begins,
                until=ends,
                mask=mask,
                commodity=commodity,
                countries=countries,
                multiple=multiple,
            )
            yield SupportChange(
                event_id=self.id,
                day=begins,
                until=ends,
                mask=mask & (multiple >= OPENS_GATES),
                countries=countries,
                commodities=(commodity,),
                financing_odds=odds,
            )
