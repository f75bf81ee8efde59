"""Days as people write them."""

from __future__ import annotations

import calendar
import re
from typing import Final

_WRITTEN: Final = re.compile(r"(\d{4})([-/. ]?)(\d{1,2})\2(\d{1,2})\Z", re.A)


def nearest_day(text: object) -> str | None:
    """Return the day that a wrong one most likely means, as ISO 8601 writes it; None where that is anybody's guess.

    Of a 13th month and a day up to 12 the two have changed places; a day past the end of its month is its last.

    >>> nearest_day("2026-02-30"), nearest_day("2026-13-01"), nearest_day("2026/1/5"), nearest_day(20261131)
    ('2026-02-28', '2026-01-13', '2026-01-05', '2026-11-30')
    >>> nearest_day("soon")
    """
    found = _WRITTEN.match(str(text)[:16])
    if found is None or (not found[2] and len(str(text)) != len("20260105")):
        return None
    year, month, day = int(found[1]), int(found[3]), int(found[4])
    if month > 12 and 1 <= day <= 12:
        month, day = day, month
    if not year >= 1:
        return None
    month = min(max(month, 1), 12)
    day = min(max(day, 1), calendar.monthrange(year, month)[1])
    return f"{year:04}-{month:02}-{day:02}"
