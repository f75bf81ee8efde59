from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.domain.draws import Draws
from simulator.errors import ModelError
from simulator.experiment.streams import BlockDraws


def draws(replications: object, seed: int = 0) -> Draws:
    return BlockDraws(seed, np.asarray(replications, dtype=np.int64), {})


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=12), st.integers(1, 13), st.integers(0, 3))
def test_a_replication_has_the_same_numbers_alone_and_in_any_company(block: list[int], width: int, seed: int) -> None:
    together = draws(block, seed).uniform("outage/CHN", width)
    alone = np.concatenate([draws([k], seed).uniform("outage/CHN", width) for k in block])
    assert together.tobytes() == alone.tobytes()


def test_no_two_replications_share_a_number() -> None:
    numbers = draws(range(1000)).uniform("transit", 7)
    assert len(np.unique(numbers)) == numbers.size


def test_cause_and_seed_change_every_number() -> None:
    reference = draws(range(50)).uniform("a", 4)
    assert not np.isin(draws(range(50)).uniform("b", 4), reference).any()
    assert not np.isin(draws(range(50), seed=1).uniform("a", 4), reference).any()


def test_numbers_are_uniform_in_the_open_interval() -> None:
    numbers = draws(range(1024)).uniform("u", 40).ravel()
    assert numbers.min() > 0
    assert numbers.max() < 1
    # Kolmogorov-Smirnov: the distance exceeds 1.95 / sqrt(n) once in a thousand seeds.
    ordered = np.sort(numbers)
    distance = np.abs(ordered - (np.arange(numbers.size) + 0.5) / numbers.size).max()
    assert distance < 1.95 / np.sqrt(numbers.size)


def test_numbers_of_neighbouring_replications_and_columns_are_uncorrelated() -> None:
    numbers = draws(range(4096)).uniform("u", 8)
    bound = 4.5 / np.sqrt(4096)
    columns = np.corrcoef(numbers, rowvar=False) - np.eye(8)
    assert np.abs(columns).max() < bound
    assert abs(np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]) < bound


def test_one_cause_asked_with_two_widths_is_a_bug_of_the_model() -> None:
    block = draws([0])
    block.uniform("gate", 3)
    with pytest.raises(ModelError, match="widths 3 and 5"):
        block.uniform("gate", 5)


def test_an_input_that_the_case_lacks_is_named() -> None:
    with pytest.raises(ModelError, match="leakage/gallium"):
        draws([0]).input("leakage/gallium")
