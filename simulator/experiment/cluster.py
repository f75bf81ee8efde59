"""Workers of other machines through a scheduler of dask.distributed, which comes with the extra ``cluster``."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from simulator.errors import InputError, UsageError
from simulator.experiment.environment import environment, versions
from simulator.experiment.watch import WITHOUT_WORKERS_S
from simulator.experiment.worker import machine

T = TypeVar("T")

_ADDRESS: Final = re.compile(r"dask://(?P<place>(\[[0-9A-Fa-f:]+\]|[^\s:/@]+):\d{1,5})/?\Z")
_CONNECT_S: Final = 15.0
_START: Final = "python -m distributed.cli.dask_worker tcp://{place} --nthreads 1 --nworkers auto"


class ClusterWorkers(Executor):
    """The workers of a scheduler, whose versions have been compared with those here."""

    def __init__(self, client: Any, limit_s: float, without_workers_s: float) -> None:
        self._client = client
        self._executor = client.get_executor()
        self.limit_s = limit_s
        """Seconds that a unit of work may take."""
        self.without_workers_s = without_workers_s
        """Seconds that the scheduler may be without workers."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call ``fn`` on one of the workers."""
        future: Future[T] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Give up what is under way and leave the scheduler."""
        with suppress(Exception):  # a scheduler that is gone cannot be told
            self._client.close(timeout=2)


@contextmanager
def connected(address: str, limit_s: float, without_workers_s: float = WITHOUT_WORKERS_S) -> Iterator[ClusterWorkers]:
    """Yield the workers of the scheduler at ``dask://HOST:PORT``.

    Raises
    ------
    UsageError
        If the address is none, or the extra is not installed.
    InputError
        If no scheduler answers, it has no workers, or they are not fit for the work.
    """
    found = _ADDRESS.match(address)
    if found is None:
        raise UsageError(f"--executor {address}: write dask://HOST:PORT, the address of a scheduler of distributed")
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            f"--executor {address}: needs the extra `cluster` ({error}); install it with: "
            "pip install 'oresight[cluster]'"
        ) from error
    place = found["place"]
    # What distributed, tornado and asyncio would log of a scheduler that goes away, at the end of the program as well,
    # is said by us in one line.
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other versions are refused below, by name
        try:
            connect: Any = Client  # it ships no annotations
            client = connect(f"tcp://{place}", timeout=_CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise InputError(
                f"--executor {address}: no scheduler answers there; start one with: "
                f"python -m distributed.cli.dask_scheduler --port {place.rpartition(':')[2]}"
            ) from error
    cluster = ClusterWorkers(client, limit_s, without_workers_s)
    try:
        _check(client, address, place)
        yield cluster
    finally:
        cluster.shutdown()


def _check(client: Any, address: str, place: str) -> None:
    """Refuse workers that would not come to the same bytes, machine by machine."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except TimeoutError as error:
        start = _START.format(place=place)
        raise InputError(f"--executor {address}: the scheduler has no workers; start some with: {start}") from error
    try:
        machines: dict[str, dict[str, Any]] = client.run(machine)
    except Exception as error:  # whatever import or unpickling on a strange machine raises
        raise InputError(
            f"--executor {address}: a worker cannot import this program ({type(error).__name__}: {error}); install the "
            "same version of oresight where the workers run"
        ) from error
    ours = versions()
    wrong = []
    for worker, theirs in sorted(machines.items()):
        apart = [
            f"{name} {theirs['versions'].get(name, 'none')} (here {ours[name]})"
            for name in ours
            if theirs["versions"].get(name) != ours[name]
        ]
        if apart:
            wrong.append(f"{worker} on {theirs['host']}: {', '.join(apart)}")
    if wrong:
        raise InputError(
            f"--executor {address}: workers with other versions would come to other bytes; install the same there, or "
            "leave them out:\n" + "\n".join(wrong)
        )
    crowded = sorted(worker for worker, threads in client.nthreads().items() if threads > 1)
    if crowded:
        raise InputError(
            f"--executor {address}: workers need one thread each, which those have not: {', '.join(crowded)}; start "
            f"them with: {_START.format(place=place)}"
        )
    features = environment()["cpu_features"]
    odd = sorted(theirs["host"] for theirs in machines.values() if theirs["cpu_features"] != features)
    if odd:
        warnings.warn(
            f"processors of {', '.join(dict.fromkeys(odd))} have other features than this one; numbers may differ in "
            "their last digits (about 1e-9)",
            OtherProcessorWarning,
            stacklevel=2,
        )


class OtherProcessorWarning(UserWarning):
    """Workers have processors of another kind than the machine that asks.

    Silence it with ``warnings.simplefilter("ignore", simulator.experiment.cluster.OtherProcessorWarning)``.
    """
