"""Shapley values: what each player of a game adds, averaged over all orders in which the players may come.

A game gives every coalition of players a worth in each random future, on common random numbers. Means over futures
are kept as exact fractions, so that what the players add sums to the worth of all less the worth of none to the
last bit; floating point comes in only where a number is shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from simulator.experiment.streams import BlockDraws

Floats = NDArray[np.float64]
Worth = Callable[[int], Floats]
"""Coalition, as the bits of its players -> (n,) worth in each future."""


@dataclass(frozen=True, slots=True, eq=False)
class Added:
    """What one player adds."""

    exact: Fraction
    """Mean over futures, without rounding."""
    by_future: Floats
    """(n,) the same future by future."""
    by_order: Floats
    """(pairs,) mean over futures in each pair of sampled orders; empty where all orders are counted."""


def exact_mean(values: Floats) -> Fraction:
    """Return the mean of (n,) floats as a fraction, the same for any order of summation.

    >>> exact_mean(np.array([1.0, 0.0, 0.0]))
    Fraction(1, 3)
    """
    return Fraction(math.fsum(values.tolist())) / len(values)


def shapley_values(worth: Worth, players: int) -> tuple[Added, ...]:
    """Return what each player adds, from all ``2**players`` coalitions.

    Examples
    --------
    A glove market: one left glove (player 0) and two right ones, worth 1 as a pair.

    >>> gloves = lambda s: np.array([float(s & 1 > 0 and s & 6 > 0)])
    >>> [added.exact for added in shapley_values(gloves, 3)]
    [Fraction(2, 3), Fraction(1, 6), Fraction(1, 6)]

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. *Contributions to the Theory of Games* II, 307-317.
    """
    worths = [worth(coalition) for coalition in range(1 << players)]
    means = [exact_mean(values) for values in worths]
    orders = math.factorial(players)
    found = []
    for player in range(players):
        total, by_future = Fraction(0), np.zeros_like(worths[0], dtype=np.float64)
        for coalition in range(1 << players):
            if coalition >> player & 1:
                continue
            joined = coalition | 1 << player
            size = coalition.bit_count()
            weight = math.factorial(size) * math.factorial(players - size - 1)
            total += weight * (means[joined] - means[coalition])
            by_future += weight * (worths[joined] - worths[coalition])
        found.append(Added(total / orders, by_future / orders, np.zeros(0)))
    return tuple(found)


def sampled_orders(players: int, count: int, seed: int) -> tuple[tuple[int, ...], ...]:
    """Return ``count`` random orders of the players, an even number: each is followed by its reverse.

    What a player adds late stands beside what it adds early, which takes out most of the noise [1]_.

    References
    ----------
    .. [1] Mitchell, R. et al. (2022). Sampling permutations for Shapley value estimation. *JMLR* 23 (43).
    """
    u = BlockDraws(seed, np.arange(count // 2, dtype=np.int64), {}).uniform("explain/orders", max(players, 1))
    found = []
    for row in u[:, :players]:
        order = tuple(int(player) for player in np.argsort(row, kind="stable"))
        found += [order, order[::-1]]
    return tuple(found)


def coalitions_of(orders: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the coalitions that some orders pass through, each once, the empty one first.

    >>> coalitions_of([(0, 1), (1, 0)])
    (0, 1, 3, 2)
    """
    found: dict[int, None] = {0: None}
    for order in orders:
        coalition = 0
        for player in order:
            coalition |= 1 << player
            found[coalition] = None
    return tuple(found)


def sampled_values(worth: Worth, players: int, orders: Sequence[Sequence[int]]) -> tuple[Added, ...]:
    """Return what each player adds on average over some orders; they still sum to the whole exactly."""
    worths = {coalition: worth(coalition) for coalition in coalitions_of(orders)}
    means = {coalition: exact_mean(values) for coalition, values in worths.items()}
    exact = [Fraction(0)] * players
    by_future = [np.zeros_like(worths[0], dtype=np.float64) for _ in range(players)]
    by_order = np.zeros((len(orders), players))
    for place, order in enumerate(orders):
        coalition = 0
        for player in order:
            joined = coalition | 1 << player
            step = means[joined] - means[coalition]
            exact[player] += step
            by_order[place, player] = float(step)
            by_future[player] += worths[joined] - worths[coalition]
            coalition = joined
    pairs = by_order.reshape(-1, 2, players).mean(axis=1)
    return tuple(
        Added(exact[player] / len(orders), by_future[player] / len(orders), np.ascontiguousarray(pairs[:, player]))
        for player in range(players)
    )
