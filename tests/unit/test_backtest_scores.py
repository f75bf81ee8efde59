"""Scores against closed forms, and the noise of observation against its own description."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.analysis.past import noise, scores
from simulator.domain.sampling import standard_normal

N = 20_000
U = (np.arange(N) + 0.5) / N


def test_crps_of_a_normal_sample_is_the_closed_form() -> None:
    """``sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))`` (Gneiting and Raftery 2007, equation 21)."""
    sample = standard_normal(U)
    for z in (0.0, 1.0, -2.5):
        phi, below = math.exp(-z * z / 2) / math.sqrt(2 * math.pi), 0.5 * math.erfc(-z / math.sqrt(2))
        closed = z * (2 * below - 1) + 2 * phi - 1 / math.sqrt(math.pi)
        # Quantiles of a stratified sample: the error of its mean is of order 1 / n.
        assert scores.crps(sample, z) == pytest.approx(closed, abs=20 / N)


def test_crps_of_a_point_is_the_absolute_error_and_a_wider_sample_scores_worse_where_the_point_is_right() -> None:
    assert scores.crps(np.array([2.0]), 5.0) == 3.0
    assert scores.crps(np.array([5.0]), 5.0) == 0.0
    assert scores.crps(np.array([3.0, 7.0]), 5.0) > scores.crps(np.array([4.0, 6.0]), 5.0)


def test_bands_of_uniform_futures_cover_their_share() -> None:
    """Over what is seen evenly, the 90 % band holds nine tenths and the 50 % band a half."""
    seen = (np.arange(1000) + 0.5) / 1000
    for share in (0.5, 0.9):
        held = np.mean([scores.covered(U, value, share) for value in seen])
        assert held == pytest.approx(share, abs=2 / 1000)


def test_pinball_loss_is_least_at_the_true_quantiles() -> None:
    seen = standard_normal((np.arange(400) + 0.5) / 400)
    right = np.mean([scores.pinball(standard_normal(U), value) for value in seen])
    shifted = np.mean([scores.pinball(standard_normal(U) + 0.5, value) for value in seen])
    assert right < shifted


def test_skill_is_the_part_of_a_null_models_loss_that_is_saved() -> None:
    assert scores.skill(1.0, 4.0) == 0.75
    assert scores.skill(4.0, 4.0) == 0.0
    assert scores.skill(0.0, 0.0) is None
    assert scores.skill(1.0, 0.0) == -math.inf


def test_lots_have_the_mean_and_scatter_they_are_described_by() -> None:
    rng = np.random.default_rng(1)
    u = rng.random((200_000, 2))
    cv = 0.6
    sample = noise.lumpy(np.full(200_000, 10.0), 10.0, cv, u)
    # Standard errors: cv / sqrt(n) of the mean, some 1 % of the cv.
    assert sample.mean() == pytest.approx(10.0, rel=4 * cv / math.sqrt(200_000))
    assert sample.std() / sample.mean() == pytest.approx(cv, rel=0.02)
    # A flow at a tenth of its usual size comes in a tenth of the lots: it scatters more, and months are often empty.
    dry = noise.lumpy(np.full(200_000, 1.0), 10.0, cv, u)
    assert dry.std() / dry.mean() == pytest.approx(cv * math.sqrt(10.0), rel=0.02)
    assert (dry == 0.0).mean() == pytest.approx(math.exp(-0.1 * 2 / cv**2), abs=0.005)


def test_a_flow_of_nothing_is_observed_as_nothing() -> None:
    assert not noise.lumpy(np.zeros(100), 10.0, 0.3, np.random.default_rng(2).random((100, 2))).any()
