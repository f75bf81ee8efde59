"""Where the effects on producers, demand and the stockpile of one commodity are hung, before the clock starts."""

from __future__ import annotations

from simulator.domain.changes import (
    DumpingChange,
    FloorChange,
    LastingChange,
    PurchaseChange,
    ReleaseChange,
    SubstitutionChange,
)
from simulator.model.chain_world import ChainWorld
from simulator.model.margins import Margins
from simulator.model.stockpile import Purchase, Release


def hang(world: ChainWorld, change: LastingChange) -> None:
    """Let a change act on its commodity from its day on; new capacity is furnished with the chain instead."""
    if isinstance(change, FloorChange | DumpingChange):
        _margins(world, change)
    elif isinstance(change, SubstitutionChange):
        world.substitutions.append(change)
    elif isinstance(change, PurchaseChange | ReleaseChange):
        # The government's stock is of the product the focal economy's independence is judged at.
        focal = world.markets[world.chain.verdict_stage].focal
        if focal is not None and isinstance(change, PurchaseChange):
            focal.purchases.append(Purchase(change, focal.layout))
        elif focal is not None and isinstance(change, ReleaseChange):
            focal.releases.append(Release(change))


def _margins(world: ChainWorld, change: FloorChange | DumpingChange) -> None:
    if world.margins is None:
        world.margins = Margins(world.draws.n, world.markets, world.restart_days, byproduct=world.chain.byproduct)
    if isinstance(change, FloorChange):
        world.margins.add_floor(change)
    else:
        world.margins.add_dumping(change)
