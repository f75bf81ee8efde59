"""Balanced flows: fill an origin-by-buyer matrix so that every row and column closes.

Known cells stay as they are; the free ones come from iterative proportional fitting of a prior to
what the known cells leave of the margins. Among all matrices with these margins the result is the
closest to the prior in relative entropy (Deming and Stephan 1940; Csiszar 1975).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.errors import CatalogueError

Floats = NDArray[np.float64]
TOLERANCE: Final = 1e-12
"""Largest margin error left by the fitting, as a share of total throughput."""
_ROUNDS: Final = 20_000


def fit(prior: Floats, row_sums: Floats, column_sums: Floats, known: Floats | None = None) -> Floats:
    """Fit a matrix to its row and column sums.

    Parameters
    ----------
    prior
        (P, B) non-negative weights; zero keeps a free cell at zero.
    row_sums, column_sums
        (P,) and (B,) margins, same total.
    known
        (P, B) cells that are known, nan where free; None for none.

    Returns
    -------
    NDArray[np.float64]
        (P, B) flows; margins hold to ``TOLERANCE`` of the total. All zeros where the total is zero.

    Raises
    ------
    CatalogueError
        If the totals differ, a known cell exceeds its margin, or the free cells cannot close.
    """
    total = float(row_sums.sum())
    if total == 0.0:
        return np.zeros_like(prior)
    if abs(total - float(column_sums.sum())) > TOLERANCE * total:
        raise CatalogueError(f"rows sum to {total:g} but columns to {float(column_sums.sum()):g}")
    fixed = np.zeros_like(prior) if known is None else np.nan_to_num(known, nan=0.0)
    free = np.ones_like(prior, dtype=bool) if known is None else np.isnan(known)
    # Differences of nearly equal margins leave round-off of either sign: what is below the tolerance is nil.
    rows_left = _not_negative(row_sums - fixed.sum(axis=1), total, "row")
    columns_left = _not_negative(column_sums - fixed.sum(axis=0), total, "column")
    flows = np.where(free, prior, 0.0) * (rows_left > 0)[:, None] * (columns_left > 0)[None, :]
    sold = flows.sum(axis=1)
    for _ in range(_ROUNDS):
        flows *= _ratio(rows_left, sold)[:, None]
        flows *= _ratio(columns_left, flows.sum(axis=0))
        sold = flows.sum(axis=1)
        error = np.abs(sold - rows_left).max()
        if error <= TOLERANCE * total:
            break
    else:
        raise CatalogueError(f"the free cells cannot close: {error:g} of {total:g} left")
    if np.abs(flows.sum(axis=0) - columns_left).max() > TOLERANCE * total:
        raise CatalogueError("a column has demand but no free cell to meet it")
    return flows + fixed


def water_fill(amount: float, weights: Floats, caps: Floats) -> Floats:
    """Share ``amount`` in proportion to ``weights`` without passing any cap; what no cap admits is left out.

    >>> water_fill(10.0, np.array([8.0, 1.0, 1.0]), np.array([4.0, 9.0, 9.0]))
    array([4., 3., 3.])
    """
    out = np.zeros_like(weights)
    active = (weights > 0) & (caps > 0)
    while amount > 0 and active.any():
        share = np.where(active, weights, 0.0)
        offer = amount * share / share.sum()
        full = active & (out + offer >= caps)
        if not full.any():
            filled: Floats = out + offer
            return filled
        # Only those that reach their cap are settled in this pass; the rest share anew what is left.
        amount -= float((caps - out)[full].sum())
        out = np.where(full, caps, out)
        active &= ~full
    return out


def _not_negative(left: Floats, total: float, what: str) -> Floats:
    if (left < -TOLERANCE * total).any():
        raise CatalogueError(f"known cells exceed a {what} sum by {-left.min():g}")
    clean: Floats = np.where(left <= TOLERANCE * total * 1e-2, 0.0, left)
    return clean


def _ratio(wanted: Floats, got: Floats) -> Floats:
    ratio: Floats = np.divide(wanted, got, out=np.zeros(wanted.size), where=got > 0)
    return ratio
