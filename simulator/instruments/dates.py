"""Days in scenario files: ISO dates and times counted from the start."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, PlainSerializer, WithJsonSchema

from simulator.domain.days import nearest_day
from simulator.instruments.fields import STRICT, reject


class Offset(BaseModel):
    """A day counted from the scenario's ``start``: ``+18mo`` (calendar months) or ``+90d``."""

    model_config = STRICT
    PATTERN: ClassVar[str] = r"^\+\d{1,4}(d|mo)$"

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Offset:
        """Read ``+18mo`` or ``+90d``."""
        count = int(re.sub(r"\D", "", text))
        return cls(months=count) if text.endswith("mo") else cls(days=count)

    def after(self, start: date) -> date:
        """Return the day this long after ``start``; the 31st becomes the last day of a shorter month.

        >>> Offset.parse("+18mo").after(date(2025, 11, 6))
        datetime.date(2027, 5, 6)
        """
        years, month = divmod(start.month - 1 + self.months, 12)
        year, month = start.year + years, month + 1
        day = min(start.day, calendar.monthrange(year, month)[1])
        return date(year, month, day) + timedelta(days=self.days)

    def __str__(self) -> str:
        return f"+{self.months}mo" if self.months else f"+{self.days}d"


_YEARS = (1900, 2200)
"""First year and year after the last: any offset from such a day is still a day Python knows."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.A)
_DATE_HELP = "is not a date; write a day such as 2026-11-27"
WHEN_HELP = "is not a day; write a date such as 2026-11-27, or +18mo or +90d from the start"


def iso_date(value: object, help_text: str = _DATE_HELP) -> date:
    """Read an ISO day."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO.match(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            reject(value, "is not a day of the calendar", nearest_day(value))
        if not _YEARS[0] <= day.year < _YEARS[1]:
            reject(value, f"is too far away; days lie between {_YEARS[0]} and {_YEARS[1]}")
        return day
    return reject(value, help_text, nearest_day(value))


def _offset(value: object) -> Offset:
    if isinstance(value, Offset):
        return value
    if isinstance(value, str) and re.match(Offset.PATTERN, value):
        return Offset.parse(value)
    return reject(value, WHEN_HELP)


IsoDate = Annotated[date, BeforeValidator(iso_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar day, ``2026-11-27``."""

Period = Annotated[
    Offset,
    BeforeValidator(_offset),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": Offset.PATTERN}),
]
"""A length of time, ``+12mo`` or ``+90d``."""
