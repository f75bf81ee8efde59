"""Export controls in force: bans, licences, quotas, suspensions and front-loading.

One ``ControlDesk`` stands behind each imposing producer of a stage. It knows, per replication and buyer,
which part of a claim may pass today.

* A *ban* lets the leakage pass.
* A *licence* regime is a queue by destination (``licences.py``).
* A *quota* lets the claims of all its targets pass up to a tonnage, shared in proportion (``quotas.py``).
* An *extraterritorial* ban also keeps from the target what others make of the imposer's material, but for the
  part that leaks.
* *Front-loading* before it (``front_loading.py``): what buyers have laid in is no reason to order less until the
  control holds; then they live on it.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter
from simulator.domain.changes import ALL, ControlChange
from simulator.domain.places import belongs
from simulator.model.front_loading import FrontLoading
from simulator.model.licences import LicenceQueue, Licences
from simulator.model.quotas import Quota
from simulator.model.rows import at_least, beyond, divisor, ones, outer, reaches, zeros
from simulator.model.switches import Switch, Switchboard

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def covers(names: tuple[str, ...], place: str, own: str) -> float:
    """1 where a list of countries and regions, or ``ALL`` but ``own``, names a place; else 0."""
    if belongs(place, own):
        return 0.0
    return float(ALL in names or any(belongs(place, name) for name in names))


def _known(values: Floats, known: Floats) -> Floats:
    """``known`` itself where ``values`` are the same."""
    return known if np.array_equal(values, known) else values


class Control(Switch):
    """A ban or a licence regime of a scenario."""

    def __init__(self, change: ControlChange, covered: Floats) -> None:
        n = change.mask.size
        super().__init__(n)
        self.kind = change.kind
        self.covered = covered * change.covered_share
        """(B,) share of each buyer's claims it covers."""
        self.leakage = np.broadcast_to(np.asarray(change.leakage, dtype=float), (n,))
        self.abroad = outer(1.0 - self.leakage, self.covered * change.extraterritorial_share)
        self.approval_multiplier = change.approval_multiplier
        self.established = change.established


class ControlDesk(Switchboard[Switch]):
    """All controls of one imposer on one stage's product."""

    def __init__(self, producer: int, buyers: tuple[str, ...], n: int, licences: Licences, step: float) -> None:
        super().__init__()
        self.producer = producer
        self.buyers = buyers
        self.step = step
        self.queue = LicenceQueue(n, len(buyers), licences)
        self.controls: list[Control] = []
        self._licenses = False
        """Whether any of them asks for licences."""
        self.reaches_abroad = False
        """Whether any covers what others make of the imposer's material."""
        self.dormant = True
        """Whether nothing has been restricted yet, in any replication of the block: all passes, and nobody queues."""
        self.quotas: list[Quota] = []
        self.passing = ones(n, len(buyers))
        """(n, B) part of a claim that no ban stops."""
        self.licensed = zeros(n, len(buyers))
        """(n, B) part of a claim that needs a licence."""
        self.approval = zeros(n, len(buyers))
        """(n, B) share of applications approved."""
        self.settled = np.zeros((n, len(buyers)), dtype=bool, order="F")
        """(n, B) whether only regimes older than the model ask for the licence."""
        self.rationed = np.zeros((n, len(buyers)), dtype=bool, order="F")
        """(n, B) whether a quota holds."""
        self.abroad = zeros(n, len(buyers))
        """(n, B) part of goods made abroad from the imposer's material that may not be sold."""
        self.since = np.full((n, len(buyers)), np.inf, order="F")
        """(n, B) first day the present restriction held."""
        self.latest = -np.inf
        """The latest of these days, -inf where nothing is restricted."""
        self.allowed = self.passing
        """(n, B) part of a claim that may pass at this review."""
        self.undenied = self.passing
        """(n, B) the same but for what established licences keep waiting: no news to anybody."""
        self.controlled: Floats | None = None
        """(n, B) 1 for buyers under a control that is younger than the model's first day, else 0; None for nobody."""
        self._free = ones(n, len(buyers))
        """(n, B) 1 where nothing is asked of a claim."""
        self._unlicensed = self._free
        """(n, B) part of a claim that needs no licence."""
        self._licensing = self.licensed
        """(n, B) 1 where any of it does, else 0; ``licensed`` itself where regimes cover all or nothing of a claim."""
        self._bans = self._waits = False
        """Whether a ban holds anywhere; whether anybody waits for an established licence."""
        self._needing = self.licensed
        """(n, B) part of a claim that no ban stops and that needs a licence."""
        self._under_licence = self.licensed
        """(n, B) part of what passes that needed a licence; anything where nothing passes."""
        self._arrears = zeros(n, len(buyers))
        """(n, B) tonnes that licences kept back and no later one has made up for."""
        self._put_off = zeros(n, len(buyers))
        """(n, B) tonnes that buyers ordered less than their habit of their own accord; below zero what they laid in."""
        self.front: list[FrontLoading] = []
        """What each announced control pulls forward."""
        self.ahead: Floats | None = None
        """(n, B) tonnes sold ahead of a control that does not hold yet; None until there are any."""
        self.steady = np.zeros(len(buyers))
        """(B,) base-year tonnes sold in a review."""

    def register(self, change: ControlChange, hoarding: Floats) -> None:
        """Make a control known before the clock starts; targeted buyers order ahead once it is announced."""
        covered = np.array([covers(change.targets, buyer, change.imposer) for buyer in self.buyers])
        if change.kind == "quota":
            quota = Quota(change, covered, self.step)
            self.quotas.append(quota)
            self.switches[change.event_id] = quota
        else:
            control = Control(change, covered)
            self.controls.append(control)
            if control.kind == "licence":
                self._licenses = True
                self.queue.buyers = sorted({*self.queue.buyers, *np.flatnonzero(control.covered).tolist()})
            self.reaches_abroad |= bool(control.abroad.any())
            self.switches[change.event_id] = control
        if change.announced is not None:
            self.front.append(FrontLoading(change, covered, hoarding, parameter("front_loading_lag_days").value))

    def front_loading(self, day: float) -> Floats | None:
        """(n, B) extra order, as a share of the ordinary claim on this producer, on ``day``."""
        extra = None
        for item in self.front:
            added = item.extra(day, self.step)
            if added is not None:
                extra = added if extra is None else np.maximum(extra, added)
        return extra

    def awaited(self, day: float) -> Mask | None:
        """(n,) whether buyers lay in for an announced control that does not hold yet on ``day``; None where none do."""
        found: Mask | None = None
        for item in self.front:
            ahead = item.ahead(day)
            if ahead is not None:
                found = ahead if found is None else found | ahead
        return found

    def rushing(self, day: float) -> Mask | None:
        """(n,) whether goods leave ahead of an announced control on ``day``; None where none does."""
        found: Mask | None = None
        for item in self.front:
            leaving = item.leaving(day)
            if leaving is not None:
                found = leaving if found is None else found | leaving
        return found

    def laid_in(self, day: float) -> Floats | None:
        """(n, B) tonnes sold ahead of controls that are announced and do not hold on ``day``; None for none so far."""
        if self.ahead is None:
            return None
        waiting = [laying_in for item in self.front if (laying_in := item.laying_in(day)) is not None]
        self.ahead = self.ahead * reduce(np.logical_or, waiting) if waiting else None
        return self.ahead

    def lay_in(self, tonnes: Floats) -> None:
        """Book tonnes (n, B) sold ahead of a control."""
        self.ahead = tonnes if self.ahead is None else self.ahead + tonnes

    def apply(self, event_id: str, active: bool, day: float, mask: Mask) -> None:
        """A control begins or ends in the replications of ``mask``."""
        control = self.switches.get(event_id)
        if active and isinstance(control, Control) and control.kind == "licence" and control.established:
            # Older than the model: what was applied for before is in the queue already.
            self.queue.open_steady(outer(mask.astype(float), control.covered * self.steady))
        super().apply(event_id, active, day, mask)

    def refresh(self, day: float) -> None:
        """Work out what passes freely, what needs a licence, and since when."""
        before = (self.passing < 1.0) | (self.licensed > 0.0) | self.rationed
        self.passing.fill(1.0)
        self.licensed.fill(0.0)
        self.approval.fill(0.0)
        self.abroad.fill(0.0)
        self.settled.fill(True)
        self.rationed.fill(False)
        for control in self.controls:
            active = reaches(control.active, control.covered)
            if control.kind == "ban":
                stopped = outer(1.0 - control.leakage, control.covered)
                self.passing *= np.where(active, 1.0 - stopped, 1.0)
                self.abroad = np.maximum(self.abroad, np.where(active, control.abroad, 0.0))
            else:
                self._license(control, active)
        for quota in self.quotas:
            self.rationed |= reaches(quota.active, quota.covered)
        now = (self.passing < 1.0) | (self.licensed > 0.0) | self.rationed
        self.dormant &= not now.any()
        banned, licensed = self.passing < 1.0, self.licensed > 0.0
        controlled = banned | (licensed & ~self.settled) | self.rationed
        self.controlled = _known(controlled.astype(float), self.licensed) if controlled.any() else None
        self._bans, self._waits = bool(banned.any()), bool((licensed & self.settled).any())
        # What is the same as another is kept once: a review reads less memory.
        self._licensing = _known(licensed.astype(float), self.licensed)
        self._unlicensed = 1.0 - self.licensed
        self._free = _known((~banned & ~licensed).astype(float), self._unlicensed)
        self._needing = _known(self.licensed * self.passing, self.licensed)
        self._arrears *= self._licensing
        self.queue.approve(self.approval, self.settled)
        self.since = np.where(now, np.where(before, np.minimum(self.since, day), day), np.inf)
        self.latest = float(np.where(now, self.since, -np.inf).max())

    def _license(self, control: Control, active: Mask) -> None:
        self.licensed = np.where(active, np.maximum(self.licensed, control.covered[None, :]), self.licensed)
        share = np.minimum(self.queue.terms.approval * control.approval_multiplier, 1.0)[:, None]
        self.approval = np.where(
            active, np.where(self.approval > 0.0, np.minimum(self.approval, share), share), self.approval
        )
        if not control.established:
            self.settled &= ~active

    def review(
        self,
        claim: Floats,
        index: int,
        *,
        usual: Floats | None = None,
        offer: Floats | None = None,
        day: float = 0.0,
    ) -> tuple[Floats, Floats]:
        """Advance licences and quotas by one review and say what may pass.

        Parameters
        ----------
        claim
            (n, B) tonnes that buyers would take from this producer now.
        index
            Number of the review.
        usual
            (n, B) what they ordinarily use of it in a review, tonnes.
        offer
            (n,) tonnes the producer can sell now.
        day
            Day of the review.

        Returns
        -------
        allowed, open
            As in ``market.Gate``. Leakage and licences serve habitual custom only, and so does a quota that
            might otherwise be exceeded.
        """
        # The queue runs from the first day to the last, whether or not anybody in the block needs a licence
        # today: what a replication holds must not depend on its neighbours.
        usual = claim if usual is None else usual
        offer = np.full(claim.shape[0], np.inf) if offer is None else offer
        allowed = undenied = self.passing
        free = self._free
        if self._licenses:
            needing = self._needing
            held = self.queue.review(claim * needing, usual * needing, index)
            allowed = self.licensed * held
            allowed += self._unlicensed
            if self._bans:
                allowed *= self.passing
            undenied = np.where(self.settled, self.passing, allowed) if self._waits else allowed
            if self._licensing is self.licensed:
                self._under_licence = self.licensed
            else:
                held *= needing
                held /= divisor(allowed)
                self._under_licence = held
        for quota in self.quotas:
            left = quota.left(day)
            part = quota.passing(claim * allowed, left)
            allowed, undenied = allowed * part, undenied * part
            free = np.where(reaches(left < offer, quota.covered), 0.0, free)
        self.allowed, self.undenied = allowed, undenied
        return allowed, free

    def kept_back(self, claim: Floats, habit: Floats, let_pass: Floats, shipped: Floats) -> Floats:
        """Tonnes (n, B) of habitual purchases kept back, less earlier ones that licences make up for.

        Orders come in lumps, habit does not: what a buyer ordered less than it uses of its own accord, it orders later,
        and what it laid in, it orders less later. Neither is denied it, nor makes up for a denial. Arrears last as long
        as the licensing does.

        Parameters
        ----------
        claim
            (n, B) tonnes that buyers would take now.
        habit
            (n, B) tonnes of what they use that are habitually bought here.
        let_pass
            (n, B) tonnes of the claim that may pass.
        shipped
            (n, B) tonnes that are sold.
        """
        ordinary, more = self._lumps(claim, habit, let_pass, shipped)
        net = beyond(ordinary, let_pass)
        self._put_off += habit - ordinary
        if self._licenses:
            made_up = np.minimum(more, self._arrears)
            more -= made_up
            net -= made_up
            self._arrears += net
            self._arrears *= self._licensing
        self._put_off -= more
        return net

    def book_free(self, claim: Floats, habit: Floats, shipped: Floats) -> None:
        """Book orders and sales of a review at which Chinese policy lets all pass, as ``kept_back`` does."""
        ordinary, more = self._lumps(claim, habit, claim, shipped)
        self._put_off += habit - ordinary
        self._put_off -= more

    def _lumps(self, claim: Floats, habit: Floats, let_pass: Floats, shipped: Floats) -> tuple[Floats, Floats]:
        """(n, B) tonnes of claims that habit explains, now or put off, and tonnes sold beyond them."""
        ordinary = self._put_off + habit
        np.maximum(ordinary, habit, out=ordinary)
        np.minimum(claim, ordinary, out=ordinary)
        # A licence that its producer cannot fill makes up for nothing.
        more = np.minimum(let_pass, shipped)
        more -= ordinary
        return ordinary, at_least(more, 0.0, more)

    def use(self, shipped: Floats) -> None:
        """Book shipped tonnes (n, B) against licences and quotas."""
        if self._licenses:
            self.queue.use(shipped * self._under_licence)
        for quota in self.quotas:
            quota.use(shipped)
