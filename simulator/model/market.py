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

Inside this file the replication axis comes last: a sum over the few producers or buyers is then a sum of whole rows,
several times faster than many short sums, and it runs in the same order for a replication alone and in a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_TINY = 1e-300
_NOTHING = 1e-150
"""Tonnes that are none: whoever is asked for less gives nothing, so that no rate overflows."""
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


@dataclass(frozen=True, slots=True)
class Firm:
    """Which part of each habitual share is firm: what is tied, and of the rest the contract share."""

    tied: Floats
    """(P, B) part sold to home processors or owned offtake, 0 to 1."""
    contract: Floats
    """(n,) contract share of what is not tied, 0 to 1."""
    places: tuple[list[int], list[int], list[float]] = field(init=False, repr=False)
    """Producer, buyer and part of every tied share; there are few."""

    def __post_init__(self) -> None:
        """Find the tied shares once."""
        producer, buyer = np.nonzero(self.tied)
        places = producer.tolist(), buyer.tolist(), self.tied[producer, buyer].tolist()
        object.__setattr__(self, "places", places)


def allocate(
    offer: Floats,
    order: Floats,
    share: Floats,
    firm: Firm,
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
        (P, B) or (P, B, n) habitual sourcing: over producers it sums to 1.
    firm
        Firm part of each share.
    gates
        Policy filters, at most one per producer.
    open_to
        A buyer and the (n, P) fraction of open-spot trade its qualification lets it take from each producer.

    Returns
    -------
    flow, sold, received
        (P, B, n) tonnes sold, and their sums (n, P) over buyers and (n, B) over producers. No producer sells
        more than ``offer``; no buyer gets more than its ``order`` and what it ordered ahead.
    """
    on_offer, wanted = rows_last(offer), rows_last(order)
    flow = (share[:, :, None] if share.ndim == 2 else share) * wanted
    for gate in gates:
        row = flow[gate.producer]
        if gate.ahead is not None:
            row += gate.ahead.T
        row *= gate.allowed.T
    sold = over_buyers(flow)
    # What follows changes nothing where nobody is short, so a block may skip it if that holds for all of it.
    if (sold > on_offer).any():
        _ration(flow, sold, on_offer, firm)
    received = over_producers(flow)
    left, unmet = np.maximum(on_offer - sold, 0.0), wanted - received
    trading = (unmet > NEGLIGIBLE * wanted).any(axis=0) & (left > NEGLIGIBLE * on_offer).any(axis=0)
    if trading.any():
        left *= trading
        _open_spot(flow, sold, received, left, np.maximum(unmet, 0.0), gates, open_to)
    return flow, np.ascontiguousarray(sold.T), np.ascontiguousarray(received.T)


def rows_last(values: Floats) -> Floats:
    """(n, K) as contiguous (K, n)."""
    return np.ascontiguousarray(values.T)


def over_buyers(flow: Floats) -> Floats:
    """(P, n) sums of (P, B, n)."""
    return _add_up(flow.swapaxes(0, 1), out=np.empty((flow.shape[0], flow.shape[2])))


def over_producers(flow: Floats) -> Floats:
    """(..., n) sums of (P, ..., n)."""
    return _add_up(flow, out=np.empty(flow.shape[1:]))


def _add_up(rows: Sequence[Floats] | Floats, out: Floats) -> Floats:
    """Sum over the first axis, row by row: ``np.sum`` adds in another order for a single replication."""
    if len(rows) == 0:
        out.fill(0.0)
        return out
    out[...] = rows[0]
    for row in rows[1:]:
        out += row
    return out


def _ration(flow: Floats, sold: Floats, offer: Floats, firm: Firm) -> None:
    """Cut claims (P, B, n) to offers (P, n), in place: firm claims first, then the rest, each in proportion.

    Few claims are tied; all others on a producer are cut alike.
    """
    producer, buyer, tied = firm.places
    claim = np.zeros_like(offer)
    for p, b, part in zip(producer, buyer, tied, strict=True):
        claim[p] += flow[p, b] * part
    loose = np.maximum(sold - claim, 0.0)
    loose *= firm.contract
    claim += loose
    rest = np.maximum(sold - claim, 0.0)
    first = np.minimum(1.0, offer / np.maximum(claim, _TINY))
    left = np.maximum(offer - claim, 0.0)
    # Without a rest nothing is cut by ``second``, whatever it is.
    second = np.minimum(1.0, left / np.maximum(rest, _TINY))
    # A claim's cut is ``first`` on its firm part and ``second`` on the rest; exactly 1 where nothing is short.
    cut = first - second
    cut *= firm.contract
    cut += second
    own = [flow[p, b] * (part * (first[p] - cut[p]) + cut[p]) for p, b, part in zip(producer, buyer, tied, strict=True)]
    flow *= cut[:, None]
    for p, b, row in zip(producer, buyer, own, strict=True):
        flow[p, b] = row
    # Who is asked for more than it has sells all of it.
    np.minimum(sold, offer, out=sold)


def _open_spot(
    flow: Floats,
    sold: Floats,
    received: Floats,
    left: Floats,
    unmet: Floats,
    gates: Sequence[Gate],
    open_to: tuple[int, Floats] | None,
) -> None:
    """Add to the flows what unsold tonnes (P, n) bring to unfilled orders (B, n), in place.

    Producer p offers ``left`` to the buyers open to it in proportion to what they miss; a buyer offered more than it
    misses takes the same part of every offer. Each flow is a product of a producer's and a buyer's factor, so only
    producers behind a gate and the buyer that needs qualification are looked at one by one. A gate that lets
    everything pass must not change a bit.
    """
    behind = {gate.producer: gate.open.T * unmet for gate in gates}
    buyer, others = -1, list(range(len(unmet)))
    if open_to is not None:
        buyer, fraction = open_to[0], rows_last(open_to[1])
        others.remove(buyer)

    def of_others(rows: Floats) -> Floats:
        """(n,) sum over the buyers that need no qualification."""
        return _add_up([rows[b] for b in others], out=np.empty(rows.shape[1]))

    asked = np.empty_like(left)
    asked[...] = of_others(unmet)
    for p, missed in behind.items():
        asked[p] = of_others(missed)
    if open_to is not None:
        own = fraction * unmet[buyer]
        """(P, n) tonnes that the buyer in qualification misses and each producer may sell it."""
        for p, missed in behind.items():
            own[p] = fraction[p] * missed[buyer]
        asked += own
    rate = left / np.maximum(asked, _NOTHING)
    """(P, n) tonnes a producer gives per tonne missed by a buyer open to it."""
    rate *= asked > _NOTHING
    shut = {p: (missed != unmet).any(axis=0) for p, missed in behind.items()}
    offered = unmet * _add_up(
        [r * ~shut[p] if p in shut else r for p, r in enumerate(rate)], out=np.empty_like(rate[0])
    )
    for p, missed in behind.items():
        offered += missed * (rate[p] * shut[p])
    if open_to is not None:
        own *= rate
        offered[buyer] = over_producers(own)
        kept = flow[:, buyer].copy()
    taken = np.minimum(1.0, unmet / np.maximum(offered, _TINY))
    """(B, n) part of what it is offered that a buyer takes."""
    bought = unmet * taken
    spot, added = bought * rate[:, None], rate * of_others(bought)
    for p, missed in behind.items():
        wanted = missed * taken
        spot[p] = wanted * rate[p]
        added[p] = rate[p] * of_others(wanted)
    flow += spot
    sold += added
    bought = offered * taken
    if open_to is not None:  # a buyer that has a producer to itself would get all it has
        own *= taken[buyer]
        lots = np.minimum(own, unmet[buyer] * fraction)
        flow[:, buyer] = kept + lots
        bought[buyer] = over_producers(lots)
        sold += lots
    received += bought
