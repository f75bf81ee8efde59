"""What a panel lets one change of a scenario: on or off, days, shares and amounts of its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from simulator.instruments.base import Instrument
from simulator.instruments.distributions import InputReference
from simulator.scenario.checks import fixed_day
from simulator.scenario.loader import Scenario
from simulator.scenario.resolution import resolve
from simulator.scenario.rules import acts_on

Kind = Literal["switch", "day", "share", "amount"]
Value = bool | date | float

ON: Final = "on"
"""Stands for the field of an event that says whether it is on the clock."""
_ALWAYS: Final = ("probability", "renewal_probability", "leakage")
"""Shares that are offered even where the scenario leaves them to their default."""
_DAYS: Final = ("at", "until")
_SHARES: Final = (*_ALWAYS, "share")


@dataclass(frozen=True, slots=True)
class Control:
    """One value of an event that may be changed."""

    event: str
    field: str
    """Field of the event, or ``on``."""
    kind: Kind
    value: Value
    """What the scenario says; the middle of what it draws from, where it draws."""
    label: str
    help: str
    """What the field means, in a sentence."""
    drawn: bool = False
    """Whether the scenario draws it in every future instead of stating one value."""

    @property
    def path(self) -> str:
        """Dotted path, as ``with_set`` takes it."""
        return f"events.{self.event}.{self.field}"


@dataclass(frozen=True, slots=True)
class EventControls:
    """The controls of one event."""

    event: str
    title: str
    begun: bool
    """Whether it began before the scenario's start."""
    switch: Control
    others: tuple[Control, ...]


def controls_of(scenario: Scenario, commodity: str) -> tuple[EventControls, ...]:
    """Return the controls of every event that concerns a commodity, in the order of the file."""
    by_id = {event.id: event for event in scenario.model.events}
    medians = {item.name: item.median for item in resolve(scenario).inputs}
    found = []
    for event in scenario.model.events:
        concerned = set(acts_on(event, by_id))
        if concerned and commodity not in concerned:
            continue
        begins = fixed_day(event.at, scenario.model.start)
        on = not (isinstance(event.probability, int | float) and event.probability == 0)
        help_text = "Whether the event is on the clock; off is a probability of 0."
        found.append(
            EventControls(
                event=event.id,
                title=f"{event.id} ({event.type.replace('_', ' ')})",
                begun=begins is not None and begins < scenario.model.start,
                switch=Control(event.id, ON, "switch", on, "on", help_text),
                others=tuple(_controls(event, scenario, medians)),
            )
        )
    return tuple(found)


def _controls(event: Instrument, scenario: Scenario, medians: dict[str, float]) -> Iterator[Control]:
    said = event.model_fields_set
    for name, field in type(event).model_fields.items():
        value = getattr(event, name)
        if value is None or (name not in said and name not in _ALWAYS):
            continue
        text = " ".join((field.description or "").split())
        label = name.replace("_", " ").replace(" t per year", ", t a year").replace(" usd m", ", USD million")
        if name in _DAYS:
            day = fixed_day(value, scenario.model.start)
            if day is not None:
                yield Control(event.id, name, "day", day, label, text)
            continue
        middle = _middle(value, medians)
        if middle is None:
            continue
        share = name in _SHARES or name.endswith("_share")
        drawn = not isinstance(value, int | float)
        yield Control(event.id, name, "share" if share else "amount", middle, label, text, drawn)


def _middle(value: Any, medians: dict[str, float]) -> float | None:
    """Return a number as it is, of a distribution its middle; None for what is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, InputReference):
        return medians.get(value.input)
    if hasattr(value, "sample"):
        import numpy as np

        return float(value.sample(np.array([0.5]))[0])
    return None
