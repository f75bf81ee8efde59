"""A rival bids for output that others count on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from simulator.domain.changes import Change, OfftakeChange
from simulator.domain.places import C5
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.defaults import given_or
from simulator.instruments.names import Commodities, Country, Names, Targets, expand
from simulator.instruments.quantities import Amount, DateSpec, Share


class CounterOffer(Instrument):
    """A rival offers producers and projects of some countries a premium for their output.

    Each owner accepts or not, once, by one draw per project or running producer (of one country and stage).
    Owners' reservation premia are log-logistic: the odds of acceptance, p / (1 - p), are

        (premium / premium_even_odds) ^ steepness x exp(per_owned_share x share the bidder owns already)

    and lower in a country with a ``diplomatic_alignment`` in force. What is accepted is tied to the bidder
    from ``at`` to ``until``, behind owners and every earlier tie: an agreement signed before the bid keeps its share.
    """

    type: Literal["counter_offer"] = "counter_offer"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: china_outbids
          type: counter_offer
          at: +3mo
          bidder: CHN
          countries: [TJK]
          commodities: [antimony]
          premium: 0.3
    """

    at: DateSpec
    """Day of the bid and first day of the tie: a date, ``+18mo`` or ``+90d``, or a distribution of days."""
    bidder: Country
    """Country that bids, such as CHN or RUS, ISO 3166-1 alpha-3."""
    countries: Targets = C5
    """Countries whose output is bid for, ISO 3166-1 alpha-3; the five Central Asian states where not given."""
    commodities: Commodities
    """Commodities bid for, by catalogue name; ``ALL`` for every one."""
    stages: Names = ()
    """Stages covered, by the names of the commodity's chain; every stage where not given."""
    projects: Names = ()
    """Catalogue projects bid for, by id; all output of the countries where not given."""
    share: Share = 1.0
    """Share of the output bid for, 0 to 1; the bidder gets at most what is not tied when it bids."""
    premium: Amount
    """Premium over what other buyers pay, as a share of the price: 0.3 is 30 %."""
    premium_even_odds: Annotated[float, Field(gt=0)] | None = None
    """Premium that half of the owners without ties to the bidder accept; the catalogue's where not given."""
    steepness: Annotated[float, Field(gt=0)] | None = None
    """Log-odds of acceptance per unit of the premium's logarithm, above 0; the catalogue's where not given."""
    per_owned_share: Annotated[float, Field(ge=0)] | None = None
    """Log-odds of acceptance per share of the output the bidder owns, 0 or more; the catalogue's where not given."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One tie from ``at`` to ``until``, with the log-odds that an owner accepts it."""
        begins, ends, mask = self.span(draws)
        even = given_or(self.premium_even_odds, "offer_premium_even_odds")
        steepness = given_or(self.steepness, "offer_log_odds_per_log_premium")
        premium = draws.number(self.premium, "premium", 0.0)
        # A bid without a premium is no bid: its odds are nil.
        with np.errstate(divide="ignore"):
            log_odds = steepness * np.log(premium / even)
        yield OfftakeChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            countries=self.countries,
            commodities=expand(self.commodities),
            stages=self.stages,
            projects=self.projects,
            buyer=self.bidder,
            share=draws.number(self.share, "share", 0.0, 1.0),
            until=ends,
            log_odds=log_odds,
            log_odds_per_owned=given_or(self.per_owned_share, "offer_log_odds_per_owned_share"),
        )
