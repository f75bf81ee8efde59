"""What is written down of a block: cumulative series on the days somebody will ask about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import REROUTED, ChainTrace
from simulator.model.chain_world import ChainWorld
from simulator.model.focal import FocalBuyer
from simulator.model.labels import EXPOSED
from simulator.model.ledger import balance_errors, clipped_tonnes
from simulator.model.segregation import LEAST, MOST
from simulator.model.stage_market import Market

Floats = NDArray[np.float64]


class Recorder:
    """Series of one focal buyer: the commodity at its verdict stage, or an end product of its chain."""

    def __init__(self, world: ChainWorld, stage: int, days: Floats) -> None:
        self.world = world
        self.stage = stage
        self.market: Market = world.markets[stage]
        focal = self.market.focal
        assert focal is not None
        self.focal: FocalBuyer = focal
        self.days = days
        self._exposure = [EXPOSED, *world.labels.exposed_at.tolist()]
        """(1 + S,) labels of tonnes exposed at all, and at each stage."""
        self._columns: tuple[Floats, ...] = ()
        """(T, n, ...) one array per series, written day by day."""
        self._next = 0

    def record(self, day: float) -> None:
        """Write the column of ``day``; days must come in order."""
        assert self.days[self._next] == day, "observations are out of order"
        focal, labels = self.focal, self.world.labels
        focal.settle(day)
        now = (
            focal.demanded,
            focal.used,
            focal.consumed[:, self._exposure],
            focal.consumed[:, labels.runner_ups],
            focal.consumed[:, labels.partners],
            focal.consumed[:, labels.bounds],
            *self._world(),
            focal.landed,
            focal.withheld,
            focal.stock,
            focal.government,
            self.world.world_price.value,
            self.world.china_price.value,
            self.world.project_output,
            self.world.project_accessible,
        )
        if not self._columns:
            self._columns = tuple(np.empty((self.days.size, *series.shape)) for series in now)
        for column, series in zip(self._columns, now, strict=True):
            column[self._next] = series
        self._next += 1

    def _world(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Output and demand of all stages (n, S), and of their largest foreign suppliers (n, 2 S)."""
        balances = [market.world for market in self.world.markets]
        return (
            np.stack([item.output for item in balances], axis=1),
            np.stack([item.demand for item in balances], axis=1),
            np.concatenate([item.supplier_output for item in balances], axis=1),
            np.concatenate([item.supplier_demand for item in balances], axis=1),
        )

    @property
    def commodity(self) -> str:
        """Catalogue name of what is recorded, or ``commodity:stage`` for an end product of its chain."""
        name = self.world.chain.commodity
        return name if self.stage == self.world.chain.verdict_stage else f"{name}:{self.market.stage.name}"

    @property
    def complete(self) -> bool:
        """Every day has been recorded."""
        return self._next == self.days.size

    def trace(self) -> ChainTrace:
        """The finished series: views with the replication axis first of arrays written day by day."""
        (
            demanded,
            used,
            exposed,
            runner_up,
            partner,
            bounds,
            world_output,
            world_demand,
            supplier_output,
            supplier_demand,
            landed,
            withheld,
            stock,
            government,
            price_world,
            price_china,
            projects,
            accessible,
        ) = (np.moveaxis(column, 0, 1) for column in self._columns)
        world, stage = self.world, self.market.stage
        return ChainTrace(
            commodity=self.commodity,
            stages=tuple(s.name for s in world.chain.stages),
            origins=(*stage.producers, REROUTED),
            days=self.days,
            demanded=demanded,
            consumed=used,
            exposed=exposed[:, :, 0],
            exposed_by_stage=exposed[:, :, 1:],
            # The last stage has no label of its own: its runner-up shows in the declared origins.
            runner_up_by_stage=np.concatenate([runner_up, np.zeros_like(exposed[:, :, :1])], axis=2),
            runner_up=world.labels.runner_up,
            by_partner=partner,
            partners=world.labels.partner_names,
            exposed_min=bounds[:, :, LEAST],
            exposed_max=bounds[:, :, MOST],
            suppliers=tuple(name for market in world.markets for name in market.world.suppliers),
            world_output=world_output,
            world_demand=world_demand,
            supplier_output=supplier_output,
            supplier_demand=supplier_demand,
            landed=landed,
            withheld=withheld,
            stock=stock,
            government=government,
            price_world=price_world,
            price_china=price_china,
            project_output=projects,
            project_accessible=accessible,
            projects=tuple(world.project_ids),
            balance_error=balance_errors(world),
            clipped=clipped_tonnes(world),
            lots=self.focal.lots,
        )
