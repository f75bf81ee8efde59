"""A quota on exports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal

from simulator.domain.changes import Change
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.export_measures import control
from simulator.instruments.names import Commodities, Country, Names, Targets
from simulator.instruments.quantities import Amount, DateSpec

_FIRST_YEAR = 2000
"""Before any spin-up: years of a calendar quota are counted from here to a year beyond the horizon."""


class ExportQuota(Instrument):
    """A country caps what it sells of each commodity named to all targets together, in tonnes a year.

    The tonnage opens evenly over the year, what is not used is carried to later in that year, and claims beyond
    it are cut in proportion. The cap holds for every stage of a commodity apart; name the stage that is meant.
    """

    type: Literal["export_quota"] = "export_quota"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: tungsten_quota
          type: export_quota
          at: 2027-01-01
          imposer: CHN
          target: ALL
          commodities: [tungsten]
          stages: [apt]
          tonnes_per_year: 10000
    """

    at: DateSpec
    """Day the quota takes effect: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    imposer: Country
    """Country imposing the quota, ISO 3166-1 alpha-3."""
    target: Targets
    """Countries or regions (``EUU``) whose purchases count; ``ALL`` for every one but the imposer."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one. Each has the whole quota."""
    stages: Names = ()
    """Stages covered, by the names of the commodity's chain; every stage, each with its own cap, where not given."""
    tonnes_per_year: Amount
    """Cap on exports to all targets together, t/yr of the commodity's basis."""
    period: Literal["calendar_year", "rolling"] = "calendar_year"
    """What a year is: from 1 January, a first year begun late counting by its days, or any 365 days in a row."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change when the quota begins, one more when it ends."""
        years = range(_FIRST_YEAR, draws.horizon.year + 3) if self.period == "calendar_year" else ()
        yield from control(
            self,
            draws,
            kind="quota",
            quota=draws.number(self.tonnes_per_year, "tonnes_per_year", 0.0),
            year_ends=tuple(float((date(year, 1, 1) - draws.start).days) for year in years),
        )
