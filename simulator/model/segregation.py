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

import numpy as np
from numpy.typing import NDArray

from simulator.model.labels import Labels
from simulator.model.rows import at_least, rows_last

Floats = NDArray[np.float64]
LEAST, MOST = 0, 1
"""Places within ``Labels.bounds``."""


def bounded(labels: Labels, stock_labels: Floats, sold: Floats, gone: Floats, to_buyers: Floats) -> Floats:
    """Return the least and the most exposed tonnes that each buyer got of each producer's sale.

    Parameters
    ----------
    labels
        Label layout.
    stock_labels
        (n, P, L) product before the sale.
    sold
        (n, P) tonnes sold to all buyers.
    gone
        (n, P) part of the product that they are.
    to_buyers
        (P, B, n) tonnes sold to each of some of them.

    Returns
    -------
    Floats
        (2, P, B, n), ``LEAST`` and ``MOST``, tonnes.
    """
    whole = rows_last(sold)
    exposed = rows_last(stock_labels[:, :, labels.bounds]) * rows_last(gone)
    """(2, P, n) of what was sold."""
    found = np.empty((2, *to_buyers.shape))
    clean = whole - exposed[LEAST]
    np.subtract(to_buyers, clean[:, None], out=found[LEAST])
    at_least(found[LEAST], 0.0, found[LEAST])
    np.minimum(to_buyers, exposed[MOST][:, None], out=found[MOST])
    return found
