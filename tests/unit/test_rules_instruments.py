"""Every instrument that says a rule can set it off does what it would do as an event of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from simulator.domain.traces import Trace
from simulator.instruments.base import Instrument, instrument_types
from simulator.scenario import load, resolve
from simulator.scenario.case import Case
from simulator.scenario.nodes import parse
from simulator.scenario.rules import Rule, fireable_types
from simulator.scenario.schema import Event
from tests.support import worlds
from tests.support.rules import FIRST_REVIEW

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
START = date(2025, 11, 6)
N = 2
LOUD: dict[str, dict[str, Any]] = {
    "export_licensing": {"approval_multiplier": 0.2},
    "price_floor": {"floor_multiple": 9.0},
}
"""Terms under which an example that is mild, or doubles what the baseline has, changes something."""


def example(kind: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the events that an instrument's example needs, and the example, certain and without its days."""
    node = parse(instrument_types()[kind].example, kind)
    assert node is not None
    *needed, event = node.plain()
    for name in ("at", "until", "announced", "probability"):
        event.pop(name, None)
    return needed, {**event, **LOUD.get(kind, {})}


def dated(event: dict[str, Any], *, by_rule: bool) -> dict[str, Any]:
    """Give an event its days, counted from the first review by a rule and written out otherwise."""
    days = {"at": 100, "until": 365} if instrument_types()[event["type"]].lasts else {"at": 100}
    if by_rule:
        return {**event, **{name: f"+{day}d" for name, day in days.items()}}
    first = START + timedelta(days=FIRST_REVIEW)
    return {**event, **{name: (first + timedelta(days=day)).isoformat() for name, day in days.items()}}


def with_events(case: Case, *events: dict[str, Any]) -> Case:
    adapter: TypeAdapter[Instrument] = TypeAdapter(Event)
    return replace(case, instruments=(*case.instruments, *(adapter.validate_python(event) for event in events)))


def actor_of(event: dict[str, Any]) -> str:
    return str(next((event[name] for name in ("imposer", "dumper", "bidder") if name in event), "CHN"))


def with_rule(case: Case, kind: str, event: dict[str, Any], *, fires: bool) -> Case:
    when = {"metric": "price_index", "commodity": case.chains[0].commodity, "above": 0.0 if fires else 1e9}
    rule = {"id": f"rule_{kind}", "actor": actor_of(event), "when": when, "then": [dated(event, by_rule=True)]}
    return replace(case, rules=(*case.rules, Rule.model_validate(rule)))


@cache
def base(commodity: str) -> Case:
    """The baseline without projects: what becomes of these is drawn before the clock starts, and no rule moves it."""
    case = resolve(load(BASELINE), [commodity])
    return replace(case, projects=(), deadline=date(2027, 1, 4), horizon=date(2027, 1, 4))


def commodity_of(event: dict[str, Any], needed: list[dict[str, Any]]) -> str:
    named = event.get("commodity") or (event.get("commodities") or needed[0]["commodities"])
    return str(named if isinstance(named, str) else named[0])


def same(one: Trace, other: Trace) -> bool:
    """Whether two records agree in every bit, but for the column that a recycling programme has to itself."""
    of_projects = ("project_output", "project_accessible")
    return all(
        worlds.replication_bytes(one, k, without=of_projects) == worlds.replication_bytes(other, k, without=of_projects)
        for k in range(N)
    )


@pytest.mark.parametrize("kind", sorted(fireable_types()))
def test_an_instrument_acts_the_same_when_a_rule_sets_it_off_and_not_at_all_otherwise(kind: str) -> None:
    needed, event = example(kind)
    case = with_events(base(commodity_of(event, needed)), *needed)
    quiet, by_date, by_rule, idle = (
        worlds.run(one, N)
        for one in (
            case,
            with_events(case, dated(event, by_rule=False)),
            with_rule(case, kind, event, fires=True),
            with_rule(case, kind, event, fires=False),
        )
    )
    assert by_rule.branches[f"rule/rule_{kind}/fired"].all()
    assert same(idle, quiet), "a rule that never fires changes no bit"
    assert same(by_rule, by_date), "set off by a rule, it is the event of that day"
    assert not same(by_date, quiet), "the event does something that a rule could have missed"


def test_futures_in_which_a_rule_fires_and_in_which_it_does_not_keep_apart_in_a_block() -> None:
    """Whatever a rule sets off: a future is the same bytes alone as beside others that react on other days or never."""
    examples = [(kind, *example(kind)) for kind in sorted(fireable_types())]
    about_antimony = [item for item in examples if commodity_of(item[2], item[1]) == "antimony"]
    needed = {event["id"]: event for _, events, _ in about_antimony for event in events}
    then = [{**dated(event, by_rule=True), "id": f"set_off_{kind}"} for kind, _, event in about_antimony]
    rules = [
        Rule.model_validate(
            {
                "id": f"rule_{event['type']}",
                "actor": actor_of(event),
                "when": {
                    "metric": "price_index",
                    "commodity": "antimony",
                    "above": {"uniform": {"low": 0.9, "high": 2.0}},
                },
                "probability": 0.7,
                "then": [event],
            }
        )
        for event in then
    ]
    case = replace(with_events(base("antimony"), *needed.values()), rules=tuple(rules))
    block = worlds.run(case, 6)
    fired = np.stack([np.isfinite(days) for days in block.rule_days.values()])
    assert 0.2 < fired.mean() < 0.95
    for k in (1, 4):
        alone = worlds.run(case, np.array([k]))
        assert worlds.replication_bytes(alone, 0) == worlds.replication_bytes(block, k)
