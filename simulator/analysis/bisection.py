"""The smallest step of one lever that reaches a goal, on fixed futures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.analysis.goal import Floats, Goal
from simulator.analysis.intervals import LEVEL, Estimate, known_mean_interval

Ask = Callable[[Sequence[int]], Mapping[int, Floats]]
"""Simulates some steps and returns step -> score of each future, the same futures at every step."""

COARSE: Final = 8
"""Parts into which the lever's way is cut to look for the goal and for a fall on the way."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A place on the way where more of the lever does harm."""

    before: int
    """Best step up to there."""
    after: int
    difference: Estimate
    """Mean paired difference of the scores, ``after`` minus ``before``, with its simultaneous interval."""


@dataclass(frozen=True, slots=True, eq=False)
class Bisection:
    """What a search along one lever found; steps are None where they lie beyond the lever's end."""

    scores: Mapping[int, Floats]
    """Every step simulated."""
    answer: int | None
    """Smallest step found whose estimate reaches the goal."""
    hopeful: int | None
    """Smallest step found whose interval reaches the goal with its better end."""
    safe: int | None
    """Smallest step found whose whole interval reaches the goal."""
    falls: tuple[Fall, ...]


def bisected(ask: Ask, steps: int, goal: Goal) -> Bisection:
    """Search the steps 0 to ``steps`` of a lever.

    Nine evenly spaced steps are simulated first. Each of the three questions (does the estimate, the better end,
    the whole interval reach the goal?) is then bisected between the first of them that answers yes and the one
    before it, down to neighbouring steps; questions share what has been simulated. On the same futures P is a
    step function of the lever, so neighbouring steps are all that bisection can tell apart. Where the response
    falls somewhere, the step found is where the goal is first reached on the coarse grid.

    A fall is reported where a coarse step is worse than the best one before it by more than noise: the
    interval of the paired differences, at the level ``1 - 0.05 / comparisons`` (Bonferroni), excludes zero.
    """
    coarse = sorted({round(part * steps / COARSE) for part in range(COARSE + 1)})
    known = dict(ask(coarse))
    estimates: dict[int, Estimate] = {}

    def estimate(step: int) -> Estimate:
        if step not in estimates:
            estimates[step] = goal.estimate(known[step])
        return estimates[step]

    questions: tuple[Callable[[int], bool], ...] = (
        lambda step: goal.reached(estimate(step).value),
        lambda step: goal.reached(goal.easy(estimate(step))),
        lambda step: goal.reached(goal.hard(estimate(step))),
    )
    brackets = [_bracket(coarse, question) for question in questions]
    while middles := sorted({(no + yes) // 2 for no, yes in filter(None, brackets) if yes - no > 1}):
        missing = [step for step in middles if step not in known]
        if missing:
            known |= ask(missing)
        brackets = [
            bracket and _halved(bracket, question) for bracket, question in zip(brackets, questions, strict=True)
        ]
    answer, hopeful, safe = (bracket and bracket[1] for bracket in brackets)
    return Bisection(known, answer, hopeful, safe, falls(goal, known, coarse))


def _bracket(coarse: Sequence[int], question: Callable[[int], bool]) -> tuple[int, int] | None:
    """Return the last step that says no and the first that says yes; None where none does."""
    for place, step in enumerate(coarse):
        if question(step):
            return (coarse[place - 1] if place else step - 1), step
    return None


def _halved(bracket: tuple[int, int], question: Callable[[int], bool]) -> tuple[int, int]:
    no, yes = bracket
    if yes - no <= 1:
        return bracket
    middle = (no + yes) // 2
    return (no, middle) if question(middle) else (middle, yes)


def falls(goal: Goal, known: Mapping[int, Floats], steps: Sequence[int]) -> tuple[Fall, ...]:
    """Return where a step is worse than the best one before it, beyond noise."""
    level = 1.0 - (1.0 - LEVEL) / max(1, len(steps) - 1)
    found = []
    best = steps[0]
    for step in steps[1:]:
        difference = known_mean_interval(known[step] - known[best], level)
        if (difference.high < 0.0) if goal.at_least else (difference.low > 0.0):
            found.append(Fall(best, step, difference))
        if goal.better(goal.estimate(known[step]).value, goal.estimate(known[best]).value):
            best = step
    return tuple(found)
