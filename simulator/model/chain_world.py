"""One commodity in the world: its stages, prices, policies and focal buyers, and the market review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.intermediaries import intermediaries
from simulator.catalogue.parameters import parameter
from simulator.domain.chain import Chain, Stage
from simulator.domain.changes import CapacityChange, DemandChange, RecyclingChange, SubstitutionChange
from simulator.domain.draws import Draws
from simulator.domain.places import CHINA
from simulator.domain.sampling import lognormal, standard_normal
from simulator.model.corridors import Corridors
from simulator.model.entrants import Entrants
from simulator.model.focal import SERVICE_DAYS, FocalBuyer
from simulator.model.labels import Labels, Makeup
from simulator.model.licences import Licences
from simulator.model.margins import Margins
from simulator.model.new_capacity import DAYS_PER_MONTH
from simulator.model.offtake import Levers
from simulator.model.outages import Outages
from simulator.model.own_ways import OwnWays
from simulator.model.policy import ControlDesk
from simulator.model.prices import PriceIndex
from simulator.model.qualification import Qualification
from simulator.model.recycling import add_recyclers
from simulator.model.rerouting import SEEN_BETWEEN, Rerouting, share_after
from simulator.model.rows import outer, row_sums, weighted, zeros
from simulator.model.stage_market import DAYS_PER_YEAR, Denial, Market, join
from simulator.model.state import StageState
from simulator.model.steady import compositions
from simulator.model.stockpile import Purchase, planned
from simulator.model.world_balance import WorldBalance
from simulator.scenario.case import Case

Floats = NDArray[np.float64]
QUARTER_DAYS = 90
_TINY = 1e-300


class ChainWorld:
    """State and rules of one commodity in one block."""

    def __init__(
        self,
        case: Case,
        chain: Chain,
        draws: Draws,
        corridors: Corridors,
        levers: Levers,
        capacity: Sequence[CapacityChange | RecyclingChange],
        review_days: Floats,
    ) -> None:
        self.chain = chain = replace(chain, stages=in_lag_order(chain.stages))
        self.case = case
        self.draws = draws
        self.labels = Labels(chain)
        self.step = case.review_days
        self.base_day = float(case.day(case.start.replace(year=chain.base_year, month=7, day=1)))
        self.first_day = float(case.day(case.spin_up))
        n = draws.n

        def role(name: str) -> Floats:
            return draws.input(chain.inputs[name])

        self.growth_rate = role("demand_growth")
        self._grown: dict[float, Floats] = {}
        self.demand_elasticity = role("demand_elasticity")
        self.supply_elasticity = role("supply_elasticity")
        self.recycled_elasticity = role("recycled_elasticity")
        self.cover_days = role("stock_cover_months") * DAYS_PER_MONTH
        self.hoarding = role("hoarding_multiple")
        self.qualification_days = role("qualification_months") * DAYS_PER_MONTH
        lag_months = role("reroute_lag_months")
        self.rerouting = Rerouting(
            intermediaries(chain.commodity),
            share_after(role("reroute_share"), lag_months, *(parameter(name).value for name in SEEN_BETWEEN)),
            lag_months * DAYS_PER_MONTH,
            role("reroute_premium"),
            parameter("reroute_premium_p90_multiple").value,
        )
        self.focal_level = role("focal_demand_level")
        if case.company is not None:  # it states its use at the start, not in the base year
            self.focal_level = self.focal_level / self.growth(0.0)
        contract = np.clip(role("contract_share"), 0.0, 1.0)
        level = role("capacity_level")
        self.restart_days = role("restart_months") * DAYS_PER_MONTH
        self.price = PriceIndex(
            role("price_gap_elasticity"),
            role("price_halving_months") * DAYS_PER_MONTH,
            self.restart_days,
            parameter("price_rise_days").value,
            parameter("price_gap_smoothing_days").value,
            parameter("price_cap_multiple").value,
        )
        self.stage_prices: list[PriceIndex] = []
        """What each stage's product would cost outside China by the scarcity of its stage and those before it; followed
        only where a case has meters, and felt by nobody."""
        self.target_days = parameter("producer_stock_target_days").value
        self.working_days = parameter("producer_working_stock_days").value
        self.ceiling_days = parameter("producer_stock_ceiling_days").value
        self.processor_cover_days = parameter("processor_feed_cover_days").value
        self.order_ceiling = parameter("order_ceiling_multiple").value
        self.follow = parameter("incumbent_growth_share").value
        self.noise = self._demand_noise(review_days.size)
        self.start_price = np.ones(n)
        """(n,) mean world price of the last reviews before the start; the base year's before there is one."""
        self._prices_before: list[Floats] = []
        self.demand_shocks: list[DemandChange] = []
        self.substitutions: list[SubstitutionChange] = []
        self.margins: Margins | None = None
        """Floors and dumping; None where there is neither."""
        self.markets = [
            Market(stage, StageState(stage, s, n, self.labels, self.step, case.focal), level, contract)
            for s, stage in enumerate(chain.stages)
        ]
        join(self.markets)
        self.entrants = Entrants(case, chain.commodity, draws, levers, self.qualification_days, self.markets)
        self.project_ids: list[str] = []
        self.project_output = zeros(n, 0)
        """(n, J) cumulative output of each project, tonnes."""
        self.index = 0
        self.project_accessible = zeros(n, 0)
        """(n, J) part of it accessible to the focal buyer, cumulative tonnes."""
        self._furnish(case, draws, corridors, capacity, review_days)
        self.project_output = zeros(n, len(self.project_ids))
        self.project_accessible = np.zeros_like(self.project_output)
        self._trace_denials()
        self._start()

    def _demand_noise(self, reviews: int) -> Floats:
        """(T, n) multiplier on focal demand, lognormal with mean 1, independent between reviews."""
        sd = parameter("demand_noise_sd").value
        z = standard_normal(self.draws.uniform(f"demand/{self.chain.commodity}", reviews))
        z *= sd
        z -= sd * sd / 2
        return np.ascontiguousarray(np.exp(z, out=z).T)

    def _furnish(
        self,
        case: Case,
        draws: Draws,
        corridors: Corridors,
        capacity: Sequence[CapacityChange | RecyclingChange],
        review_days: Floats,
    ) -> None:
        """Add focal buyers, outages, licence desks and projects to the markets."""
        chain, n = self.chain, draws.n
        rate = draws.input("outage_rate_per_plant_year/ALL")
        lost = (
            parameter("outage_duration_median").value * DAYS_PER_MONTH,
            parameter("outage_duration_p90").value * DAYS_PER_MONTH,
            parameter("outage_most_plants").value,
        )
        for s, market in enumerate(self.markets):
            stage, cause = market.stage, f"{chain.commodity}/{market.stage.name}"
            if s == 0 and market.state.to_processors is not None:
                market.state.to_processors.makeup = Makeup(self.labels.fresh)
            market.world = WorldBalance(stage, case.focal, n)
            market.outages = Outages(stage, cause, draws, review_days.size, self.step, rate, lost)
            if case.focal in stage.regions and (s == chain.verdict_stage or stage.kind == "magnet"):
                transits = corridors.transits(stage, chain.commodity)
                release = parameter("government_release_share_per_year").value / DAYS_PER_YEAR
                fixed = None
                if s == 0:
                    china = stage.producers.index(CHINA) if CHINA in stage.producers else 0
                    fixed = np.concatenate([self.labels.fresh, self.labels.fresh[china : china + 1]])
                market.focal = FocalBuyer(transits.weeks, self.labels.layouts[s], fixed, release)
                market.focal.passage = transits.passage
                market.focal.usual_days = transits.usual_days
                if s == chain.verdict_stage:
                    plans = planned(chain.government.plans, chain.commodity, case, n)
                    market.focal.purchases += [Purchase(plan, self.labels.layouts[s]) for plan in plans]
                market.qualification = Qualification(self.qualification_days, self.step, review_days.size)
                market.state.tracked = True
            market.state.own_ways = self._own_ways(market, corridors)
        recycling = [c for c in capacity if isinstance(c, RecyclingChange) and c.commodity == chain.commodity]
        add_recyclers(chain, self.markets, recycling, case.focal, self.qualification_days)
        self.entrants.enter(change for change in capacity if isinstance(change, CapacityChange))
        for market in self.markets:
            market.lead_days += (market.usual_lags() * self.step)[None, :]
            regions = market.state.regions
            market.cover[:, :regions] = self.cover_days[:, None]
            market.cover[:, regions:] = self.processor_cover_days
            if market.focal is not None:
                if case.company is not None and chain.commodity in case.company.stock_days:
                    market.cover[:, market.state.focal] = case.company.stock_days[chain.commodity]
                # Mean transit of this replication's own lots on open ways, then one review until the next order.
                usual = market.share[:, market.state.focal]
                transit = market.focal.usual_days * usual[None, :]
                market.lead_days[:, market.state.focal] = row_sums(transit) + self.step / 2
            for new in market.projects:
                self.project_ids.append(new.plant.id)

    def _own_ways(self, market: Market, corridors: Corridors) -> OwnWays | None:
        """Goods of the market's pairs that have ways of their own, with room for their labels."""
        stage, state = market.stage, market.state
        ways = corridors.own_ways(
            stage, self.chain.commodity, self.step, without=self.case.focal if state.tracked else None
        )
        if ways is not None and ways.labelled < ways.buyers.size:
            if state.product_labels is None:
                ways.make_up(self.labels.fresh)
            else:
                ways.keep_labels(state.layout.size)
        return ways

    def _trace_denials(self) -> None:
        """Follow base-year flows from each buyer to the focal economy's use: what is denied there is missed here."""
        for t, judged in enumerate(self.markets):
            if judged.focal is None:
                continue
            reach = np.zeros(len(judged.stage.buyers))
            reach[judged.state.focal] = 1.0
            days = weighted(judged.focal.usual_days, judged.share[:, judged.state.focal])
            judged.denials.append(Denial(judged.focal, reach, _services(days)))
            for market, below in zip(self.markets[t - 1 :: -1] if t else [], self.markets[t:0:-1], strict=True):
                stage = below.stage
                onward = stage.flows @ reach / np.maximum(stage.output, _TINY) * stage.feed_yield
                reach = np.concatenate([np.zeros(market.state.regions), onward])
                lag_days = float(market.usual_lags() @ reach) / max(float(reach.sum()), _TINY) * self.step
                days = days + (lag_days + self.processor_cover_days + self.target_days)
                market.denials.append(Denial(judged.focal, reach, _services(days)))

    def desk(self, s: int, imposer: str) -> ControlDesk | None:
        """The control desk of ``imposer`` at stage ``s``, opened on first use; None if it produces nothing there."""
        market = self.markets[s]
        if imposer not in market.stage.producers:
            return None
        p = market.stage.producers.index(imposer)
        if p not in market.desks:
            reviews = len(self.noise)
            u = self.draws.uniform(f"licence/{self.chain.commodity}/{market.stage.name}/{imposer}", reviews)
            months = self.draws.input("licence_lag_months/ALL")[:, None]
            lag = lognormal(u, months, parameter("licence_lag_p90_multiple").value * months)
            lag *= DAYS_PER_MONTH
            longest_days = parameter("licence_lag_days_longest").value
            np.minimum(lag, longest_days, out=lag)
            lag /= self.step
            licences = Licences(
                approval=np.clip(self.draws.input("licence_approval/ALL"), 0.0, 1.0),
                fill=np.clip(self.draws.input("licence_fill/ALL"), 0.0, 1.0),
                validity_reviews=self.draws.input("licence_validity_months/ALL") * DAYS_PER_MONTH / self.step,
                lag_reviews=np.maximum(1, np.ascontiguousarray(np.ceil(lag, out=lag).astype(np.int16).T)),
                longest=int(np.ceil(longest_days / self.step)),
                refiled=parameter("licence_refiled_share").value,
            )
            desk = market.desks[p] = ControlDesk(p, market.stage.buyers, self.draws.n, licences, self.step)
            desk.steady = market.flows[p] * self.step
        return market.desks[p]

    def _start(self) -> None:
        """Fill stocks and pipelines with the base-year state (``steady``)."""
        mixes = compositions(self.chain, self.labels)
        for s, market in enumerate(self.markets):
            stage, state, (held, mix) = market.stage, market.state, mixes[s]
            rate = stage.output / DAYS_PER_YEAR
            state.product += (rate * self.target_days)[None, :]
            if state.product_labels is not None:
                _label(state.product_labels, state.product, held)
            per_review = market.flows * self.step
            state.on_order += (per_review.sum(axis=0) * market.usual_lags())[None, :]
            if state.own_ways is not None:
                ways, per_review = state.own_ways, per_review.copy()
                pairs = ways.producers, ways.buyers
                ways.fill_steady(per_review[pairs], mix[ways.producers[ways.labelled :]])
                per_review[pairs] = 0.0
            regions = len(stage.regions)
            away = per_review[:, :regions].copy()
            if market.focal is not None:
                away[:, state.focal] = 0.0
            state.to_regions.fill_steady(away, None)
            for r in range(regions):
                state.inventory[:, r] = market.flows[:, r].sum() * self.cover_days
            if state.to_processors is not None:
                state.to_processors.fill_steady(per_review[:, regions:], mix)
                nxt = self.markets[s + 1].state
                nxt.feed += (market.flows[:, regions:].sum(axis=0) * self.processor_cover_days)[None, :]
                inbound = market.flows[:, regions:].T @ mix
                _label(nxt.feed_labels, np.broadcast_to(1.0, nxt.feed.shape), inbound * self.processor_cover_days)
            if market.focal is not None:
                self._start_focal(market, mix)
            market.feed_rate[:] = (stage.output - stage.secondary)[None, :] / DAYS_PER_YEAR / stage.feed_yield
            state.opening = state.held() + self.beyond(s)

    def _start_focal(self, market: Market, mix: Floats) -> None:
        focal, state = market.focal, market.state
        assert focal is not None
        rate = outer(self.focal_level, market.flows[:, state.focal])
        # The model's first dispatch is one review after its first day; earlier ones are on the way.
        lots, ahead = (rate * self.step).T.reshape(-1), focal.weeks[0].T[:-1].reshape(-1).astype(np.int64)
        places, pool = np.arange(lots.size), focal.pool.T.reshape(-1)
        while places.size:
            focal.calendar.put_some(ahead, places, lots)
            pool[places] += lots
            ahead = ahead - self.step // SERVICE_DAYS
            still = np.flatnonzero(ahead > 0)
            places, lots, ahead = places[still], lots[still], ahead[still]
        if focal.pool_labels is not None:
            _label(focal.pool_labels, focal.pool, np.concatenate([mix, mix[:1]]))
        total = row_sums(rate)
        focal.stock = total * market.cover[:, state.focal]
        focal.stock_labels = focal.stock[:, None] * _mix(rate, mix)
        focal.government = np.full(
            total.shape, self.chain.government.opening_t if market is self.markets[self.chain.verdict_stage] else 0.0
        )
        focal.government_labels[:, focal.layout.nowhere] = focal.government
        focal.reserve = focal.stock * parameter("government_purchase_reserve_share").value
        focal.rate = total * self.growth(self.first_day)
        focal.wanted = focal.rate
        focal.settled = self.first_day
        state.inventory[:, state.focal] = focal.stock

    def trend(self, growth: Floats) -> Floats:
        """(n,) incumbents' output and capacity relative to the base year."""
        return 1.0 + self.follow * (growth - 1.0)

    def note_price(self, day: float) -> None:
        """Remember the prices of the quarter before the start: later demand is judged against them."""
        if -QUARTER_DAYS < day <= 0:
            self._prices_before.append(self.price.world)
            self.start_price = np.mean(np.stack(self._prices_before, axis=1), axis=1)

    def project_offset(self, market: Market) -> int:
        """Index of the market's first project in ``project_output``."""
        return sum(len(m.projects) for m in self.markets[: self.markets.index(market)])

    def growth(self, day: float) -> Floats:
        """(n,) world demand relative to the base year; incumbents' output and capacity follow it (``trend``)."""
        if day not in self._grown:  # asked several times a review
            self._grown = {day: np.power(1.0 + self.growth_rate, (day - self.base_day) / DAYS_PER_YEAR)}
        return self._grown[day]

    def beyond(self, s: int) -> Floats:
        """(n,) tonnes of stage ``s``'s product held by the focal buyer and as feed of the next stage."""
        total = np.zeros(self.draws.n)
        if self.markets[s].focal is not None:
            total = total + self.markets[s].focal.held()  # type: ignore[union-attr]
        if s + 1 < len(self.markets):
            total = total + row_sums(self.markets[s + 1].state.feed)
        return total


def in_lag_order(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Name each stage's processors, and order them by transit from upstream.

    Processors with the same lag then stand together, and their goods move without being copied.
    """
    ordered = [stages[0]]
    for below in stages[1:]:
        above = ordered[-1]
        regions = len(above.regions)
        order = np.argsort(above.lag_days[regions:], kind="stable")
        columns = np.concatenate([np.arange(regions), regions + order])
        producers = tuple(below.producers[i] for i in order)
        ordered[-1] = replace(
            above,
            processors=producers,
            # Picking columns leaves them strided; sums must run over contiguous rows to repeat bit for bit.
            flows=np.ascontiguousarray(above.flows[:, columns]),
            committed=np.ascontiguousarray(above.committed[:, columns]),
            lag_days=above.lag_days[columns],
        )
        ordered.append(
            replace(
                below,
                producers=producers,
                plants=below.plants[order],
                output=below.output[order],
                capacity=below.capacity[order],
                secondary=below.secondary[order],
                flows=below.flows[order],
                committed=below.committed[order],
            )
        )
    return tuple(ordered)


def _services(days: Floats) -> NDArray[np.int64]:
    """(n,) whole services in ``days`` (n,)."""
    return np.rint(days / SERVICE_DAYS).astype(np.int64)


def _label(labels: Floats, tonnes: Floats, mix: Floats) -> None:
    """Label tonnes (n, P) with ``mix`` (P, L) a tonne; ``labels`` (n, P, L) of what has none stay untouched."""
    for p, label in zip(*np.nonzero(mix), strict=True):
        labels[:, p, label] += tonnes[:, p] * mix[p, label]


def _mix(rate: Floats, mix: Floats) -> Floats:
    """(n, L) labels of a tonne bought at ``rate`` (n, P) from producers with labels ``mix`` (P, L)."""
    share = rate / np.maximum(row_sums(rate), _TINY)[:, None]
    return np.stack([weighted(share, label) for label in mix.T]).T
