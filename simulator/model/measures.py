"""Where a scenario's measures hang in a commodity's world, and how they are turned on, off and suspended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulator.domain.changes import (
    ControlChange,
    DutyChange,
    EnforcementChange,
    OriginRuleChange,
    SuspensionChange,
    SuspensionEndChange,
    SwitchChange,
    covered,
)
from simulator.model.chain_world import ChainWorld
from simulator.model.duties import Duties
from simulator.model.origin_rules import OriginRules
from simulator.model.switches import Mask, Switchboard


def hang_up(chain: ChainWorld, change: SwitchChange) -> None:
    """Make a measure known to the markets of one commodity before the clock starts."""
    commodity = chain.chain.commodity
    if not change.active or not covered(commodity, change.commodities):
        return
    if isinstance(change, EnforcementChange):
        chain.rerouting.register(change)
        return
    for s, stage in enumerate(chain.chain.stages):
        if change.stages and stage.name not in change.stages:
            continue
        if isinstance(change, ControlChange):
            desk = chain.desk(s, change.imposer)
            if desk is not None:
                desk.register(change, chain.hoarding)
        elif isinstance(change, DutyChange):
            _duties(chain, s, change.imposer).register(change)
        elif isinstance(change, OriginRuleChange):
            share = change.shares[change.commodities.index(commodity)]
            _origin_rules(chain, s).register(change, np.asarray(share))


def turn(chain: ChainWorld, change: SwitchChange | SuspensionChange | SuspensionEndChange, day: float, m: Mask) -> None:
    """Apply a dated change to everything in one commodity's world that it concerns, in the replications of ``m``."""
    for board in _boards(chain):
        if isinstance(change, SwitchChange):
            board.apply(change.event_id, change.active, day, m)
        elif isinstance(change, SuspensionChange):
            board.suspend(change.event_id, change.suspends, change.active, day, m)
        else:
            board.resume(change.ends, day, m)


def _boards(chain: ChainWorld) -> Iterator[Switchboard[Any]]:
    yield chain.rerouting
    for market in chain.markets:
        yield from market.desks.values()
        yield from market.duties
        if market.origin_rules is not None:
            yield market.origin_rules


def _duties(chain: ChainWorld, s: int, imposer: str) -> Duties:
    """Duties of one imposer on the product of stage ``s``, opened on first use."""
    market = chain.markets[s]
    for known in market.duties:
        if known.imposer == imposer:
            return known
    stage = market.stage
    opened = Duties(imposer, stage.producers, stage.buyers, chain.qualification_days, chain.demand_elasticity)
    market.duties.append(opened)
    return opened


def _origin_rules(chain: ChainWorld, s: int) -> OriginRules:
    """Origin rules on the product of stage ``s``, opened on first use."""
    market = chain.markets[s]
    if market.origin_rules is None:
        stage = market.stage
        market.origin_rules = OriginRules(stage.producers, stage.buyers, chain.draws.n, chain.order_ceiling)
    return market.origin_rules
