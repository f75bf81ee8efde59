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
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.facts import UncertainInput
from simulator.domain.sampling import three_point

Floats = NDArray[np.float64]
Words = NDArray[np.uint32]

RANDOMISATIONS: Final = 16
"""Independent scrambles; a run's replications are spread evenly over them."""
BITS: Final = 32


def sobol_words(count: int, dimensions: int) -> Words:
    """Return (count, dimensions) unscrambled Sobol points as 32-bit integers.

    A column does not depend on how many dimensions are asked for, nor a row on how many points.
    """
    from scipy.stats.qmc import Sobol  # costly, and needed in the parent process only

    # Whole powers of two: what Sobol points are balanced over, and what SciPy does not warn about.
    whole = max(count - 1, 0).bit_length()
    points = Sobol(dimensions, scramble=False, bits=BITS).random_base2(whole)
    return np.asarray(points[:count] * 2.0**BITS, dtype=np.uint32)


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


def scramble_keys(seed: int, name: str) -> Words:
    """Return the (16,) scramble keys of an input, one per randomisation."""
    digests = [
        blake2b(f"{seed}/{name}/{randomisation}".encode(), digest_size=4, person=b"oresight/points").digest()
        for randomisation in range(RANDOMISATIONS)
    ]
    return np.frombuffer(b"".join(digests), dtype="<u4").astype(np.uint32)


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
        self._inputs = tuple(inputs)
        self._keys = [scramble_keys(seed, item.name) for item in self._inputs]
        count = -(-replications_count // RANDOMISATIONS)
        dimensions = max((item.dimension for item in self._inputs), default=-1) + 1
        self._words = sobol_words(count, dimensions) if dimensions else None

    def values(self, first: int, end: int) -> dict[str, Floats]:
        """Return name -> (end - first,) values in replications [first, end): a part of those of ``input_values``."""
        if self._words is None:
            return {}
        rows = slice(first // RANDOMISATIONS, -(-end // RANDOMISATIONS))
        inside = slice(first - rows.start * RANDOMISATIONS, end - rows.start * RANDOMISATIONS)
        found = {}
        for item, keys in zip(self._inputs, self._keys, strict=True):
            uniforms = _uniforms(self._words[rows, item.dimension], keys)[inside]
            found[item.name] = three_point(uniforms, item.low, item.median, item.high, item.minimum, item.maximum)
        return found


def _uniforms(column: Words, keys: Words) -> Floats:
    scrambled = owen_scrambled(np.ascontiguousarray(column)[:, None], keys[None, :])
    # Row-major ravel puts point j of randomisation r at j * 16 + r.
    uniforms: Floats = ((scrambled.astype(np.float64) + 0.5) * 2.0**-BITS).ravel()
    return uniforms


def input_uniforms(inputs: Iterable[UncertainInput], replications_count: int, seed: int) -> dict[str, Floats]:
    """Return name -> (replications_count,) uniforms in (0, 1); the first n of N equal a run of n."""
    inputs = tuple(inputs)
    if not inputs:
        return {}
    count = -(-replications_count // RANDOMISATIONS)
    words = sobol_words(count, max(item.dimension for item in inputs) + 1)
    uniforms = {}
    for item in inputs:
        column = words[:, item.dimension]
        uniforms[item.name] = _uniforms(column, scramble_keys(seed, item.name))[:replications_count]
    return uniforms


def input_values(inputs: Iterable[UncertainInput], replications_count: int, seed: int) -> dict[str, Floats]:
    """Return name -> (replications_count,) values of the uncertain inputs, through their quantile functions."""
    inputs = tuple(inputs)
    uniforms = input_uniforms(inputs, replications_count, seed)
    return {
        item.name: three_point(uniforms[item.name], item.low, item.median, item.high, item.minimum, item.maximum)
        for item in inputs
    }
