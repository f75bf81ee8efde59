"""``simulator data routes`` shows each country's ways to the United States."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.catalogue.corridors import capacities, gross_t_per_t, shared_corridor
from simulator.catalogue.lanes import lanes_to_focal
from simulator.catalogue.tables import rows
from simulator.cli.main import exit_code
from simulator.domain.places import C5


def routes(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert exit_code(["data", "routes", *arguments, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["schema"] == "simulator.data/1"
    found: list[dict[str, Any]] = document["routes"]
    return found


@pytest.mark.parametrize("country", C5)
def test_each_central_asian_state_has_a_way_past_china_and_a_way_past_russia(
    country: str, capfd: pytest.CaptureFixture[str]
) -> None:
    found = [way for way in routes(capfd, country) if not way["closed"]]
    assert any("CHN" not in way["crosses"] for way in found)
    assert any("RUS" not in way["crosses"] for way in found)
    for way in found:
        assert 0 < way["transit_days_median"] <= way["transit_days_p95"]
        assert way["source"]
        assert way["quality"]


def test_the_order_is_the_one_in_which_the_model_uses_them(capfd: pytest.CaptureFixture[str]) -> None:
    for commodity in ("antimony", "gallium", "uranium"):
        shown = [way["route_id"] for way in routes(capfd, "KAZ", "--commodity", commodity)]
        assert shown == [lane.route_id for lane in lanes_to_focal("KAZ", commodity)]


def test_iran_is_closed_since_march_2026_and_was_barred_before(capfd: pytest.CaptureFixture[str]) -> None:
    for day, why in (("2026-07-01", "closed since 2026-03-01"), ("2025-11-06", "sanctions")):
        (iran,) = [way for way in routes(capfd, "KAZ", "--as-of", day) if "IRN" in way["crosses"]]
        assert iran["closed"]
        assert why in iran["shut"]
    assert exit_code(["data", "routes", "KAZ"]) == 0
    assert "closed since 2026-03-01" in capfd.readouterr().out


def test_the_middle_corridor_leaves_minerals_the_slots_that_were_free_in_2025() -> None:
    """100 thousand containers of 20 t, 77 thousand of them carried."""
    middle = capacities()["Middle Corridor"]
    assert middle.gross_t_per_year == pytest.approx(2e6)
    assert middle.left_t_per_year == pytest.approx(23_000 * 20)
    assert "Middle Corridor" in {lane.shared for lane in lanes_to_focal("TJK", "antimony")}


def test_every_shared_corridor_has_a_row_of_capacity_with_source_and_grade() -> None:
    for row in rows("corridors"):
        name = shared_corridor(row["corridor"])
        assert not name or (capacities()[name].source and capacities()[name].quality)


def test_a_tonne_of_antimony_travels_as_more_than_a_tonne_of_trioxide() -> None:
    assert gross_t_per_t("antimony", "oxide_trioxide") > 1 / 0.8354
    assert gross_t_per_t("no commodity", "at all") == gross_t_per_t("ALL", "ALL")


def test_an_unknown_country_or_commodity_is_answered_with_the_nearest(capfd: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["data", "routes", "Kazakstan"]) == 2
    assert "did you mean 'KAZ'?" in capfd.readouterr().err
    assert exit_code(["data", "routes", "KAZ", "--commodity", "antimny"]) == 2
    assert "did you mean 'antimony'?" in capfd.readouterr().err


def test_a_country_without_a_lane_of_its_own_has_one_that_stands_in(capfd: pytest.CaptureFixture[str]) -> None:
    (way,) = routes(capfd, "BGR")
    assert way["quality"] == "assumed"
    assert routes(capfd, "USA") == []
