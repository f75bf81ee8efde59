"""``simulator report``: a page, Markdown or a table of kept runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import Option, quiet_option
from simulator.errors import InputError, UsageError

if TYPE_CHECKING:
    from simulator.analysis.study import Study
    from simulator.report.explain_store import Explained

html_option: Option = click.option("--html", metavar="FILE", help="Write the report as one self-contained page.")
markdown_option: Option = click.option("--markdown", metavar="FILE", help="Write its verdict and tables as Markdown.")
csv_option: Option = click.option("--csv", metavar="FILE", help="Write its numbers as a tidy table.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files that a report is to be written to."""

    html: str | None = None
    markdown: str | None = None
    csv: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """Option -> file, for those asked for."""
        given = {"--html": self.html, "--markdown": self.markdown, "--csv": self.csv}
        return {option: file for option, file in given.items() if file is not None}

    def check(self) -> None:
        """Refuse, before anything runs, files that cannot be written.

        Raises
        ------
        UsageError
            If two options name the same file, or one names a folder.
        InputError
            If a file's folder is not there.
        """
        paths = {option: Path(file) for option, file in self.files.items()}
        if len({path.absolute() for path in paths.values()}) < len(paths):
            raise UsageError(f"{', '.join(paths)} name the same file")
        for option, path in paths.items():
            if path.is_dir():
                raise UsageError(f"{option} {path}: is a folder; name a file")
            if not path.parent.is_dir():
                raise InputError(f"{option} {path}: there is no folder {path.parent}")

    def write(self, studies: Sequence[Study], notices: Sequence[str] = (), explained: Explained | None = None) -> None:
        """Write the report to every file asked for; ``explained`` is kept beside the first run."""
        from simulator.report.page.build import html, markdown
        from simulator.report.run_directory import write_whole
        from simulator.report.tidy import tidy

        make = {
            "--html": lambda: html(studies, notices, explained),
            "--markdown": lambda: markdown(studies, notices),
            "--csv": lambda: tidy(studies),
        }
        for option, file in self.files.items():
            try:
                write_whole(Path(file), make[option]().encode())
            except OSError as error:
                raise InputError(f"{option} {file}: cannot be written: {error.strerror or error}") from error


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folders", nargs=-1, required=True, metavar="RUN_DIR...")
@html_option
@markdown_option
@csv_option
@quiet_option
def report(folders: tuple[str, ...], html: str | None, markdown: str | None, csv: str | None, quiet: bool) -> int:
    """Make a report of kept runs; of several, one that compares them with the first.

    \b
    Example:
      simulator run scenarios/baseline.yaml scenarios/snapback_2026.yaml --out runs
      simulator report runs/baseline-* runs/snap-back-* --html report.html --markdown summary.md

    What drives the verdict is taken from `simulator explain` where its result lies beside the first run. The
    page needs nothing else: no script, no file beside it, no network. Runs that do not rest on the same
    futures are not compared: exit code 5. A folder that is damaged or not a run: exit code 3.
    """
    wanted = Wanted(html, markdown, csv)
    if not wanted.files:
        raise UsageError("nothing to write: give --html, --markdown or --csv with a file")
    wanted.check()
    from simulator.analysis.compare import check_comparable
    from simulator.report.explain_store import read_explained
    from simulator.report.run_reader import read_run

    runs = [read_run(folder) for folder in folders]
    for run in runs:
        check_comparable(runs[0].study.case, run.study.case)
    notices = [notice for run in runs for notice in run.notices]
    for notice in notices:
        click.echo(f"notice: {notice}", err=True)
    wanted.write([run.study for run in runs], notices, read_explained(runs[0].folder, runs[0].study))
    if not quiet:
        for file in wanted.files.values():
            click.echo(f"wrote {file}", err=True)
    return 0
