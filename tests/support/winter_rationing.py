"""An instrument of a user's own, as a file of theirs would hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from simulator import EventDraws, Instrument, register_instrument
from simulator.domain.changes import Change, OutageChange
from simulator.instruments.names import CommodityName, Country
from simulator.instruments.quantities import Share


@register_instrument
class WinterRationing(Instrument):
    """Power is rationed in the first quarter of the horizon, and a smelter loses a part of its output."""

    type: Literal["winter_rationing"] = "winter_rationing"
    dated = False
    country: Country
    """Country whose plants lose power, ISO 3166-1 alpha-3."""
    commodity: CommodityName
    """Commodity they make, by catalogue name."""
    lost_share: Share
    """Share of output lost, 0 to 1."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        yield OutageChange(
            event_id=self.id,
            day=np.zeros(draws.n),
            mask=draws.happens(self.probability),
            country=self.country,
            commodity=self.commodity,
            stage=None,
            lost_share=draws.number(self.lost_share, "lost_share", 0.0, 1.0),
            duration_days=np.full(draws.n, 90.0),
        )
