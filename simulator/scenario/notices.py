"""Events of a valid scenario that can do nothing: no error, but hardly what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from simulator.instruments.base import Instrument
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_licensing import ExportLicensing
from simulator.instruments.export_quota import ExportQuota
from simulator.instruments.names import ALL, expand
from simulator.instruments.outage import Outage
from simulator.scenario.case import Case
from simulator.scenario.checks import fixed_day


def notices(case: Case) -> tuple[str, ...]:
    """Return a sentence for every event of the case that can do nothing, in their order.

    Events on commodities that the case does not simulate are passed over: they are left out on purpose.
    """
    return tuple(f"events.{event.id}: {text}" for event in case.instruments for text in _idle(event, case))


def _idle(event: Instrument, case: Case) -> Iterator[str]:
    if event.probability == 0:
        yield "its probability is 0, so it never happens"
    begins, ends = fixed_day(event.at, case.start), fixed_day(event.until, case.start)
    if begins is not None and begins >= case.horizon:
        yield f"it begins on {begins.isoformat()}, after the model's last day {_last(case)}"
    if ends is not None and ends <= case.spin_up:
        yield f"it ends on {ends.isoformat()}, before the model's clock begins on {case.spin_up.isoformat()}"
    if isinstance(event, ExportBan | ExportLicensing | ExportQuota):
        yield from _produces_nothing(event, event.imposer, case)
    if isinstance(event, Outage):
        yield from _produces_nothing(event, event.country, case)


def _last(case: Case) -> str:
    return date.fromordinal(case.horizon.toordinal() - 1).isoformat()


def _produces_nothing(
    event: ExportBan | ExportLicensing | ExportQuota | Outage, country: str, case: Case
) -> Iterator[str]:
    """Say of which commodities named the country is no producer at the stages the event covers."""
    covered = [chain for chain in case.chains if chain.commodity in expand(event.commodities)]
    idle = [
        chain.commodity
        for chain in covered
        if not any(
            country in stage.producers for stage in chain.stages if stage.name in (event.stages or (stage.name,))
        )
    ]
    if idle and (len(idle) == len(covered) or ALL not in event.commodities):
        stages = f" at {', '.join(event.stages)}" if event.stages else ""
        yield f"the model knows no producer of {', '.join(idle)} in {country}{stages}, so nothing happens there"
