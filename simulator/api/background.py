"""Work beside the kernel: one thing at a time, the latest request wins, and answers come back on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from simulator.experiment.blocks import Progress

T = TypeVar("T")


class Superseded(Exception):
    """Raised inside work that nobody waits for any more."""


class Latest(Generic[T]):
    """Does the latest work asked for in a thread of its own, and gives up what it was doing before.

    A blocked kernel receives no messages from its widgets, so the kernel's thread only ever asks and is told. Where no
    event loop runs, as in a script, work is done at once.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="what-if")
        self._asked = 0
        self._pending: set[asyncio.Future[None]] = set()

    def ask(
        self,
        work: Callable[[Progress], T],
        *,
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        told: Callable[[int, int], None],
    ) -> None:
        """Do ``work`` unless something later is asked for.

        Parameters
        ----------
        work
            Called in the thread with what it must tell its progress to; that raises ``Superseded`` when it is time to
            give up.
        done, failed
            Called on the event loop with what came out.
        told
            Called on the event loop with (done, total).
        """
        self._asked += 1
        ticket = self._asked
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._now(work, done, failed, told)
            return

        def progress(done: int, total: int, statistic: str) -> None:
            if ticket != self._asked:
                raise Superseded
            loop.call_soon_threadsafe(self._if_latest, ticket, told, done, total)

        def begin() -> T:
            if ticket != self._asked:
                raise Superseded
            return work(progress)

        settled: asyncio.Future[None] = loop.create_future()
        self._pending.add(settled)
        future = self._pool.submit(begin)
        future.add_done_callback(
            lambda finished: loop.call_soon_threadsafe(self._finish, ticket, finished, settled, done, failed)
        )

    def drop(self) -> None:
        """Give up what is being done."""
        self._asked += 1

    async def settled(self) -> None:
        """Wait until nothing is being done any more."""
        while self._pending:
            await asyncio.gather(*self._pending)

    def _if_latest(self, ticket: int, told: Callable[[int, int], None], finished: int, total: int) -> None:
        if ticket == self._asked:
            told(finished, total)

    def _finish(
        self,
        ticket: int,
        future: Future[T],
        settled: asyncio.Future[None],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
    ) -> None:
        try:
            if ticket == self._asked:
                self._tell(future.result, done, failed)
        finally:
            self._pending.discard(settled)
            if not settled.done():
                settled.set_result(None)

    def _now(
        self,
        work: Callable[[Progress], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        told: Callable[[int, int], None],
    ) -> None:
        def progress(done: int, total: int, statistic: str) -> None:
            told(done, total)

        self._tell(lambda: work(progress), done, failed)

    def _tell(self, result: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        try:
            value = result()
        except Superseded:
            return
        except Exception as error:
            failed(error)
        else:
            done(value)
