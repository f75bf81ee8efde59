"""Reliance counts what China keeps back: denial is not independence."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.domain.target import Criterion
from simulator.domain.traces import ChainTrace
from simulator.instruments.export_ban import ExportBan
from simulator.metrics.dependence import china_dependent_share
from simulator.metrics.exposure import china_exposed_share
from simulator.metrics.windows import Windows
from simulator.metrics.yardsticks import met
from tests.support import worlds

N = 64
MONTHS = tuple(float(day) for day in range(120, 900, 30))
"""Ends of windows after the ban of the last day of 2025, days from the start."""
START, BAN_BEGINS = date(2025, 11, 6), date(2025, 12, 31)
BAN_ENDS = date(2026, 12, 31)
NO_REROUTING = {"reroute_share": (0.0, 0.0, 0.0)}
CHINESE_HABIT = 0.5
"""China's share of what the focal buyer buys at the last stage of the small world."""
CHINESE_TRANSIT = 25
"""Days from China to the focal buyer in the small world."""
LOWEST_PRICE_FACTOR = 12.0**-0.3
"""Use at the price cap of 12 with the most elastic demand of the small world's prior."""
SWAYED = CHINESE_HABIT * (1.0 - LOWEST_PRICE_FACTOR)
"""How far a single future may fall below its pair without the ban.

Withheld is counted of orders after the buyer has answered the price; what the price squeezes out is unmet
demand, but its Chinese half is not in the withheld tonnes.
"""


def run(**options: Any) -> ChainTrace:
    """The small world under a ban with these options; without any, under none."""
    terms: dict[str, Any] = {"id": "ban", "imposer": "CHN", "target": ("USA",), "commodities": ("antimony",)}
    events = [ExportBan(**(terms | options))] if options else []
    return worlds.run(worlds.case([worlds.chain("antimony")], events, inputs=NO_REROUTING), N).chains[0]


def dependent(trace: ChainTrace, days: tuple[float, ...] = MONTHS) -> NDArray[np.float64]:
    return china_dependent_share(trace, Windows(days))


@pytest.fixture(scope="module")
def free() -> ChainTrace:
    return run()


@pytest.fixture(scope="module")
def banned() -> ChainTrace:
    return run(at=BAN_BEGINS)


@pytest.fixture(scope="module")
def lifted() -> ChainTrace:
    return run(at=BAN_BEGINS, until=BAN_ENDS)


def test_without_controls_dependence_is_exposure(free: ChainTrace) -> None:
    windows = Windows((0.0, *MONTHS))
    assert (free.withheld == 0.0).all()
    assert (china_dependent_share(free, windows) == china_exposed_share(free, windows)).all()


def test_a_ban_lowers_exposure_but_not_dependence(free: ChainTrace, banned: ChainTrace) -> None:
    """Exposure alone would call the starved buyer more independent; counting what is withheld, it is not."""
    windows = Windows(MONTHS)
    fall = china_exposed_share(free, windows) - china_exposed_share(banned, windows)
    assert fall[:, -1].mean() > 0.1
    gap = dependent(free) - dependent(banned)
    assert gap.max() <= SWAYED
    assert (gap.mean(axis=0) <= 0.0).all()


def test_a_denied_tonne_is_missed_when_its_lot_would_have_landed(banned: ChainTrace) -> None:
    """Goods that left before the ban are still on the way: they land, and are used, as exposed ones."""
    sailing = banned.days < (BAN_BEGINS - START).days + CHINESE_TRANSIT
    landed = banned.days > (BAN_BEGINS - START).days + 2 * CHINESE_TRANSIT
    assert (banned.withheld[:, sailing] == 0.0).all()
    assert (banned.withheld[:, landed] > 0.0).all()


def test_no_ban_makes_anybody_independent(free: ChainTrace, banned: ChainTrace) -> None:
    """Window by window: what does not meet the headline criterion without the ban does not meet it under the ban."""
    reliance, windows = Criterion("reliance"), Windows(MONTHS)
    assert not (met(banned, reliance, windows) & ~met(free, reliance, windows)).any()


def test_what_is_withheld_is_what_habit_would_have_bought(banned: ChainTrace) -> None:
    """Half of base-year purchases of the last stage are Chinese: of a year's demand about half is kept back."""
    begin, end = (int(np.searchsorted(banned.days, day)) for day in (120, 485))
    kept = banned.withheld[:, end] - banned.withheld[:, begin]
    wanted = banned.demanded[:, end] - banned.demanded[:, begin]
    assert (kept > 0).all()
    assert np.median(kept / wanted) == pytest.approx(0.5, abs=0.1)


def test_nothing_is_withheld_before_the_ban_or_once_it_ends(lifted: ChainTrace, banned: ChainTrace) -> None:
    """A control keeps back orders of its own days only, missed until the stocks of then are used; else it goes on."""
    start = (BAN_ENDS - START).days
    column = int(np.searchsorted(lifted.days, start))
    assert (lifted.withheld[:, lifted.days < (BAN_BEGINS - START).days] == 0.0).all()
    assert (lifted.withheld[:, column] > 0.0).all()
    begin, used, end = (float(start + months * 30) for months in (-6, 9, 15))
    of_the_ban, later = (
        lifted.withheld[:, np.searchsorted(lifted.days, [a, b])] for a, b in ((begin, start), (used, end))
    )
    assert (np.diff(later) < 0.1 * np.diff(of_the_ban)).all()
    assert (banned.withheld[:, -1] > banned.withheld[:, column]).all()


def test_dependence_returns_to_exposure_once_the_ban_is_over(lifted: ChainTrace) -> None:
    """As the stocks turn over from which its tonnes are missing."""
    windows = Windows((float((BAN_ENDS - START).days) + 360.0,))
    left = china_dependent_share(lifted, windows) - china_exposed_share(lifted, windows)
    assert (left >= 0.0).all()
    assert left.max() < 0.02
