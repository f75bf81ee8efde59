"""Levers move what they are judged by the way they must: paired futures, with and without the lever."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.instruments.base import Instrument
from simulator.instruments.enforcement import Enforcement
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.stockpile_purchase import StockpilePurchase
from simulator.metrics.dependence import china_dependent_share
from simulator.metrics.windows import Windows
from tests.support import worlds

Floats = NDArray[np.float64]
N = 32
NAMES = ("antimony",)
EAGER = {
    "reroute_share": (0.6, 0.6, 0.6),
    "reroute_lag_months": (1.0, 1.0, 1.0),
    "reroute_premium": (0.0, 0.0, 0.0),
}
BAN = ExportBan(id="ban", imposer="CHN", target=("USA",), commodities=NAMES, at=date(2025, 10, 1))
AUDITS = Enforcement(id="audits", commodities=NAMES, at=date(2025, 12, 31), stopped_share=0.9)


def run(*events: Instrument, inputs: Any = worlds.CALM) -> ChainTrace:
    return worlds.run(worlds.case([worlds.chain("antimony")], events, inputs=inputs), N).chains[0]


def test_stopping_evasion_does_not_raise_dependence() -> None:
    """What enforcement stops is not withheld by China: it arrives no more and is not counted as denied either.

    In a few futures the shortage makes buyers qualify others sooner, who replace the stopped tonnes with goods that are
    partly of Chinese ore: what China withholds then stands beside them.
    """
    inputs = worlds.CALM | EAGER
    evaded, watched = run(BAN, inputs=inputs), run(BAN, AUDITS, inputs=inputs)
    end = int(np.searchsorted(evaded.days, 540.0))
    chinese = [t.exposed[:, end] + t.withheld[:, end] for t in (evaded, watched)]
    assert np.median(watched.landed[:, end, -1] / evaded.landed[:, end, -1]) < 0.8
    assert (chinese[1] <= chinese[0] * 1.03).all()
    assert chinese[1].mean() < chinese[0].mean()
    window = Windows((540.0,))
    change = china_dependent_share(watched, window) - china_dependent_share(evaded, window)
    assert change.mean() < -0.02
    assert (change > 0.02).mean() <= 1 / 8


@pytest.mark.parametrize("events", [(), (BAN,)], ids=["free trade", "under a ban"])
def test_stockpile_purchases_raise_the_price(events: tuple[Instrument, ...]) -> None:
    """The government's purchases are demand, whether or not policy withholds anything at the same time.

    In a rare future they make industry look for further suppliers earlier, which later spares it a shortage.
    """
    buying = StockpilePurchase(
        id="buy", commodities=NAMES, at=date(2026, 1, 1), until=date(2027, 6, 1), tonnes_per_year=30.0
    )
    without, stocked = run(*events), run(*events, buying)
    year = slice(*np.searchsorted(without.days, [150.0, 540.0]))
    change = stocked.price_world[:, year].mean(axis=1) / without.price_world[:, year].mean(axis=1) - 1.0
    assert np.median(change) > 0.01
    assert (change < -0.01).mean() <= 1 / 16
