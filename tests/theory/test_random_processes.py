"""Outages, project gates and cancellation against their closed forms.

Tolerances are ``Z`` standard errors of the sample, two-sided 1 in 10,000.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.catalogue.parameters import parameter, ramp_curve
from simulator.domain.chain import Project
from simulator.instruments.agreement import Agreement
from simulator.model.gates import start_days
from simulator.model.new_capacity import DAYS_PER_MONTH, NewCapacity, Outlets
from simulator.model.offtake import Levers, Plant
from simulator.model.outages import DAYS_PER_YEAR, Outages
from tests.support import worlds

Floats = NDArray[np.float64]
Z = 3.89
"""Normal quantile of 1 - 1/20,000."""
N = 4096


def differs(sample: Floats, expected: float) -> bool:
    """Whether a mean of independent values lies further from the closed form than chance explains."""
    error = sample.std(ddof=1) / np.sqrt(sample.size)
    return bool(abs(sample.mean() - expected) > Z * error)


def availability(years: int, rate: float, median: float, p90: float, plants: float) -> Floats:
    """(n, T) share of capacity available, review by review."""
    stage = worlds.chain("antimony").stages[0]
    stage.plants[1] = plants
    draws = worlds.draws_of(worlds.case([worlds.chain("antimony")]), 1024)
    reviews = years * 26
    outages = Outages(stage, "theory", draws, reviews, 14, np.full(1024, rate), (median, p90, 6.0))
    expected = outages.expected[:, 1]
    return np.stack([outages.running(review)[:, 1] * expected for review in range(1, reviews + 1)], axis=1)


@pytest.mark.parametrize("plants", [1.0, 3.0])
def test_long_run_availability_is_the_alternating_renewal_ratio(plants: float) -> None:
    """MTTF / (MTTF + MTTR), once the start (all plants up) is forgotten: after 10 of 30 years.

    The mean of a lognormal outage lies above its median, so a ratio made of the median must fail.
    """
    rate, median, p90 = 0.4, 45.0, 180.0
    up = availability(30, rate, median, p90, plants)[:, 260:].mean(axis=1)
    sigma = np.log(p90 / median) / 1.2815515655446004
    mean_up, mean_down = DAYS_PER_YEAR / rate, median * np.exp(sigma**2 / 2)
    assert not differs(up, mean_up / (mean_up + mean_down))
    assert differs(up, mean_up / (mean_up + median))


def test_plants_begin_up_and_the_first_losses_come_at_the_failure_rate() -> None:
    """End effect: in the first interval a plant is lost for about ``rate x step / 2`` of the time."""
    rate, step = 0.5, 14.0
    lost = 1.0 - availability(2, rate, 4000.0, 8000.0, 1.0)[:, 0]
    x = rate * step / DAYS_PER_YEAR
    expected = 1.0 - (1.0 - np.exp(-x)) / x  # mean part of the interval after an exponential failure
    assert not differs(lost, expected)
    assert differs(lost, 3 * expected)


def starts(project: Project, odds: float | None, **inputs: tuple[float, float, float]) -> Floats:
    """(N,) first days of output; an agreement with these odds supports the project."""
    from simulator.instruments.base import EventDraws

    hazard = {"cancellation_hazard_per_year": (1e-12, 1e-12, 1e-12)} | inputs
    model = worlds.case([worlds.chain("antimony")], inputs=hazard)
    draws = worlds.draws_of(model, N)
    supports: list[Any] = []
    if odds is not None:
        deal = Agreement(
            id="deal", partners=("TJK",), commodities=("antimony",), at=date(2025, 10, 1), financing_odds=odds
        )
        supports = list(deal.changes(EventDraws(draws, "deal", model.start, model.horizon)))
    return start_days(project, model, draws, Levers(supports=tuple(supports)))


@pytest.mark.parametrize("odds", [None, 0.1, 0.5, 0.9, 1.0])
def test_the_share_of_projects_financed_is_the_odds(odds: float | None) -> None:
    """Bernoulli: the binomial interval of 4,096 draws; odds 0.05 off must fail."""
    passed = np.isfinite(starts(worlds.project(), odds)).astype(float)
    expected = parameter("financing_odds_without_deal").value if odds is None else odds
    error = np.sqrt(expected * (1 - expected) / N)
    assert abs(passed.mean() - expected) <= Z * error + 1e-12
    assert abs(passed.mean() - (expected + 0.05)) > Z * error


def test_an_agreement_never_lowers_the_odds() -> None:
    with_less, without = starts(worlds.project(), 0.01), starts(worlds.project(), None)
    assert (with_less == without).all()


@pytest.mark.parametrize("hazard", [0.05, 0.3, 1.0])
def test_projects_survive_to_first_output_with_the_exponential_of_hazard_times_time(hazard: float) -> None:
    """Of plants that take a time ``t`` to commission, ``exp(-hazard x t)`` live to see it."""
    plant = worlds.project(gate="commissioning")
    takes = starts(plant, None) / 365.25
    day = starts(plant, None, cancellation_hazard_per_year=(hazard, hazard, hazard))
    months = parameter("gate/commissioning/months")
    assert np.quantile(takes * 12, [0.5, 0.9]) == pytest.approx([months.value, months.high], rel=0.1)
    alive = np.isfinite(day).astype(float)
    assert (day[alive > 0] / 365.25 == takes[alive > 0]).all()
    chance = np.exp(-hazard * takes)
    error = np.sqrt((chance * (1 - chance)).mean() / N)
    assert abs(alive.mean() - chance.mean()) <= Z * error
    assert abs(alive.mean() - np.exp(-1.5 * hazard * takes).mean()) > Z * error


@pytest.mark.parametrize("ramp_type", [1, 2, 3, 4])
def test_the_output_of_a_ramp_up_is_the_integral_of_its_curve(ramp_type: int) -> None:
    """Reviews add up a step function of a rising curve: it errs by less than one step of the whole rise."""
    curve, one = ramp_curve(ramp_type), np.ones((1, 1))
    step, years, capacity = 14.0, 6, 120.0
    plant = NewCapacity(
        plant=Plant("plant", "TJK", "antimony", 0.0),
        producer=0, start=np.array([33.0]), qualified=np.array([33.0]), capacity=np.array([capacity]),
        curve=curve, sold_to=Outlets(one, one, one[0], one[0], one[0], one, one, one[0]),
    )  # fmt: skip
    end = years * 364
    made = sum(float(plant.output(day)[0]) for day in np.arange(step, end + step, step)) * step / 365.25
    months, fractions = (np.array(column) for column in zip(*curve, strict=True))
    last = (end - 33.0) / DAYS_PER_MONTH
    grid = np.append(months[months < last], last)
    exact = capacity * np.trapezoid(np.interp(grid, months, fractions), grid) / 12
    tolerance = capacity * fractions.max() * step / 365.25
    assert 0 <= made - exact + 1e-9 <= tolerance + 1e-9
    # Negative control: full output from the first day differs by much more.
    assert abs(made - capacity * last / 12) > tolerance
