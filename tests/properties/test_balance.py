"""What can never happen when flows are balanced."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simulator.catalogue.balance import TOLERANCE, fit, water_fill
from simulator.errors import CatalogueError

SIZES = st.tuples(st.integers(1, 6), st.integers(1, 6))
TONNES = st.floats(1.0, 1e4)


@st.composite
def problems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """A positive prior and some other positive matrix; its margins are the problem, so a solution exists."""
    shape = draw(SIZES)
    truth = draw(arrays(float, shape, elements=TONNES))
    prior = draw(arrays(float, shape, elements=st.floats(0.05, 20.0)))
    return prior, truth


@settings(deadline=None, max_examples=100)
@given(problems())
def test_every_row_and_column_of_balanced_flows_closes(problem: tuple[np.ndarray, np.ndarray]) -> None:
    """What a producer ships is its output, what a buyer receives is its demand, and nothing is negative."""
    prior, truth = problem
    rows, columns = truth.sum(axis=1), truth.sum(axis=0)
    flows = fit(prior, rows, columns)
    bound = 2 * TOLERANCE * rows.sum()
    assert np.abs(flows.sum(axis=1) - rows).max() <= bound
    assert np.abs(flows.sum(axis=0) - columns).max() <= bound
    assert (flows >= 0).all()


@settings(deadline=None, max_examples=50)
@given(problems())
def test_balancing_keeps_the_odds_ratios_of_the_prior(problem: tuple[np.ndarray, np.ndarray]) -> None:
    """Fitting scales rows and columns only: preferences between two origins at two buyers survive it."""
    prior, truth = problem
    rows, columns = truth.sum(axis=1), truth.sum(axis=0)
    flows = fit(prior, rows, columns)
    if min(prior.shape) < 2:
        return
    before = np.log(prior[0, 0]) + np.log(prior[1, 1]) - np.log(prior[0, 1]) - np.log(prior[1, 0])
    after = np.log(flows[0, 0]) + np.log(flows[1, 1]) - np.log(flows[0, 1]) - np.log(flows[1, 0])
    assert after == pytest.approx(before, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(problems())
def test_known_cells_stay_as_they_are(problem: tuple[np.ndarray, np.ndarray]) -> None:
    """A flow that is known is not moved by the fitting, and the margins close all the same."""
    prior, truth = problem
    rows, columns = truth.sum(axis=1), truth.sum(axis=0)
    if min(prior.shape) < 2:
        return
    known = np.full_like(prior, np.nan)
    known[0, 0] = truth[0, 0]
    flows = fit(prior, rows, columns, known)
    assert flows[0, 0] == known[0, 0]
    assert np.abs(flows.sum(axis=1) - rows).max() <= 3 * TOLERANCE * rows.sum()


@given(arrays(float, 4, elements=TONNES))
def test_balanced_flows_are_a_fixed_point(output: np.ndarray) -> None:
    """A prior that already closes comes back unchanged."""
    prior = np.outer(output, output) / output.sum()
    assert fit(prior, output, output) == pytest.approx(prior, rel=1e-9)


def test_margins_with_different_totals_are_refused() -> None:
    """Output that nobody takes is an error of the tables, never a silent rounding."""
    with pytest.raises(CatalogueError, match="rows sum to 3 but columns to 4"):
        fit(np.ones((1, 2)), np.array([3.0]), np.array([2.0, 2.0]))


def test_a_known_flow_above_its_output_is_refused() -> None:
    """A country cannot ship more than it makes."""
    with pytest.raises(CatalogueError, match="known cells exceed a row"):
        fit(np.ones((2, 2)), np.array([1.0, 3.0]), np.array([2.0, 2.0]), np.array([[2.0, np.nan], [np.nan, np.nan]]))


def test_demand_without_an_admitted_origin_is_refused() -> None:
    """A buyer whose every origin is ruled out cannot be balanced."""
    with pytest.raises(CatalogueError, match=r"close|no free cell"):
        fit(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1.0, 1.0]), np.array([1.0, 1.0]))


@given(
    st.floats(0.0, 1e4),
    arrays(float, 5, elements=st.floats(0.0, 1e3)),
    arrays(float, 5, elements=st.floats(0.0, 1e3)),
)
def test_water_filling_respects_caps_and_wastes_nothing(amount: float, weights: np.ndarray, caps: np.ndarray) -> None:
    """Nobody passes the cap, and the amount is placed unless all who may take are full."""
    out = water_fill(amount, weights, caps)
    assert (out <= caps * (1 + 1e-12)).all()
    assert (out[weights == 0] == 0).all()
    room = caps[weights > 0].sum()
    assert out.sum() == pytest.approx(min(amount, room), rel=1e-9, abs=1e-9)
