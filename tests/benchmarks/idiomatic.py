"""The same network as an idiomatic SimPy model: one process per producer, buyer, consumer and shipment, and Containers.

One commodity of one stage at the catalogue's base year, with every uncertain input at its median, no growth, events,
outages or closures; random are the transit of every lot to the focal buyer and its demand. Producers make a day's
output each day, buyers order at every review by base stock and take their habitual shares, consumers use up a
day's need each day. The engine runs the same case; means must agree before lot events a second are compared.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import simpy

from simulator.catalogue.parameters import parameter
from simulator.domain.traces import Trace
from simulator.experiment.blocks import run_case
from simulator.model.stage_market import DAYS_PER_YEAR
from simulator.model.state import review_lags
from simulator.scenario import load, resolve
from simulator.scenario.case import Case

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
COMMODITY = "bismuth"
BOUND = 50.0
"""Least ratio of lot events a second and core."""
TOLERANCES = {"consumed_t_per_year": 0.02, "landed_t_per_year": 0.02, "landed_chinese_share": 0.02, "stock_t": 0.05}
"""Largest difference of means, as a share of the engine's; of the Chinese share, absolute.

A daily model draws stocks down between reviews where the engine settles at them, which moves mean stocks most.
"""
Process = Generator[simpy.Event, Any, None]


def calm_case() -> Case:
    """Return the baseline's bismuth without anything that happens to it."""
    case = resolve(load(BASELINE), [COMMODITY])
    (chain,) = case.chains
    (stage,) = chain.stages
    still = replace(
        stage,
        plants=np.full(len(stage.producers), 50.0),
        lanes={c: tuple(replace(way, closures_per_year=0.0) for way in ways) for c, ways in stage.lanes.items()},
    )
    settled = tuple(
        replace(item, low=value, median=value, high=value)
        for item in case.inputs
        for value in [0.0 if item.name.startswith("demand_growth/") else item.median]
    )
    return replace(case, chains=(replace(chain, stages=(still,)),), instruments=(), projects=(), inputs=settled)


@dataclass
class Seen:
    """What one future came to, from the scenario's start to its horizon."""

    consumed: float = 0.0
    landed: dict[str, float] = field(default_factory=dict)
    stocks: list[float] = field(default_factory=list)
    events: int = 0
    """Departures and landings of lots to the focal buyer, spin-up included."""


class Network:
    """One future of the network on its own clock."""

    def __init__(self, case: Case, seed: int) -> None:
        (chain,) = case.chains
        self.case, self.stage = case, chain.stages[0]
        self.env = simpy.Environment(initial_time=case.day(case.spin_up))
        self.random = random.Random(seed)
        self.step = case.review_days
        values = {role: _median(case, name) for role, name in chain.inputs.items()}
        self.cover = values["stock_cover_months"] * DAYS_PER_YEAR / 12.0
        self.flows = self.stage.flows / DAYS_PER_YEAR
        self.rates = [float(rate) for rate in self.flows.sum(axis=0)]
        self.output = [float(tonnes) / DAYS_PER_YEAR for tonnes in self.stage.output]
        self.focal = self.stage.regions.index(case.focal)
        self.target = parameter("producer_stock_target_days").value
        self.ceiling = parameter("producer_stock_ceiling_days").value
        self.working = parameter("producer_working_stock_days").value
        self.most = parameter("order_ceiling_multiple").value
        self.noise = parameter("demand_noise_sd").value
        self.longest = parameter("transit_days_longest").value
        self.lags = review_lags(self.stage.lag_days, self.step) * self.step
        usual = [self._mean_transit(p) for p in range(len(self.output))]
        share = self.flows[:, self.focal] / self.rates[self.focal]
        self.lead = [float(lag) for lag in self.lags]
        self.lead[self.focal] = float(np.dot(usual, share)) + self.step / 2
        env = self.env
        self.finished = [simpy.Container(env, init=rate * self.target) for rate in self.output]
        self.stocks = [simpy.Container(env, init=rate * self.cover) for rate in self.rates]
        self.on_way = [0.0] * len(self.rates)
        self.seen = Seen()
        for p in range(len(self.output)):
            env.process(self.producer(p))
        for b in range(len(self.rates)):
            env.process(self.consumer(b))
            env.process(self.buyer(b))
        self._fill_ways(usual)

    def run(self) -> Seen:
        """Run to the horizon."""
        self.env.run(until=self.case.day(self.case.horizon))
        return self.seen

    def producer(self, p: int) -> Process:
        """Make a day's output each day; after each market, plan less where finished stock is above its target."""
        rate, stock, day = self.output[p], self.finished[p], 0
        while rate > 0.0:
            if day % self.step == 0:
                room = (self.ceiling * rate - stock.level) / ((self.ceiling - self.target) * rate)
                made = rate * min(1.0, max(0.0, room))
            day += 1
            if made > 0.0:
                yield stock.put(made)
            yield self.env.timeout(1)

    def buyer(self, b: int) -> Process:
        """Order up to use over transit, review and cover, from every supplier its habitual share."""
        while True:
            yield self.env.timeout(self.step)
            missing = self.rates[b] * (self.cover + self.lead[b]) - self.stocks[b].level - self.on_way[b]
            order = min(max(missing, 0.0), self.most * self.rates[b] * self.step)
            for p, stock in enumerate(self.finished):
                wanted = order * float(self.flows[p, b]) / self.rates[b]
                tonnes = min(wanted, max(0.0, stock.level - self.output[p] * self.working))
                if tonnes > 0.0:
                    yield stock.get(tonnes)
                    self.send(p, b, tonnes, self._transit(p, b))

    def consumer(self, b: int) -> Process:
        """Use up a day's need, as far as there is stock; the focal buyer's need varies from review to review."""
        stock, rate, day = self.stocks[b], self.rates[b], 0
        while True:
            yield self.env.timeout(1)
            if b == self.focal:
                if day % self.step == 0:
                    z = self.random.gauss(0.0, 1.0)
                    rate = self.rates[b] * math.exp(self.noise * z - self.noise**2 / 2)
                day += 1
            tonnes = min(rate, stock.level)
            if tonnes > 0.0:
                yield stock.get(tonnes)
            if b == self.focal and self.env.now > 0:
                self.seen.consumed += tonnes
                self.seen.stocks.append(stock.level)

    def send(self, p: int, b: int, tonnes: float, days: float) -> None:
        """A lot leaves."""
        self.on_way[b] += tonnes
        self.seen.events += b == self.focal
        self.env.process(self.shipment(p, b, tonnes, days))

    def shipment(self, p: int, b: int, tonnes: float, days: float) -> Process:
        """A lot is under way, and lands."""
        yield self.env.timeout(days)
        self.on_way[b] -= tonnes
        yield self.stocks[b].put(tonnes)
        if b == self.focal:
            self.seen.events += 1
            if self.env.now > 0:
                origin = self.stage.producers[p]
                self.seen.landed[origin] = self.seen.landed.get(origin, 0.0) + tonnes

    def _transit(self, p: int, b: int) -> float:
        """Days under way: drawn and in whole weeks to the focal buyer, the usual lag to the others."""
        if b != self.focal:
            return float(self.lags[b])
        ways = self.stage.open_ways(self.stage.producers[p])
        if not ways:
            return 7.0
        days = ways[0].transit_days_median * math.exp(_sigma(ways[0]) * self.random.gauss(0.0, 1.0))
        return 7.0 * max(1, math.ceil(min(days, self.longest) / 7.0))

    def _mean_transit(self, p: int) -> float:
        return sum(self._transit(p, self.focal) for _ in range(400)) / 400.0

    def _fill_ways(self, usual: list[float]) -> None:
        """Goods that left before the clock began."""
        for b, rate in enumerate(self.rates):
            for p in range(len(self.output)):
                flow = float(self.flows[p, b])
                days = usual[p] if b == self.focal else float(self.lags[b])
                for back in range(int(days // self.step) + 1):
                    left = days - back * self.step
                    if flow > 0.0 and left > 0.0 and rate > 0.0:
                        self.send(p, b, flow * self.step, left)
        self.seen = Seen()


def _median(case: Case, name: str) -> float:
    return next(item.median for item in case.inputs if item.name == name)


def _sigma(way: Any) -> float:
    return math.log(max(way.transit_days_p95, way.transit_days_median * 1.0001) / way.transit_days_median) / 1.6448536


def means_of(trace: Trace, case: Case) -> tuple[dict[str, float], int]:
    """Reduce a trace of the engine to the means that are compared, and its lot events."""
    (chain,) = trace.chains
    first = int(np.searchsorted(chain.days, 0.0))
    years = (chain.days[-1] - chain.days[first]) / DAYS_PER_YEAR
    landed = (chain.landed[:, -1] - chain.landed[:, first]).mean(axis=0)
    return {
        "consumed_t_per_year": float((chain.consumed[:, -1] - chain.consumed[:, first]).mean() / years),
        "landed_t_per_year": float(landed.sum() / years),
        "landed_chinese_share": float(landed[chain.origins.index("CHN")] / landed.sum()),
        "stock_t": float(chain.stock[:, first:].mean()),
    }, 2 * int(chain.lots.sum())


def lot_events(replications: int, futures: int) -> dict[str, Any]:
    """Compare lot events a second and core of the engine and of the idiomatic model, and their means."""
    case = calm_case()
    run_case(case, outcome=len_of, replications=16)
    began = time.process_time()
    (part,) = run_case(
        case, outcome=partial(means_of, case=case), replications=replications, block_size=replications
    ).parts
    engine_s = time.process_time() - began
    means, events = part
    began = time.process_time()
    seen = [Network(case, seed).run() for seed in range(futures)]
    simpy_s = time.process_time() - began
    years = case.day(case.horizon) / DAYS_PER_YEAR
    landed = sum(sum(one.landed.values()) for one in seen)
    theirs = {
        "consumed_t_per_year": sum(one.consumed for one in seen) / futures / years,
        "landed_t_per_year": landed / futures / years,
        "landed_chinese_share": sum(one.landed["CHN"] for one in seen) / landed,
        "stock_t": float(np.mean([stock for one in seen for stock in one.stocks])),
    }
    compared = {
        name: {
            "engine": value,
            "simpy": theirs[name],
            "tolerance": tolerance,
            "agrees": abs(theirs[name] - value) <= tolerance * (1.0 if name.endswith("share") else value),
        }
        for name, tolerance in TOLERANCES.items()
        for value in [means[name]]
    }
    per_second = events / engine_s, sum(one.events for one in seen) / simpy_s
    ratio = per_second[0] / per_second[1]
    return {
        "value": ratio,
        "bound": BOUND,
        "within_bounds": ratio >= BOUND and all(item["agrees"] for item in compared.values()),
        "commodity": COMMODITY,
        "engine": {"replications": replications, "events_per_second": per_second[0]},
        "simpy": {"replications": futures, "events_per_second": per_second[1]},
        "counted": "departures and landings of lots to the focal buyer, over all replications",
        "means": compared,
    }


def len_of(trace: Trace) -> int:
    """Reduce a block to nothing, so that metrics do not count."""
    return len(trace.replications)
