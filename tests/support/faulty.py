"""Models that fail on purpose, importable in worker processes without anything heavy."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator.domain.facts import UncertainInput
from simulator.domain.traces import Trace

PRICE = UncertainInput("price/ALL", 3, 1.0, 2.0, 4.0, "1", "test", "assumed")
CASE: Any = SimpleNamespace(inputs=(PRICE,), overlay=None, name="small")
POISON = 37
"""The replication that does harm."""


def fine(case: Any, draws: Any, replications: Any) -> Trace:
    """A model of one line: the product of a draw and an input."""
    values = draws.uniform("outage", 3).sum(axis=1) * draws.input("price/ALL")
    return Trace(replications, (), {"x": values})


def raises(case: Any, draws: Any, replications: Any) -> Trace:
    if POISON in replications:
        raise ZeroDivisionError("no supply left to divide by")
    return fine(case, draws, replications)


def always_raises(case: Any, draws: Any, replications: Any) -> Trace:
    raise ZeroDivisionError("no supply left to divide by")


def dies(case: Any, draws: Any, replications: Any) -> Trace:
    if POISON in replications:
        os._exit(9)
    return fine(case, draws, replications)


def always_dies(case: Any, draws: Any, replications: Any) -> Trace:
    os._exit(9)


def hangs(case: Any, draws: Any, replications: Any) -> Trace:
    if POISON in replications:
        time.sleep(3600)
    return fine(case, draws, replications)


def slow(case: Any, draws: Any, replications: Any) -> Trace:
    time.sleep(0.4)
    return fine(case, draws, replications)


def fails_in(*poison: int) -> Any:
    """The shipped model, which raises in a block that holds any of some replications."""
    from simulator.model import simulate

    def model(case: Any, draws: Any, replications: Any) -> Trace:
        if set(poison) & set(replications.tolist()):
            raise ArithmeticError("tonnes appeared from nowhere")
        return simulate(case, draws, replications)

    return model


def outcome(trace: Trace) -> Any:
    return np.array(trace.branches["x"], dtype=np.float64)
