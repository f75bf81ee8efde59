from __future__ import annotations

import numpy as np
import pytest

from simulator.domain.facts import UncertainInput
from simulator.experiment.points import (
    RANDOMISATIONS,
    Points,
    input_uniforms,
    input_values,
    owen_scrambled,
    scramble_keys,
)
from simulator.experiment.sobol import sobol_words


def uncertain(name: str, dimension: int, low: float = 0.0, median: float = 1.0, high: float = 3.0) -> UncertainInput:
    return UncertainInput(name, dimension, low, median, high, "1", "test", "assumed", minimum=0.0)


INPUTS = tuple(uncertain(f"x{d}", d) for d in range(12))


@pytest.mark.parametrize("n", [16, 48, 256])
def test_the_first_replications_of_a_longer_run_equal_a_shorter_run(n: int) -> None:
    long = input_values(INPUTS, 1024, seed=3)
    short = input_values(INPUTS, n, seed=3)
    for name in long:
        assert long[name][:n].tobytes() == short[name].tobytes()


def test_an_input_does_not_move_when_others_come_or_go() -> None:
    everyone = input_uniforms(INPUTS, 256, seed=0)
    alone = input_uniforms((INPUTS[7],), 256, seed=0)
    assert everyone["x7"].tobytes() == alone["x7"].tobytes()


def test_every_randomisation_is_a_net_with_one_point_per_stratum() -> None:
    """Owen scrambling keeps what Sobol points are for: 64 points, one in each 64th."""
    for values in input_uniforms(INPUTS, 64 * RANDOMISATIONS, seed=1).values():
        strata = np.floor(values.reshape(64, RANDOMISATIONS) * 64).astype(int)
        for randomisation in strata.T:
            assert sorted(randomisation) == list(range(64))


def test_pairs_of_inputs_stay_a_two_dimensional_net() -> None:
    """The first two Sobol dimensions form a (0, 2)-net in base 2, and scrambling each keeps it."""
    u = input_uniforms(INPUTS[:2], 64 * RANDOMISATIONS, seed=5)
    x, y = (u[name].reshape(64, RANDOMISATIONS)[:, 3] for name in ("x0", "x1"))
    cells = np.floor(x * 8).astype(int) * 8 + np.floor(y * 8).astype(int)
    assert sorted(cells) == list(range(64))


def test_randomisations_are_independent_and_their_first_points_uniform() -> None:
    first = np.concatenate([input_uniforms(INPUTS, 16, seed)[f"x{d}"] for seed in range(20) for d in range(12)])
    ordered = np.sort(first)
    distance = np.abs(ordered - (np.arange(first.size) + 0.5) / first.size).max()
    assert distance < 1.95 / np.sqrt(first.size)
    table = first.reshape(-1, RANDOMISATIONS)
    assert np.abs(np.corrcoef(table, rowvar=False) - np.eye(RANDOMISATIONS)).max() < 4.5 / np.sqrt(len(table))


def test_quasi_random_means_are_far_closer_than_random_ones() -> None:
    u = input_uniforms(INPUTS, 64 * RANDOMISATIONS, seed=2)
    spread = np.std([values.reshape(64, RANDOMISATIONS).mean(axis=0) for values in u.values()])
    assert spread < 0.2 * np.sqrt(1 / 12 / 64)


def test_a_scramble_is_a_permutation() -> None:
    words = sobol_words(1024, 1)[:, 0]
    assert len(np.unique(owen_scrambled(words, scramble_keys(0, "a")[:1]))) == 1024


def test_values_follow_the_stated_quantiles() -> None:
    values = input_values((uncertain("x", 4, low=1.0, median=2.0, high=5.0),), 1024, seed=0)["x"]
    assert np.quantile(values, [0.05, 0.5, 0.95]) == pytest.approx([1.0, 2.0, 5.0], abs=0.06)
    assert values.min() >= 0


def test_no_inputs_give_no_values() -> None:
    assert input_values((), 16, seed=0) == {}


@pytest.mark.parametrize(("first", "end"), [(0, 16), (16, 48), (37, 38), (5, 250), (240, 256)])
def test_the_values_of_some_replications_are_those_of_the_run(first: int, end: int) -> None:
    whole = input_values(INPUTS, 256, seed=3)
    part = Points(INPUTS, 256, 3).values(first, end)
    assert {name: values.tobytes() for name, values in part.items()} == {
        name: values[first:end].tobytes() for name, values in whole.items()
    }
