"""A company as the focal buyer: its use, its cover, its suppliers, in a running model."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.catalogue.chains import chain
from simulator.domain.traces import ChainTrace
from simulator.metrics.outcome import outcome
from simulator.model.new_capacity import outlets
from simulator.model.offtake import Plant
from simulator.scenario import Case, Scenario, load, resolve
from tests.support.worlds import in_window, run, world

ROOT = Path(__file__).parents[2]
QUIET = {
    "demand_growth/gallium": 0.03,
    "demand_elasticity/gallium": 0.0,
    "outage_rate_per_plant_year/ALL": 0.001,
}
"""Use is then what is stated, but for growth and the noise of orders."""
EVERYTHING = 18.7
"""US use of gallium in the base year, t/yr (us_balance.csv)."""


def scenario(tmp_path: Path, focal: str, *, quiet: bool = True, more: str = "") -> Scenario:
    inputs = "".join(f"  {name}: {value}\n" for name, value in QUIET.items()) if quiet else "  truce_renewal/ALL: 0.5\n"
    text = f"name: t\nfocal: {focal}\ncatalogue: {{agreements: none, projects: none}}\ninputs:\n{inputs}{more}"
    path = tmp_path / "company.yaml"
    path.write_text(text, "utf-8")
    return load(path)


def company(demand: float, *, country: str = "USA", suppliers: str = "", more: str = "") -> str:
    chosen = f", suppliers: {{gallium: {suppliers}}}" if suppliers else ""
    return f"{{name: Maker, country: {country}, demand_t_per_year: {{gallium: {demand}}}{chosen}{more}}}"


def gallium(case: Case, replications: int = 32) -> ChainTrace:
    (trace,) = run(case, replications).chains
    return trace


def landed(trace: ChainTrace, first: float, last: float) -> dict[str, NDArray[np.float64]]:
    """Origin -> (n,) tonnes landed between two recorded days."""
    tonnes = in_window(trace.landed, trace.days, first, last)
    return {origin: tonnes[:, place] for place, origin in enumerate(trace.origins)}


BAN = """\
events:
  - {id: ban, type: export_ban, imposer: CHN, target: EUU, commodities: [gallium], at: 2025-01-01}
"""


def test_its_stated_use_is_the_use_of_the_year_around_the_start(tmp_path: Path) -> None:
    trace = gallium(resolve(scenario(tmp_path, company(4.0))))
    half = trace.days[np.searchsorted(trace.days, -180)], trace.days[np.searchsorted(trace.days, 180)]
    use = in_window(trace.demanded, trace.days, *half) / (half[1] - half[0]) * 365.25
    assert use.mean() == pytest.approx(4.0, rel=0.02)


def test_it_holds_the_days_of_use_it_states(tmp_path: Path) -> None:
    held = {}
    for days in (30, 120):
        trace = gallium(resolve(scenario(tmp_path, company(4.0, more=f", stock_days: {{gallium: {days}}}"))))
        held[days] = trace.stock[:, trace.days < 0].mean() / (4.0 / 365.25)
    assert held[120] - held[30] == pytest.approx(90, rel=0.1)


def test_only_its_suppliers_deliver_before_another_is_qualified(tmp_path: Path) -> None:
    more = "  qualification_months/gallium: 60\n"
    case = resolve(scenario(tmp_path, company(4.0, suppliers="[JPN, CAN]"), more=more))
    trace = gallium(case)
    tonnes = landed(trace, trace.days[0], trace.days[-1])
    assert tonnes["JPN"].min() > 0
    assert tonnes["CAN"].min() > 0
    assert {origin for origin, amount in tonnes.items() if amount.any()} == {"JPN", "CAN"}


def test_a_supplier_that_stops_is_replaced_only_after_qualification(tmp_path: Path) -> None:
    stop = (
        "events:\n  - {id: stop, type: outage, country: CAN, commodities: [gallium], at: 2025-12-01, lost_share: 1}\n"
    )
    focal = company(4.0, suppliers="[CAN]", more=", stock_days: {gallium: 30}")
    trace = gallium(resolve(scenario(tmp_path, focal, more=f"  qualification_months/gallium: 6\n{stop}")))
    days = trace.days
    months = [days[np.searchsorted(days, day)] for day in (0, 150, 500)]
    others = {
        when: sum(amount for origin, amount in landed(trace, first, last).items() if origin != "CAN")
        for when, first, last in (("before", months[0], months[1]), ("after", months[1], months[2]))
    }
    assert np.asarray(others["before"]).max() == 0
    assert (np.asarray(others["after"]) > 0).mean() > 0.5


def test_a_control_on_its_region_hits_the_company(tmp_path: Path) -> None:
    focal = company(3.0, country="DEU", suppliers="{CHN: 0.5, JPN: 0.5}")
    free = gallium(resolve(scenario(tmp_path, focal)))
    banned = gallium(resolve(scenario(tmp_path, focal, more=BAN)))
    later = free.days[np.searchsorted(free.days, 0)], free.days[-1]
    assert landed(free, *later)["CHN"].min() > 0
    assert landed(banned, *later)["CHN"].max() == 0
    assert in_window(banned.withheld, banned.days, *later).min() > 0


def test_a_company_that_is_the_whole_industry_fares_like_its_country(tmp_path: Path) -> None:
    """All of the country's use, bought as the country buys: the same exposure but for the level of use."""
    whole = resolve(scenario(tmp_path, company(EVERYTHING), quiet=False))
    country = resolve(scenario(tmp_path, "USA", quiet=False))
    country = replace(country, chains=tuple(item for item in country.chains if item.commodity == "gallium"))
    theirs, ours = (outcome(run(case, 64), case).chains[0] for case in (country, whole))
    for name in ("china_exposed_share", "china_dependent_share", "direct_china_share", "unmet_share"):
        np.testing.assert_allclose(ours.values[name].mean(axis=0), theirs.values[name].mean(axis=0), atol=0.02)


def test_nothing_is_lost_or_made_by_a_company(tmp_path: Path) -> None:
    more = (
        "events:\n  - {id: ban, type: export_ban, imposer: CHN, target: ALL, commodities: [gallium], at: 2026-02-01}\n"
    )
    trace = gallium(resolve(scenario(tmp_path, company(3.0, country="DEU", suppliers="[CHN, JPN]"), more=more)))
    assert trace.balance_error.max() <= 1e-9
    assert (trace.consumed <= trace.demanded * (1 + 1e-9)).all()


def test_what_it_does_not_buy_is_left_out(tmp_path: Path) -> None:
    case = resolve(scenario(tmp_path, company(3.0)))
    assert [item.commodity for item in case.chains] == ["gallium"]
    assert case.focal == "USA:Maker"


def test_the_future_of_a_company_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    case = resolve(scenario(tmp_path, company(3.0, suppliers="[JPN, CHN]"), quiet=False))
    block, alone = run(case, 32).chains[0], run(case, np.array([17])).chains[0]
    assert alone.consumed.tobytes() == block.consumed[17:18].tobytes()
    assert alone.landed.tobytes() == block.landed[17:18].tobytes()


def test_the_government_neither_buys_from_nor_serves_a_company(tmp_path: Path) -> None:
    running = world(resolve(scenario(tmp_path, company(3.0))), 16)
    assert all(not market.focal.government.any() for market in running.chains[0].markets if market.focal is not None)


@cache
def _economies() -> dict[str, ChainTrace]:
    base = ROOT / "scenarios" / "baseline.yaml"
    return {
        name: gallium(resolve(load(base, [f"focal={name}"]), ["gallium"]), 16) for name in ("USA", "JPN", "EUU", "KOR")
    }


@pytest.mark.parametrize("name", ["USA", "JPN", "EUU", "KOR"])
def test_an_economy_may_be_the_focal_buyer(name: str) -> None:
    trace = _economies()[name]
    assert trace.balance_error.max() <= 1e-9
    assert in_window(trace.consumed, trace.days, 0.0, trace.days[-1]).min() > 0


def test_each_economy_is_judged_by_its_own_use() -> None:
    judged = chain("gallium").stages[1]
    for name, trace in _economies().items():
        usual = float(judged.demand[judged.regions.index(name)])
        year = in_window(trace.demanded, trace.days, trace.days[0], 0.0) / -trace.days[0] * 365.25
        assert year.mean() == pytest.approx(usual, rel=0.35)


def test_output_tied_to_the_company_goes_to_it_and_not_to_its_country(tmp_path: Path) -> None:
    case = resolve(scenario(tmp_path, company(4.0, country="DEU")))
    market = world(case, 16).chains[0].markets[1]
    plant = Plant("works", "KAZ", "gallium", 0.0)
    tied = outlets(market.stage, plant, case.focal, np.full(16, 0.5), 1.0).taken
    loose = outlets(market.stage, plant, case.focal, np.zeros(16), 1.0).taken
    gained = (tied - 0.5 * loose)[0]
    assert gained[market.stage.buyers.index("DEU:Maker")] == pytest.approx(0.5)
    assert np.abs(gained).sum() == pytest.approx(0.5)


def test_the_example_company_comes_out_as_its_file_expects() -> None:
    """Gallium from suppliers that refine Chinese crude stays exposed; germanium from Belgium and Canada is not."""
    case = resolve(load(ROOT / "scenarios" / "gallium_device_maker.yaml"))
    result = outcome(run(case, 32), case)
    exposed = {
        item.commodity: item.values["china_exposed_share"][:, result.moment("deadline")] for item in result.chains
    }
    assert np.median(exposed["gallium"]) > 0.8
    assert np.median(exposed["germanium"]) < 0.05
