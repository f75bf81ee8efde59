"""Levers: one path of the scenario between two ends, moved in steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.analysis.grids import plain
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.scenario.loader import Scenario

FORM: Final = (
    "write PATH:LO:HI or PATH:LO:HI:COST, such as events.scrap.output_t_per_year:0:5000:12000; LO is where "
    "nothing is done, HI the farthest it may go, COST the price of one unit; days are written +30d"
)
_NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\Z", re.A)
_DAYS: Final = re.compile(r"\+(\d+)d\Z", re.A)


@dataclass(frozen=True, slots=True)
class Lever:
    """A value of the scenario that may be moved from ``low`` to ``high``."""

    path: str
    """Dotted path as in ``--set``."""
    low: float
    """Where nothing is done; a change is counted from here, and ``high`` may lie on either side."""
    high: float
    """Farthest it may go."""
    cost: float | None = None
    """Cost of one unit of change, in whatever currency the user counts."""
    in_days: bool = False
    """Whether values are days from the start, written ``+30d``."""
    whole: bool = False
    """Whether only whole numbers are accepted."""
    steps: int = 64
    """Steps between the ends; the resolution of every answer is one of them."""

    def value(self, step: int) -> float:
        """Return the value at a step, 0 at ``low``; the two ends are exact."""
        value = float(f"{self.low + (self.high - self.low) * step / self.steps:.12g}")
        return float(round(value)) if self.whole or self.in_days else value

    def text(self, step: int) -> str:
        """Return the value as ``--set`` takes it.

        >>> Lever("events.a.tonnes", 0.0, 10.0).text(1), Lever("events.a.at", 90.0, 0.0, in_days=True).text(64)
        ('0.15625', '+0d')
        """
        value = self.value(step)
        return f"+{value:.0f}d" if self.in_days else plain(value)

    def override(self, step: int) -> str:
        """Return the override ``PATH=VALUE`` of a step."""
        return f"{self.path}={self.text(step)}"

    def price(self, step: int) -> float:
        """Return what moving it to a step costs; 0 without a cost."""
        return (self.cost or 0.0) * abs(self.value(step) - self.low)

    @property
    def resolution(self) -> float:
        """Largest distance between two steps, in the lever's unit."""
        exact = abs(self.high - self.low) / self.steps
        return max(1.0, float(-(-exact // 1))) if self.whole or self.in_days else exact


def read_lever(text: str) -> Lever:
    """Read ``PATH:LO:HI`` or ``PATH:LO:HI:COST``; the path may hold colons itself.

    >>> read_lever("inputs.capacity_level/antimony:1:2:500").cost
    500.0

    Raises
    ------
    UsageError
        If it is not of this form; the text says what is accepted.
    """
    words = [word.strip() for word in text.split(":")]
    ends = 0
    while ends < min(3, len(words) - 1) and _is_end(words[-1 - ends]):
        ends += 1
    path = ":".join(words[: len(words) - ends])
    if ends < 2 or not path:
        raise UsageError(f"--lever {text}: {FORM}")
    low, high, *rest = words[-ends:]
    in_days = [_DAYS.match(end) is not None for end in (low, high)]
    if any(in_days) != all(in_days):
        raise UsageError(f"--lever {text}: one end is in days and the other is not; {FORM}")
    if rest and not _NUMBER.match(rest[0]):
        raise UsageError(f"--lever {text}: the cost {rest[0]!r} is not a number; {FORM}")
    cost = float(rest[0]) if rest else None
    if cost is not None and cost < 0:
        raise UsageError(f"--lever {text}: a cost must not be negative")
    lever = Lever(path, _end(low), _end(high), cost, in_days=all(in_days))
    if lever.low == lever.high:
        raise UsageError(f"--lever {text}: both ends are the same; {FORM}")
    return lever


def _is_end(word: str) -> bool:
    return bool(_NUMBER.match(word) or _DAYS.match(word))


def _end(word: str) -> float:
    days = _DAYS.match(word)
    return float(days[1]) if days is not None else float(word)


def fitted(lever: Lever, scenario: Scenario, steps: int) -> Lever:
    """Return the lever with its steps, in whole numbers where the scenario takes nothing else.

    Both ends and a value between are laid on the scenario, so that a wrong path or value is refused before
    anything runs.

    Raises
    ------
    UsageError
        If the scenario refuses a value; the text names the nearest path.
    """
    lever = replace(lever, steps=steps)
    for step in (0, steps):
        scenario.with_values((lever.override(step),), option="--lever")
    whole = replace(lever, whole=not lever.in_days)
    if lever.in_days or (_refused(lever, scenario) and not _refused(whole, scenario)):
        return replace(whole, steps=max(1, min(steps, int(abs(lever.high - lever.low)))))
    refused = _refused(lever, scenario)
    if refused is not None:
        raise refused
    return lever


def _refused(lever: Lever, scenario: Scenario) -> UsageError | None:
    """Return why the scenario does not take some value between the ends; None where it takes those tried."""
    try:
        for step in (1, lever.steps // 2, lever.steps - 1):
            scenario.with_values((lever.override(step),), option="--lever")
    except UsageError as error:
        return error
    return None


def check_levers(levers: Sequence[Lever]) -> None:
    """Refuse levers that cannot be searched together.

    Raises
    ------
    UsageError
        If there is none, two share a path, or several come without costs.
    """
    if not levers:
        raise UsageError(f"a search needs at least one lever; {FORM}")
    paths = [lever.path for lever in levers]
    for path in paths:
        if paths.count(path) > 1:
            raise UsageError(f"--lever {path} is given twice")
    free = [lever.path for lever in levers if lever.cost is None]
    if len(levers) > 1 and free:
        raise UsageError(f"several levers are weighed by what they cost; give {', '.join(free)} a cost. {FORM}")
