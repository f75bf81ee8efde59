"""What is written down of a block: cumulative series on the days somebody will ask about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.domain.trace import REROUTED, ChainTrace
from simulator.model.chain_world import ChainWorld
from simulator.model.focal import FocalBuyer
from simulator.model.ledger import balance_errors, clipped_tonnes
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
        n, times, stages = world.draws.n, days.size, world.labels.stages
        self.row = 0
        self.demanded = np.zeros((n, times))
        self.consumed = np.zeros((n, times))
        self.exposed = np.zeros((n, times))
        self.by_stage = np.zeros((n, times, stages))
        self.runner_up = np.zeros((n, times, stages))
        self.by_partner = np.zeros((n, times, world.labels.partners.stop - world.labels.partners.start))
        self.landed = np.zeros((n, times, len(self.market.stage.producers) + 1))
        self.stock = np.zeros((n, times))
        self.government = np.zeros((n, times))
        self.price_world = np.zeros((n, times))
        self.price_china = np.zeros((n, times))
        self.projects = np.zeros((n, times, len(world.project_ids)))

    def record(self, day: float) -> None:
        """Write the column of ``day``; days must come in order."""
        assert self.days[self.row] == day, "observations are out of order"
        at, focal, labels = self.row, self.focal, self.world.labels
        focal.settle(day)
        masks = focal.consumed[:, : labels.masks]
        self.demanded[:, at] = focal.demanded
        self.consumed[:, at] = focal.used
        self.exposed[:, at] = np.ascontiguousarray(masks[:, labels.exposed]).sum(axis=1)
        for s in range(labels.stages):
            self.by_stage[:, at, s] = np.ascontiguousarray(masks[:, labels.exposed_at[s]]).sum(axis=1)
        self.runner_up[:, at] = focal.consumed[:, labels.runner_ups]
        self.by_partner[:, at] = focal.consumed[:, labels.partners]
        self.landed[:, at] = focal.landed
        self.stock[:, at] = focal.stock
        self.government[:, at] = focal.government
        self.price_world[:, at] = self.world.world_price.value
        self.price_china[:, at] = self.world.china_price.value
        for j, output in enumerate(self.world.project_output):
            self.projects[:, at, j] = output
        self.row += 1

    def trace(self) -> ChainTrace:
        """The finished series."""
        world, stage = self.world, self.market.stage
        name = world.chain.commodity
        if self.stage != world.chain.verdict_stage:
            name = f"{name}:{stage.name}"
        return ChainTrace(
            commodity=name,
            stages=tuple(s.name for s in world.chain.stages),
            origins=(*stage.producers, REROUTED),
            days=self.days,
            demanded=self.demanded,
            consumed=self.consumed,
            exposed=self.exposed,
            exposed_by_stage=self.by_stage,
            runner_up_by_stage=self.runner_up,
            runner_up=world.labels.runner_up,
            by_partner=self.by_partner,
            landed=self.landed,
            stock=self.stock,
            government=self.government,
            price_world=self.price_world,
            price_china=self.price_china,
            project_output=self.projects,
            projects=tuple(world.project_ids),
            balance_error=balance_errors(world),
            clipped=clipped_tonnes(world),
            lots=self.focal.lots,
        )


