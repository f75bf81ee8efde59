"""A run tells how far it is while its only block is under way."""

from __future__ import annotations

import numpy as np

from simulator.experiment.blocks import run_case
from simulator.model import simulate
from tests.support import worlds

CASE = worlds.case([worlds.chain("antimony")])


def test_a_single_worker_tells_progress_within_its_block() -> None:
    told: list[tuple[int, int]] = []
    run_case(
        CASE,
        outcome=lambda trace: trace.replications,
        replications=64,
        progress=lambda done, total, statistic: told.append((done, total)),
    )
    done = [item[0] for item in told]
    assert (done[0], done[-1]) == (0, 64)
    assert done == sorted(done)
    assert len(set(done)) > 10
    assert {item[1] for item in told} == {64}


def test_telling_progress_changes_no_number() -> None:
    heard: list[float] = []
    chosen = np.arange(16)
    with_it = simulate(CASE, worlds.draws_of(CASE, 16), chosen, heard.append)
    without = simulate(CASE, worlds.draws_of(CASE, 16), chosen)
    assert 0.0 < heard[0] < heard[-1] < 1.0
    for row in range(16):
        assert worlds.replication_bytes(with_it, row) == worlds.replication_bytes(without, row)
