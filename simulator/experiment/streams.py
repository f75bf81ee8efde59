"""Uniform numbers by cause, the same for a replication alone and in any block.

Philox is a counter-based generator: a key chooses the stream and a counter the place in it. The key
is a hash of seed and cause; each replication owns a fixed stretch of the counter, so its numbers
depend on seed, cause and replication number alone [1]_.

References
----------
.. [1] Salmon, J. K. et al. (2011). Parallel random numbers: as easy as 1, 2, 3. *Proc. SC11*.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ModelError

Floats = NDArray[np.float64]

WORDS_PER_COUNT = 4
"""64-bit words that Philox makes for each value of its counter."""


def stream_key(seed: int, cause: str) -> NDArray[np.uint64]:
    """Return the (2,) Philox key of a cause: a hash, so that close seeds and names give unrelated streams."""
    digest = blake2b(f"{seed}/{cause}".encode(), digest_size=16, person=b"oresight/draws").digest()
    return np.frombuffer(digest, dtype="<u8").astype(np.uint64)


def open_uniform(words: NDArray[np.uint64]) -> Floats:
    """Turn 64-bit words, in their own place, into numbers strictly between 0 and 1, multiples of 2**-53.

    >>> open_uniform(np.array([0, 2**64 - 1], dtype=np.uint64)) == np.array([2.0**-53, 1 - 2.0**-53])
    array([ True,  True])
    """
    # The upper 52 bits become the fraction of a float in [1, 2), which costs no conversion; half a step
    # more keeps 0 out, and one bit fewer than a float has keeps the largest from rounding to 1.
    words >>= np.uint64(12)
    words |= np.uint64(0x3FF0000000000000)
    numbers = words.view(np.float64)
    numbers -= 1.0 - 2.0**-53
    return numbers


class BlockDraws:
    """The random numbers of one block of replications; implements ``domain.draws.Draws``.

    Parameters
    ----------
    seed
        Root seed; zero is a seed like any other.
    replications
        (n,) replication numbers, in any order; contiguous runs are drawn in one call.
    inputs
        Name -> (n,) value of an uncertain input in these replications.
    """

    def __init__(self, seed: int, replications: NDArray[np.int64], inputs: Mapping[str, Floats]) -> None:
        self._seed = seed
        self._inputs = dict(inputs)
        self._widths: dict[str, int] = {}
        self._n = len(replications)
        # First places of the runs of consecutive numbers; one past the last place at the end.
        breaks = np.flatnonzero(np.diff(replications) != 1) + 1
        edges = [0, *breaks.tolist(), self._n]
        self._runs = [(int(replications[begin]), begin, end) for begin, end in pairwise(edges) if end > begin]

    @property
    def n(self) -> int:
        """Number of replications in the block."""
        return self._n

    def uniform(self, cause: str, width: int) -> Floats:
        """(n, width) uniforms in (0, 1), a function of seed, replication and cause.

        A cause is asked with one width only: a replication's stretch of the counter is the width
        rounded up to a multiple of four, so another width would give other numbers.
        """
        if self._widths.setdefault(cause, width) != width:
            raise ModelError(f"draws of {cause!r} were asked with widths {self._widths[cause]} and {width}")
        counts = -(-width // WORDS_PER_COUNT)
        key = stream_key(self._seed, cause)
        row = counts * WORDS_PER_COUNT
        runs = [
            np.random.Philox(key=key, counter=first * counts).random_raw((end - begin) * row).reshape(-1, row)
            for first, begin, end in self._runs
        ]
        words = runs[0] if len(runs) == 1 else np.concatenate(runs)
        return open_uniform(words if width == row else words[:, :width].copy())

    def input(self, name: str) -> Floats:
        """(n,) values of an uncertain input."""
        try:
            return self._inputs[name]
        except KeyError:
            raise ModelError(
                f"the model asked for the uncertain input {name!r}, which the case does not define"
            ) from None
