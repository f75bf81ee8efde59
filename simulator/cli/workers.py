"""The options of who does the work: ``--jobs``, ``--executor``, ``--unit-timeout`` and ``--wait-for-workers``."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simulator.experiment.executors import Jobs


def _seconds(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):  # no range holds nan, and click takes it for inside
        raise click.BadParameter(f"{value} is not a number of seconds")
    return value


def workers_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; its body gets the workers as ``jobs``, opened and closed around it."""
    seconds = functools.partial(
        click.option, type=click.FloatRange(min=0, min_open=True), callback=_seconds, metavar="S"
    )

    @click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Worker processes.  [default: all cores]")
    @click.option(
        "--executor", metavar="dask://HOST:PORT", help="Let the workers of this scheduler do the work instead."
    )
    @seconds(
        "--unit-timeout",
        help="Seconds that a block of futures may take before its worker counts as hanging.  [default: 1800]",
    )
    @seconds(
        "--wait-for-workers",
        help="Seconds that the scheduler of --executor may be without workers before the run stops.  [default: 300]",
    )
    @functools.wraps(command)
    def with_workers(
        *args: Any,
        jobs: int | None,
        executor: str | None,
        unit_timeout: float | None,
        wait_for_workers: float | None,
        **options: Any,
    ) -> Any:
        with workers(jobs, executor, unit_timeout, wait_for_workers) as found:
            return command(*args, jobs=found, **options)

    return with_workers


@contextmanager
def workers(
    jobs: int | None, executor: str | None, unit_timeout: float | None, wait_for_workers: float | None
) -> Iterator[Jobs]:
    """Yield the workers that the options ask for."""
    from simulator.errors import UsageError
    from simulator.experiment.executors import available_cores
    from simulator.experiment.local_workers import LIMIT_S, LocalWorkers

    if executor is not None:
        from simulator.experiment.cluster import connected
        from simulator.experiment.watch import WITHOUT_WORKERS_S

        if jobs is not None:
            raise UsageError("--jobs and --executor exclude each other: the scheduler knows its workers")
        without_workers_s = WITHOUT_WORKERS_S if wait_for_workers is None else wait_for_workers
        with connected(executor, LIMIT_S if unit_timeout is None else unit_timeout, without_workers_s) as cluster:
            yield cluster
        return
    if wait_for_workers is not None:
        raise UsageError("--wait-for-workers is for --executor: workers of this machine are started again")
    count = available_cores() if jobs is None else jobs
    if count == 1 and unit_timeout is None:
        yield 1
        return
    pool = LocalWorkers(count, LIMIT_S if unit_timeout is None else unit_timeout, strict=unit_timeout is not None)
    try:
        yield pool
    except BaseException:
        pool.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
