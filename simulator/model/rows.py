"""Arrays of a block: replications first in the index, side by side in memory.

Arrays of state are indexed ``(n, ...)`` and lie in Fortran order, so what one producer, buyer or label holds in all
replications is one contiguous column. NumPy then runs along the long axis whatever is short beside it, a column is read
without a copy, and so is the transpose ``(..., n)``. Ufuncs, ``np.where`` and ``zeros_like`` keep the order of what
they are given; ``repeat``, picking by a list and the ``copy`` method do not.

Sums over producers, buyers or labels go column by column, in their order: the same for a replication alone and in a
block. ``np.add.reduce`` does so too, but for a single replication, whose columns are one number long.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = TypeVar("Kind", bound=np.generic)
_TINY = 1e-300


def zeros(n: int, *shape: int) -> Floats:
    """(n, ...) zeros, replications side by side."""
    return np.zeros((n, *shape), order="F")


def ones(n: int, *shape: int) -> Floats:
    """(n, ...) ones, replications side by side."""
    return np.ones((n, *shape), order="F")


def alike(n: int, values: Floats) -> Floats:
    """(n, ...) the same ``values`` (...) in every replication, side by side."""
    block = np.empty((n, *values.shape), order="F")
    block[...] = values
    return block


def side_by_side(values: NDArray[Kind]) -> NDArray[Kind]:
    """Return (n, ...) with replications side by side in memory: a copy where they are not."""
    return np.asfortranarray(values)


def rows_last(values: Floats) -> Floats:
    """(n, ...) as contiguous (..., n), last index first, without a copy where replications lie side by side."""
    return np.ascontiguousarray(values.T)


def either(mask: NDArray[np.bool_], inside: Floats | float, outside: Floats | float) -> Floats:
    """(n, K) with ``inside`` (n,) in the columns of ``mask`` (K,) and ``outside`` (n,) in the others."""
    return np.where(mask[:, None], inside, outside).T


def add_up(rows: Floats) -> Floats:
    """(..., n) sums of (K, ..., n) over the first axis, row by row."""
    if rows.shape[-1] > 1:
        return np.asarray(np.add.reduce(rows, axis=0))
    total = np.zeros(rows.shape[1:])
    for row in rows:
        total += row
    return total


def row_sums(values: Floats) -> Floats:
    """(n,) sums of (n, K), column by column."""
    return add_up(rows_last(values))


def weighted(values: Floats, weights: Floats) -> Floats:
    """(..., n) sums of the columns of (n, K) times their weights (..., K), column by column."""
    if len(values) == 1:  # as in ``mixed``
        return weighted(_twice(values), weights)[..., :1]
    return np.asarray(np.einsum("kn,...k->...n", values.T, weights))


@cache
def _level(value: float, size: int) -> Floats:
    """(size,) the same ``value`` everywhere; sizes of one power of two are views of one array."""
    if size & (size - 1):
        return _level(value, 1 << size.bit_length())[:size]
    level = np.full(size, value)
    level.flags.writeable = False
    return level


@lru_cache(maxsize=1024)
def _level_of(value: float, shape: tuple[int, ...]) -> Floats:
    """The same ``value`` everywhere, in an array of a shape, last index side by side."""
    return _level(value, math.prod(shape)).reshape(shape)


def at_least(values: Floats, least: float, out: Floats | None = None) -> Floats:
    """``np.maximum(values, least)``, three times as fast: with one number NumPy compares element by element."""
    if values.flags.c_contiguous:
        return np.maximum(values, _level_of(least, values.shape), out=out)
    return np.maximum(values, _level_of(least, values.shape[::-1]).T, out=out)


def at_most(values: Floats, most: float, out: Floats | None = None) -> Floats:
    """``np.minimum(values, most)``, as ``at_least``."""
    if values.flags.c_contiguous:
        return np.minimum(values, _level_of(most, values.shape), out=out)
    return np.minimum(values, _level_of(most, values.shape[::-1]).T, out=out)


def divisor(values: Floats) -> Floats:
    """``values``, at least 0, none of them 0: nothing divided by nothing is nothing."""
    return np.asarray(values + _TINY)


def by_review(reviews: NDArray[np.int64], count: int, *columns: NDArray[Any]) -> list[tuple[NDArray[Any], ...]]:
    """For each of ``count`` reviews its entries in ``columns`` (c,), in order; ``reviews`` (c,) is that of each."""
    order = np.argsort(reviews.astype(np.int16), kind="stable")
    bounds = np.searchsorted(reviews[order], np.arange(count + 1)).tolist()
    columns = tuple(column[order] for column in columns)
    return [tuple(column[first:end] for column in columns) for first, end in pairwise(bounds)]


def part(some: Floats, whole: Floats) -> Floats:
    """``some`` as a part of ``whole``, at most 1; nothing is no part of nothing."""
    whole = divisor(whole)
    share = np.minimum(some, whole)
    share /= whole
    return share


def beyond(some: Floats, other: Floats) -> Floats:
    """By how much ``some`` is more than ``other``, at least 0."""
    more = np.maximum(some, other)
    more -= other
    return more


def mixed(labels: Floats, part: Floats, out: Floats | None = None) -> Floats:
    """(n, Q, L) labels of what comes together from amounts labelled (n, P, L), ``part`` (P, Q, n) of each.

    Summed over P in its order. ``einsum`` multiplies and adds along the replications; of one alone it would not.
    """
    if len(labels) == 1:
        alone = mixed(_twice(labels), np.repeat(part, 2, axis=2))[:1]
        if out is not None:
            out[...] = alone
        return alone
    return np.asarray(np.einsum("lpn,pqn->lqn", labels.T, part, out=None if out is None else out.T).T)


def _twice(values: Floats) -> Floats:
    """(2, ...) a replication alone, (1, ...), beside itself."""
    return side_by_side(np.repeat(values, 2, axis=0))


def anywhere(mask: NDArray[Any]) -> bool:
    """``mask.any()`` in half the time."""
    return bool(np.count_nonzero(mask))


def reaches(mask: NDArray[np.bool_], columns: Floats) -> NDArray[np.bool_]:
    """(n, K) whether ``mask`` (n,) holds and the column counts: ``columns`` (K,) above 0."""
    return np.logical_and.outer(columns > 0.0, mask).T


def outer(values: Floats, columns: Floats) -> Floats:
    """(n, K) products of ``values`` (n,) and ``columns`` (K,)."""
    return np.multiply.outer(columns, values).T
