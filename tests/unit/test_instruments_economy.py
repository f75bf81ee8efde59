"""What price floors, dumping, stockpile programmes, recycling and substitution compile to, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simulator.catalogue.base_price import base_price
from simulator.catalogue.parameters import financing_odds
from simulator.domain.changes import (
    DumpingChange,
    FloorChange,
    LastingChange,
    PurchaseChange,
    RecyclingChange,
    ReleaseChange,
    SetbackChange,
    SubstitutionChange,
    SupportChange,
)
from simulator.instruments.base import EventDraws, Instrument, instrument_types
from tests.support import worlds

MODEL = worlds.case([worlds.chain("antimony")])
DRAWS = worlds.draws_of(MODEL, 64)
ONE = {"commodities": ["antimony"], "at": "2026-01-01"}


def event(type_: str, **fields: Any) -> Instrument:
    return instrument_types()[type_].model_validate({"id": "event", **fields})


def changes_of(type_: str, **fields: Any) -> list[Any]:
    return list(event(type_, **fields).changes(EventDraws(DRAWS, "event", MODEL.start, MODEL.horizon)))


def test_a_floor_in_dollars_is_measured_against_the_base_year_price() -> None:
    usd = 2 * base_price("antimony").value
    floor, support = changes_of("price_floor", **ONE, countries=["EUU", "TJK"], floor_usd_per_kg=usd)
    assert isinstance(floor, FloorChange)
    assert floor.multiple == pytest.approx(np.full(64, 2.0))
    assert {"TJK", "DEU", "FRA"} <= set(floor.countries)
    assert isinstance(support, SupportChange)
    assert support.financing_odds == financing_odds(commercial=True).value
    assert support.mask.all()


def test_a_floor_below_the_base_price_is_no_deal_for_lenders() -> None:
    _, support = changes_of("price_floor", **ONE, countries="ALL", floor_multiple=0.9)
    assert not support.mask.any()


def test_dumping_is_a_price_and_a_setback_for_everybody_elses_projects() -> None:
    low, setback = changes_of("dumping", **ONE, until="2027-01-01", depth_share=0.18)
    assert isinstance(low, DumpingChange)
    assert (low.dumper, float(low.depth[0])) == ("CHN", 0.18)
    assert isinstance(setback, SetbackChange)
    assert "CHN" not in setback.countries
    assert "KAZ" in setback.countries
    # Half of the depth at which nothing is financed: half the odds, and half of the added hazard.
    assert setback.financing_odds_factor == pytest.approx(np.full(64, 0.5))
    assert setback.hazard_factor == pytest.approx(np.full(64, 1.5))


def test_deeper_dumping_never_helps_a_project() -> None:
    _, setback = changes_of("dumping", **ONE, depth_share={"uniform": {"low": 0.0, "high": 1.0}})
    order = np.argsort(setback.price_depth)
    assert (np.diff(setback.financing_odds_factor[order]) <= 0).all()
    assert (np.diff(setback.hazard_factor[order]) >= 0).all()
    assert (setback.financing_odds_factor >= 0).all()


@pytest.mark.parametrize(
    ("field", "unit", "per_year", "amount"),
    [("tonnes", "t", False, 7), ("tonnes_per_year", "t", True, 7), ("usd_m", "usd", False, 7e6)],
)
def test_a_purchase_is_in_tonnes_or_dollars_a_year_or_in_all(
    field: str, unit: str, per_year: bool, amount: float
) -> None:
    (change,) = changes_of("stockpile_purchase", **ONE, until="2027-01-01", source_rule="non_chinese", **{field: 7})
    assert isinstance(change, PurchaseChange)
    assert (change.unit, change.per_year, change.clean) == (unit, per_year, True)
    assert (change.amount == amount).all()


def test_releases_recycling_and_substitution_carry_their_end() -> None:
    found: list[LastingChange] = [
        *changes_of("stockpile_release", **ONE, until="2026-07-01", holding_share=0.5),
        *changes_of("substitution", **ONE, until="2026-07-01", region="USA", share=0.2, phase_in_days=90),
        *changes_of(
            "recycling", commodity="antimony", at="2026-01-01", until="2026-07-01", country="USA",
            stage="oxide_trioxide", output_t_per_year=100,
        ),
    ]  # fmt: skip
    assert [type(change) for change in found] == [ReleaseChange, SubstitutionChange, RecyclingChange]
    for change in found:
        assert not change.holds(55.0).any()
        assert change.holds(56.0).all()
        assert change.holds(236.0).all()
        assert not change.holds(237.0).any()


@pytest.mark.parametrize(
    ("type_", "fields", "says"),
    [
        ("price_floor", {"countries": "TJK"}, "needs floor_usd_per_kg or floor_multiple"),
        ("price_floor", {"countries": "CHN", "floor_multiple": 1}, "is not protected by a floor"),
        ("stockpile_purchase", {"tonnes": 1, "usd_m": 1, "until": "2027-01-01"}, "needs one amount"),
        ("stockpile_purchase", {"tonnes": 1}, "needs an `until` over which to spread tonnes"),
        ("stockpile_release", {}, "needs tonnes_per_year or holding_share"),
        ("stockpile_release", {"holding_share": 0.5}, "needs an `until`"),
        ("dumping", {"depth_share": 1.5}, "a share lies between 0 and 1"),
        ("substitution", {"region": "USA", "share": -0.1}, "a share lies between 0 and 1"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_would_be(type_: str, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        event(type_, **ONE, **fields)
