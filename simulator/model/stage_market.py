"""One stage's market: producers, buyers, habits, policies and projects, as arrays for a block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.domain.chain import Stage
from simulator.domain.changes import OutageChange
from simulator.domain.places import CHINA, region_of
from simulator.model.deprivation import Deprivation
from simulator.model.duties import Duties
from simulator.model.focal import FocalBuyer
from simulator.model.market import Firm, over_producers
from simulator.model.new_capacity import NewCapacity
from simulator.model.offtake import ProducerTies
from simulator.model.origin_rules import OriginRules
from simulator.model.outages import Outages
from simulator.model.policy import ControlDesk
from simulator.model.qualification import Qualification
from simulator.model.rows import alike, either, weighted, zeros
from simulator.model.state import StageState
from simulator.model.world_balance import WorldBalance

if TYPE_CHECKING:
    from simulator.model.meters import StageMeter

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.25
_TINY = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Denial:
    """What a focal buyer misses of what is denied to the buyers of a stage."""

    focal: FocalBuyer
    reach: Floats
    """(B,) part of a tonne sold to each buyer that reaches it."""
    services: NDArray[np.int64]
    """(n,) services from departure until it would have landed at the focal buyer, in usual transit and through usual
    stocks; what the buyer is denied itself would have come with its lots."""


class Market:
    """Everything one stage needs at a review beyond its stocks; read-only but for ``gates`` and ``projects``."""

    def __init__(self, stage: Stage, state: StageState, level: Floats, contract: Floats) -> None:
        n = level.shape[0]
        self.stage = stage
        self.state = state
        self.in_china = np.array([c == CHINA for c in stage.producers])
        self.primary = (stage.output - stage.secondary) / DAYS_PER_YEAR
        """(P,) base-year output from feed or ore, t/day."""
        # What is uncertain is how much idle capacity there is outside China: base-year output is balanced.
        spread = either(self.in_china, 1.0, level)
        self.primary_ceiling = np.maximum(
            (stage.capacity - stage.secondary)[None, :] * spread / DAYS_PER_YEAR, self.primary
        )
        """(n, P) capacity for it, t/day."""
        self.secondary = stage.secondary / DAYS_PER_YEAR
        self.recycles = bool(stage.secondary.any())
        """Whether anything is made from scrap in the base year."""
        flows = stage.flows
        self.flows = flows / DAYS_PER_YEAR
        # Summed as ``trade`` sums them with new output added: the same shares to the last bit.
        self.share = self.flows / np.maximum(over_producers(self.flows[:, :, None])[:, 0], _TINY)[None, :]
        tied = np.where(
            flows > 0, np.minimum(1.0, stage.committed * stage.output[:, None] / np.maximum(flows, _TINY)), 0.0
        )
        self.firm = Firm(tied, contract)
        self.foreign = np.array([[float(region_of(b) != region_of(c)) for b in stage.buyers] for c in stage.producers])
        """(P, B) 1 where the buyer is in another region than the producer."""
        self.chinese = np.flatnonzero(self.in_china).tolist()
        """Places of the Chinese producers."""
        buyer_in_china = np.array([region_of(b) == CHINA for b in stage.buyers])
        self.chinese_buyers = np.flatnonzero(buyer_in_china).tolist()
        """Places of the buyers in China."""
        self._sides = np.array([~buyer_in_china, buyer_in_china], dtype=float)
        """(2, B) 1 for the buyers outside China, and for those in it."""
        self.projects: list[NewCapacity] = []
        self.ties: list[ProducerTies] = []
        """Running producers whose output is tied to a buyer from some day on."""
        self.desks: dict[int, ControlDesk] = {}
        self.duties: list[Duties] = []
        self.origin_rules: OriginRules | None = None
        self.via: Floats | None = None
        """(n, I) cumulative tonnes sent to the focal buyer through each intermediary; None where nobody asks."""
        self.via_now = zeros(n, 0)
        """(n, I) the same at the last review at which there were any."""
        self.focal: FocalBuyer | None = None
        self.qualification: Qualification | None = None
        """Which part of the focal buyer's firms accepts new suppliers; None without a focal buyer."""
        self.meters: list[StageMeter] = []
        """What a case asked to have written down of the trade here."""
        self.deprivation = Deprivation(n, len(stage.buyers))
        self.world: WorldBalance
        self.outages: Outages
        self.denials: list[Denial] = []
        """Focal buyers here and downstream that miss what is denied here."""
        self.lost = zeros(n, len(stage.producers))
        """(n, P) share of capacity lost to scenario outages in the present interval."""
        self.scenario_outages: list[tuple[int, OutageChange]] = []
        self.reserve = zeros(n, len(stage.producers))
        """(n, P) working stock that is not for sale, tonnes."""
        self.feed_rate = zeros(n, len(stage.producers))
        """(n, P) feed each producer would use, t/day (``join``)."""
        self.region_rate = self.flows[:, : state.regions].sum(axis=0)
        """(R,) base-year final demand, t/day."""
        self.use_rate = alike(n, self.flows.sum(axis=0))
        """(n, B) what each buyer uses, t/day."""
        self.cover = np.zeros_like(self.use_rate)
        """(n, B) days of use that buyers mean to hold."""
        self.lead_days = np.zeros_like(self.use_rate)
        """(n, B) days from an order to the landing of the next one after it."""
        self.lots = zeros(n, len(stage.producers) + 1)

    def demand_rate(self) -> Floats:
        """(n, B) what each buyer uses and, for the focal one, what its government buys for its stockpile, t/day."""
        if self.focal is None or not self.focal.purchases:
            return self.use_rate
        demand = self.use_rate.copy(order="K")
        demand[:, self.state.focal] += self.focal.public_rate
        return demand

    def followed(self) -> slice:
        """Buyers whose purchases from each producer are asked for: plants, and regions that ways or meters follow."""
        ways = self.state.own_ways
        every = self.meters or (ways is not None and ways.labelled)
        return slice(0 if every else self.state.regions, None)

    def by_side(self, tonnes: Floats) -> Floats:
        """(2, n) sums of (n, B) over the buyers outside China, and over those in it."""
        return weighted(tonnes, self._sides)

    def usual_lags(self) -> Floats:
        """(B,) reviews that a buyer's goods are under way in the base year."""
        lags = self.state.lags.astype(float)
        ways = self.state.own_ways
        if ways is None:
            return lags
        # Pair by pair: several pairs may share a buyer.
        for k, b in enumerate(ways.buyers):
            lags[b] += self.share[ways.producers[k], b] * (ways.usual[k] - self.state.lags[b])
        return lags

    def add_outage(self, change: OutageChange) -> None:
        """Hang a scenario outage on its producer, if it produces here."""
        if change.country in self.stage.producers:
            self.scenario_outages.append((self.stage.producers.index(change.country), change))

    def lose(self, day: float, step: int) -> None:
        """Set ``lost`` for the interval of ``step`` days that ends on ``day``."""
        self.lost.fill(0.0)
        for producer, change in self.scenario_outages:
            begin = np.where(change.mask, change.day, np.inf)
            end = begin + change.duration_days
            overlap = np.clip(np.minimum(end, day) - np.maximum(begin, day - step), 0.0, step) / step
            self.lost[:, producer] = np.maximum(self.lost[:, producer], change.lost_share * overlap)


def join(markets: Sequence[Market]) -> None:
    """Keep feed and its rate of use at each stage among what the buyers of the stage before hold and use."""
    for above, below in pairwise(markets):
        regions = above.state.regions
        below.state.feed = above.state.on_hand[:, regions:]
        below.feed_rate = above.use_rate[:, regions:]
