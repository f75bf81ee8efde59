"""Progress on stderr: a bar for a person, a line now and then for a log, nothing when asked to be quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

LINE_EVERY_S: Final = 30.0
"""Seconds between lines where stderr is not a terminal."""


MOST_TITLE: Final = 28
"""Characters of a scenario's name beside its bar."""
SURE_FROM: Final = 0.1
"""Part of the work from which on its pace tells how long the rest takes; before, workers are still starting."""


def _length(seconds: float) -> str:
    """Return a length of time, no finer than anybody can know it.

    >>> _length(35.4), _length(600.0), _length(25828.0)
    ('35 s', '10 min', '7.2 h')
    """
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"


def _rate(per_second: float) -> str:
    """Return futures a second in three figures, whole from a hundred on.

    >>> _rate(2.3456), _rate(1681.2)
    ('2.35', '1,681')
    """
    return f"{per_second:.3g}" if per_second < 100.0 else f"{per_second:,.0f}"


class Quiet:
    """Shows nothing."""

    def read(self, title: str) -> None:
        """Say that ``title`` is being read."""

    def begin(self, title: str, replications: int) -> None:
        """Say that work on ``title`` begins."""

    def told(self, done: int, total: int, statistic: str) -> None:
        """Say how far it is, and what the replications show so far."""


class Lines(Quiet):
    """Writes a line at the beginning, at the end, and every half minute between."""

    def begin(self, title: str, replications: int) -> None:
        """Say that work on ``title`` begins."""
        self._title = title
        self._began = self._last_line = time.monotonic()
        click.echo(f"{title}: {replications:,} replications begin", err=True)

    def told(self, done: int, total: int, statistic: str) -> None:
        """Say how far it is, if it is time to."""
        now = time.monotonic()
        if done < total and (done == 0 or now - self._last_line < LINE_EVERY_S):
            return
        self._last_line = now
        parts = [f"{self._title}: {done:,}/{total:,} replications"]
        if statistic:
            parts.append(statistic)
        elapsed = now - self._began
        if done and elapsed > 0:
            parts.append(f"{_rate(done / elapsed)} a second")
        if done == total:
            parts.append(f"{elapsed:.1f} s")
        elif done >= SURE_FROM * total:
            parts.append(f"about {_length(elapsed * (total - done) / done)} left")
        click.echo(", ".join(parts), err=True)


class Bars(Quiet):
    """Draws one bar per scenario on a terminal."""

    def __init__(self, shown: Bar) -> None:
        self._shown = shown
        self._reading: TaskID | None = None

    def read(self, title: str) -> None:
        """Say that ``title`` is being read, until its bar is drawn."""
        self._reading = self._shown.add_task("", total=None, title=f"{title}: reading", statistic="", rate="")
        self._shown.refresh()

    def begin(self, title: str, replications: int) -> None:
        """Draw the bar of ``title``."""
        if self._reading is not None:
            self._shown.remove_task(self._reading)
            self._reading = None
        self._task = self._shown.add_task("", total=replications, title=title, statistic="", rate="")
        self._began = time.monotonic()
        self._shown.refresh()

    def told(self, done: int, total: int, statistic: str) -> None:
        """Move the bar."""
        elapsed = time.monotonic() - self._began
        rate = f"{_rate(done / elapsed)}/s" if done and elapsed > 0 else ""
        self._shown.update(self._task, completed=done, total=total, statistic=statistic, rate=rate)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Quiet]:
    """Yield what fits stderr: bars on a terminal, lines elsewhere, nothing when quiet."""
    if quiet:
        yield Quiet()
    elif not sys.stderr.isatty():
        yield Lines()
    else:
        from rich.console import Console

        with drawn(Console(stderr=True)) as shown:
            yield Bars(shown)


def drawn(console: Console) -> Bar:
    """Return bars that fit 80 columns: what the replications show so far stands on a line of its own below."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    class WithStatistic(Progress):
        def get_renderables(self) -> Iterator[RenderableType]:
            yield self.make_tasks_table(self.tasks)
            if self.tasks and (told := self.tasks[-1].fields["statistic"]):
                yield Text(f"  {told}")

    return WithStatistic(
        TextColumn("{task.fields[title]}", markup=False, table_column=Column(no_wrap=True, max_width=MOST_TITLE)),
        BarColumn(bar_width=None, table_column=Column(max_width=40)),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[rate]}", markup=False, table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        console=console,
    )
