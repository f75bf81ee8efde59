from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from simulator.domain.traces import Trace
from simulator.errors import InterruptedRun, SimulatorError, UsageError
from simulator.experiment.blocks import LARGEST_BLOCK, InterruptedCase, PartialRun, cut_blocks, run_case
from tests.support.faulty import CASE, POISON, always_dies, always_raises, dies, fine, outcome, raises


def interrupted_in_the_second_block(case: Any, draws: Any, replications: Any) -> Trace:
    if replications[0] > 0:
        raise KeyboardInterrupt
    return fine(case, draws, replications)


def joined(**options: Any) -> bytes:
    return np.concatenate(run_case(CASE, outcome=outcome, simulate=fine, seed=5, **options).parts).tobytes()


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
        simulate=fine,
        replications=64,
        block_size=32,
        progress=lambda done, total, statistic: told.append((done, total, statistic)),
        statistic=lambda parts: f"{len(parts)} parts",
    )
    assert told == [(0, 64, ""), (32, 64, "unit 1 of 2, 1 parts"), (64, 64, "unit 2 of 2, 2 parts")]


def test_ctrl_c_keeps_what_was_finished() -> None:
    with pytest.raises(InterruptedCase, match="after 32 of 96 replications") as stopped:
        run_case(CASE, outcome=outcome, simulate=interrupted_in_the_second_block, replications=96, block_size=32)
    assert stopped.value.finished.blocks == ((0, 32),)
    assert len(stopped.value.finished.parts) == 1
    assert stopped.value.exit_code == 130
    assert isinstance(stopped.value, InterruptedRun)


def test_a_unit_that_is_halved_counts_once() -> None:
    told: list[str] = []
    with pytest.raises(PartialRun):
        run_case(
            CASE, outcome=outcome, simulate=raises, replications=64, block_size=32,
            progress=lambda done, total, statistic: told.append(statistic),
        )  # fmt: skip
    assert set(told) == {"", "unit 1 of 2"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_replication_that_raises_is_found_told_and_costs_no_other(jobs: int) -> None:
    with pytest.raises(
        PartialRun, match=rf"1 of 64 replications failed .*number {POISON}; ZeroDivisionError"
    ) as stopped:
        run_case(CASE, outcome=outcome, simulate=raises, replications=64, jobs=jobs, block_size=32, seed=5)
    assert stopped.value.exit_code == 4
    finished = stopped.value.finished
    (failure,) = finished.failed
    assert (failure.replication, failure.kind) == (POISON, "ZeroDivisionError")
    assert "in raises" in failure.last_lines
    assert (finished.completed, finished.requested) == (63, 64)
    whole = np.concatenate(run_case(CASE, outcome=outcome, simulate=fine, replications=64, seed=5).parts)
    assert np.concatenate(finished.parts).tobytes() == np.delete(whole, POISON).tobytes()


def test_a_replication_that_kills_its_worker_is_found_and_costs_no_other() -> None:
    with pytest.raises(PartialRun, match=rf"number {POISON}; WorkerDied: .* code 9") as stopped:
        run_case(CASE, outcome=outcome, simulate=dies, replications=64, jobs=2, block_size=32, seed=5)
    assert stopped.value.finished.completed == 63


def test_what_fails_in_every_replication_is_the_fault_of_the_model() -> None:
    with pytest.raises(ZeroDivisionError, match="no supply left"):
        run_case(CASE, outcome=outcome, simulate=always_raises, replications=64, jobs=2, block_size=32)
    with pytest.raises(SimulatorError, match="WorkerDied: the worker process ended by itself, with code 9"):
        run_case(CASE, outcome=outcome, simulate=always_dies, replications=32, jobs=2, block_size=16)


def test_a_pool_of_the_standard_library_will_do_as_well() -> None:
    expected = joined(replications=64)
    with ThreadPoolExecutor(2) as threads:
        assert joined(replications=64, jobs=threads, block_size=16) == expected


def test_an_outcome_that_workers_cannot_receive_is_refused() -> None:
    with pytest.raises(UsageError, match="importable by name"):
        run_case(CASE, outcome=lambda trace: 0, simulate=fine, replications=64, jobs=2, block_size=16)


@pytest.mark.parametrize(("replications", "nearest"), [(100, 96), (0, 16), (-3, 16), (1000, 1008)])
def test_a_number_of_replications_that_is_no_multiple_of_16_names_the_nearest(replications: int, nearest: int) -> None:
    with pytest.raises(UsageError, match=f"the nearest is {nearest}$"):
        run_case(CASE, outcome=outcome, simulate=fine, replications=replications)


@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
def test_blocks_cover_every_replication_once_and_feed_every_worker(jobs: int) -> None:
    blocks = cut_blocks(1024, jobs, None)
    assert [k for first, end in blocks for k in range(first, end)] == list(range(1024))
    assert len(blocks) >= jobs


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("simulate", [fine, always_raises])
def test_the_garbage_collector_rests_during_a_block_and_is_left_as_it_was(simulate: Any, on: bool) -> None:
    seen, was = [], gc.isenabled()

    def watched(case: Any, draws: Any, replications: Any) -> Trace:
        seen.append(gc.isenabled())
        return simulate(case, draws, replications)  # type: ignore[no-any-return]

    (gc.enable if on else gc.disable)()
    try:
        with nullcontext() if simulate is fine else pytest.raises(ZeroDivisionError):
            run_case(CASE, outcome=outcome, simulate=watched, replications=64)
        assert gc.isenabled() == on
    finally:
        (gc.enable if was else gc.disable)()
    assert seen
    assert not any(seen)


@pytest.mark.parametrize("simulate", [fine, always_raises])
def test_the_buffers_of_numpy_are_narrow_during_a_block_and_then_as_they_were(simulate: Any) -> None:
    seen = []

    def watched(case: Any, draws: Any, replications: Any) -> Trace:
        seen.append(np.getbufsize())
        return simulate(case, draws, replications)  # type: ignore[no-any-return]

    was = np.setbufsize(4096)
    try:
        with nullcontext() if simulate is fine else pytest.raises(ZeroDivisionError):
            run_case(CASE, outcome=outcome, simulate=watched, replications=64)
        assert np.getbufsize() == 4096
    finally:
        np.setbufsize(was)
    assert set(seen) == {LARGEST_BLOCK}
