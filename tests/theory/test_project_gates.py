"""Gates, setbacks and bids against their closed forms.

Tolerances are those of a sample of N: ``Z`` standard errors of the mean.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter
from simulator.domain.changes import SetbackChange, SupportChange
from simulator.instruments.base import EventDraws
from simulator.instruments.counter_offer import CounterOffer
from simulator.model.chain_world import in_lag_order
from simulator.model.entrants import Plant
from simulator.model.gates import PREPARATION, cancelled, financed, start_days
from simulator.model.new_capacity import DAYS_PER_MONTH
from simulator.model.offtake import Levers, plant_ties
from tests.support import worlds

Floats = NDArray[np.float64]
N = 4096
Z = 4.5
UNIFORM = (np.arange(N) + 0.5) / N
"""Every quantile once: a share of it is exact to one part in N."""
NOW = np.zeros(N)


def support(**terms: Any) -> SupportChange:
    usual = {"event_id": "deal", "day": np.full(N, -30.0), "until": np.full(N, np.inf), "mask": np.ones(N, dtype=bool)}
    return SupportChange(**(usual | {"countries": ("ALL",), "commodities": ("ALL",), "financing_odds": 0.0} | terms))


def setback(first: float, until: float, **terms: Any) -> SetbackChange:
    usual = {"event_id": "slump", "day": np.full(N, first), "until": np.full(N, until), "mask": np.ones(N, dtype=bool)}
    return SetbackChange(**(usual | {"countries": ("ALL",), "commodities": ("ALL",)} | terms))


def passed(supports: list[SupportChange], setbacks: list[SetbackChange] | None = None, wait: float = 100.0) -> float:
    return float(np.isfinite(financed(NOW, np.full(N, wait), UNIFORM, supports, setbacks or [])).mean())


@pytest.mark.parametrize("odds", [0.1, 0.48, 0.9])
@pytest.mark.parametrize("ratio", [1.0, 1.5, 4.0])
def test_an_odds_ratio_multiplies_the_odds_of_the_best_deal(odds: float, ratio: float) -> None:
    share = passed([support(financing_odds=odds), support(financing_odds=0.02, odds_ratio=ratio)])
    assert share / (1 - share) == pytest.approx(ratio * odds / (1 - odds), rel=0.02)


def test_an_odds_ratio_helps_a_project_without_a_deal_too() -> None:
    alone = parameter("financing_odds_without_deal").value
    share = passed([support(odds_ratio=2.0)])
    assert share == pytest.approx(2 * alone / (1 + alone), rel=0.02)


@pytest.mark.parametrize(("first", "until", "runs"), [(0.0, 200.0, True), (0.0, 100.0, False), (101.0, 200.0, False)])
def test_a_setback_multiplies_the_odds_of_decisions_in_its_window_only(first: float, until: float, runs: bool) -> None:
    """The decision falls on day 100: on the last day of a window, outside one, or before one."""
    share = passed([support(financing_odds=0.8)], [setback(first, until, financing_odds_factor=0.25)])
    assert share == pytest.approx(0.2 if runs else 0.8, abs=1 / N)


def test_binding_money_needs_no_decision_and_no_luck() -> None:
    day = financed(NOW, np.full(N, 100.0), UNIFORM, [support(financed=True, day=np.full(N, 40.0))], [setback(0, 300)])
    late = np.isfinite(day) & (parameter("financing_odds_without_deal").value <= UNIFORM)
    assert (day[late] == 40.0).all()
    assert np.isfinite(day).all()


def test_with_a_floor_lenders_decide_sooner() -> None:
    day = financed(NOW, np.full(N, 100.0), UNIFORM, [support(financing_odds=0.5, wait_factor=0.8)])
    assert set(day[np.isfinite(day)]) == {80.0}


def test_a_deal_opens_the_gate_on_its_day_at_the_earliest() -> None:
    day = financed(NOW, np.full(N, 100.0), UNIFORM, [support(financing_odds=0.5, day=np.full(N, 50.0))])
    alone = parameter("financing_odds_without_deal").value > UNIFORM
    assert set(day[alone]) == {100.0}
    assert set(day[~alone & (UNIFORM < 0.5)]) == {150.0}


@pytest.mark.parametrize(("until", "share"), [(0.0, None), (1.0, 0.5), (np.inf, 0.5)])
def test_a_deal_that_has_ended_helps_nobody_who_asks_later(until: float, share: float | None) -> None:
    """The project asks on day 0, which a deal that ends that day no longer covers; its money is gone as well."""
    alone = parameter("financing_odds_without_deal").value
    ended = {"until": np.full(N, until)}
    assert passed([support(financing_odds=0.5, **ended)]) == pytest.approx(share or alone, abs=1 / N)
    assert passed([support(financed=True, **ended)]) == pytest.approx(1.0 if share else alone, abs=1 / N)


@pytest.mark.parametrize(("signed", "until"), [(0.0, 100.0), (50.0, 250.0), (50.0, np.inf)])
def test_what_is_ahead_goes_faster_only_while_the_deal_holds(signed: float, until: float) -> None:
    """A third of the time: each day of the deal does the work of three, until the work is done."""
    model = worlds.case([worlds.chain("antimony")], inputs={"cancellation_hazard_per_year": (1e-12, 1e-12, 1e-12)})
    draws, plant = worlds.draws_of(model, N), worlds.project(gate="construction", stage="smelter", kind="smelter")
    slow, now = start_days(plant, model, draws, Levers()), float(model.day(model.as_of))
    deal = support(duration_factor=1 / 3, day=now + np.full(N, signed), until=now + np.full(N, until))
    fast = start_days(plant, model, draws, Levers(supports=(deal,)))
    held = np.minimum(fast, now + until) - np.minimum(fast, now + signed)
    assert fast + 2 * held == pytest.approx(slow, rel=1e-9)
    assert (held > 0).any()


@pytest.mark.parametrize("factors", [(3.0,), (3.0, 2.0)])
def test_survival_under_setbacks_is_the_piecewise_exponential(factors: tuple[float, ...]) -> None:
    """Windows [100, 300) and [200, 400) overlap: there both factors hold."""
    hazard = 0.4
    windows = [(100.0, 300.0), (200.0, 400.0)][: len(factors)]
    slumps = [setback(*window, hazard_factor=factor) for window, factor in zip(windows, factors, strict=True)]
    dies = cancelled(0.0, UNIFORM, np.full(N, hazard), slumps)
    days = np.arange(0.5, 1000.0)
    rate = np.full(days.size, hazard / 365.25)
    for (first, until), factor in zip(windows, factors, strict=True):
        rate = np.where((days >= first) & (days < until), rate * factor, rate)
    for day in (90, 150, 250, 350, 500, 900):
        alive = float((dies > day).mean())
        assert alive == pytest.approx(float(np.exp(-rate[:day].sum())), abs=2 / N)
    # Negative control: without the windows more would be alive.
    assert (cancelled(0.0, UNIFORM, np.full(N, hazard)) > 350).mean() > (dies > 350).mean() + 0.05


def test_without_setbacks_nothing_changes_to_the_last_bit() -> None:
    plain = cancelled(7.0, UNIFORM, np.full(N, 0.1))
    absent = [setback(100, 200, hazard_factor=9.0, mask=np.zeros(N, dtype=bool))]
    assert (cancelled(7.0, UNIFORM, np.full(N, 0.1), absent) == plain).all()


def test_gates_are_passed_in_order_and_their_medians_add_up() -> None:
    """A plant has no ore to find, so that all of its time and none of its luck lies before financing."""
    model = worlds.case([worlds.chain("antimony")], inputs={"cancellation_hazard_per_year": (1e-12, 1e-12, 1e-12)})
    draws = worlds.draws_of(model, N)
    bound = [support(financed=True)]
    medians = []
    for gate in (*PREPARATION, "financing"):
        plant = worlds.project(gate, stage="smelter", kind="smelter", gate=gate)  # type: ignore[arg-type]
        medians.append(float(np.median(start_days(plant, model, draws, Levers(supports=tuple(bound))))))
    assert medians == sorted(medians, reverse=True)
    for gate, longer, shorter in zip(PREPARATION, medians, medians[1:], strict=False):
        months = parameter(f"gate/{gate}/months").value
        # Medians of skewed times do not add up exactly.
        assert (longer - shorter) / DAYS_PER_MONTH == pytest.approx(months, rel=0.35)


def test_mines_are_lost_at_the_ore_gates_with_the_stated_odds() -> None:
    model = worlds.case([worlds.chain("antimony")], inputs={"cancellation_hazard_per_year": (1e-12, 1e-12, 1e-12)})
    levers = Levers(supports=(support(financed=True),))
    for gate, expected in (
        ("exploration", parameter("gate/exploration/odds").value * parameter("gate/resource/odds").value),
        ("resource", parameter("gate/resource/odds").value),
        ("feasibility", 1.0),
    ):
        mine = worlds.project("mine", gate=gate)  # type: ignore[arg-type]
        share = np.isfinite(start_days(mine, model, worlds.draws_of(model, N), levers)).mean()
        assert abs(share - expected) <= Z * np.sqrt(expected * (1 - expected) / N) + 1e-12


@pytest.mark.parametrize("premium", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("owned", [0.0, 0.4])
def test_bids_are_accepted_by_the_stated_log_logistic(premium: float, owned: float) -> None:
    model = worlds.case([worlds.chain("antimony")])
    draws = worlds.draws_of(model, N)
    bid = CounterOffer(
        id="bid", at=date(2026, 1, 1), bidder="CHN", countries=("TJK",), commodities=("antimony",), premium=premium
    )
    levers = Levers.of(list(bid.changes(EventDraws(draws, "bid", model.start, model.horizon))))
    plant = Plant("plant", "TJK", "antimony", owned)
    (tie,) = plant_ties(plant, in_lag_order(model.chains[0].stages)[0], "USA", levers, draws)
    even, steep = parameter("offer_premium_even_odds").value, parameter("offer_log_odds_per_log_premium").value
    odds = (premium / even) ** steep * np.exp(parameter("offer_log_odds_per_owned_share").value * owned)
    expected = odds / (1 + odds)
    share = float((tie.share > 0).mean())
    assert abs(share - expected) <= Z * np.sqrt(expected * (1 - expected) / N)
