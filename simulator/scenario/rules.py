"""Reactive rules as a scenario file states them: what an actor watches, and what it sets off.

A rule watches one published figure of one commodity and answers with events. These are written as under
``events:``, but their days count from the day on which the rule fires.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, Strict

from simulator.errors import UsageError
from simulator.instruments.base import Instrument, instrument_types
from simulator.instruments.fields import STRICT, at_least_one
from simulator.instruments.names import CommodityName, Countries, Country, expand
from simulator.instruments.quantities import Amount, DateSpec, Share

Metric = Literal[
    "direct_china_share",
    "c5_share",
    "origin_share",
    "landed_t_per_year",
    "unmet_share",
    "days_of_cover",
    "price_index",
]
OF_ORIGINS = ("origin_share", "landed_t_per_year")
"""Metrics of the declared origins that ``origins`` names."""
LEVELS = ("price_index",)
"""Metrics that are quoted at once and have no window; the others wait for published statistics."""


def fireable_types() -> dict[str, type[Instrument]]:
    """Return the instruments that a rule can set off, by type."""
    return {name: kind for name, kind in instrument_types().items() if kind.fireable}


def one_of(kinds: Iterable[type[Instrument]]) -> Any:
    """Return the type of an event that is one of these instruments, told apart by ``type``."""
    return Annotated[Union[tuple(kinds)], Field(discriminator="type")]  # noqa: UP007 - built from a list


if TYPE_CHECKING:
    FireableEvent = Instrument
else:
    FireableEvent = one_of(fireable_types().values())


class Condition(BaseModel):
    """What must be seen, how often in a row, for a rule to fire."""

    model_config = STRICT

    metric: Metric
    """What is watched at the focal buyer: ``direct_china_share``, ``c5_share`` and ``origin_share`` (declared origin,
    shares of imports), ``landed_t_per_year`` (from declared origins), ``unmet_share`` of demand, ``days_of_cover`` of
    industry stock, or ``price_index`` outside China (1 in the base year)."""
    commodity: CommodityName
    """Commodity watched, by catalogue name."""
    origins: Countries = ()
    """Declared origins counted by ``origin_share`` and ``landed_t_per_year``, ISO 3166-1 alpha-3."""
    above: Amount | None = None
    """The condition holds while the figure is above this, in the metric's unit."""
    below: Amount | None = None
    """The condition holds while the figure is below this, in the metric's unit. Give either this or ``above``."""
    for_reviews: Annotated[int, Field(ge=1)] = 1
    """Market reviews in a row at which it must hold."""
    window_days: Annotated[int, Field(ge=1, le=730)] = 90
    """Length of the window a figure covers, days; a price has none."""
    lag_days: Annotated[float, Field(ge=0, le=730)] | None = None
    """Days from the end of the window to its publication; where not given, the usual lag of trade statistics, and none
    for a price."""


class Rule(BaseModel):
    """An actor that watches a figure and answers with events."""

    model_config = STRICT

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    """Name of the rule, unique among rules and events; a later layer changes the rule by it."""
    actor: Country
    """Country that reacts, ISO 3166-1 alpha-3; controls, bids and dumping that the rule sets off must be its own."""
    when: Condition
    """What must be seen for it to react. It sees published figures only, as declared and with their delay."""
    then: Annotated[tuple[FireableEvent, ...], Strict(False), at_least_one("event that the rule sets off")]
    """Events it sets off. Their ``+30d`` counts from the day it fires; they begin the day after at the earliest."""
    probability: Share = 1.0
    """Probability that the actor reacts at all, 0 to 1; drawn once per future."""
    at: DateSpec | None = None
    """First day on which it may fire; the scenario's start where not given."""
    until: DateSpec | None = None
    """First day on which it no longer fires; never where not given."""
    cooldown_days: Annotated[float, Field(ge=0)] | None = None
    """It may fire again this many days after it fired, once all it set off has ended; only once where not given."""
    note: str = ""
    """Free text for readers of the scenario."""
    source: str = ""
    """Where the behaviour was observed."""


def known_rules(rules: Iterable[Rule], events: Iterable[Instrument], commodities: Container[str]) -> tuple[Rule, ...]:
    """Return the rules that watch one of the simulated commodities.

    Raises
    ------
    UsageError
        If another rule acts on one of them: without what it watches, it would not fire where it should.
    """
    rules = tuple(rules)
    by_id = {event.id: event for event in (*events, *(event for rule in rules for event in rule.then))}
    kept = []
    for rule in rules:
        if rule.when.commodity in commodities:
            kept.append(rule)
        elif any(name in commodities for event in rule.then for name in acts_on(event, by_id)):
            raise UsageError(
                f"rule {rule.id!r} watches {rule.when.commodity}, which this run leaves out, and acts on what it "
                f"keeps; add --commodity {rule.when.commodity}"
            )
    return tuple(kept)


def acts_on(event: Instrument, by_id: Mapping[str, Instrument]) -> Iterator[str]:
    """Yield the commodities an event concerns, none if it names none; one that names other events concerns theirs."""
    for name in (*getattr(event, "suspends", ()), *getattr(event, "ends", ())):
        yield from acts_on(by_id[name], by_id)
    named = getattr(event, "commodity", None)
    yield from expand(getattr(event, "commodities", () if named is None else (named,)))
