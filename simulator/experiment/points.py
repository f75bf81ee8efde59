"""Quasi-random points for the uncertain inputs: scrambled Sobol, one scramble per input and randomisation.

Replication ``k`` is point ``k // 16`` of randomisation ``k mod 16``. The 16 randomisations are
independent, so the spread of their means is an honest error estimate of quasi-Monte Carlo [1]_. Each
input keeps its own dimension and name-keyed scramble, so an input that comes or goes moves no other.

The scramble is hash-based Owen scrambling [2]_: on the bit-reversed integer, a permutation in which
each bit is flipped depending on the bits above it only.

References
----------
.. [1] Owen, A. B. (1997). Scrambled net variance for integrals of smooth functions. *Ann. Statist.* 25.
.. [2] Laine, S. and Karras, T. (2011). Stratified sampling for stochastic transparency. *Comput. Graph.
   Forum* 30; constants of the hash by N. Vegdahl (2021).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.facts import UncertainInput
from simulator.domain.sampling import three_point
from simulator.experiment.sobol import BITS, Words, sobol_words

Floats = NDArray[np.float64]

RANDOMISATIONS: Final = 16
"""Independent scrambles; a run's replications are spread evenly over them."""
MOST_REPLICATIONS: Final = 2**20
"""More is a slip of the pen; their points alone would take a gigabyte."""


def reversed_bits(words: Words) -> Words:
    """Return the words with their bits in reverse order.

    >>> reversed_bits(np.array([1, 2**31], dtype=np.uint32)).tolist()
    [2147483648, 1]
    """
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F), (8, 0x00FF00FF), (16, 0x0000FFFF)):
        step, keep = np.uint32(shift), np.uint32(mask)
        words = ((words >> step) & keep) | ((words & keep) << step)
    return words


def owen_scrambled(words: Words, keys: Words) -> Words:
    """Return nested-uniform scrambles of Sobol integers; ``words`` and ``keys`` broadcast."""
    x = reversed_bits(words)
    # Every step lets a bit depend on itself and lower ones only; reversed, on the higher ones.
    x = x ^ (x * np.uint32(0x3D20ADEA))
    x = x + keys
    x = x * ((keys >> np.uint32(16)) | np.uint32(1))
    x = x ^ (x * np.uint32(0x05526C56))
    x = x ^ (x * np.uint32(0x53A22864))
    return reversed_bits(x)


@lru_cache(maxsize=4096)
def scramble_keys(seed: int, name: str) -> Words:
    """Return the (16,) scramble keys of an input, one per randomisation."""
    digests = [
        blake2b(f"{seed}/{name}/{randomisation}".encode(), digest_size=4, person=b"oresight/points").digest()
        for randomisation in range(RANDOMISATIONS)
    ]
    keys = np.frombuffer(b"".join(digests), dtype="<u4").astype(np.uint32)
    keys.flags.writeable = False
    return keys


class Points:
    """The uncertain inputs of a run, worked out for the replications that are asked for.

    A long run would fill memory with values of all its replications; their points are an eighth of that.

    Parameters
    ----------
    inputs
        The uncertain inputs.
    replications_count
        Replications of the run.
    seed
        Root seed.
    """

    def __init__(self, inputs: Iterable[UncertainInput], replications_count: int, seed: int) -> None:
        inputs = tuple(inputs)
        count = -(-replications_count // RANDOMISATIONS)
        dimensions = [item.dimension for item in inputs]
        self.names = [item.name for item in inputs]
        self._words = sobol_words(count, max(dimensions, default=-1) + 1).T[dimensions]
        """(inputs, points)"""
        keys = [scramble_keys(seed, item.name) for item in inputs]
        self._keys = np.array(keys, dtype=np.uint32).reshape(-1, RANDOMISATIONS)
        quantiles = [(item.low, item.median, item.high, item.minimum, item.maximum) for item in inputs]
        self._quantiles = np.array(quantiles).reshape(-1, 5).T[:, :, None]
        """(5, inputs, 1) arguments of ``three_point``"""

    def uniforms(self, first: int, end: int) -> Floats:
        """(inputs, end - first) numbers in (0, 1) in replications [first, end)."""
        rows = slice(first // RANDOMISATIONS, -(-end // RANDOMISATIONS))
        inside = slice(first - rows.start * RANDOMISATIONS, end - rows.start * RANDOMISATIONS)
        scrambled = owen_scrambled(self._words[:, rows, None], self._keys[:, None, :])
        # Point j of randomisation r comes to stand at j * 16 + r.
        replications = scrambled.reshape(len(self.names), scrambled.shape[1] * RANDOMISATIONS)[:, inside]
        return (replications.astype(np.float64) + 0.5) * 2.0**-BITS

    def values(self, first: int, end: int) -> dict[str, Floats]:
        """Return name -> (end - first,) values in replications [first, end)."""
        return dict(zip(self.names, three_point(self.uniforms(first, end), *self._quantiles), strict=True))


def input_uniforms(inputs: Iterable[UncertainInput], replications_count: int, seed: int) -> dict[str, Floats]:
    """Return name -> (replications_count,) uniforms in (0, 1); the first n of N equal a run of n."""
    points = Points(inputs, replications_count, seed)
    return dict(zip(points.names, points.uniforms(0, replications_count), strict=True))


def input_values(inputs: Iterable[UncertainInput], replications_count: int, seed: int) -> dict[str, Floats]:
    """Return name -> (replications_count,) values of the uncertain inputs, through their quantile functions."""
    return Points(inputs, replications_count, seed).values(0, replications_count)
