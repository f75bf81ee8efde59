"""Run as many futures as a wanted precision takes: the schedule, and when it is reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.analysis.verdict import Verdict

STEP: Final = 256
"""Futures are added in multiples of this."""
FIRST: Final = 512
"""Futures before the first look: with fewer the half-width itself is known too badly."""
MOST: Final = 16_384
"""Futures after which it gives up, unless told otherwise."""
WIDEST: Final = 0.5
"""A probability known no better than this is not known at all."""
_GROWTH: Final = 2.0


@dataclass(frozen=True, slots=True)
class Precision:
    """A wanted half-width of the headline's 95 % intervals, and what became of it."""

    wanted: float
    half_width: float
    """Largest half-width of what counts, with the futures that were run; ``nan`` where nothing could be said."""
    of: str
    """Which probability is known worst: ``all met``, or a commodity."""
    looks: tuple[int, ...]
    """Numbers of futures after which it was looked at."""
    most: int
    """Futures after which it would give up."""
    needed: int
    """Futures that the last look calls for."""

    @property
    def reached(self) -> bool:
        """Whether the half-width is the wanted one or better."""
        return self.half_width <= self.wanted


def check_precision(wanted: float, most: int) -> None:
    """Refuse a precision that says nothing, or a limit below the first look.

    Raises
    ------
    UsageError
        If so.
    """
    if not 0.0 < wanted < WIDEST:
        raise UsageError(
            f"the precision is a half-width of a probability, above 0 and below {WIDEST:g}, not {wanted:g}"
        )
    if most < FIRST:
        raise UsageError(f"a precision takes at least {FIRST} replications, and --replications allows {most}")


def half_width(verdict: Verdict, yardstick: str) -> tuple[float, str]:
    """Return the largest half-width of what the headline rests on, and of what it is.

    P(all met) and P(met) of each commodity that counts; where none counts, P(met) of every commodity of the run.
    """
    overall = verdict.overall[yardstick]
    counted = [item for item in verdict.commodities if item.commodity in overall.commodities]
    estimates = {item.commodity: item.yardsticks[yardstick].probability for item in counted or verdict.commodities}
    if counted:
        estimates["all met"] = overall.probability
    widths = {name: (item.high - item.low) / 2.0 for name, item in estimates.items()}
    if any(map(math.isnan, widths.values())) or not widths:
        return math.nan, ""
    worst = max(widths, key=lambda name: widths[name])
    return widths[worst], worst


def following(done: int, half: float, wanted: float, most: int) -> int:
    """Return after how many futures to look next: what the half-width calls for, at most twice as many, in steps.

    A half-width shrinks at least with the square root of the number of futures.

    >>> following(512, 0.04, 0.02, 16384), following(512, 0.022, 0.02, 16384), following(512, 0.2, 0.02, 768)
    (1024, 768, 768)
    """
    return max(min(needed(done, half, wanted), int(_GROWTH * done), most), min(done + STEP, most))


def needed(done: int, half: float, wanted: float) -> int:
    """Return how many futures would give the wanted half-width, in steps; twice as many where nothing is known."""
    if math.isnan(half):
        return int(_GROWTH * done)
    return max(math.ceil(done * (half / wanted) ** 2 / STEP), 1) * STEP
