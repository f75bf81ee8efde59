"""What each group, deal and contributor adds to a measure, from the runs of a game."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from simulator.analysis.coalitions import Game, Key, Shelf
from simulator.analysis.compare import widened
from simulator.analysis.intervals import LEVEL, Estimate, mean_interval, probability
from simulator.analysis.overall import consumption_weights, rule_flags
from simulator.analysis.shapley import Added, exact_mean, sampled_values, shapley_values
from simulator.analysis.worths import MEASURES
from simulator.errors import ModelError

Floats = NDArray[np.float64]
Part = Literal["with", "without", "difference", "group", "deals", "lever", "interaction"]

LIST: Final = "headline"
"""Stands for the headline commodities that missed the target at the start, taken together."""
LIST_MEASURES: Final = ("expected_met", "all_met", "list_met")
"""Measures of the list: how many of its commodities meet the target, whether all do, and, where the scenario's rule
for the list is another, whether that many do."""
EVERYTHING: Final = "everything"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One number of an attribution."""

    commodity: str
    """Catalogue name, ``commodity:stage`` of an end product, or ``headline``."""
    measure: str
    part: Part
    """``with`` everything, ``without`` anything, their ``difference``; what a ``group`` adds (Shapley), what leaving
    out its ``deals`` or one ``lever`` takes away, and the ``interaction`` that single levers leave."""
    who: str
    """Group or contributor; ``everything`` where it is neither."""
    exact: Fraction
    """Mean over futures without rounding: groups sum to the difference, and so do levers with their interaction."""
    estimate: Estimate
    """The same with its 95 % interval."""
    orders: int = 0
    """Sampled orders of the groups behind it; 0 where every coalition was counted."""

    @property
    def distinct(self) -> bool:
        """Whether its interval leaves zero out."""
        return self.estimate.low > 0.0 or self.estimate.high < 0.0


def contributions(game: Game, shelf: Shelf, listed: Sequence[str]) -> Iterator[Contribution]:
    """Yield every contribution whose runs are finished, commodity by commodity, then the list's.

    Parameters
    ----------
    game
        The case, its groups and the runs needed.
    shelf
        The runs finished.
    listed
        Headline commodities that missed the target at the start.
    """
    for unit in game.units:
        everything, nothing = Key(unit, game.touching(unit)), Key(unit, frozenset())
        if everything not in shelf or nothing not in shelf:
            continue
        for commodity in shelf.commodities(everything):
            for measure in MEASURES:
                yield from _Of(game, shelf, commodity, measure.name, 1.0 if measure.counted else math.inf).rows()
    if listed and all(Key(game.unit(name), frozenset()) in shelf for name in listed):
        yield from _OfList(game, shelf, tuple(listed), "expected_met", float(len(listed))).rows()
        yield from _OfList(game, shelf, tuple(listed), "all_met", 1.0).rows()
        if game.case.target.list_rule.kind != "all":
            yield from _OfList(game, shelf, tuple(listed), "list_met", 1.0).rows()


class _Of:
    """Contributions to one measure of one commodity."""

    def __init__(self, game: Game, shelf: Shelf, commodity: str, measure: str, most: float) -> None:
        self.game, self.shelf = game, shelf
        self.commodity, self.measure, self.most = commodity, measure, most

    @property
    def commodities(self) -> tuple[str, ...]:
        """Commodities behind the measure."""
        return (self.commodity,)

    def values(self, key: Callable[[tuple[str, ...]], Key]) -> Floats | None:
        """(n,) the measure under the runs that ``key`` names per unit; None where one is missing."""
        run = key(self.game.unit(self.commodity))
        return self.shelf.values(run, self.commodity, self.measure) if run in self.shelf else None

    def rows(self) -> Iterator[Contribution]:
        """Yield what is known, in the order of ``Part``."""
        game = self.game
        full = self.values(lambda unit: game.without(unit, ()))
        empty = self.values(lambda unit: Key(unit, frozenset()))
        assert full is not None
        assert empty is not None
        yield self._row("with", EVERYTHING, exact_mean(full), full, level=True)
        yield self._row("without", EVERYTHING, exact_mean(empty), empty, level=True)
        total = exact_mean(full) - exact_mean(empty)
        yield self._row("difference", EVERYTHING, total, full - empty)
        yield from self._groups(total)
        units = {game.unit(name) for name in self.commodities}
        touching = frozenset().union(*(game.touching(unit) for unit in units))
        for group, members in game.deals().items():
            rest = self.values(lambda unit, out=members: game.without(unit, out))  # type: ignore[misc]
            if rest is not None and not members.isdisjoint(touching):
                yield self._row("deals", group, exact_mean(full) - exact_mean(rest), full - rest)
        left, unexplained, missing = total, full - empty, False
        for lever in (item.id for item in game.contributors if item.id in touching):
            rest = self.values(lambda unit, out=lever: game.without(unit, {out}))  # type: ignore[misc]
            if rest is None:
                missing = True
                continue
            exact = exact_mean(full) - exact_mean(rest)
            left, unexplained = left - exact, unexplained - (full - rest)
            yield self._row("lever", lever, exact, full - rest)
        if not missing:
            yield self._row("interaction", EVERYTHING, left, unexplained)

    def _groups(self, total: Fraction) -> Iterator[Contribution]:
        added = self.added()
        if added is None:
            return
        if sum((one.exact for one in added.values()), Fraction(0)) != total:
            raise ModelError(f"what groups add to {self.measure} of {self.commodity} is not the whole difference")
        for player, one in added.items():
            row = self._row("group", self.game.groups[player].name, one.exact, one.by_future)
            yield replace(row, estimate=_with_orders(row.estimate, one), orders=2 * len(one.by_order))

    def added(self) -> dict[int, Added] | None:
        """Place of a group -> what it adds, for groups that touch the measure; None where a run is missing."""
        players = self.game.players(name for unit in map(self.game.unit, self.commodities) for name in unit)
        orders = () if self.game.exact(players) else self.game.orders_of(players)

        def worth(coalition: int) -> Floats:
            found = self.values(lambda unit: self.game.key(unit, players, coalition))
            if found is None:
                raise _Missing
            return found

        try:
            added = sampled_values(worth, len(players), orders) if orders else shapley_values(worth, len(players))
        except _Missing:
            return None
        return dict(zip(players, added, strict=True))

    def _row(self, part: Part, who: str, exact: Fraction, by_future: Floats, *, level: bool = False) -> Contribution:
        """Return a contribution with the interval of its values, paired future by future where it is a difference."""
        if level and self.most == 1.0:
            estimate = probability(by_future)
        else:
            estimate = mean_interval(by_future)
            if math.isfinite(self.most):
                # That nothing changed in these futures does not say that nothing would in others.
                estimate = widened(estimate, by_future, self.most)
                estimate = replace(estimate, low=max(estimate.low, 0.0)) if level else estimate
        return Contribution(self.commodity, self.measure, part, who, exact, replace(estimate, value=float(exact)))


class _OfList(_Of):
    """Contributions to a measure of the list, from the same runs: how many meet the target, or whether all do."""

    def __init__(self, game: Game, shelf: Shelf, listed: tuple[str, ...], measure: str, most: float) -> None:
        super().__init__(game, shelf, LIST, measure, most)
        self._listed = listed

    @property
    def commodities(self) -> tuple[str, ...]:
        """Commodities of the list."""
        return self._listed

    def values(self, key: Callable[[tuple[str, ...]], Key]) -> Floats | None:
        """(n,) number of the list's commodities that meet the target, or 1 where all or enough of them do."""
        met = []
        for name in self._listed:
            run = key(self.game.unit(name))
            if run not in self.shelf:
                return None
            met.append(self.shelf.values(run, name, "met"))
        if self.measure == "list_met":
            case = self.game.case
            worth = np.asarray(consumption_weights(case, self._listed))
            parts = worth / worth.sum() if worth.sum() > 0 else np.full(len(met), 1.0 / len(met))
            flags = [values > 0 for values in met]
            return rule_flags(case.target.list_rule, flags, parts).astype(np.float64)
        count: Floats = np.sum(np.stack(met, axis=1), axis=1)
        return count if self.measure == "expected_met" else (count == len(met)).astype(np.float64)

    def added(self) -> dict[int, Added] | None:
        """Place of a group -> what it adds; numbers met add up, so each commodity's own values do as well."""
        if self.measure != "expected_met":
            return super().added()
        found: dict[int, Added] = {}
        for name in self._listed:
            parts = _Of(self.game, self.shelf, name, "met", 1.0).added()
            if parts is None:
                return None
            for player, one in parts.items():
                found[player] = one if player not in found else _sum(found[player], one)
        return dict(sorted(found.items()))


def _sum(a: Added, b: Added) -> Added:
    orders = [item.by_order for item in (a, b) if item.by_order.size]
    return Added(a.exact + b.exact, a.by_future + b.by_future, np.asarray(sum(orders)) if orders else np.zeros(0))


class _Missing(Exception):
    """A coalition has not been simulated."""


def _with_orders(estimate: Estimate, one: Added) -> Estimate:
    """Widen an interval by the error of sampling orders instead of counting all, added in squares."""
    pairs = len(one.by_order)
    if pairs < 2:
        return estimate
    error = float(stdtrit(pairs - 1, 0.5 + LEVEL / 2.0)) * float(one.by_order.std(ddof=1)) / math.sqrt(pairs)
    low = estimate.value - math.hypot(estimate.value - estimate.low, error)
    high = estimate.value + math.hypot(estimate.high - estimate.value, error)
    return replace(estimate, low=low, high=high)
