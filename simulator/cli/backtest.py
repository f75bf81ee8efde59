"""``simulator backtest``: episodes of the past, predicted from what was known before them and scored."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import json_option, quiet_option, replications_option, seed_option, sets_option
from simulator.cli.own_data import own_data
from simulator.cli.progress import progress
from simulator.cli.workers import workers_options

if TYPE_CHECKING:
    from simulator.experiment.executors import Jobs


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("episodes", nargs=-1, metavar="[EPISODE]...")
@click.option("--observations", metavar="FILE", help="CSV of observations, for one episode of your own.")
@click.option("--series", "every", is_flag=True, help="Show every series, and what is not predicted with the reason.")
@click.option("--html", "page", metavar="FILE", help="Write a page with figures: what was observed over the bands.")
@replications_option
@seed_option
@sets_option()
@workers_options
@json_option
@quiet_option
@own_data
def backtest(
    episodes: tuple[str, ...],
    observations: str | None,
    every: bool,
    page: str | None,
    replications: int,
    seed: int,
    sets: tuple[str, ...],
    jobs: Jobs,
    as_json: bool,
    quiet: bool,
) -> int:
    """Hold the model against what really happened after controls of the past.

    \b
    Example:
      simulator backtest
      simulator backtest scenarios/backtests/antimony_2024.yaml --html antimony.html
      simulator backtest my.yaml --observations my.csv --json

    An episode is a scenario that begins before the event and knows only what was known then. Observed flows, prices
    and shares are scored against bands of 50 and 90 % and three null models, calibration targets against their
    ranges. Without an episode, all in scenarios/backtests are run: those here, or those that come with
    the program.

    Exit code 0 where the bounds hold: 70 % of the targets inside their range, main series better than every null
    model or a stated reason, 90 % bands that hold 80 to 98 % of the observations. 1 where one does not.
    """
    from simulator.errors import IncompleteError, UsageError

    began = time.monotonic()
    if observations is not None and len(episodes) != 1:
        raise UsageError("--observations belongs to one episode; name its scenario file")
    stopped: IncompleteError | None = None
    scored = []
    with progress(quiet=quiet) as shown:
        from simulator.analysis.past import backtest as analysis
        from simulator.analysis.past.episode import load_episode, shipped_episodes
        from simulator.experiment.executors import worker_count

        workers = worker_count(jobs)
        # Every file is read before anything runs.
        paths = episodes or shipped_episodes()
        loaded = [load_episode(path, observations=observations, sets=sets) for path in paths]
        for path, episode in zip(paths, loaded, strict=True):
            shown.begin(Path(path).name, replications)
            try:
                scored.append(
                    analysis.run(episode, replications=replications, seed=seed, jobs=jobs, progress=shown.told)
                )
            except IncompleteError as error:
                stopped = error
                break
    if not scored:
        assert stopped is not None
        click.echo(f"error: {stopped}; no episode of {len(paths)} is scored", err=True)
        return stopped.exit_code
    found = analysis.Backtest(tuple(scored), seed, replications)
    if page is not None:
        from simulator.report.page.past_part import backtest_html

        Path(page).write_text(backtest_html(found), encoding="utf-8")
    if as_json:
        from simulator.report.backtest_document import backtest_document
        from simulator.report.document import text

        click.echo(text(backtest_document(found, wall_s=time.monotonic() - began, jobs=workers)), nl=False)
    else:
        from simulator.report.backtest_text import backtest_text

        click.echo(backtest_text(found, every=every), nl=False)
    if stopped is not None:
        click.echo(f"error: {stopped}; the episodes finished before are above", err=True)
        return stopped.exit_code
    return 0 if found.holds else 1
