"""What the model may ask of randomness: uniforms by cause, and the value of uncertain inputs.

The implementation is ``experiment/streams.py``; the model only sees this protocol, so it cannot
reach a generator of its own.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Draws(Protocol):
    """Random numbers of one block of replications."""

    @property
    def n(self) -> int:
        """Number of replications in the block."""
        ...

    def uniform(self, cause: str, width: int) -> NDArray[np.float64]:
        """(n, width) uniforms in the open interval (0, 1), a function of seed, replication and ``cause`` alone.

        The same cause always gives the same numbers; ask once and keep them.
        """
        ...

    def input(self, name: str) -> NDArray[np.float64]:
        """(n,) values of the uncertain input ``name`` (an ``UncertainInput``)."""
        ...
