"""A ban on exports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from simulator.domain.changes import Change
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.export_measures import control
from simulator.instruments.names import Commodities, Country, Names, Targets
from simulator.instruments.quantities import DateSpec, FixedShare, Share


class ExportBan(Instrument):
    """A country stops, or all but stops, selling some commodities to others."""

    type: Literal["export_ban"] = "export_ban"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: antimony_ban
          type: export_ban
          at: 2027-01-15
          imposer: CHN
          target: USA
          commodities: [antimony]
    """

    at: DateSpec
    """Day the ban takes effect: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    imposer: Country
    """Country imposing the ban, ISO 3166-1 alpha-3."""
    target: Targets
    """Countries or regions (``EUU``) that may no longer be sold to; ``ALL`` for every one but the imposer."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    stages: Names = ()
    """Stages covered, by the names of the commodity's chain; every stage where not given."""
    covered_share: FixedShare = 1.0
    """Share of the flow that falls under the ban, 0 to 1."""
    leakage: Share = 0.0
    """Share of the covered flow that still passes under licence or exception, 0 to 1."""
    extraterritorial_share: FixedShare = 0.0
    """Share of goods made abroad from the imposer's material that may not be sold to the targets either, 0 to 1."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change when the ban begins, one more when it ends."""
        yield from control(
            self,
            draws,
            kind="ban",
            covered_share=self.covered_share,
            leakage=draws.number(self.leakage, "leakage", 0.0, 1.0),
            extraterritorial_share=self.extraterritorial_share,
        )
