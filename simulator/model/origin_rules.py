"""Rules on the origin of what public purchasers buy, such as the defence rule of the United States (DFARS).

The share of a buyer's orders that falls under a rule is not placed with producers of the countries named, nor is
the part of other producers' goods that labels show to contain Chinese material. It is ordered from whoever is
left, within what they have to sell: a rule adds no supply. Under a rule a buyer takes from the producers named no
more than its civil part of its habitual share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import OriginRuleChange
from simulator.domain.places import CHINA, country_of, region_of
from simulator.model.switches import Switch, Switchboard

Floats = NDArray[np.float64]


class OriginRule(Switch):
    """One rule on one commodity."""

    def __init__(
        self, change: OriginRuleChange, share: Floats, producers: tuple[str, ...], buyers: tuple[str, ...]
    ) -> None:
        super().__init__(share.size)
        bound = [change.buyer in (country_of(buyer), region_of(buyer)) for buyer in buyers]
        self.share = share[:, None] * np.array(bound, dtype=float)[None, :]
        """(n, B) share of each buyer's orders under the rule."""
        self.named = np.array([country_of(producer) in change.origins for producer in producers])
        """(P,) producers that may not supply it."""
        self.traces = CHINA in change.origins


class OriginRules(Switchboard[OriginRule]):
    """Every origin rule on one stage's product."""

    def __init__(self, producers: tuple[str, ...], buyers: tuple[str, ...], n: int) -> None:
        super().__init__()
        self.producers = producers
        self.buyers = buyers
        self.barred = np.zeros((n, len(producers), len(buyers)))
        """(n, P, B) share of a buyer's orders that may not go to a producer at all."""
        self.traced = np.zeros((n, len(buyers)))
        """(n, B) share of a buyer's orders that may not contain Chinese material."""

    def register(self, change: OriginRuleChange, share: Floats) -> None:
        """Make a rule known before the clock starts; ``share`` (n,) of the orders falls under it."""
        self.switches[change.event_id] = OriginRule(change, share, self.producers, self.buyers)

    def refresh(self, day: float) -> None:
        """The strictest rule in force counts."""
        self.barred = np.zeros_like(self.barred)
        self.traced = np.zeros_like(self.traced)
        for rule in self.switches.values():
            share = np.where(rule.active[:, None], rule.share, 0.0)
            np.maximum(self.barred, share[:, None, :] * rule.named[None, :, None], out=self.barred)
            if rule.traces:
                np.maximum(self.traced, share, out=self.traced)

    def limits(self, chinese: Floats | None) -> dict[int, tuple[Floats, Floats]]:
        """Producer -> part (n, B) of an ordinary claim it may serve, and weight (n, B) in open-spot trade.

        ``chinese`` (n, P) is the part of each producer's product that carries Chinese material, None where no
        product carries labels yet.
        """
        found = {}
        for p in range(len(self.producers)):
            barred = self.barred[:, p]
            allowed, open_ = 1.0 - barred, np.where(barred > 0.0, 0.0, 1.0)
            if chinese is not None:
                clean = 1.0 - self.traced * chinese[:, p, None]
                allowed, open_ = np.minimum(allowed, clean), np.minimum(open_, clean)
            found[p] = allowed, open_
        return found
