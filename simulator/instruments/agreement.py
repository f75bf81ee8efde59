"""An agreement between governments or firms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simulator.domain.changes import Change, SupportChange
from simulator.domain.places import EU_MEMBERS
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.names import ALL, Commodities, Names, Targets
from simulator.instruments.quantities import DateSpec, FixedShare

Kind = Literal["MOU", "framework", "JV", "offtake", "loan", "equity stake", "price floor"]

MONEY = 2
"""Milestone from which binding money or a contract exists (``Agreement.milestones``)."""


class Agreement(Instrument):
    """A deal that helps projects through their financing gate; a signature alone adds no tonne.

    The odds are those of the agreement's kind in the catalogue's record of deals that reached money.
    A commercial deal that covers every commodity is a programme, not a deal for a project, and counts
    as a framework. Binding money counts as the gate passed, for the projects it names only.
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
    """Multiplies the remaining construction time of supported projects, above 0."""
    focal_offtake_share: FixedShare = 0.0
    """Share of the supported projects' output tied to the focal buyer, 0 to 1."""
    money_usd_m: Annotated[float, Field(ge=0)] | None = None
    """Money named in it, million USD; for the cost of a point of probability, not for the odds."""

    def odds(self) -> float:
        """Probability that a project it supports passes its financing gate."""
        if self.financing_odds is not None:
            return self.financing_odds
        if self.projects and self.milestones >= MONEY:
            return 1.0
        from simulator.catalogue.parameters import financing_odds

        programme = self.kind in ("MOU", "framework") or ALL in self.commodities
        return financing_odds(commercial=not programme).value

    def _countries(self) -> tuple[str, ...]:
        """Return the partners with the European Union as its members."""
        named = {country for partner in self.partners for country in (EU_MEMBERS if partner == "EUU" else (partner,))}
        return tuple(sorted(named))

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change on the day of signature; none where nothing was signed."""
        if self.milestones == 0:
            return
        begins, _, mask = self.span(draws)
        yield SupportChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            countries=self._countries(),
            commodities=self.commodities,
            projects=self.projects,
            financing_odds=self.odds(),
            duration_factor=self.duration_factor,
            focal_offtake=self.focal_offtake_share,
        )
