"""Checks across the fields of a target: what belongs to which yardstick, and names and days that fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

from simulator.domain.target import METRICS, METRICS_WITH_AXIS, PUBLISHED
from simulator.instruments.dates import Offset
from simulator.scenario.nodes import Path
from simulator.scenario.schema import CriterionModel, ListRuleModel, OwnYardstick

if TYPE_CHECKING:
    from simulator.scenario.schema import TargetModel

Found = tuple[Path, str]
"""Path of a wrong value and what is wrong with it."""

LATEST: Final = Offset(months=120)
"""A deadline lies within so much time of the start: priors and projects say nothing of later days."""
_FIELDS: Final = {
    "reliance": ("window_days", "max_share", "max_unmet_share"),
    "direct": ("window_days", "max_share"),
    "crma65": ("window_days", "max_share"),
    "nminus1": ("window_days", "min_ratio"),
    "cutoff": ("max_unmet_share",),
}
"""Published yardstick -> fields that mean something for it."""


def target_checks(target: TargetModel, start: date) -> Iterator[Found]:
    """Yield what is wrong with the yardsticks and the list rule of a target."""
    seen: dict[str, int] = {}
    for place, item in enumerate(target.criteria):
        at: Path = ("target", "criteria", place)
        own = isinstance(item, OwnYardstick)
        name, key = (item.name, "name") if isinstance(item, OwnYardstick) else (item.yardstick, "yardstick")
        if name in seen:
            yield (*at, key), f"{name!r} is already named by criteria[{seen[name]}]"
        seen.setdefault(name, place)
        if own and name in PUBLISHED:
            yield (*at, key), f"{name!r} is the name of a published yardstick; choose another"
        elif own and name in METRICS:
            yield (*at, key), f"{name!r} is the name of a metric; choose another"
        yield from _own(item, at, start) if isinstance(item, OwnYardstick) else _published(item, at)
    if isinstance(target.list_rule, ListRuleModel):
        yield from _list_rule(target.list_rule, ("target", "list_rule"))


def _published(item: CriterionModel, at: Path) -> Iterator[Found]:
    known = _FIELDS[item.yardstick]
    for name in ("window_days", "max_share", "max_unmet_share", "min_ratio"):
        # Reliance's limits used to be accepted under every yardstick, where they said nothing.
        if getattr(item, name) is not None and name not in known:
            yield (*at, name), f"is nothing to {item.yardstick}, which has {' and '.join(known)}"


def _own(item: OwnYardstick, at: Path, start: date) -> Iterator[Found]:
    given = [name for name in ("max_value", "min_value") if getattr(item, name) is not None]
    if len(given) != 1:
        text = "give one of max_value and min_value, not both" if given else "lacks max_value or min_value"
        yield (*at, given[-1] if given else "name"), f"{item.name!r}: {text}"
    if item.of is not None and item.metric not in METRICS_WITH_AXIS:
        yield (*at, "of"), f"{item.metric} is one number; `of` is for {', '.join(METRICS_WITH_AXIS)}"
    if item.deadline is not None:
        day = item.deadline.after(start) if isinstance(item.deadline, Offset) else item.deadline
        yield from deadline_faults(day, start, (*at, "deadline"))


def deadline_faults(day: date, start: date, at: Path) -> Iterator[Found]:
    """Yield what is wrong with the day by which a target or a yardstick must be met."""
    if day <= start:
        yield at, f"{day.isoformat()!r} is not after the start {start.isoformat()}"
    elif day > LATEST.after(start):
        yield at, f"{day.isoformat()!r} is too late; at latest {LATEST.after(start).isoformat()}"


def _list_rule(rule: ListRuleModel, at: Path) -> Iterator[Found]:
    if (rule.at_least is None) == (rule.weighted is None):
        yield at, "give either at_least or weighted" + ("" if rule.at_least is None else ", not both")
    if rule.weights and rule.at_least is not None:
        yield (*at, "weights"), "weights are for a weighted rule"
    if rule.weights and not any(rule.weights.values()):
        yield (*at, "weights"), "every weight is zero; give one commodity some"
