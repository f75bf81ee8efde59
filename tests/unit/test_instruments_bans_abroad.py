"""A ban may reach abroad: goods made elsewhere from the imposer's material may not be sold to the target either."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.instruments.export_ban import ExportBan
from tests.support import worlds

N = 64
CHN, BEL, USA = range(3)
BAN_DAY, DEADLINE = 55, 546
"""2025-12-31 and 2027-05-06, days from the start."""
OXIDE_MARKET = (3, 3)
"""Producers CHN, BEL, USA and buyers USA, CHN, EUU of the last stage; no other market has this shape."""


def run(**options: Any) -> ChainTrace:
    terms: dict[str, Any] = {
        "id": "ban", "imposer": "CHN", "target": ("USA",), "commodities": ("antimony",), "at": date(2025, 12, 31),
    }  # fmt: skip
    inputs = {"reroute_share": (0.0, 0.0, 0.0)}
    return worlds.run(
        worlds.case([worlds.chain("antimony")], [ExportBan(**(terms | options))], inputs=inputs), N
    ).chains[0]


def landed(trace: ChainTrace) -> NDArray[np.float64]:
    """(n, O) tonnes landed by origin in the half year after the first review under the ban."""
    first, last = (int(np.searchsorted(trace.days, day)) for day in (BAN_DAY + 14, BAN_DAY + 14 + 183))
    return trace.landed[:, last] - trace.landed[:, first]


def unmet(trace: ChainTrace) -> NDArray[np.float64]:
    last = int(np.searchsorted(trace.days, DEADLINE))
    return (trace.demanded - trace.consumed)[:, last] / trace.demanded[:, last]


@pytest.fixture(scope="module")
def plain() -> ChainTrace:
    return run()


@pytest.fixture(scope="module")
def reaching() -> ChainTrace:
    return run(extraterritorial_share=1.0)


@pytest.fixture
def gates() -> Iterator[list[Any]]:
    """Policy filters on the market of the last stage, watched while the model runs."""
    module: Any = sys.modules["simulator.model.trade"]
    allocate, seen = module.allocate, []

    def watched(offer: Any, order: Any, share: Any, firm: Any, filters: Any, *rest: Any) -> Any:
        if (offer.shape[1], order.shape[1]) == OXIDE_MARKET:
            seen.extend((gate.producer, np.array(gate.allowed)) for gate in filters)
        return allocate(offer, order, share, firm, filters, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "allocate", watched)
        yield seen


def test_a_reach_of_zero_is_a_ban_without_reach(plain: ChainTrace) -> None:
    """Bit for bit, and a reach above zero is not."""
    zero, some = run(extraterritorial_share=0.0), run(extraterritorial_share=0.2)
    for name in ("landed", "consumed", "exposed", "withheld", "stock", "price_world"):
        assert getattr(zero, name).tobytes() == getattr(plain, name).tobytes()
    assert some.landed.tobytes() != plain.landed.tobytes()


def test_third_countries_sell_less_of_what_they_make_of_chinese_material(
    plain: ChainTrace, reaching: ChainTrace
) -> None:
    """Belgian oxide is made of metal that is largely Chinese; a shortage elsewhere can outweigh it in a rare future."""
    assert (landed(reaching)[:, BEL] < landed(plain)[:, BEL]).mean() > 0.9
    assert landed(reaching)[:, BEL].mean() < 0.97 * landed(plain)[:, BEL].mean()
    assert landed(run(extraterritorial_share=0.5))[:, BEL].mean() > landed(reaching)[:, BEL].mean()


def test_producers_of_the_target_may_sell_at_home_what_they_made_of_anything(gates: list[Any]) -> None:
    """The rule governs exports: it closes no lane from a domestic plant, and sells nobody else less."""
    run(extraterritorial_share=1.0)
    assert any(producer == BEL and (allowed[:, 0] < 1.0).all() for producer, allowed in gates)
    for producer, allowed in gates:
        if producer == USA:
            assert (allowed[:, 0] == 1.0).all()
        if producer != CHN:
            assert (allowed[:, 1:] == 1.0).all()


def test_a_ban_that_reaches_abroad_starves_the_target_at_least_as_much(plain: ChainTrace, reaching: ChainTrace) -> None:
    assert unmet(reaching).mean() > unmet(plain).mean()
    assert (unmet(reaching) >= unmet(plain) - 0.005).all()
