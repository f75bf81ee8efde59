from __future__ import annotations

import os
import signal
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


@pytest.fixture
def heeded_ctrl_c() -> Iterator[None]:
    """Programs started meanwhile heed Ctrl-C, also where who started the tests does not (a background shell)."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
