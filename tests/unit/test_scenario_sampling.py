"""The samplers give the distributions they are named after."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.domain import sampling

U = (np.arange(100_000) + 0.5) / 100_000


def test_a_lognormal_has_the_median_and_p90_it_was_given() -> None:
    values = sampling.lognormal(U, 45.0, 70.0)
    assert np.median(values) == pytest.approx(45.0, rel=1e-4)
    assert np.quantile(values, 0.9) == pytest.approx(70.0, rel=1e-4)
    assert (sampling.lognormal(U, 45.0, 45.0) == 45.0).all()


def test_a_triangular_has_the_mean_of_its_three_corners() -> None:
    values = sampling.triangular(U, 1.0, 2.0, 6.0)
    assert values.mean() == pytest.approx(3.0, abs=1e-4)
    assert 1.0 <= values.min() <= values.max() <= 6.0
    assert (np.mean(values < 2.0)) == pytest.approx(0.2, abs=1e-4)
    assert (sampling.triangular(U, 3.0, 3.0, 3.0) == 3.0).all()


def test_a_normal_has_its_mean_and_standard_deviation() -> None:
    values = sampling.normal(U, 10.0, 2.0)
    assert values.mean() == pytest.approx(10.0, abs=1e-6)
    assert values.std() == pytest.approx(2.0, rel=1e-3)


def test_a_choice_takes_each_value_as_often_as_its_weight_says() -> None:
    values = sampling.choice(U, (1.0, 2.0, 4.0), (1.0, 0.0, 3.0))
    assert np.mean(values == 1.0) == pytest.approx(0.25, abs=1e-4)
    assert not (values == 2.0).any()
    assert np.mean(sampling.choice(U, (5.0, 7.0)) == 5.0) == pytest.approx(0.5, abs=1e-4)


def test_an_uncertain_input_passes_through_its_three_points_and_stops_at_its_bounds() -> None:
    values = sampling.three_point(U, 0.5, 0.8, 0.95, 0.0, 1.0)
    assert np.quantile(values, (0.05, 0.5, 0.95)) == pytest.approx((0.5, 0.8, 0.95), abs=1e-4)
    assert sampling.three_point([0.0, 1.0], 0.1, 0.35, 1.0, 0.0, 1.0) == pytest.approx((0.35 - 0.5 * 0.25 / 0.45, 1.0))
    assert (np.diff(values) >= 0).all()


@pytest.mark.parametrize(
    "sample",
    [
        lambda u: sampling.lognormal(u, 45.0, 70.0),
        lambda u: sampling.triangular(u, 1.0, 2.0, 6.0),
        lambda u: sampling.uniform(u, 1.0, 2.0),
        lambda u: sampling.normal(u, 1.0, 2.0),
        lambda u: sampling.choice(u, (1.0, 2.0)),
        lambda u: sampling.three_point(u, 0.5, 0.8, 0.95),
    ],
)
def test_a_value_is_the_same_bytes_alone_and_in_a_block(sample) -> None:  # type: ignore[no-untyped-def]
    u = np.random.default_rng(0).random(1_027)
    block = sample(u)
    alone = np.array([sample(u[k : k + 1])[0] for k in range(len(u))])
    assert block.tobytes() == alone.tobytes()
