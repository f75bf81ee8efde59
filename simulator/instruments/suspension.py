"""A suspension of controls, which may be renewed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.domain.changes import Change, SuspensionChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.dates import Period
from simulator.instruments.names import Names
from simulator.instruments.quantities import DateSpec, Share


class Suspension(Instrument):
    """Named controls are lifted for a time; where it is not renewed, they return on the day it ends."""

    type: Literal["suspension"] = "suspension"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: antimony_ban
          type: export_ban
          at: 2025-12-01
          imposer: CHN
          target: USA
          commodities: [antimony]
        - id: truce
          type: suspension
          at: 2026-02-01
          until: 2026-11-27
          suspends: [antimony_ban]
          renewal_probability: 0.8
    """

    at: DateSpec
    """First day without the controls: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    suspends: Annotated[Names, Field(min_length=1)]
    """Events whose controls are lifted, by id."""
    renewal_probability: Share = 0.0
    """Probability that the suspension is renewed when it ends, 0 to 1."""
    renewal_draw: str | None = None
    """Name of the draw that decides; suspensions that name the same draw are renewed in the same futures."""
    renewed_for: Period | None = None
    """How long each renewal lasts, ``+12mo`` or ``+90d``, with a new draw at every expiry; for good where not given."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change that lifts the controls, and one for each expiry at which they may return."""
        begins, ends, mask = self.span(draws)
        yield SuspensionChange(event_id=self.id, day=begins, mask=mask, active=True, suspends=self.suspends)
        if self.until is None:
            return
        running = mask
        for expiry, renewed in self._expiries(draws, ends):
            yield SuspensionChange(
                event_id=self.id, day=expiry, mask=running & ~renewed, active=False, suspends=self.suspends
            )
            running = running & renewed

    def renewed(self, draws: EventDraws) -> NDArray[np.bool_]:
        """(n,) mask of the futures in which the suspension outlives its first end (or has none)."""
        if self.until is None:
            return np.ones(draws.n, dtype=np.bool_)
        return self._renewed(draws, 0)

    def _renewed(self, draws: EventDraws, expiry: int) -> NDArray[np.bool_]:
        name = self.renewal_draw or f"{self.id}/renewal"
        draw = f"{name}/{expiry}" if expiry else name
        return draws.happens(self.renewal_probability, draw, "renewal_probability")

    def _expiries(
        self, draws: EventDraws, ends: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
        """Yield the day of each expiry before the horizon and the futures renewed then."""
        yield ends, self._renewed(draws, 0)
        if self.renewed_for is None:
            return
        length = draws.days_in(self.renewed_for)
        last = float((draws.horizon - draws.start).days)
        expiry = 1
        while length > 0 and np.any(ends + expiry * length < last):
            yield ends + expiry * length, self._renewed(draws, expiry)
            expiry += 1
