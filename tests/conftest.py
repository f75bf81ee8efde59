from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from simulator.scenario.tree import outside_allowed

# The same examples on every machine: a red test must be red again tomorrow.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("repeatable")

# A user's own instrument: to import it is to register it, which only the test of such instruments wants.
collect_ignore = ["support/winter_rationing.py"]

os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True, scope="session")
def _scenarios_of_tests_extend_the_library() -> Iterator[None]:
    """Tests write scenarios to a folder of their own, over those of the library; test_scenario_tree takes this back."""
    with outside_allowed():
        yield
