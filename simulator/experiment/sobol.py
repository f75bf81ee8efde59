"""Sobol's sequence as whole numbers, with the direction numbers of Joe and Kuo [1]_.

The same points as ``scipy.stats.qmc.Sobol``, bit for bit. Importing that costs a second, more than many a run, so it is
asked only beyond the dimensions kept here.

References
----------
.. [1] Joe, S. and Kuo, F. Y. (2008). Constructing Sobol sequences with better two-dimensional projections. *SIAM J.
   Sci. Comput.* 30; their table ``new-joe-kuo-6.21201`` is kept in ``sobol_directions.txt``.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

BITS: Final = 32
KEPT: Final = 1024
"""Dimensions whose direction numbers are kept here: far more than there are uncertain inputs."""


def sobol_words(count: int, dimensions: int) -> Words:
    """Return (count, dimensions) unscrambled Sobol points as 32-bit integers.

    A column does not depend on how many dimensions are asked for, nor a row on how many points.

    >>> sobol_words(4, 2).tolist()
    [[0, 0], [2147483648, 2147483648], [3221225472, 1073741824], [1073741824, 3221225472]]
    """
    whole = max(count - 1, 0).bit_length()
    if dimensions > KEPT:
        from scipy.stats.qmc import Sobol

        # Whole powers of two: what SciPy does not warn about.
        points = Sobol(dimensions, scramble=False, bits=BITS).random_base2(whole)
        return np.asarray(points[:count] * 2.0**BITS, dtype=np.uint32)
    steps = _directions(dimensions)
    words = np.zeros((1 << whole, dimensions), dtype=np.uint32)
    for bit in range(whole):
        # In Gray code the second half of the first 2^(k+1) numbers is the first half backwards with bit k set.
        half = 1 << bit
        words[half : 2 * half] = words[half - 1 :: -1] ^ steps[bit]
    return words[:count]


@cache
def _directions(dimensions: int) -> Words:
    """(BITS, dimensions) words by which a point changes with each bit of its Gray code."""
    numbers, degrees, factors = _polynomials(dimensions)
    every = np.arange(dimensions)
    for bit in range(1, BITS):
        past = numbers[max(bit - len(factors), 0) : bit][::-1]
        follows = np.bitwise_xor.reduce(factors[: len(past)] * past, axis=0) ^ numbers[bit - degrees, every]
        numbers[bit] = np.where(bit < degrees, numbers[bit], follows)
    return (numbers << np.arange(BITS - 1, -1, -1, dtype=np.uint64)[:, None]).astype(np.uint32)


def _polynomials(dimensions: int) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]]:
    """First direction numbers (BITS, dimensions), how many they are (dimensions,), and what gives all others.

    Number ``j`` is the exclusive or of number ``j - degree`` and of factor ``k`` (degrees, dimensions) times number
    ``j - 1 - k``. The first dimension, van der Corput's sequence, has ones throughout.
    """
    text = resources.files("simulator.experiment").joinpath("sobol_directions.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")][: max(dimensions - 1, 0)]
    first = np.zeros((BITS, dimensions), dtype=np.uint64)
    first[:, :1] = 1
    degrees = np.full(dimensions, BITS)
    factors = np.zeros((BITS, dimensions), dtype=np.uint64)
    for dimension, line in enumerate(lines, start=1):
        polynomial, *given = map(int, line.split())
        degree = degrees[dimension] = len(given)
        first[:degree, dimension] = given
        factors[:degree, dimension] = [(2 << k) * (polynomial >> (degree - 1 - k) & 1) for k in range(degree)]
    return first, degrees, factors[: degrees[1:].max(initial=0)]
