"""Checks of reactive rules, once each is valid by itself: thresholds, origins, days, names of other things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from simulator.instruments.base import Instrument
from simulator.instruments.dates import Offset
from simulator.scenario.checks import Found, event_faults, order_of_days, reference_faults
from simulator.scenario.nodes import Path
from simulator.scenario.problems import dotted
from simulator.scenario.rules import OF_ORIGINS, Condition, Rule


def rule_checks(
    rules: Mapping[int, Rule], events: Iterable[str], all_ids: Mapping[str, str], start: date
) -> Iterator[Found]:
    """Yield what is wrong with valid rules, given by their index in the file.

    Parameters
    ----------
    rules
        Valid rules by index.
    events
        Ids of the scenario's events.
    all_ids
        Type of every event by id, valid or not, those that rules set off included.
    start
        First day after the spin-up.
    """
    seen = dict.fromkeys(events, "an event")
    for index, rule in rules.items():
        at: Path = ("rules", index)
        named: list[tuple[str, Path]] = [(rule.id, at)]
        named += [(event.id, (*at, "then", place)) for place, event in enumerate(rule.then)]
        for name, where in named:
            if name in seen:
                yield (*where, "id"), f"{name!r} is already the id of {seen[name]}"
            seen.setdefault(name, dotted(where))
        yield from _condition(rule.when, (*at, "when"))
        yield from order_of_days(rule, at, start)
        yield from reference_faults(rule, at)
        for place, event in enumerate(rule.then):
            yield from _answer(rule, event, (*at, "then", place), all_ids, start)


def _condition(when: Condition, at: Path) -> Iterator[Found]:
    if when.above is None and when.below is None:
        yield at, "give one of `above` and `below`, the level at which the actor reacts"
    elif when.above is not None and when.below is not None:
        yield (*at, "above"), "is given together with `below`; give one of the two"
    if (when.metric in OF_ORIGINS) != bool(when.origins):
        needs = "counts declared origins; name them as `origins`" if when.metric in OF_ORIGINS else "takes no `origins`"
        yield (*at, "metric"), f"{when.metric!r} {needs}"
    for name in ("above", "below"):
        limit = getattr(when, name)
        if when.metric.endswith("_share") and isinstance(limit, int | float) and limit > 1:
            yield (*at, name), f"{limit:g} is not a share; {when.metric} lies between 0 and 1"
    yield from reference_faults(when, at)


def _answer(rule: Rule, event: Instrument, at: Path, all_ids: Mapping[str, str], start: date) -> Iterator[Found]:
    """Yield what is wrong with an event that a rule sets off."""
    for name in ("announced", "at", "until"):
        day = getattr(event, name)
        if isinstance(day, date):
            text = f"{day.isoformat()!r} cannot stand in a rule, whose days count from the day it fires; write +30d"
            yield (*at, name), text
    begins, ends = event.at, event.until
    if isinstance(begins, Offset) and isinstance(ends, Offset) and ends.after(start) <= begins.after(start):
        yield (*at, "until"), f"{str(ends)!r} is not after `at`, {begins}; both count from the day the rule fires"
    if rule.cooldown_days is not None and event.lasts and ends is None:
        yield (*at, "until"), "is missing; a rule that may fire again waits until all it set off has ended"
    for name in ("imposer", "dumper", "bidder"):
        who = getattr(event, name, rule.actor)
        if who != rule.actor:
            yield (*at, name), f"{who!r} is not the actor of the rule, {rule.actor}"
    yield from event_faults(event, at, all_ids)
