"""The days on which a case is judged."""

from __future__ import annotations

from datetime import date

from simulator.scenario.case import Case


def years_after(day: date, years: int) -> date:
    """Return the same day some years later, 28 February for a leap day.

    >>> years_after(date(2027, 5, 6), 1)
    datetime.date(2028, 5, 6)
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def moments_of(case: Case, deadline: date | None = None) -> dict[str, float]:
    """Return the moments that a case, or a yardstick with a deadline of its own, is judged at, in days from the start.

    ``later`` is 12 months after the deadline. All yardsticks have it where the case's own deadline does.
    """
    day = case.deadline if deadline is None else deadline
    moments = {"start": 0.0, "deadline": float(case.day(day))}
    if years_after(case.deadline, 1) <= case.horizon:
        moments["later"] = float(case.day(min(years_after(day, 1), case.horizon)))
    return moments
