"""Output that goes to another buyer from a day on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import model_validator

from simulator.domain.changes import Change, OfftakeChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.fields import reject
from simulator.instruments.names import Buyer, Commodities, Country, Names, expand
from simulator.instruments.quantities import DateSpec, Share


class OfftakeShift(Instrument):
    """A share of a country's or a project's output is tied to one buyer from a day on.

    The tie takes what neither owners nor earlier ties hold: of running producers their custom apart from
    home processors and owned offtake, of projects the part free to compete. It moves custom, it makes no
    tonne. A buyer that a stage's market does not know by name buys as part of its region, and a stage
    without that region is left alone.
    """

    type: Literal["offtake_shift"] = "offtake_shift"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: tajik_antimony_to_china
          type: offtake_shift
          at: +6mo
          country: TJK
          commodities: [antimony]
          buyer: CHN
          share: 0.5
    """

    at: DateSpec
    """First day of the tie: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    country: Country | None = None
    """Country whose output is tied, running producers and projects, ISO 3166-1 alpha-3; or give ``projects``."""
    projects: Names = ()
    """Catalogue projects whose output is tied, by id; or give ``country``."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    stages: Names = ()
    """Stages covered, by the names of the commodity's chain; every stage where not given."""
    buyer: Buyer
    """Country or region (``EUU``) the output goes to, ISO 3166-1 alpha-3."""
    share: Share
    """Share of the output tied, 0 to 1."""

    @model_validator(mode="after")
    def _complete(self) -> OfftakeShift:
        if (self.country is None) == (not self.projects):
            reject(self.id, "needs either `country` or `projects`")
        if self.country is not None and self.country == self.buyer:
            reject(self.buyer, "cannot be country and buyer at once")
        return self

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One tie from ``at`` to ``until``."""
        begins, ends, mask = self.span(draws)
        yield OfftakeChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            countries=() if self.country is None else (self.country,),
            commodities=expand(self.commodities),
            stages=self.stages,
            projects=self.projects,
            buyer=self.buyer,
            share=draws.number(self.share, "share", 0.0, 1.0),
            until=ends,
        )
