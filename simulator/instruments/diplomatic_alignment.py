"""A country aligns itself with the focal economy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simulator.domain.changes import AlignmentChange, Change, SupportChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.defaults import given_or
from simulator.instruments.names import ALL, Commodities, Country, expand
from simulator.instruments.quantities import DateSpec


class DiplomaticAlignment(Instrument):
    """A country joins a political undertaking of the focal economy, such as the Abraham Accords.

    From that day to ``until`` its projects reach money more easily and get permits sooner, its owners accept rivals'
    bids less often, and lanes that cross it close less often. It binds no money: a project that no
    lender looks at is not built by it.
    """

    type: Literal["diplomatic_alignment"] = "diplomatic_alignment"
    example: ClassVar[str] = """
        - id: kazakhstan_joins_the_accords
          type: diplomatic_alignment
          at: 2025-11-06
          country: KAZ
          commodities: [gallium]
    """

    at: DateSpec
    """Day on which the country joins: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    country: Country
    """Country that aligns itself, ISO 3166-1 alpha-3."""
    commodities: Commodities = (ALL,)
    """Commodities whose projects are helped, by catalogue name; every one where not given."""
    financing_odds_ratio: Annotated[float, Field(ge=1)] | None = None
    """Multiplies the odds p / (1 - p) of its projects' financing decisions, 1 or more; the catalogue's if not given."""
    duration_factor: Annotated[float, Field(gt=0, le=1)] | None = None
    """Multiplies the time still ahead of its projects, above 0 to 1; the catalogue's where not given."""
    offer_log_odds: Annotated[float, Field(le=0)] | None = None
    """Added to the log-odds that its owners accept a ``counter_offer``, 0 or less; the catalogue's where not given."""
    closure_factor: Annotated[float, Field(gt=0, le=1)] | None = None
    """Multiplies how often ways to the focal buyer from or across it close by chance, above 0 to 1; the catalogue's
    where not given. It holds for every commodity on these ways."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change for its projects, and one for bids and lanes; both hold until ``until``."""
        begins, ends, mask = self.span(draws)
        yield SupportChange(
            event_id=self.id,
            day=begins,
            until=ends,
            mask=mask,
            countries=(self.country,),
            commodities=expand(self.commodities),
            financing_odds=0.0,
            odds_ratio=given_or(self.financing_odds_ratio, "alignment_financing_odds_ratio"),
            duration_factor=given_or(self.duration_factor, "alignment_duration_factor"),
        )
        yield AlignmentChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            country=self.country,
            until=ends,
            offer_log_odds=given_or(self.offer_log_odds, "alignment_offer_log_odds"),
            closure_factor=given_or(self.closure_factor, "alignment_closure_factor"),
        )
