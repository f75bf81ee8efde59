"""A number that can be defended: value, unit, year, source and quality grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Quality = Literal["reported", "estimated", "derived", "assumed"]
"""How strong a number is: given as data; an estimate; arithmetic on sourced numbers; a stated guess."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One sourced number."""

    name: str
    """What the number is, dotted: ``antimony.smelter_metal.output.TJK``."""
    value: float
    unit: str
    year: int | None
    source: str
    quality: Quality
    note: str = ""
    low: float | None = None
    """Lower end of the stated range (about the 5th percentile), where one is known."""
    high: float | None = None
    """Upper end of the stated range (about the 95th percentile), where one is known."""


@dataclass(frozen=True, slots=True)
class UncertainInput:
    """An epistemic input: one number that is the same in a whole future but not known today.

    Its quantile function is piecewise linear through ``low`` (5 %), ``median`` (50 %) and ``high``
    (95 %), extended at the same slopes to 0 and 100 % and cut at ``minimum`` and ``maximum``.
    """

    name: str
    """Role and subject: ``demand_elasticity/antimony`` or ``reroute_share/ALL``."""
    dimension: int
    """Fixed dimension of the Sobol sequence; never reused for another name."""
    low: float
    median: float
    high: float
    unit: str
    source: str
    quality: Quality
    minimum: float = float("-inf")
    maximum: float = float("inf")
    note: str = ""
