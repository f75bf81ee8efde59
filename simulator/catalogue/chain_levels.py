"""From published splits to a consistent tonnage at every stage.

Three rules, chosen per stage in ``stage_map.csv``: ``table`` takes the tonnes (or shares of a stated
total) as published; ``feed`` gives the stage what upstream leaves it, times the yield, plus scrap;
``back`` sizes the first stage to what the next one needs. Where the focal economy's imports from a
country exceed what that country is said to make, its output is raised to them and the excess is kept
as a graded fact: such origins re-export or re-refine, and customs statistics name them all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simulator.catalogue.balance import water_fill
from simulator.catalogue.chain_demand import FOCAL, Demand, demand, named_floor
from simulator.catalogue.chain_facts import assumption, assumptions
from simulator.catalogue.chain_stages import StageSpec, stages
from simulator.catalogue.chain_supply import Supply, from_world_table, growth_since, supply
from simulator.domain.facts import Fact
from simulator.domain.places import REST
from simulator.errors import CatalogueError


@dataclass(slots=True)
class Level:
    """Tonnage of one stage by country while the chain is being built."""

    spec: StageSpec
    supply: Supply
    demand: Demand | None
    feed_yield: float
    output: dict[str, float] = field(default_factory=dict)
    secondary: dict[str, float] = field(default_factory=dict)
    cells: dict[str, float] = field(default_factory=dict)
    """Focal consumption by declared origin, t/yr; the focal country itself included."""
    facts: list[Fact] = field(default_factory=list)

    @property
    def total(self) -> float:
        """World output, t/yr."""
        return sum(self.output.values())

    @property
    def need(self) -> float:
        """Feed the stage takes, t/yr of the upstream product."""
        return (self.total - sum(self.secondary.values())) / self.feed_yield


def levels(commodity: str) -> tuple[Level, ...]:
    """Tonnages of all stages of a commodity, upstream first."""
    out = [_blank(spec, position) for position, spec in enumerate(stages()[commodity])]
    for level in out:
        if level.spec.level == "table":
            _take_table(level)
    for above, level in zip([None, *out], out, strict=False):
        if level.spec.level == "feed":
            if above is None:
                raise CatalogueError(f"{commodity}: the first stage has no feed")
            _take_feed(level, above)
    first = out[0]
    if first.spec.level == "back":
        _scale(first, out[1].need)
    return tuple(out)


def left_for_final_use(level: Level, below: Level | None) -> float:
    """Output that the next stage does not take, t/yr; a round-off below 1e-9 of the output counts as nil."""
    left = level.total - (below.need if below is not None else 0.0)
    if abs(left) <= 1e-9 * level.total:
        return 0.0
    if left < 0:
        raise CatalogueError(f"{level.spec.commodity} {level.spec.name}: the next stage needs {-left:g} t/yr too much")
    return left


def _blank(spec: StageSpec, position: int) -> Level:
    commodity, name = spec.commodity, spec.name
    feed_yield = 1.0
    facts: list[Fact] = []
    if position:
        fact = assumption(f"yield/{commodity}/{name}")
        feed_yield = fact.value
        facts.append(fact)
    found, wanted = supply(commodity, name), demand(commodity, name)
    facts.extend(found.facts)
    if wanted is not None:
        facts.extend(wanted.facts)
    return Level(spec, found, wanted, feed_yield, facts=facts)


def _take_table(level: Level) -> None:
    commodity, name = level.spec.commodity, level.spec.name
    factor = 1.0
    if level.supply.is_shares:
        total = assumption(f"total/{commodity}/{name}")
        level.facts.append(total)
        factor = total.value / sum(level.supply.amounts.values())
    factor *= _to_earlier(level)
    level.output = {country: amount * factor for country, amount in level.supply.amounts.items()}
    _settle_secondary(level)
    _settle_cells(level)
    for country, least in _floors(level).items():
        have = level.output.get(country, 0.0)
        if least > have:
            _note_raise(level, country, have, least)
            level.output[country] = least
    _settle_secondary(level)


def _to_earlier(level: Level) -> float:
    """Factor on tonnages without earlier editions where those of the first stage are of an earlier year; at most 1.

    Their split stays; their size follows the world output that was known on that day.
    """
    name = level.spec.commodity
    ratio = growth_since(name)
    if ratio is None or from_world_table(name, level.spec.name):
        return 1.0
    note = "tonnage of the shipped base year times known world output over that of the base year, at most 1"
    fact = Fact(
        f"{name}.{level.spec.name}.earlier",
        min(ratio, 1.0),
        "1",
        None,
        "world_production_vintages.csv",
        "derived",
        note,
    )
    level.facts.append(fact)
    return fact.value


def _take_feed(level: Level, above: Level) -> None:
    """Scale the published split to the feed at hand, then hold every country at or above its known flows."""
    commodity = level.spec.commodity
    spared = f"final_share/{commodity}/{above.spec.name}"
    kept = 1.0
    if spared in assumptions():
        kept -= assumption(spared).value
        level.facts.append(assumption(spared))
    _scale(level, above.total * kept * level.feed_yield)
    _settle_secondary(level)
    target = above.total * kept * level.feed_yield + sum(level.secondary.values())
    # Scrap stays at this tonnage while the split is held at its floors, so that the feed closes exactly.
    _scale(level, target)
    _settle_cells(level)
    floors = _floors(level)
    raised: dict[str, float] = {}
    while True:
        scaled = {country: amount for country, amount in level.output.items() if country not in raised}
        factor = (target - sum(raised.values())) / sum(scaled.values())
        short = {c: least for c, least in floors.items() if c not in raised and scaled.get(c, 0.0) * factor < least}
        if not short:
            break
        raised |= short
    for country, least in raised.items():
        _note_raise(level, country, level.output.get(country, 0.0), least)
    level.output = {country: amount * factor for country, amount in scaled.items()} | raised
    # What round-off leaves goes to the largest producer, so that the stage takes exactly the feed there is.
    level.output[max(level.output, key=level.output.__getitem__)] += target - level.total


def _scale(level: Level, total: float) -> None:
    base = level.output or dict(level.supply.amounts)
    factor = total / sum(base.values())
    level.output = {country: amount * factor for country, amount in base.items()}


def _settle_secondary(level: Level) -> None:
    level.secondary = dict(level.supply.secondary)
    for country, part in level.supply.secondary_share.items():
        level.secondary[country] = part * level.output.get(country, 0.0)


def _settle_cells(level: Level) -> None:
    """Focal consumption by declared origin: domestic, named origins, then the unnamed rest.

    The unnamed rest goes to producers the source does not name, in proportion to what they can export,
    none above the smallest named share; what they cannot carry is ``OTH``.
    """
    wanted = level.demand
    if wanted is None or wanted.focal_t == 0.0:
        return
    commodity, name = level.spec.commodity, level.spec.name
    if wanted.domestic_share is not None:
        home = wanted.domestic_share * wanted.focal_t
    else:
        home = min(level.output.get(FOCAL, 0.0), wanted.focal_t)
    imports = wanted.focal_t - home
    if home > 0:
        level.cells[FOCAL] = home
    if not wanted.origins:
        return
    shares = dict(wanted.origins)
    prefix = f"us_import_share/{commodity}/{name}/"
    for key, fact in assumptions().items():
        if key.startswith(prefix):
            # A finer source names a country that the total leaves in the unnamed rest.
            shares[key[len(prefix) :]] = fact.value
            shares[REST] = shares[REST] - fact.value
            level.facts.append(fact)
    for country, share in shares.items():
        if country != REST:
            level.cells[country] = share * imports
    unnamed = sorted(c for c in level.output if c not in shares and c not in {FOCAL, REST} and not _embargoed(c))
    outputs = np.array([level.output[c] for c in unnamed])
    headroom, exportable = assumption("unnamed/headroom"), assumption("unnamed/exportable")
    level.facts += [
        headroom,
        exportable,
        *(fact for key, fact in assumptions().items() if key.startswith("embargoed/")),
    ]
    caps = np.minimum(outputs * headroom.value, named_floor(wanted.origins) * imports)
    rest = shares.get(REST, 0.0) * imports
    parts = water_fill(rest, np.array([_exportable(level, c) for c in unnamed]), caps)
    for country, part in zip(unnamed, parts, strict=True):
        if part > 0:
            level.cells[country] = float(part)
    left = rest - float(parts.sum())
    if left > 1e-9 * wanted.focal_t:
        level.cells[REST] = left
    elif rest > 0 and level.cells:
        level.cells[max(level.cells, key=level.cells.__getitem__)] += left


def _exportable(level: Level, country: str) -> float:
    """Output of a country beyond its own use where that use is published, t/yr."""
    output = level.output[country]
    regions = level.demand.regions if level.demand is not None else {}
    if country not in regions:
        return output
    home = regions[country] / sum(regions.values()) * level.total
    return max(output - home, assumption("unnamed/exportable").value * output)


def _embargoed(country: str) -> bool:
    """True where the focal economy imports nothing from a country for reasons of law."""
    return f"embargoed/{country}" in assumptions()


def _floors(level: Level) -> dict[str, float]:
    floors = dict(level.supply.least)
    for country, cell in level.cells.items():
        floors[country] = max(floors.get(country, 0.0), cell)
    for country, scrap in level.secondary.items():
        floors[country] = max(floors.get(country, 0.0), scrap)
    return floors


def _note_raise(level: Level, country: str, have: float, least: float) -> None:
    if least - have <= 1e-3 * least:
        return
    level.facts.append(
        Fact(
            f"{level.spec.commodity}.{level.spec.name}.raised.{country}",
            least - have,
            "t/yr",
            None,
            "us_balance.csv and us_import_sources.csv against the output table",
            "assumed",
            f"known flows of {country} exceed its published output of {have:g} t/yr; "
            "the difference is counted as output there (re-export, re-refining or unpublished output)",
        )
    )
