"""The independence target: a deadline and the criteria that say whether it is met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Criterion:
    """One yardstick with its thresholds."""

    yardstick: str
    """``reliance``, ``direct`` or ``crma65``."""
    window_days: int = 90
    """Length of the window that ends on the deadline, days."""
    max_share: float = 0.50
    """Largest share that still meets the yardstick, 0 to 1."""
    max_unmet_share: float = 0.05
    """Largest unmet share of demand in the window (``reliance`` only), 0 to 1."""


@dataclass(frozen=True, slots=True)
class Target:
    """Criteria to be met on a day."""

    deadline: date
    criteria: tuple[Criterion, ...]
