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

Inside this file the replication axis comes last in the index too (``rows.py``): a sum over the few producers or buyers
is a sum of whole rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import add_up, anywhere, at_least, beyond, part, rows_last

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
_NOTHING = 1e-150
"""Tonnes that are none: whoever is asked for less gives nothing, so that no rate overflows."""


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
    places: tuple[Places, Places, Floats] = field(init=False, repr=False)
    """(K,) producer and buyer and (K, 1) part of every tied share; there are few."""
    single: bool = field(init=False, repr=False)
    """Whether no producer has two of them."""

    def __post_init__(self) -> None:
        """Find the tied shares once."""
        producer, buyer = np.nonzero(self.tied)
        object.__setattr__(self, "places", (producer, buyer, self.tied[producer, buyer][:, None]))
        object.__setattr__(self, "single", bool((np.diff(producer) > 0).all()))


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
        A buyer and the (n, P) part of its users that accept each producer's goods in open-spot trade. No producer
        brings it more than they miss and policy lets pass, nor do all together more than the most widely accepted may.

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
    if anywhere(sold > on_offer):
        _ration(flow, sold, on_offer, firm)
    received = over_producers(flow)
    _open_spot(flow, sold, received, beyond(on_offer, sold), beyond(wanted, received), gates, open_to)
    return flow, sold.T, received.T


def over_buyers(flow: Floats) -> Floats:
    """(P, n) sums of (P, B, n)."""
    return add_up(flow.swapaxes(0, 1))


def over_producers(flow: Floats) -> Floats:
    """(..., n) sums of (P, ..., n)."""
    return add_up(flow)


def _ration(flow: Floats, sold: Floats, offer: Floats, firm: Firm) -> None:
    """Cut claims (P, B, n) to offers (P, n), in place: firm claims first, then the rest, each in proportion.

    Few claims are tied; all others on a producer are cut alike.
    """
    producer, buyer, tied = firm.places
    own = flow[producer, buyer]
    claim = np.zeros(offer.shape)
    if firm.single:
        claim[producer] = own * tied
    else:
        for p, row in zip(producer.tolist(), own * tied, strict=True):
            claim[p] += row
    loose = beyond(sold, claim)
    loose *= firm.contract
    claim += loose
    first = part(offer, claim)
    # Without a rest nothing is cut by ``second``, whatever it is.
    second = part(beyond(offer, claim), beyond(sold, claim))
    # A claim's cut is ``first`` on its firm part and ``second`` on the rest; exactly 1 where nothing is short.
    cut = first - second
    cut *= firm.contract
    cut += second
    first -= cut
    own *= tied * first[producer] + cut[producer]
    flow *= cut[:, None]
    flow[producer, buyer] = own
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
    asked = np.empty_like(left)
    asked[...] = _missed(unmet, open_to)
    for p, missed in behind.items():
        asked[p] = _missed(missed, open_to)
    if open_to is not None:
        buyer, fraction = open_to[0], rows_last(open_to[1])
        own = fraction * unmet[buyer]
        """(P, n) tonnes that the buyer in qualification misses and each producer may sell it."""
        for p, missed in behind.items():
            own[p] = fraction[p] * missed[buyer]
        asked += own
        allowed = own.copy()
    rate = left / at_least(asked, _NOTHING)
    """(P, n) tonnes a producer gives per tonne missed by a buyer open to it."""
    rate *= asked > _NOTHING
    shut = {p: (missed != unmet).any(axis=0) for p, missed in behind.items()}
    to_all = rate.copy() if shut else rate
    for p, closed in shut.items():
        to_all[p] *= ~closed
    offered = unmet * add_up(to_all)
    for p, missed in behind.items():
        offered += missed * (rate[p] * shut[p])
    if open_to is not None:
        own *= rate
        offered[buyer] = over_producers(own)
    taken = part(unmet, offered)
    """(B, n) part of what it is offered that a buyer takes."""
    if open_to is not None:  # a buyer that has a producer to itself would get all it has
        own *= taken[buyer]
        lots = np.minimum(own, allowed)
        # The same firms accept several suppliers: together these bring no more than those firms miss.
        most = fraction.max(axis=0) * unmet[buyer]
        lots *= part(most, over_producers(lots))
        taken[buyer] = 0.0
    bought = unmet * taken
    spot, added = bought * rate[:, None], rate * add_up(bought)
    for p, missed in behind.items():
        wanted = missed * taken
        np.multiply(wanted, rate[p], out=spot[p])
        added[p] = rate[p] * add_up(wanted)
    flow += spot
    sold += added
    offered *= taken
    if open_to is not None:
        flow[:, buyer] += lots
        offered[buyer] = over_producers(lots)
        sold += lots
    received += offered


def _missed(unmet: Floats, open_to: tuple[int, Floats] | None) -> Floats:
    """(n,) tonnes missed, of (B, n), by the buyers that need no qualification."""
    if open_to is None:
        return add_up(unmet)
    buyer = open_to[0]
    rest = unmet.copy()
    rest[buyer] = 0.0
    return add_up(rest)
