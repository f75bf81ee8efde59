"""What is written down of a block: cumulative series on the days somebody will ask about."""

from __future__ import annotations

import itertools
import math
import mmap
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import REROUTED, ChainTrace
from simulator.model.chain_world import ChainWorld
from simulator.model.focal import FocalBuyer
from simulator.model.ledger import balance_errors, clipped_tonnes
from simulator.model.stage_market import Market

Floats = NDArray[np.float64]


class Sheet:
    """Series side by side in one array, a row of replications each, filled day by day.

    Its memory is mapped: NumPy would ask for huge pages, of which the first of a process take long to come by.
    """

    def __init__(self, days: Floats) -> None:
        self.days = days
        self._rows: Floats | None = None
        """(T, rows, n)"""
        self._places: dict[str, slice] = {}
        """Series -> its rows."""
        self._next = 0

    @property
    def due(self) -> float:
        """Day to be written next, inf after the last."""
        return float(self.days[self._next]) if self._next < self.days.size else math.inf

    def write(self, series: Mapping[str, Sequence[Floats]]) -> None:
        """Write what is ``due``: each series as one or several (n,) or (n, K), the same ones every day."""
        if self._rows is None:
            self._rows = self._allot(series)
        today, place = self._rows[self._next], 0
        for values in itertools.chain.from_iterable(series.values()):
            rows = values[:1].size
            today[place : place + rows] = values.T
            place += rows
        self._next += 1

    def _allot(self, series: Mapping[str, Sequence[Floats]]) -> Floats:
        place = 0
        for name, parts in series.items():
            rows = sum(values[:1].size for values in parts)
            self._places[name] = slice(place, place + rows)
            place += rows
        shape = (self.days.size, place, len(next(iter(series.values()))[0]))
        memory = mmap.mmap(-1, max(1, math.prod(shape)) * np.dtype(np.float64).itemsize, access=mmap.ACCESS_COPY)
        return np.frombuffer(memory, count=math.prod(shape)).reshape(shape)

    def __getitem__(self, name: str) -> Floats:
        """(n, T, K) view of a series, replications side by side."""
        assert self._rows is not None, "nothing was written"
        return self._rows[:, self._places[name]].transpose(2, 0, 1)

    def level(self, name: str) -> Floats:
        """(n, T) view of a series that has one row."""
        return self[name][:, :, 0]


class ChainRecord:
    """Series of a chain as a whole, which those who buy at several of its stages share."""

    def __init__(self, world: ChainWorld, days: Floats, delivery_days: Floats) -> None:
        self.world = world
        self.always = Sheet(days)
        self.deliveries = Sheet(delivery_days)

    def record(self, day: float) -> None:
        """Write the row of ``day``, once however often it is asked to."""
        world = self.world
        balances = [market.world for market in world.markets]
        if self.always.due == day:
            self.always.write(
                {
                    "world_output": [item.output for item in balances],
                    "world_demand": [item.demand for item in balances],
                    "supplier_output": [item.supplier_output for item in balances],
                    "supplier_demand": [item.supplier_demand for item in balances],
                    "price_world": [world.price.world],
                    "price_china": [world.price.china],
                    "project_output": [world.project_output],
                }
            )
        if self.deliveries.due == day:
            self.deliveries.write({"project_accessible": [world.project_accessible]})


class Recorder:
    """Series of one focal buyer: the commodity at its verdict stage, or an end product of its chain."""

    def __init__(self, chain: ChainRecord, stage: int) -> None:
        self.chain = chain
        self.world = chain.world
        self.stage = stage
        self.market: Market = self.world.markets[stage]
        focal = self.market.focal
        assert focal is not None
        self.focal: FocalBuyer = focal
        self._always = Sheet(chain.always.days)
        self._deliveries = Sheet(chain.deliveries.days)
        self._none = np.zeros(focal.stock.size)

    def record(self, day: float) -> None:
        """Write the rows of ``day``; days must come in order."""
        assert self._always.due == day, "observations are out of order"
        focal, layout = self.focal, self.focal.layout
        focal.settle(day)
        self.chain.record(day)
        self._always.write(
            {
                "demanded": [focal.demanded],
                "consumed": [focal.used],
                "exposed": [focal.consumed[:, layout.exposed]],
                # Of a single stage it is the same.
                "exposed_at": self._by_stage(layout.exposed_at) if len(self.world.chain.stages) > 1 else [],
                # The last stage has no label of its own: its runner-up shows in the declared origins.
                "runner_up": self._by_stage(layout.runner_ups),
                # Nothing for goods of the first stage, of which all that is exposed is so for certain.
                "bounds": [focal.consumed[:, layout.apart]],
                "withheld": [focal.withheld],
                "landed": [focal.landed],
                "stock": [focal.stock],
            }
        )
        if self._deliveries.due == day:
            self._deliveries.write({"partner": [focal.consumed[:, layout.partners]], "government": [focal.government]})

    def _by_stage(self, labels: Sequence[int]) -> list[Floats]:
        """(n,) tonnes used with the label of each stage; none where a stage has none, or none yet."""
        missing = len(self.world.chain.stages) - len(labels)
        return [*(self.focal.consumed[:, label] for label in labels), *[self._none] * missing]

    @property
    def commodity(self) -> str:
        """Catalogue name of what is recorded, or ``commodity:stage`` for an end product of its chain."""
        name = self.world.chain.commodity
        return name if self.stage == self.world.chain.verdict_stage else f"{name}:{self.market.stage.name}"

    @property
    def complete(self) -> bool:
        """Every day has been recorded."""
        return self._always.due == math.inf

    def trace(self) -> ChainTrace:
        """The finished series: views with the replication axis first of the sheets."""
        world, stage, own, whole = self.world, self.market.stage, self._always, self.chain.always
        exposed = own["exposed"]
        exposed_at = own["exposed_at"] if len(world.chain.stages) > 1 else exposed
        bounds = own["bounds"] if self.focal.layout.apart.stop else exposed
        return ChainTrace(
            commodity=self.commodity,
            stages=tuple(s.name for s in world.chain.stages),
            origins=(*stage.producers, REROUTED),
            days=own.days,
            delivery_days=self._deliveries.days,
            demanded=own.level("demanded"),
            consumed=own.level("consumed"),
            exposed=exposed[:, :, 0],
            exposed_by_stage=exposed_at,
            runner_up_by_stage=own["runner_up"],
            runner_up=world.labels.runner_up,
            by_partner=self._deliveries["partner"],
            partners=world.labels.partner_names,
            exposed_min=bounds[:, :, 0],
            exposed_max=bounds[:, :, -1],
            suppliers=tuple(name for market in world.markets for name in market.world.suppliers),
            world_output=whole["world_output"],
            world_demand=whole["world_demand"],
            supplier_output=whole["supplier_output"],
            supplier_demand=whole["supplier_demand"],
            landed=own["landed"],
            withheld=own.level("withheld"),
            stock=own.level("stock"),
            government=self._deliveries.level("government"),
            price_world=whole.level("price_world"),
            price_china=whole.level("price_china"),
            project_output=whole["project_output"],
            project_accessible=self.chain.deliveries["project_accessible"],
            projects=tuple(world.project_ids),
            balance_error=balance_errors(world),
            clipped=clipped_tonnes(world),
            lots=self.focal.lots,
        )
