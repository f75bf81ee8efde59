"""How a commodity stands, judged by its confidence bound and not by the point estimate."""

from __future__ import annotations

import math
from typing import Final

from simulator.analysis.intervals import Estimate
from simulator.report.page.blocks import Badge

LIKELY: Final = 0.66
UNLIKELY: Final = 0.33
"""Bounds of the words "likely" and "unlikely" (Mastrandrea et al. 2010, IPCC guidance note on uncertainty)."""
ON_TRACK: Final = Badge("●", "on track", "on-track")
AT_RISK: Final = Badge("▲", "at risk", "at-risk")
FAILING: Final = Badge("■", "failing", "failing")
NOT_IDENTIFIED: Final = Badge("?", "not identified", "unknown")
RULE: Final = (
    f"On track: the lower end of the 95 % interval of P(met) is at least {100 * LIKELY:.0f} % (likely); failing: the "
    f"upper end is below {100 * UNLIKELY:.0f} % (unlikely); at risk: anything between. An asterisk marks an interval "
    "that reaches over such a bound: more replications could decide otherwise. Not identified: whether half of the "
    "futures meet it depends on which buyers got the exposed tonnes of each sale."
)


def status(met: Estimate) -> Badge:
    """Return the status that P(met) stands for.

    >>> str(status(Estimate(0.9, 0.85, 0.95, 64))), str(status(Estimate(0.1, 0.05, 0.15, 64)))
    ('● on track', '■ failing')
    """
    if math.isnan(met.value):
        return Badge("–", "not known", "unknown")
    if met.low >= LIKELY:
        return ON_TRACK
    return FAILING if met.high < UNLIKELY else AT_RISK


def undecided(met: Estimate) -> bool:
    """Whether more replications could give another status."""
    return any(met.low < bound <= met.high for bound in (LIKELY, UNLIKELY))
