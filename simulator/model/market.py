"""The market review: who gets what of the tonnes on offer at one stage.

The allocation rule, in this order, for every replication at once:

1. *Firm*: home processors and owned offtake, then contracts. A buyer asks each supplier for its order
   times that supplier's share of its sourcing times the firm part of that share. A supplier that cannot
   serve all firm claims cuts them in proportion.
2. *Habitual spot*: the rest of the habitual share. Claims are cut in proportion where a supplier is short.
3. *Open spot*: orders still unfilled, those that a policy keeps from their supplier among them, meet tonnes
   still unsold, in proportion. A displaced buyer does not push habitual customers out: when China stopped
   antimony to the USA in December 2024, deliveries to Europe held, and third countries filled the gap.

Policy scales the claims on each origin -> destination pair (``allowed``) and closes open spot to it (``open``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import across, down, over_buyers, over_producers

Floats = NDArray[np.float64]
_TINY = 1e-300
NEGLIGIBLE = 1e-9
"""Share of an order or offer below which what is left over is round-off."""


@dataclass(slots=True)
class Gate:
    """Policy filter on everything one producer sells."""

    producer: int
    allowed: Floats
    """(n, B) fraction of an ordinary claim that may pass, 0 to 1."""
    open: Floats
    """(n, B) weight of the buyer in open-spot trade with this producer, 0 to 1; 0 keeps it out."""
    ahead: Floats | None = None
    """(n, B) tonnes ordered early from this producer because a control is announced."""


def allocate(
    offer: Floats,
    order: Floats,
    share: Floats,
    firm: Floats,
    gates: Sequence[Gate] = (),
    open_to: tuple[int, Floats] | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Flows of one review by the rule of this module.

    Parameters
    ----------
    offer
        (n, P) tonnes each producer can sell now.
    order
        (n, B) tonnes each buyer orders now.
    share
        (P, B) or (n, P, B) habitual sourcing: columns sum to 1.
    firm
        (n, P, B) firm part of each share, 0 to 1.
    gates
        Policy filters, at most one per producer.
    open_to
        A buyer and the (n, P) fraction of open-spot trade its qualification lets it take from each producer.

    Returns
    -------
    flow, sold, received
        (n, P, B) tonnes sold, and their sums (n, P) over buyers and (n, B) over producers. No producer sells
        more than ``offer``; no buyer gets more than its ``order`` and what it ordered ahead.
    """
    flow = down(order, offer.shape[1])
    flow *= share
    for gate in gates:
        row = flow[:, gate.producer, :]
        if gate.ahead is not None:
            row = row + gate.ahead
        flow[:, gate.producer, :] = row * gate.allowed
    sold = over_buyers(flow)

    # Each replication takes the dear steps only if it needs them; which ones do is its own affair, so a
    # replication comes out the same in any block.
    tight = _rows((sold > offer).any(axis=1))
    if tight is not None:
        flow[tight] = _ration(flow[tight], offer[tight], firm[tight])
        sold[tight] = over_buyers(flow[tight])
    received = over_producers(flow)

    left = np.maximum(offer - sold, 0.0)
    unmet = order - received
    wanting = _rows((unmet > NEGLIGIBLE * order).any(axis=1) & (left > NEGLIGIBLE * offer).any(axis=1))
    if wanting is not None:
        spot = _open_spot(left[wanting], np.maximum(unmet[wanting], 0.0), wanting, gates, open_to)
        flow[wanting] += spot
        sold[wanting] += over_buyers(spot)
        received[wanting] += over_producers(spot)
    return flow, sold, received


def _rows(chosen: NDArray[np.bool_] | np.bool_) -> slice | NDArray[np.intp] | None:
    """Rows where ``chosen`` (n,) holds: None if none, a slice (no copies) if all."""
    if chosen.all():
        return slice(None)
    rows = np.flatnonzero(chosen)
    return rows if rows.size else None


def _ration(want: Floats, offer: Floats, firm: Floats) -> Floats:
    """Serve firm claims first, then the rest of the habitual claims, each cut in proportion; all (k, P, B)."""
    first = want * firm
    want = want - first
    claim = over_buyers(first)
    first *= across(np.minimum(1.0, offer / np.maximum(claim, _TINY)), want.shape[2])
    left = np.maximum(offer - claim, 0.0)
    want *= across(np.minimum(1.0, left / np.maximum(over_buyers(want), _TINY)), want.shape[2])
    first += want
    return first


def _open_spot(
    left: Floats,
    unmet: Floats,
    rows: slice | NDArray[np.intp],
    gates: Sequence[Gate],
    open_to: tuple[int, Floats] | None,
) -> Floats:
    """Unsold tonnes (k, P) meet unfilled orders (k, B) of the replications in ``rows``."""
    spot = down(unmet, left.shape[1])
    for gate in gates:
        spot[:, gate.producer, :] *= gate.open[rows]
    if open_to is not None:
        spot[:, :, open_to[0]] *= open_to[1][rows]
    spot *= across(left / np.maximum(over_buyers(spot), _TINY), unmet.shape[1])
    spot *= down(np.minimum(1.0, unmet / np.maximum(over_producers(spot), _TINY)), left.shape[1])
    if open_to is not None:  # a buyer that has a producer to itself would get all it has
        buyer, fraction = open_to
        spot[:, :, buyer] = np.minimum(spot[:, :, buyer], fraction[rows] * unmet[:, buyer, None])
    return spot
