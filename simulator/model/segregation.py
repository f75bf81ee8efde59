"""The least and the most China-exposed material that a buyer may have got, given who sold how much of what.

Labels mix in proportion: every buyer of a producer gets the average of its stock. A real seller may do otherwise: set
clean tonnes aside for one buyer, or sell it the others. What the sellers made, held and sold at each review is kept as
simulated; of that review's sale alone it is left open who got which tonne. A producer that sells ``D`` tonnes, of which
a share ``x`` is China-exposed, and ``f`` of them to a buyer, gives that buyer at least ``max(0, f - (1 - x) D)`` and at
most ``min(f, x D)`` exposed tonnes (the bounds of Frechet and Hoeffding). ``x`` is itself known only between bounds
where the producer's feed was: two additive labels carry them along the chain, and processing in China makes both whole.
The bounds hold for one buyer at a time, so they are the widest that the totals allow, and wider than any one world in
which all buyers get their least. Within a buyer's own stocks goods keep mixing in proportion, as do goods on one lane.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import at_least, rows_last
from simulator.model.state import StageState

Floats = NDArray[np.float64]
LEAST, MOST = 0, 1
"""Places within ``Layout.bounds``."""


def exposed_of(state: StageState, gone: Floats, sold: Floats, chinese: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the least and the most exposed tonnes (P, n) in what each producer sells.

    Parameters
    ----------
    state
        The stage, before the sale.
    gone
        (n, P) part of the product that is sold.
    sold
        (n, P) the same in tonnes.
    chinese
        Producers in China, whose goods are exposed whatever they received.
    """
    assert state.product_labels is not None, "goods of the first stage are exposed or not"
    share, whole, labels = rows_last(gone), rows_last(sold), state.product_labels.T

    def of(label: int) -> Floats:
        exposed = labels[label] * share
        for p in chinese:
            exposed[p] = whole[p]
        return np.asarray(exposed)

    least, most = state.received.bounds
    found = of(least)
    return found, (found if most == least else of(most))


def bounded(exposed: tuple[Floats, Floats], sold: Floats, to_buyers: Floats) -> Floats:
    """Return the least and the most exposed tonnes that each buyer got of each producer's sale.

    Parameters
    ----------
    exposed
        (P, n) least and most exposed tonnes sold to all buyers.
    sold
        (n, P) tonnes sold to all buyers.
    to_buyers
        (P, B, n) tonnes sold to each of some of them.

    Returns
    -------
    Floats
        (2, P, B, n), ``LEAST`` and ``MOST``, tonnes.
    """
    found = np.empty((2, *to_buyers.shape))
    clean = rows_last(sold) - exposed[LEAST]
    np.subtract(to_buyers, clean[:, None], out=found[LEAST])
    at_least(found[LEAST], 0.0, found[LEAST])
    np.minimum(to_buyers, exposed[MOST][:, None], out=found[MOST])
    return found
