"""An agreement between governments or firms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from simulator.domain.changes import Change, OfftakeChange, SupportChange, covered
from simulator.domain.places import EU_MEMBERS
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.dates import Offset
from simulator.instruments.fields import reject
from simulator.instruments.names import ALL, Buyer, Commodities, Names, Targets
from simulator.instruments.quantities import DateSpec, FixedShare

Kind = Literal["MOU", "framework", "JV", "offtake", "loan", "equity stake", "price floor"]

MONEY = 2
"""Milestone from which binding money or a contract exists (``Agreement.milestones``)."""


class Agreement(Instrument):
    """A deal that helps projects through their financing gate; a signature alone adds no tonne.

    The odds are those of the agreement's kind in the catalogue's record of deals that reached money.
    A commercial deal that covers every commodity is a programme, not a deal for a project, and counts
    as a framework. For the projects a commercial deal names, what it promises counts: a deal that names no
    money has lower odds, an offtake or a price floor raises them, and with a floor lenders decide sooner. A
    binding contract passes the gate of the projects it names; with money bound no loan is waited for.
    Promised tonnes move nothing: in the record they do not tell deals that reached money from others. From
    ``until`` on it helps nobody who only then asks for money, speeds nothing up and ties no output.
    """

    type: Literal["agreement"] = "agreement"
    example: ClassVar[str] = """
        - id: tajik_antimony_offtake
          type: agreement
          at: +3mo
          kind: offtake
          partners: [TJK]
          commodities: [antimony]
          projects: [TJK_SB_KONCHOCH_METAL]
          milestones: 2
          focal_offtake_share: 0.5
    """

    at: DateSpec
    """Day of signature: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    kind: Kind = "MOU"
    """What was signed: MOU, framework, JV, offtake, loan, equity stake or price floor."""
    partners: Targets
    """Countries whose projects it supports, ISO 3166-1 alpha-3; ``EUU`` for the European Union, or ``ALL``."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    projects: Names = ()
    """Catalogue projects supported, by id; all of the partners and commodities where not given."""
    milestones: Annotated[int, Field(ge=0, le=3)] = 1
    """How far it got: 0 nothing signed, 1 signed, 2 binding contract or money, 3 product flowing."""
    financing_odds: FixedShare | None = None
    """Probability that a supported project passes its financing gate, 0 to 1; from the record where not given."""
    duration_factor: Annotated[float, Field(gt=0)] = 1.0
    """Multiplies the time still ahead of supported projects, as far as it falls before ``until``, above 0."""
    focal_offtake_share: FixedShare = 0.0
    """Share of the supported projects' output tied to the focal buyer, 0 to 1."""
    offtaker: Buyer | None = None
    """Country or region (``EUU``) other than the focal one that buys ``offtake_share``, ISO 3166-1 alpha-3."""
    offtake_share: FixedShare = 0.0
    """Share of the named projects' output tied to ``offtaker``, 0 to 1; what an earlier tie holds is not for sale."""
    money_usd_m: Annotated[float, Field(ge=0)] | None = None
    """Money named in it, million USD. Its size moves nothing; whether a commercial deal names any moves the odds."""
    tonnes_per_year: Annotated[float, Field(ge=0)] | None = None
    """Output promised, t/yr; reported beside what is delivered, moves nothing."""

    @model_validator(mode="after")
    def _complete(self) -> Agreement:
        if (self.offtaker is None) != (self.offtake_share == 0.0):
            reject(self.id, "gives one of `offtaker` and `offtake_share` without the other")
        if self.offtaker is not None and not self.projects:
            reject(self.id, "ties output to a buyer and names no projects; for running producers use `offtake_shift`")
        return self

    def odds(self) -> float:
        """Probability that a project it supports passes its financing gate."""
        if self.financing_odds is not None:
            return self.financing_odds
        if self.projects and self.milestones >= MONEY:
            return 1.0
        from simulator.catalogue.parameters import financing_odds, parameter

        record = financing_odds(commercial=not self._programme).value
        if self._programme or not self.projects:
            return record
        if self.money_usd_m is None:
            record = parameter("financing_odds_commercial_without_money").value
        odds = record / (1.0 - record)
        if self.kind == "offtake" or self.offtake_share > 0 or self.focal_offtake_share > 0:
            odds *= parameter("offtake_financing_odds_ratio").value
        if self.kind == "price floor":
            odds *= parameter("floor_financing_odds_ratio").value
        return odds / (1.0 + odds)

    @property
    def _programme(self) -> bool:
        return self.kind in ("MOU", "framework") or ALL in self.commodities

    def _wait(self) -> float:
        """Multiplier of the time lenders take to decide on supported projects."""
        if self.kind != "price floor" or not self.projects:
            return 1.0
        from simulator.catalogue.parameters import parameter

        return parameter("floor_financing_time_factor").value

    def first_day(self, start: date) -> float:
        """Day of signature, days from the scenario's ``start``; the earliest possible one where it is drawn."""
        when = self.at.after(start) if isinstance(self.at, Offset) else self.at
        return float((when - start).days) if isinstance(when, date) else float(when.range()[0])

    def supports(self, project: str, country: str, commodity: str) -> bool:
        """Whether a project of the catalogue is one of those it helps."""
        if self.milestones == 0:
            return False
        if self.projects:
            return project in self.projects
        return covered(country, self._countries()) and covered(commodity, self.commodities)

    def _countries(self) -> tuple[str, ...]:
        """Return the partners with the European Union as its members."""
        named = {country for partner in self.partners for country in (EU_MEMBERS if partner == "EUU" else (partner,))}
        return tuple(sorted(named))

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """On the day of signature one change for the gates, and one for a tie; none where nothing was signed."""
        if self.milestones == 0:
            return
        begins, ends, mask = self.span(draws)
        yield SupportChange(
            event_id=self.id,
            day=begins,
            until=ends,
            mask=mask,
            countries=self._countries(),
            commodities=self.commodities,
            projects=self.projects,
            financing_odds=self.odds(),
            duration_factor=self.duration_factor,
            focal_offtake=self.focal_offtake_share,
            wait_factor=self._wait(),
            financed=bool(self.projects) and self.milestones >= MONEY and bool(self.money_usd_m),
        )
        if self.offtaker is not None:
            yield OfftakeChange(
                event_id=self.id,
                day=begins,
                mask=mask,
                countries=self._countries(),
                commodities=self.commodities,
                projects=self.projects,
                buyer=self.offtaker,
                share=np.full(draws.n, self.offtake_share),
                until=ends,
            )
