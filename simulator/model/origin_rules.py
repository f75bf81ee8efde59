"""Rules on the origin of what public purchasers buy, such as the defence rule of the United States (DFARS).

The share of a buyer's orders that falls under a rule is not placed with producers of the countries named, nor is
the part of other producers' goods that labels show to contain Chinese material. It is ordered from whoever is
left, within what they have to sell: a rule adds no supply. From the producers named a buyer takes no more than the
civil part of its habitual share of what it uses: what the others fail to deliver is not made up there. Orders vary
from review to review, so civil orders not placed are carried, up to the largest order a buyer ever makes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import OriginRuleChange
from simulator.domain.places import CHINA, belongs, country_of
from simulator.model.rows import outer, zeros
from simulator.model.switches import Switch, Switchboard

Floats = NDArray[np.float64]
_TINY = 1e-300


class OriginRule(Switch):
    """One rule on one commodity."""

    def __init__(
        self, change: OriginRuleChange, share: Floats, producers: tuple[str, ...], buyers: tuple[str, ...]
    ) -> None:
        super().__init__(share.size)
        bound = [belongs(buyer, change.buyer) for buyer in buyers]
        self.share = outer(share, np.array(bound, dtype=float))
        """(n, B) share of each buyer's orders under the rule."""
        self.named = np.array([country_of(producer) in change.origins for producer in producers])
        """(P,) producers that may not supply it."""
        self.traces = CHINA in change.origins


class OriginRules(Switchboard[OriginRule]):
    """Every origin rule on one stage's product."""

    def __init__(self, producers: tuple[str, ...], buyers: tuple[str, ...], n: int, carried: float) -> None:
        super().__init__()
        self.producers = producers
        self.buyers = buyers
        self.barred = zeros(n, len(producers), len(buyers))
        """(n, P, B) share of a buyer's orders that may not go to a producer at all."""
        self.traced = zeros(n, len(buyers))
        """(n, B) share of a buyer's orders that may not contain Chinese material."""
        self.civil = np.zeros_like(self.barred)
        """(n, P, B) tonnes of civil orders that may be placed with a producer named now."""
        self.carried = carried
        """Most of them that is carried, in reviews of use."""

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
        self.civil = np.where(self.barred > 0.0, self.civil, 0.0)

    def names(self, producer: int) -> bool:
        """Whether some rule of the scenario excludes a producer altogether."""
        return any(rule.named[producer] for rule in self.switches.values())

    def limit(self, producer: int, claim: Floats, usual: Floats) -> tuple[Floats, Floats]:
        """Part (n, B) of the claims on a producer named that it may serve, and weight (n, B) in open-spot trade.

        ``claim`` (n, B) is what buyers want of it now and ``usual`` (n, B) what they use of it in a review, tonnes.
        """
        barred = self.barred[:, producer]
        civil = np.minimum(self.civil[:, producer] + (1.0 - barred) * usual, self.carried * usual)
        self.civil[:, producer] = np.where(barred > 0.0, civil, 0.0)
        part = np.minimum(1.0, civil / np.maximum(claim, _TINY))
        return np.where(barred > 0.0, part, 1.0), np.where(barred > 0.0, 0.0, 1.0)

    def clean(self, chinese: Floats) -> Floats:
        """(n, B) part of claims that a producer may serve of whose product ``chinese`` (n,) is Chinese material."""
        return np.asarray(1.0 - self.traced * chinese[:, None])

    def use(self, producer: int, shipped: Floats) -> None:
        """Book tonnes (n, B) shipped by a producer named."""
        self.civil[:, producer] = np.maximum(self.civil[:, producer] - shipped, 0.0)
