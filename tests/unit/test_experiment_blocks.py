from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simulator.domain.facts import UncertainInput
from simulator.domain.traces import Trace
from simulator.errors import InterruptedRun, UsageError
from simulator.experiment.blocks import InterruptedCase, PartialRun, cut_blocks, run_case

PRICE = UncertainInput("price/ALL", 3, 1.0, 2.0, 4.0, "1", "test", "assumed")
CASE: Any = SimpleNamespace(inputs=(PRICE,), overlay=None)


def simulate(case: Any, draws: Any, replications: Any) -> Trace:
    """A model of one line: the product of a draw and an input."""
    values = draws.uniform("outage", 3).sum(axis=1) * draws.input("price/ALL")
    return Trace(replications, (), {"x": values})


def interrupted_in_the_second_block(case: Any, draws: Any, replications: Any) -> Trace:
    if replications[0] > 0:
        raise KeyboardInterrupt
    return simulate(case, draws, replications)


def killed(case: Any, draws: Any, replications: Any) -> Trace:
    os._exit(9)


def outcome(trace: Trace) -> Any:
    return trace.branches["x"]


def joined(**options: Any) -> bytes:
    return np.concatenate(run_case(CASE, outcome=outcome, simulate=simulate, seed=5, **options).parts).tobytes()


@pytest.mark.parametrize(
    "options", [{"block_size": 7}, {"block_size": 1}, {"jobs": 2, "block_size": 32}, {"jobs": 2}], ids=str
)
def test_any_block_size_and_any_number_of_workers_give_the_same_bytes(options: dict[str, int]) -> None:
    assert joined(replications=128, **options) == joined(replications=128)


def test_the_first_replications_of_a_longer_run_equal_a_shorter_run() -> None:
    assert joined(replications=256)[: 8 * 64] == joined(replications=64)


def test_progress_starts_at_once_and_counts_replications() -> None:
    told: list[tuple[int, int, str]] = []
    run_case(
        CASE,
        outcome=outcome,
        simulate=simulate,
        replications=64,
        block_size=32,
        progress=lambda done, total, statistic: told.append((done, total, statistic)),
        statistic=lambda parts: f"{len(parts)} parts",
    )
    assert told == [(0, 64, ""), (32, 64, "1 parts"), (64, 64, "2 parts")]


def test_ctrl_c_keeps_what_was_finished() -> None:
    with pytest.raises(InterruptedCase, match="after 32 of 96 replications") as stopped:
        run_case(CASE, outcome=outcome, simulate=interrupted_in_the_second_block, replications=96, block_size=32)
    assert stopped.value.finished.blocks == ((0, 32),)
    assert len(stopped.value.finished.parts) == 1
    assert stopped.value.exit_code == 130
    assert isinstance(stopped.value, InterruptedRun)


def test_a_dead_worker_is_told_in_plain_words() -> None:
    with pytest.raises(PartialRun, match="a worker process died") as stopped:
        run_case(CASE, outcome=outcome, simulate=killed, replications=64, jobs=2, block_size=16)
    assert stopped.value.exit_code == 4


def test_an_outcome_that_workers_cannot_receive_is_refused() -> None:
    with pytest.raises(UsageError, match="importable by name"):
        run_case(CASE, outcome=lambda trace: 0, simulate=simulate, replications=64, jobs=2, block_size=16)


@pytest.mark.parametrize(("replications", "nearest"), [(100, 96), (0, 16), (-3, 16), (1000, 1008)])
def test_a_number_of_replications_that_is_no_multiple_of_16_names_the_nearest(replications: int, nearest: int) -> None:
    with pytest.raises(UsageError, match=f"the nearest is {nearest}$"):
        run_case(CASE, outcome=outcome, simulate=simulate, replications=replications)


@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
def test_blocks_cover_every_replication_once_and_feed_every_worker(jobs: int) -> None:
    blocks = cut_blocks(1024, jobs, None)
    assert [k for first, end in blocks for k in range(first, end)] == list(range(1024))
    assert len(blocks) >= jobs
