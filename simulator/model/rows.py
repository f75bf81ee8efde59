"""Array steps on short axes: sums and copies that NumPy does several times faster than its usual way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def row_sums(tonnes: Floats) -> Floats:
    """(n,) sums of (n, P)."""
    return np.asarray(np.einsum("np->n", tonnes))


def across(values: Floats, width: int) -> Floats:
    """(n, P) as (n, P, width): a copy, since NumPy multiplies whole rows faster than it broadcasts short ones."""
    return np.repeat(values, width, axis=1).reshape(*values.shape, width)
