"""The market review: who gets what of the tonnes on offer at one stage.

The allocation rule, in this order, for every replication at once:

1. *Firm*: home processors and owned offtake, then contracts. A buyer asks each supplier for its order
   times that supplier's share of its sourcing times the firm part of that share. A supplier that cannot
   serve all firm claims cuts them in proportion.
2. *Habitual spot*: the rest of the habitual share. Claims are cut in proportion where a supplier is short.
3. *Open spot*: orders still unfilled, those that a policy keeps from their supplier among them, meet tonnes
   still unsold, in proportion. A displaced buyer does not push habitual customers out: when China stopped
   antimony to the USA in December 2024, deliveries to Europe held, and third countries filled the gap. There is
   one round: what a buyer leaves of its part of an offer goes to no other buyer.

Policy scales the claims on each origin -> destination pair (``allowed``), and closes open spot to it, in part or
altogether (``open``).

A buyer whose users qualify their suppliers (``OpenTo``) is offered open spot as any other. Users that accept only
qualified suppliers then choose first, among these and in proportion to what they offer; the others choose among all
that is left of the offers, in the same way. All miss alike. Here alone a producer that policy opens in part sells no
more than that part of what they miss: for other buyers ``open`` is the weight of their demand.

Inside this file the replication axis comes last in the index too (``rows.py``): a sum over the few producers or buyers
is a sum of whole rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.model.rows import add_up, anywhere, at_least, beyond, part, rows_last

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
_LEAST_ASKED = 1e-150
"""Tonnes that a producer is taken to be asked for at least, so that no rate overflows."""


@dataclass(slots=True)
class Gate:
    """Policy filter on everything one producer sells."""

    producer: int
    allowed: Floats
    """(n, B) fraction of an ordinary claim that may pass, 0 to 1."""
    open: Floats
    """(n, B) weight of the buyer in open-spot trade with this producer, 0 to 1; 0 keeps it out. To a buyer whose users
    qualify their suppliers it is the part of what they miss that this producer may sell them as well."""
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
    rows: Places = field(init=False, repr=False)
    """(R,) producers that have any."""
    row: Places = field(init=False, repr=False)
    """(K,) place of each share's producer among them."""
    single: bool = field(init=False, repr=False)
    """Whether no producer has two of them."""

    def __post_init__(self) -> None:
        """Find the tied shares once."""
        producer, buyer = np.nonzero(self.tied)
        object.__setattr__(self, "places", (producer, buyer, self.tied[producer, buyer][:, None]))
        rows, row = np.unique(producer, return_inverse=True)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "row", row)
        object.__setattr__(self, "single", rows.size == producer.size)


@dataclass(frozen=True, slots=True)
class OpenTo:
    """Whom a buyer whose users qualify their suppliers may buy from in open-spot trade."""

    buyer: int
    accepted: Floats
    """(n,) part of its users, by tonnes missed, that accept the goods of any producer, 0 to 1."""
    qualified: Mapping[int, Mask] = field(default_factory=dict)
    """By producer: (n,) whether all of its users accept its goods."""


def allocate(
    offer: Floats,
    order: Floats,
    share: Floats,
    firm: Firm,
    gates: Sequence[Gate] = (),
    open_to: OpenTo | None = None,
    rows: Iterable[int] = (),
    whole: slice = slice(None),
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
        A buyer whose users qualify their suppliers: on open spot producers that are not qualified bring it no more,
        all together, than the users miss that accept any goods.
    rows, whole
        Producers and buyers whose flows are asked for one by one, beside producers behind a gate and the buyer of
        ``open_to``. From all other flows what is sold on open spot is left out: nobody reads them.

    Returns
    -------
    flow, sold, received
        (P, B, n) tonnes sold, and the sums (n, P) over buyers and (n, B) over producers of all that is sold. No
        producer sells more than ``offer``; no buyer gets more than its ``order`` and what it ordered ahead.
    """
    on_offer, wanted = rows_last(offer), rows_last(order)
    flow = (share[:, :, None] if share.ndim == 2 else share) * wanted
    for gate in gates:
        row = flow[gate.producer]
        if gate.ahead is not None:
            row += gate.ahead.T
        row *= gate.allowed.T
    sold = over_buyers(flow)
    _ration(flow, sold, on_offer, firm)
    received = over_producers(flow)
    _open_spot(flow, sold, received, on_offer - sold, beyond(wanted, received), gates, open_to, rows, whole)
    return flow, sold.T, received.T


def over_buyers(flow: Floats) -> Floats:
    """(P, n) sums of (P, B, n)."""
    return add_up(flow.swapaxes(0, 1))


def over_producers(flow: Floats) -> Floats:
    """(..., n) sums of (P, ..., n)."""
    return add_up(flow)


def _ration(flow: Floats, sold: Floats, offer: Floats, firm: Firm) -> None:
    """Cut claims (P, B, n) to offers (P, n), in place: firm claims first, then the rest, each in proportion.

    Of what is not tied every buyer has the same part under contract, so a producer without tied claims cuts all alike.
    """
    cut = part(offer, sold)
    """(P, n) what is left of a claim that is not tied; exactly 1 where nothing is short."""
    producer, buyer, tied = firm.places
    if producer.size:
        own = flow[producer, buyer]
        cut[firm.rows], kept = _tiers(own * tied, sold[firm.rows], offer[firm.rows], firm)
        own *= tied * kept[firm.row] + cut[producer]
    flow *= cut[:, None]
    if producer.size:
        flow[producer, buyer] = own
    # Who is asked for more than it has sells all of it.
    np.minimum(sold, offer, out=sold)


def _tiers(tied: Floats, asked: Floats, offer: Floats, firm: Firm) -> tuple[Floats, Floats]:
    """(R, n) what is left of loose claims, and how much more of tied ones, where ``firm.rows`` have tied claims (K, n).

    ``asked`` and ``offer`` (R, n) are all claims on these producers and what they have.
    """
    claim = tied
    if not firm.single:
        claim = np.zeros(offer.shape)
        for r, row in zip(firm.row.tolist(), tied, strict=True):
            claim[r] += row
    loose = beyond(asked, claim)
    loose *= firm.contract
    claim += loose
    first = part(offer, claim)
    # Without a rest nothing is cut by ``second``, whatever it is.
    second = part(beyond(offer, claim), beyond(asked, claim))
    # A claim's cut is ``first`` on its firm part and ``second`` on the rest.
    cut = first - second
    cut *= firm.contract
    cut += second
    first -= cut
    return cut, first


def _open_spot(
    flow: Floats,
    sold: Floats,
    received: Floats,
    left: Floats,
    unmet: Floats,
    gates: Sequence[Gate],
    open_to: OpenTo | None,
    rows: Iterable[int],
    whole: slice,
) -> None:
    """Add to the flows what unsold tonnes (P, n) bring to unfilled orders (B, n), in place.

    Producer p offers ``left`` to the buyers open to it in proportion to what they miss, to the buyer in qualification
    to what is missed by its users that accept p's goods; a buyer offered more than it misses takes the same part of
    every offer. Each flow is a product of a producer's and a buyer's factor, so only producers behind a gate and the
    buyer in qualification, with its two groups of users, are looked at one by one. A gate that lets everything pass
    must not change a bit.
    """
    if open_to is not None:
        buyer, missing = open_to.buyer, unmet[open_to.buyer].copy()
        unmet[buyer] = 0.0
        own = np.empty_like(left)
        """(P, n) tonnes that the buyer in qualification misses and each producer may sell it."""
        own[...] = open_to.accepted * missing
        for p, accepted_by_all in open_to.qualified.items():
            np.copyto(own[p], missing, where=accepted_by_all)
        for gate in gates:
            own[gate.producer] *= gate.open[:, buyer]
    behind = {gate.producer: gate.open.T * unmet for gate in gates}
    """By producer: (B, n) tonnes missed that it may sell to the other buyers."""
    asked = np.empty_like(left)
    asked[...] = add_up(unmet)
    for p, missed in behind.items():
        asked[p] = add_up(missed)
    if open_to is not None:
        asked += own
    rate = np.divide(left, at_least(asked, _LEAST_ASKED, asked), out=left)
    """(P, n) tonnes a producer gives per tonne missed by a buyer open to it."""
    to_all = rate.copy()
    apart = {p: rate[p] * (missed != unmet).any(axis=0) for p, missed in behind.items()}
    """By producer: (n,) the same where its gate is not open to all, else 0."""
    for p, closed in apart.items():
        to_all[p] -= closed
    offered = unmet * add_up(to_all)
    for p, missed in behind.items():
        offered += missed * apart[p]
    taken = part(unmet, offered)
    """(B, n) part of what it is offered that a buyer takes."""
    bought = unmet * taken
    added = rate * add_up(bought)
    for p in {*rows, *behind}:
        row = bought
        if p in behind:
            row = behind[p] * taken
            added[p] = rate[p] * add_up(row)
        flow[p] += row * rate[p]
        to_all[p] = 0.0
    if bought[whole].size:
        flow[:, whole] += bought[whole] * to_all[:, None]
    sold += added
    offered *= taken
    received += offered
    if open_to is not None:
        lots = np.multiply(rate, own, out=rate)
        """(P, n) tonnes that the buyer in qualification is offered."""
        picky, others = (1.0 - open_to.accepted) * missing, open_to.accepted * missing
        shut = {gate.producer: gate.open[:, buyer] for gate in gates if anywhere(gate.open[:, buyer] < 1.0)}
        qualified = [*open_to.qualified]
        if qualified:
            first = np.array([lots[p] * open_to.qualified[p] for p in qualified])
            first = _in_proportion(first, picky, {k: shut[p] for k, p in enumerate(qualified) if p in shut})
            lots[qualified] -= first
        lots = _in_proportion(lots, others, shut)
        if qualified:
            lots[qualified] += first
        flow[:, buyer] += lots
        received[buyer] += over_producers(lots)
        sold += lots


def _in_proportion(offers: Floats, missed: Floats, shut: Mapping[int, Floats]) -> Floats:
    """(P, n) the same part of all ``offers``, together what is ``missed`` (n,).

    A producer that policy opens in part (``shut``: by producer, (n,) weight) sells at most that part of what is missed,
    and what it may not sell is bought from the others, in proportion again. ``offers`` are used up.
    """
    lots = offers * part(missed, over_producers(offers))
    if not shut:
        return lots
    # Where all is open there is no cap, not one that round-off could reach.
    caps = {p: np.where(open_ < 1.0, open_ * missed, np.inf) for p, open_ in shut.items()}
    capped = np.zeros_like(offers)
    for _ in caps:
        for p, cap in caps.items():
            above = lots[p] > cap
            capped[p][above], offers[p][above] = cap[above], 0.0
        lots = offers * part(beyond(missed, over_producers(capped)), over_producers(offers))
    return lots + capped
