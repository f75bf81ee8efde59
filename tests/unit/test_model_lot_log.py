"""The lot log of one replication adds up to what the record and the metrics say of it."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.domain.traces import REROUTED, Trace
from simulator.errors import UsageError
from simulator.experiment.blocks import BlockTask
from simulator.experiment.lots import replication_lots
from simulator.experiment.points import input_values
from simulator.instruments.export_ban import ExportBan
from simulator.metrics.direct import direct_china_share
from simulator.metrics.exposure import china_exposed_share
from simulator.metrics.windows import Windows
from simulator.model.lot_log import Lot, simulate_lots
from simulator.scenario import load, resolve
from simulator.scenario.case import Case
from tests.support import worlds

ROOT = Path(__file__).parents[2]
K = 5


@cache
def case(closures_per_year: float = 1.5) -> Case:
    """Two commodities; China bans one, so that goods pass through third countries. Its ways close now and then."""
    days = {"CHN": 25.0, "BEL": 20.0, "USA": 3.0}
    closing = {country: worlds.lane(country, d, 1.4 * d, closures_per_year) for country, d in days.items()}
    chains = [worlds.chain("antimony", lanes=closing), worlds.chain("gallium")]
    ban = ExportBan(id="ban", imposer="CHN", target=("USA",), commodities=("antimony",), at=date(2025, 12, 1))
    return worlds.case(chains, [ban])


@cache
def logged(closures_per_year: float = 1.5) -> tuple[Trace, tuple[Lot, ...]]:
    return replication_lots(case(closures_per_year), replication=K)


def of(commodity: str) -> list[Lot]:
    return [lot for lot in logged()[1] if lot.commodity == commodity]


def test_one_replication_alone_is_the_same_future_as_in_a_run_without_a_log() -> None:
    whole = BlockTask(case(), 0, lambda trace: trace)(0, 32, input_values(case().inputs, 32, 0))
    alone = worlds.replication_bytes(logged()[0], 0)
    assert alone == worlds.replication_bytes(whole, K)


def test_landings_add_up_to_the_record_by_origin_and_period() -> None:
    for chain in logged()[0].chains:
        for place, origin in enumerate(chain.origins):
            lots = [lot for lot in of(chain.commodity) if lot.declared_origin == origin]
            until = np.array([sum(lot.tonnes for lot in lots if lot.landing <= day) for day in chain.days])
            np.testing.assert_allclose(np.diff(until), np.diff(chain.landed[0, :, place]), rtol=1e-9, atol=1e-9)
            landed = sum(lot.tonnes for lot in lots if lot.landed)
            assert landed == pytest.approx(chain.landed[0, -1, place], rel=1e-9)


def test_every_lot_dispatched_is_in_the_log() -> None:
    first = case().day(case().spin_up) + case().review_days
    for chain in logged()[0].chains:
        assert sum(lot.departed >= first for lot in of(chain.commodity)) == chain.lots[0]


def test_less_than_a_gram_is_no_lot() -> None:
    """Two lanes of this future sell 1e-17 and 9e-13 t at one review."""
    storm = resolve(load(ROOT / "scenarios" / "perfect_storm.yaml"), ["gallium"])
    trace, lots = replication_lots(storm, replication=0)
    first = storm.day(storm.spin_up) + storm.review_days
    assert min(lot.tonnes for lot in lots) > 1e-6
    assert sum(lot.departed >= first for lot in lots) == trace.chains[0].lots[0]


def test_the_declared_china_share_can_be_computed_from_the_log() -> None:
    end = float(case().day(case().deadline))
    for chain in logged()[0].chains:
        window = [lot for lot in of(chain.commodity) if end - 90 < lot.landing <= end]
        imports = sum(lot.tonnes for lot in window if lot.declared_origin != "USA")
        chinese = sum(lot.tonnes for lot in window if lot.declared_origin == "CHN")
        (share,) = direct_china_share(chain, Windows((end,)))[0]
        assert chinese / imports == pytest.approx(share, rel=1e-9)


def test_rerouted_lots_are_chinese_whatever_they_declare() -> None:
    rerouted = [lot for lot in of("antimony") if lot.declared_origin == REROUTED]
    assert rerouted
    assert {lot.true_origin for lot in rerouted} == {"CHN"}
    assert all(lot.exposed_tonnes == pytest.approx(lot.tonnes) for lot in rerouted)
    assert not any(lot.declared_origin == REROUTED for lot in of("gallium"))
    assert all(lot.true_origin == lot.declared_origin for lot in of("gallium"))


def test_exposed_tonnes_lead_to_the_exposed_share_of_consumption() -> None:
    """In a steady market what is consumed is what landed."""
    (chain,) = (item for item in logged()[0].chains if item.commodity == "gallium")
    end = float(case().day(case().deadline))
    window = [lot for lot in of("gallium") if end - 365 < lot.landing <= end]
    landed = sum(lot.exposed_tonnes for lot in window) / sum(lot.tonnes for lot in window)
    (share,) = china_exposed_share(chain, Windows((end,), 365.0))[0]
    assert landed == pytest.approx(share, abs=0.03)
    assert all(-1e-9 <= lot.exposed_tonnes <= lot.tonnes * (1 + 1e-9) for lot in logged()[1])


def test_what_is_on_the_way_at_the_end_has_not_landed() -> None:
    end = float(case().day(case().horizon))
    late = [lot for lot in logged()[1] if not lot.landed]
    assert late
    assert all(lot.landing >= end > lot.departed for lot in late)
    assert all(lot.landing < end for lot in logged()[1] if lot.landed)


def test_a_lot_lands_later_than_on_an_open_way_by_the_days_the_log_says() -> None:
    usual = {
        (lot.departed, lot.declared_origin): lot.transit_days
        for lot in logged(0.0)[1]
        if lot.commodity == "antimony" and lot.departed > 0
    }
    late = [lot for lot in of("antimony") if lot.departed > 0 and lot.delay_days > 0]
    held = [lot for lot in late if lot.declared_origin != REROUTED and (lot.departed, lot.true_origin) in usual]
    assert held
    for lot in held:
        assert lot.transit_days - lot.delay_days == usual[lot.departed, lot.true_origin]
        assert lot.why == f"corridor {lot.true_origin} closed: held"
    third = [lot for lot in late if lot.declared_origin == REROUTED]
    assert third
    assert all("third country" in lot.why and lot.path.endswith("via a third country") for lot in third)


def test_nothing_is_late_for_no_reason_nor_has_a_reason_on_its_open_usual_way() -> None:
    lots = [lot for lot in logged(0.0)[1] if lot.declared_origin != REROUTED]
    assert not any(lot.delay_days or lot.why for lot in lots)
    assert all(lot.why for lot in logged()[1] if lot.delay_days)


def test_a_log_is_of_one_replication() -> None:
    with pytest.raises(UsageError, match="one replication"):
        simulate_lots(case(), worlds.draws_of(case(), 2), np.arange(2))
