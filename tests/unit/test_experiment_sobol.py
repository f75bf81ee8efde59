"""Sobol's sequence."""

import numpy as np
import pytest

from simulator.catalogue.inputs import inputs
from simulator.experiment.sobol import KEPT, sobol_words


@pytest.mark.parametrize(("count", "dimensions"), [(1, 1), (2, 3), (17, 195), (300, KEPT), (5000, 12)])
def test_points_are_those_of_scipy_bit_for_bit(count: int, dimensions: int) -> None:
    """An independent implementation of the same published table agrees in every bit."""
    from scipy.stats.qmc import Sobol

    whole = Sobol(dimensions, scramble=False, bits=32).random_base2((count - 1).bit_length())
    assert np.array_equal(sobol_words(count, dimensions), (whole[:count] * 2.0**32).astype(np.uint32))


def test_no_run_needs_more_dimensions_than_are_kept() -> None:
    """Nor does a design with a second, independent set of values of all inputs."""
    assert 2 * (1 + max(item.dimension for item in inputs())) <= KEPT


def test_beyond_the_dimensions_kept_a_column_is_what_it_is_within_them() -> None:
    """Where SciPy steps in, nothing moves."""
    assert np.array_equal(sobol_words(70, KEPT + 5)[:, :KEPT], sobol_words(70, KEPT))
