"""Null models a backtest must beat: what somebody without a model would have said.

* ``zero``: the controlled flow stops on the day of the control and nothing else changes;
* ``no_change``: everything stays at its level before the start;
* ``seasonal``: the same month of the last year seen; the level where that month was not seen, or for longer periods.

They are dressed with the same noise of observation as the model, so that its bands win nothing for free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from simulator.analysis.past.series import Series
from simulator.domain.observations import Observation
from simulator.domain.places import belongs
from simulator.instruments.base import Instrument
from simulator.instruments.dates import Offset
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_licensing import ExportLicensing
from simulator.instruments.names import ALL

NULLS: Final = ("zero", "no_change", "seasonal")
_MONTH: Final = 31


@dataclass(frozen=True, slots=True)
class Control:
    """A restriction of the scenario as a null model takes it: a stop."""

    imposer: str
    targets: tuple[str, ...]
    commodities: tuple[str, ...]
    begins: date
    ends: date

    def stops(self, series: Series) -> bool:
        """Whether it stops all flows from its imposer to the series' destinations."""
        named = series.commodity in self.commodities or ALL in self.commodities
        return named and all(self._reaches(name) for name in series.destinations)

    def _reaches(self, destination: str) -> bool:
        return ALL in self.targets or any(belongs(destination, target) for target in self.targets)


def controls(events: Sequence[Instrument], start: date) -> tuple[Control, ...]:
    """Return the bans and licence regimes with fixed days among a scenario's events."""
    found = []
    for event in events:
        if isinstance(event, ExportBan | ExportLicensing):
            begins, ends = _day(event.at, start), _day(event.until, start)
            if begins is not None:
                found.append(
                    Control(event.imposer, tuple(event.target), tuple(event.commodities), begins, ends or date.max)
                )
    return tuple(found)


def _day(spec: object, start: date) -> date | None:
    if isinstance(spec, Offset):
        return spec.after(start)
    return spec if isinstance(spec, date) else None


def free_share(series: Series, item: Observation, found: Sequence[Control], lag: timedelta) -> float:
    """Part of a period in which no control stops the imposer's flow to the series' destinations, 0 to 1."""
    first, last = item.period_start - lag, item.period_end - lag
    stopped = 0
    for control in found:
        if control.stops(series):
            overlap = (min(last, control.ends - timedelta(days=1)) - max(first, control.begins)).days + 1
            stopped = max(stopped, overlap)
    return 1.0 - min(max(stopped, 0) / item.days, 1.0)


def imposers(series: Series, found: Sequence[Control]) -> tuple[str, ...]:
    """Countries whose flow to the series' destinations a control stops."""
    return tuple(dict.fromkeys(control.imposer for control in found if control.stops(series)))


def same_month(series: Series, item: Observation, level: float) -> float:
    """What the seasonal null says: amount per day of a flow, value of another series."""
    if item.days > _MONTH:
        return level
    for seen in reversed(series.history):
        if seen.days <= _MONTH and seen.period_start.month == item.period_start.month:
            return series.amount(seen) / seen.days if series.is_flow else seen.value
    return level
