"""Who waits for workers of a scheduler waits no longer than was granted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from simulator.experiment.blocks import InterruptedCase, PartialRun, run_case
from simulator.experiment.watch import WITHOUT_WORKERS_S, Watch
from tests.support.faulty import CASE, fine, outcome

GRANTED_S = 0.4


class Scheduler(Executor):
    """Does the first call, and then has no workers, or hangs."""

    without_workers_s = GRANTED_S

    def __init__(self, *, hangs: bool = False) -> None:
        self._client = self
        self._threads = ThreadPoolExecutor(1)
        self.calls, self.hangs = 0, hangs

    def nthreads(self) -> dict[str, int]:
        if self.hangs and self.calls > 1:
            threading.Event().wait(60)
        return {} if self.calls > 1 else {"tcp://one": 1}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.calls += 1
        return self._threads.submit(fn, *args, **kwargs) if self.calls == 1 else Future()


@pytest.mark.parametrize(("hangs", "what"), [(False, "has no workers any more"), (True, "does not answer any more")])
def test_a_scheduler_without_workers_or_answer_ends_the_run_and_costs_nothing_finished(hangs: bool, what: str) -> None:
    began = time.monotonic()
    with pytest.raises(PartialRun, match=rf"the scheduler {what}, for 0.4 s \(--wait-for-workers\)") as stopped:
        run_case(
            CASE, outcome=outcome, simulate=fine, replications=96, block_size=32, jobs=Scheduler(hangs=hangs), seed=5
        )
    assert GRANTED_S < time.monotonic() - began < 30
    assert stopped.value.exit_code == 4
    assert stopped.value.finished.blocks == ((0, 32),)


def test_ctrl_c_waits_no_longer_for_what_nobody_works_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What had begun is waited for after the first one; without workers, for the time granted."""
    monkeypatch.setattr("simulator.experiment.streaming.Interrupts", Asked)
    with pytest.raises(InterruptedCase):
        run_case(CASE, outcome=outcome, simulate=fine, replications=96, block_size=32, jobs=Scheduler(), seed=5)


class Asked:
    asked = True

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_other_executors_are_not_watched_and_five_minutes_are_the_default() -> None:
    with ThreadPoolExecutor(1) as threads, Watch(threads) as watch:
        assert not watch.watching
        watch.check()
    assert WITHOUT_WORKERS_S == 300.0
