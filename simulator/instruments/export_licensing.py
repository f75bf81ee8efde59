"""A licence regime for exports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simulator.domain.changes import Change
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.export_measures import control
from simulator.instruments.names import Commodities, Country, Names, Targets
from simulator.instruments.quantities import DateSpec, FixedShare


class ExportLicensing(Instrument):
    """A country sells some commodities only under licence: shipments wait in a queue, and some are refused."""

    type: Literal["export_licensing"] = "export_licensing"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: antimony_licences
          type: export_licensing
          at: +3mo
          imposer: CHN
          target: ALL
          commodities: [antimony]
    """

    at: DateSpec
    """Day the regime takes effect: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    imposer: Country
    """Country imposing the regime, ISO 3166-1 alpha-3."""
    target: Targets
    """Countries or regions (``EUU``) that need a licence; ``ALL`` for every one but the imposer."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    stages: Names = ()
    """Stages covered, by the names of the commodity's chain; every stage where not given."""
    covered_share: FixedShare = 1.0
    """Share of the flow that needs a licence, 0 to 1."""
    approval_multiplier: Annotated[float, Field(ge=0)] = 1.0
    """Multiplies the share of applications approved, 0 or more; below 1 for a destination singled out."""
    established: bool = False
    """The regime is older than the model's first day: its queue starts in steady state."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change when the regime begins, one more when it ends."""
        yield from control(
            self,
            draws,
            kind="licence",
            covered_share=self.covered_share,
            approval_multiplier=self.approval_multiplier,
            established=self.established,
        )
