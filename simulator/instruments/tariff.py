"""A duty on imports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np

from simulator.domain.changes import Change, DutyChange, in_force
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.defaults import given_or
from simulator.instruments.names import Buyer, Commodities, Names, Targets, expand
from simulator.instruments.quantities import Amount, DateSpec, Share


class Tariff(Instrument):
    """A country or region lays a duty on imports of some commodities from some origins.

    Its buyers move their sourcing to other origins by the trade elasticity, half of the way in the time in which a
    supplier is qualified, and use a little less. The duty follows the country of the last modelled stage bought, not
    the mine, and what comes re-routed under another name does not pay it.
    """

    type: Literal["tariff"] = "tariff"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: magnet_duty
          type: tariff
          at: 2026-01-01
          imposer: USA
          origins: CHN
          commodities: [ree_light]
          stages: [permanent_magnet]
          duty_share: 0.25
    """

    at: DateSpec
    """Day the duty takes effect: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    imposer: Buyer
    """Country or region (``EUU``) whose imports pay, ISO 3166-1 alpha-3."""
    origins: Targets
    """Countries or regions whose goods pay; ``ALL`` for every one but the imposer."""
    commodities: Commodities
    """Commodities covered, by catalogue name; ``ALL`` for every one."""
    stages: Names = ()
    """Stages covered, by the names of the commodity's chain; every stage where not given, and all others are exempt."""
    duty_share: Amount
    """Duty as a share of the value of the goods: 0.25 is 25 %. Duties on the same goods add up."""
    pass_through: Share | None = None
    """Share of the duty that importers bear, 0 to 1, sellers the rest; the catalogue's where not given."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change when the duty begins, one more when it ends."""
        begins, ends, mask = self.span(draws)
        if self.pass_through is None:
            passed = np.full(draws.n, given_or(None, "tariff_pass_through"))
        else:
            passed = draws.number(self.pass_through, "pass_through", 0.0, 1.0)
        duty = DutyChange(
            event_id=self.id,
            day=begins,
            mask=mask,
            active=True,
            imposer=self.imposer,
            origins=self.origins,
            commodities=expand(self.commodities),
            stages=self.stages,
            borne=draws.number(self.duty_share, "duty_share", 0.0) * passed,
        )
        yield from in_force(duty, ends, lasting=self.until is None)
