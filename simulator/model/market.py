"""The market review: who gets what of the tonnes on offer at one stage.

The allocation rule, in this order, for every replication at once:

1. *Firm*: home processors and owned offtake, then contracts. A buyer asks each supplier for its order
   times that supplier's share of its sourcing times the firm part of that share. A supplier that cannot
   serve all firm claims cuts them in proportion.
2. *Habitual spot*: the rest of the habitual share. Claims are cut in proportion where a supplier is short.
3. *Open spot*: orders still unfilled, those that a policy keeps from their supplier among them, meet tonnes
   still unsold, in proportion. A displaced buyer does not push habitual customers out: when China stopped
   antimony to the USA in December 2024, deliveries to Europe held, and third countries filled the gap.

Policy scales the claims on each origin -> destination pair (``allowed``) and closes open spot to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_TINY = 1e-300


@dataclass(slots=True)
class Gate:
    """Policy filter on everything one producer sells."""

    producer: int
    allowed: Floats
    """(n, B) fraction of an ordinary claim that may pass, 0 to 1."""
    open: Floats
    """(n, B) fraction of open-spot trade that may pass, 0 to 1."""
    ahead: Floats | None = None
    """(n, B) tonnes ordered early from this producer because a control is announced."""


def allocate(
    offer: Floats,
    order: Floats,
    share: Floats,
    firm: Floats,
    gates: Sequence[Gate] = (),
    open_to: tuple[int, Floats] | None = None,
) -> Floats:
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
    Floats
        (n, P, B) tonnes sold. Row sums never exceed ``offer``; column sums never exceed ``order`` and what is
        ordered ahead.
    """
    want = order[:, None, :] * share
    for gate in gates:
        row = want[:, gate.producer, :]
        if gate.ahead is not None:
            row = row + gate.ahead
        want[:, gate.producer, :] = row * gate.allowed

    flow = want * firm
    want -= flow
    claim = over_buyers(flow)
    _ration(flow, offer, claim)
    left = np.maximum(offer - claim, 0.0)

    claim = over_buyers(want)
    _ration(want, left, claim)
    flow += want

    left = np.maximum(left - claim, 0.0)
    unmet = np.maximum(order - over_producers(flow), 0.0)
    if not unmet.any() or not left.any():
        return flow
    # One formula for every replication, gated or not: a cheaper one for the ungated would round otherwise.
    spot = np.repeat(unmet[:, None, :], offer.shape[1], axis=1)
    for gate in gates:
        spot[:, gate.producer, :] *= gate.open
    if open_to is not None:
        spot[:, :, open_to[0]] *= open_to[1]
    spot *= (left / np.maximum(over_buyers(spot), _TINY))[:, :, None]
    spot *= np.minimum(1.0, unmet / np.maximum(over_producers(spot), _TINY))[:, None, :]
    flow += spot
    return flow


def _ration(flow: Floats, offer: Floats, claim: Floats) -> None:
    """Cut the claims (n, P, B) of producers that cannot serve them all, in proportion, in place."""
    if (claim > offer).any():  # a factor of exactly 1 changes nothing, so the block may skip it as a whole
        flow *= np.minimum(1.0, offer / np.maximum(claim, _TINY))[:, :, None]


def over_buyers(flow: Floats) -> Floats:
    """(n, P) sums of (n, P, B); einsum is several times faster than ``sum`` on short axes."""
    return np.asarray(np.einsum("npb->np", flow))


def over_producers(flow: Floats) -> Floats:
    """(n, B) sums of (n, P, B)."""
    return np.asarray(np.einsum("npb->nb", flow))
