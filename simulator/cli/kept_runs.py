"""Runs in folders, as ``simulator run`` begins, ends and goes on with them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.progress import progress
from simulator.cli.simulating import Asked, Studies, studies
from simulator.errors import UsageError

if TYPE_CHECKING:
    from simulator.analysis.study import PartialStudy, Planned, Study
    from simulator.report.run_store import RunStore
    from simulator.scenario.case import Case

_SHOWN = ("agreements", "html", "markdown", "as_json", "quiet")
"""Options of presentation, which a resumed run is given anew."""


class Kept:
    """The folders of the runs of one command; does nothing where none are kept."""

    def __init__(self, place: str | None, quiet: bool) -> None:
        self._place, self._quiet = place, quiet
        self._stores: list[RunStore] = []
        self._following = 0
        self._resumable: Path | None = None

    def begin(self, planned: Sequence[Planned]) -> Sequence[Planned]:
        """Make the folder of each run before anything is simulated, and give each run its own."""
        from simulator.report.batch import remember
        from simulator.report.run_store import begun

        assert self._place is not None
        stores = [begun(item.scenario, item.case, item.replications, item.seed, self._place) for item in planned]
        folders = [store.folder for store in stores]
        self.take(stores, folders[0] if len(folders) == 1 else remember(self._place, folders))
        return [replace(item, keeper=store) for item, store in zip(planned, stores, strict=True)]

    def take(self, stores: list[RunStore], resumable: Path) -> None:
        """Take the stores of all runs, and the place that ``--resume`` would be given."""
        self._stores, self._resumable = stores, resumable
        if not self._quiet:
            place = stores[0].folder if len(stores) == 1 else f"{len(stores):,} folders in {stores[0].folder.parent}"
            click.echo(f"keeping blocks in {place}; if stopped, go on with: {self._command()}", err=True)

    def finish(self, study: Study, why: PartialStudy | None) -> PartialStudy | None:
        """Write what belongs to a run that ended; returns why the runs stop, if they do."""
        if not self._stores:
            return why
        from simulator.analysis.study import PartialStudy
        from simulator.experiment.blocks import Outcomes, PartialRun
        from simulator.report.run_store import CannotKeep

        store = self._stores[self._following]
        self._following += 1
        for text in store.damaged:
            click.echo(f"notice: {text}; simulated again", err=True)
        try:
            store.finish(study)
        except CannotKeep as error:
            if why is not None:
                return why
            nothing: Outcomes[object] = Outcomes(study.seed, study.requested, (), (), study.wall_s, study.jobs)
            return PartialStudy(PartialRun(str(error), nothing), study)
        if store.written_again:
            click.echo(f"notice: {store.written_again}; written again", err=True)
        if not self._quiet:
            earlier = f" ({store.reused:,} replications were there already)" if store.reused else ""
            click.echo(f"kept in {store.folder}{earlier}", err=True)
        return why

    def folder(self, study: Study) -> Path | None:
        """Return the folder of a study that was finished."""
        for store in self._stores:
            if store.holds(study):
                return store.folder
        return None

    def tell_how_to_go_on(self, ctx: click.Context) -> None:
        """Say on stderr what to type to go on."""
        if self._resumable is None:
            click.echo("nothing was kept; with --out DIR a run that is stopped can be gone on with", err=True)
            return
        words: list[str] = []
        for parameter in ctx.command.params:
            value = ctx.params.get(str(parameter.name))
            if parameter.name in _SHOWN and value:
                words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
        click.echo(f"go on with: {self._command(words)}", err=True)

    def _command(self, words: Sequence[str] = ()) -> str:
        return shlex.join(["simulator", "run", "--resume", str(self._resumable), *words])


def continued(place: str, asked: Asked, kept: Kept, check: Callable[[Sequence[Case]], None]) -> Studies:
    """Yield the studies of runs in folders, simulating what they lack."""
    with progress(quiet=asked.quiet) as shown:
        from simulator.catalogue.tables import laid_over
        from simulator.report.batch import runs_of
        from simulator.report.run_store import resumed

        found = [resumed(folder) for folder in runs_of(place)]
        planned = [item for item, _, _ in found]
        for _, store, notices in found:
            for notice in notices:
                click.echo(f"notice: {store.folder}: {notice}", err=True)
        cases = [item.case for item in planned]
        if any(case.overlay != cases[0].overlay for case in cases):
            raise UsageError(f"--resume {place}: the runs rest on different own data; go on with them one by one")
        check(cases)
        kept.take([store for _, store, _ in found], found[0][1].folder if len(found) == 1 else Path(place))
        title = found[0][1].folder.resolve().name if len(found) == 1 else f"{len(found):,} runs"
        shown.begin(title, sum(item.replications for item in planned))
        with laid_over(cases[0].overlay):
            yield from studies(planned, asked.jobs, shown)


def tell_of_failures(study: Study, kept: Kept) -> None:
    """Say on stderr which replications of a study failed, and how to see one fail again."""
    from simulator.analysis.study import failed_study

    folder = kept.folder(study)
    click.echo(f"error: {failed_study(study)}", err=True)
    first = study.failed[0].replication
    words = ["simulator", "trace", str(folder or study.scenario.path), "--replication", str(first)]
    if folder is None:
        words += ["--seed", str(study.seed)]
        words += [word for chain in study.case.chains for word in ("--commodity", chain.commodity)]
    click.echo(f"replay with: {shlex.join(words)}", err=True)
