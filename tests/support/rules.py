"""Rules for tests: short ways to state one, and to lay rules over a case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.scenario.case import Case
from simulator.scenario.rules import Rule

FIRST_REVIEW = 11
"""Day of the first review on or after the start of ``worlds.case``."""
ALWAYS: dict[str, Any] = {"metric": "price_index", "above": 0.0}
NEVER: dict[str, Any] = {"metric": "price_index", "above": 1e9}
BAN: dict[str, Any] = {"type": "export_ban", "imposer": "CHN", "target": "USA", "at": "+30d"}


def rule(when: dict[str, Any], *then: dict[str, Any], name: str = "react", **more: Any) -> Rule:
    """State a rule of China on antimony; events without an id are numbered, without commodities concern antimony."""
    events = []
    for number, event in enumerate(then):
        about = {} if event["type"].startswith("suspension") else {"commodities": ["antimony"]}
        events.append({"id": f"{name}_{number}", **about, **event})
    terms = {"id": name, "actor": "CHN", "when": {"commodity": "antimony", **when}, "then": events, **more}
    return Rule.model_validate(terms)


def ruled(case: Case, *rules: Rule) -> Case:
    """Return the case with these rules."""
    return replace(case, rules=rules)
