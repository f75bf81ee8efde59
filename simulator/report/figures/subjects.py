"""Finding what a figure is about, with an error that says what there is."""

from __future__ import annotations

from simulator.analysis.study import Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.errors import UsageError
from simulator.metrics.outcome import ChainOutcome


def chain_of(study: Study, commodity: str) -> ChainOutcome:
    """Return the outcome of a commodity.

    Raises
    ------
    UsageError
        If the run has no such commodity.
    """
    found = {chain.commodity: chain for chain in study.counted.chains}
    if commodity not in found:
        raise UsageError(f"{commodity!r} is not in this run; it has {', '.join(found)}")
    return found[commodity]


def verdict_of(study: Study, commodity: str) -> CommodityVerdict:
    """Return the verdict on a commodity or end product of a run."""
    everything = (*study.verdict.commodities, *study.verdict.end_products)
    return next(item for item in everything if item.commodity == chain_of(study, commodity).commodity)


def heading(item: CommodityVerdict) -> str:
    """Return a commodity as the titles of figures name it: as in tables, beginning with a capital."""
    name = short_name(item).replace("ree ", "REE ")
    return name[:1].upper() + name[1:]


def short_name(item: CommodityVerdict) -> str:
    """Return a commodity as the rows of tables name it."""
    return (item.commodity.partition(":")[2] or item.commodity).replace("_", " ")
