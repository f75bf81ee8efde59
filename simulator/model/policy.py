"""Export controls in force: bans, licence queues, suspensions, front-loading and re-routing.

One ``ControlDesk`` stands behind each imposing producer of a stage. It knows, per replication and buyer,
which part of a claim may pass today.

* A *ban* lets the leakage pass.
* A *licence* regime is a queue by destination: at every review exporters apply for what was ordered; the
  approved part of each application is granted after a lag with a heavy tail and adds to the tonnes that
  may ship; granted tonnes lapse with the validity of a licence.
* *Re-routing*: after a lag, and while the price gap pays for it, part of the blocked tonnes leaves for a third
  country and reaches the buyer under another declared origin. Labels do not change.
* An *extraterritorial* ban also keeps from the target what others make of the imposer's material.
* *Front-loading*: between announcement and effect, targeted buyers multiply their orders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.domain.changes import ControlChange
from simulator.domain.places import region_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Licences:
    """Inputs of the licence queue, (n,) each."""

    approval: Floats
    """Share of applications approved, 0 to 1."""
    fill: Floats
    """Share of the requested tonnes that an approval grants, 0 to 1."""
    validity_reviews: Floats
    """Reviews until half of an unused licence has lapsed."""
    lag_reviews: NDArray[np.int64]
    """(n, T) reviews from application to grant of the cohort of each review."""
    longest: int
    """Longest lag there can be, reviews."""


class Control:
    """One control of a scenario as it stands in the replications of a block."""

    def __init__(self, change: ControlChange, buyers: tuple[str, ...], n: int) -> None:
        self.kind = change.kind
        self.covered = np.array([_targeted(change, buyer) * change.covered_share for buyer in buyers])
        self.leakage = np.broadcast_to(np.asarray(change.leakage, dtype=float), (n,))
        self.abroad = self.covered * change.extraterritorial_share
        self.approval_multiplier = change.approval_multiplier
        self.established = change.established
        self.in_force = np.zeros(n, dtype=bool)
        self.suspended = np.zeros(n, dtype=bool)

    @property
    def active(self) -> Mask:
        """(n,) in force and not suspended."""
        return self.in_force & ~self.suspended


def _targeted(change: ControlChange, buyer: str) -> float:
    if buyer == change.imposer or region_of(buyer) == change.imposer:
        return 0.0
    return float("ALL" in change.targets or buyer in change.targets or region_of(buyer) in change.targets)


class ControlDesk:
    """All controls of one imposer on one stage's product."""

    def __init__(self, producer: int, buyers: tuple[str, ...], n: int, licences: Licences) -> None:
        self.producer = producer
        self.buyers = buyers
        self.licences = licences
        self.controls: dict[str, Control] = {}
        self.passing = np.ones((n, len(buyers)))
        """(n, B) part of a claim that no ban stops."""
        self.licensed = np.zeros((n, len(buyers)))
        """(n, B) part of a claim that needs a licence."""
        self.approval = np.zeros((n, len(buyers)))
        self.abroad = np.zeros((n, len(buyers)))
        """(n, B) part of goods made abroad from the imposer's material that may not be sold."""
        self.since = np.full((n, len(buyers)), np.inf)
        """(n, B) first day the present restriction held."""
        self.granted = np.zeros((n, len(buyers)))
        """(n, B) tonnes that may ship under licence now."""
        self.queue = np.zeros((n, licences.longest + 1, len(buyers)))
        """(n, H, B) tonnes granted at each coming review."""
        self._rows = np.arange(n)
        self.now = 0
        self.front: list[tuple[Floats, Floats, Floats]] = []
        """Announcement and effect (n,) and extra order (n, B) of each announced control."""
        self.steady = np.zeros(len(buyers))

    def register(self, change: ControlChange, hoarding: Floats) -> None:
        """Make a control known before the clock starts; targeted buyers order ahead once it is announced."""
        control = self.controls[change.event_id] = Control(change, self.buyers, change.mask.size)
        if change.announced is not None:
            begin = np.where(change.mask, change.announced, np.inf)
            self.front.append((begin, change.day, control.covered[None, :] * (hoarding[:, None] - 1.0)))

    def front_loading(self, day: float) -> Floats | None:
        """(n, B) extra order, as a share of the ordinary claim on this producer, on ``day``."""
        extra = None
        for begin, end, boost in self.front:
            running = (begin <= day) & (day < end)
            if running.any():
                added = boost * running[:, None]
                extra = added if extra is None else np.maximum(extra, added)
        return extra

    def apply(self, event_id: str, active: bool, day: float, mask: Mask) -> None:
        """A control begins or ends in the replications of ``mask``."""
        control = self.controls.get(event_id)
        if control is None:
            return
        if active and control.kind == "licence" and control.established:
            self._open_steady(control, mask)
        control.in_force[mask] = active
        self._refresh(day)

    def suspend(self, event_id: str, active: bool, day: float, mask: Mask) -> None:
        """A suspension of one control begins (``active``) or ends."""
        control = self.controls.get(event_id)
        if control is None:
            return
        control.suspended[mask] = active
        self._refresh(day)

    def _open_steady(self, control: Control, mask: Mask) -> None:
        """A regime older than the model: its queue already holds what was applied for before."""
        rate = self.licences.approval[:, None] * self.licences.fill[:, None] * control.approval_multiplier
        applied = rate * control.covered[None, :] * self.steady[None, :] * mask[:, None]
        self.granted += applied
        for ago in range(1, min(self.licences.longest, self.licences.lag_reviews.shape[1])):
            left = self.licences.lag_reviews[:, ago] - ago
            waiting = np.flatnonzero(left > 0)
            self.queue[waiting, (self.now + left[waiting]) % self.queue.shape[1]] += applied[waiting]

    def _refresh(self, day: float) -> None:
        before = (self.passing < 1.0) | (self.licensed > 0.0)
        self.passing.fill(1.0)
        self.licensed.fill(0.0)
        self.approval.fill(0.0)
        self.abroad.fill(0.0)
        for control in self.controls.values():
            active = control.active[:, None] & (control.covered > 0.0)[None, :]
            if control.kind == "ban":
                stopped = control.covered[None, :] * (1.0 - control.leakage[:, None])
                self.passing *= np.where(active, 1.0 - stopped, 1.0)
                self.abroad = np.maximum(self.abroad, np.where(active, control.abroad[None, :], 0.0))
            else:
                self.licensed = np.where(active, np.maximum(self.licensed, control.covered[None, :]), self.licensed)
                approval = np.minimum(self.licences.approval * control.approval_multiplier, 1.0)[:, None]
                self.approval = np.where(
                    active, np.where(self.approval > 0.0, np.minimum(self.approval, approval), approval), self.approval
                )
        now = (self.passing < 1.0) | (self.licensed > 0.0)
        self.since = np.where(now, np.where(before, np.minimum(self.since, day), day), np.inf)

    @property
    def reaches_abroad(self) -> bool:
        """Some control here covers what others make of the imposer's material."""
        return any(control.abroad.any() for control in self.controls.values())

    def review(self, claim: Floats, index: int) -> tuple[Floats, Floats]:
        """Advance the licence queue by one review and say what may pass.

        ``claim`` (n, B) is what buyers would take from this producer now. Returns ``allowed`` and ``open``
        of ``market.Gate``.
        """
        # The queue runs from the first day to the last, whether or not anybody in the block needs a licence
        # today: what a replication holds must not depend on its neighbours.
        if not any(control.kind == "licence" for control in self.controls.values()):
            return self.passing, self._unrestricted()
        self.queue[:, self.now] = 0.0
        self.now = (self.now + 1) % self.queue.shape[1]
        self.granted *= np.exp2(-1.0 / self.licences.validity_reviews)[:, None]
        self.granted += self.queue[:, self.now]
        covered = claim * self.licensed * self.passing
        applied = covered * self.approval * self.licences.fill[:, None]
        slots = (self.now + self.licences.lag_reviews[:, index]) % self.queue.shape[1]
        self.queue[self._rows, slots] += applied
        held = np.minimum(1.0, self.granted / np.maximum(covered, 1e-300))
        allowed = self.passing * (1.0 - self.licensed + self.licensed * held)
        return allowed, self._unrestricted()

    def _unrestricted(self) -> Floats:
        """(n, B) 1 where no control touches a buyer: leakage and licences serve habitual custom only."""
        return np.where((self.passing == 1.0) & (self.licensed == 0.0), 1.0, 0.0)

    def use(self, shipped: Floats) -> None:
        """Book shipped tonnes (n, B) against the licences."""
        self.granted = np.maximum(self.granted - shipped * self.licensed, 0.0)
