"""The days on which a run is written down.

Most series are asked for month by month and on every recorded review, so they are kept on all of them. What is
delivered by whom is asked for on a few days alone: it is kept on the recorded days around those, between which it is
read as exactly as from the whole.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.instruments.agreement import Agreement
from simulator.scenario.case import Case
from simulator.scenario.moments import moments_of

Floats = NDArray[np.float64]
YEAR_DAYS = 365


def checkpoints(case: Case) -> Floats:
    """Days every metric may ask for: start, deadline and a year beyond, each with its windows' first days.

    The days that the case wants watched are among them.
    """
    windows = {0, 90, YEAR_DAYS, *(criterion.window_days for criterion in case.target.criteria)}
    ends = {0, case.day(case.horizon)}
    for deadline in {case.deadline, *case.target.days}:
        ends |= {case.day(deadline), case.day(min(deadline + timedelta(days=YEAR_DAYS), case.horizon))}
    first, last = case.day(case.spin_up), case.day(case.horizon)
    wanted = {end - w for end in ends for w in windows} | {case.day(day) for day in case.watched}
    return np.array(sorted(day for day in wanted if first < day <= last), dtype=float)


def delivery_days(case: Case, days: Floats) -> Floats:
    """Return those of the recorded ``days`` on or next to a day on which deliveries are asked for.

    These are the moments of each deadline, the same days a year before, and the days from which agreements count.
    """
    moments = {day for deadline in (case.deadline, *case.target.days) for day in moments_of(case, deadline).values()}
    signed = {event.first_day(case.start) for event in case.instruments if isinstance(event, Agreement)}
    asked = np.array(sorted(moments | {day - YEAR_DAYS for day in moments} | signed))
    after = np.searchsorted(days, asked)
    before = np.searchsorted(days, asked, side="right") - 1
    return np.asarray(days[np.unique(np.clip([before, after], 0, days.size - 1))])
