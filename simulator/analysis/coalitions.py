"""Which runs an attribution needs: one per commodity and set of contributors that touch it, each only once.

A commodity's worth depends on the contributors that touch it and on nothing else, so coalitions that differ in others
share a run, and groups that share no commodity need no joint runs. Commodities that hang together, by a rule or by
a corridor that was full, are run together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.contributors import Contributor, units_of, with_only
from simulator.analysis.grouping import Group
from simulator.analysis.shapley import coalitions_of, sampled_orders
from simulator.analysis.worths import Worth, Worths
from simulator.experiment.many import Wanted

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Unit = tuple[str, ...]
"""Commodities simulated together."""

ALL_DEALS: Final = "all agreements"
"""Stands for the agreements of all groups together."""


@dataclass(frozen=True, slots=True)
class Key:
    """One run: commodities, and those of the contributors touching them that are kept."""

    unit: Unit
    kept: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Game:
    """A case with its contributors in groups, and the runs that say what they add."""

    case: Case
    contributors: tuple[Contributor, ...]
    groups: tuple[Group, ...]
    units: tuple[Unit, ...]
    orders: tuple[tuple[int, ...], ...]
    """Sampled orders of the groups, for commodities that too many of them touch."""
    exact_up_to: int
    """Groups at most whose coalitions are all counted."""

    @classmethod
    def of(
        cls,
        case: Case,
        contributors: tuple[Contributor, ...],
        groups: tuple[Group, ...],
        *,
        shared: Collection[str] = (),
        exact_up_to: int,
        orders: int,
        seed: int,
    ) -> Game:
        """Lay a game out; ``shared`` are corridors that tie commodities together."""
        drawn = sampled_orders(len(groups), orders, seed)
        return cls(case, contributors, groups, units_of(case, shared), drawn, exact_up_to)

    def unit(self, commodity: str) -> Unit:
        """Return the unit of a commodity, or of the one an end product belongs to."""
        name = commodity.partition(":")[0]
        return next(unit for unit in self.units if name in unit)

    def touching(self, unit: Unit) -> frozenset[str]:
        """Ids of the contributors that touch a unit."""
        return frozenset(item.id for item in self.contributors if not set(unit).isdisjoint(item.commodities))

    def players(self, unit: Iterable[str]) -> tuple[int, ...]:
        """Places of the groups with a member that touches one of some commodities."""
        ids = self.touching(tuple(unit))
        return tuple(place for place, group in enumerate(self.groups) if not ids.isdisjoint(group.members))

    def exact(self, players: Sequence[int]) -> bool:
        """Whether all coalitions of so many groups are counted."""
        return len(players) <= self.exact_up_to

    def orders_of(self, players: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """Sampled orders of some groups, as places in ``players``: the orders of all without the others."""
        place = {player: k for k, player in enumerate(players)}
        return tuple(tuple(place[player] for player in order if player in place) for order in self.orders)

    def key(self, unit: Unit, players: Sequence[int], coalition: int) -> Key:
        """Return the run of a unit with a coalition of groups, given as bits over ``players``."""
        members = {
            name for bit, player in enumerate(players) if coalition >> bit & 1 for name in self.groups[player].members
        }
        return Key(unit, self.touching(unit) & members)

    def without(self, unit: Unit, removed: Collection[str]) -> Key:
        """Return the run of a unit with everything but some contributors."""
        return Key(unit, self.touching(unit) - frozenset(removed))

    def deals(self) -> Mapping[str, frozenset[str]]:
        """Group -> its agreements, for groups that have some, and all agreements where several do."""
        kinds = {item.id: item.kind for item in self.contributors}
        found = {
            group.name: frozenset(name for name in group.members if kinds[name] == "agreement") for group in self.groups
        }
        found = {name: members for name, members in found.items() if members}
        if len(found) > 1:
            found[ALL_DEALS] = frozenset().union(*found.values())
        return found

    def runs(self) -> tuple[Key, ...]:
        """Return every run needed, each once: with everything and with nothing, coalitions of groups, then one out."""
        found: dict[Key, None] = {}
        for unit in self.units:
            found[Key(unit, self.touching(unit))] = found[Key(unit, frozenset())] = None
        for unit in self.units:
            found.update(dict.fromkeys(self._coalitions(unit)))
        for unit in self.units:
            found.update(dict.fromkeys(self.without(unit, members) for members in self.deals().values()))
        for unit in self.units:
            found.update(dict.fromkeys(self.without(unit, {name}) for name in sorted(self.touching(unit))))
        return tuple(found)

    def _coalitions(self, unit: Unit) -> Iterator[Key]:
        players = self.players(unit)
        counted: Iterable[int] = range(1 << len(players))
        if not self.exact(players):
            counted = coalitions_of(self.orders_of(players))
        yield from (self.key(unit, players, coalition) for coalition in counted)

    def naive(self) -> int:
        """Runs of one commodity that simulating every coalition and every one-out of the whole case would take."""
        players = len(self.groups)
        coalitions = 1 << players if players <= self.exact_up_to else len(coalitions_of(self.orders))
        return len(self.case.chains) * (coalitions + len(self.deals()) + len(self.contributors))

    def wanted(self, key: Key, replications: int, seed: int) -> Wanted:
        """Return a run as the pool of workers takes it."""
        return Wanted(with_only(self.case, key.unit, key.kept), replications, seed)


class Shelf:
    """Runs that are finished."""

    def __init__(self) -> None:
        self._found: dict[Key, Mapping[str, Worth]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._found

    def __len__(self) -> int:
        return len(self._found)

    def put(self, key: Key, found: Worths) -> None:
        """Keep what the commodities of a run came to."""
        own = {name: worth for name, worth in found.by_commodity.items() if name.partition(":")[0] in key.unit}
        self._found[key] = own

    def commodities(self, key: Key) -> tuple[str, ...]:
        """Commodities and end products of a run."""
        return tuple(self._found[key])

    def worth(self, key: Key, commodity: str) -> Worth:
        """Return what a commodity came to in a run."""
        return self._found[key][commodity]

    def values(self, key: Key, commodity: str, measure: str) -> Floats:
        """(n,) a measure of a commodity in a run."""
        return self._found[key][commodity].values[measure]
