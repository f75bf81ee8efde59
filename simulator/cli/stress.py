"""``simulator stress``: the same futures with and without a cut-off."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.progress import progress
from simulator.cli.studying import answer, study_options, taken_in

if TYPE_CHECKING:
    from simulator.analysis.stress import PartialStress
    from simulator.experiment.executors import Jobs


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="SCENARIO")
@click.option("--cut", required=True, metavar="CHN|CORRIDOR", help="Country whose exports stop, or corridor shut.")
@click.option("--at", required=True, metavar="DAY", help="First day: a date, or +18mo or +90d from the start.")
@click.option("--for", "lasting", default="12mo", show_default=True, metavar="LENGTH", help="Such as 12mo or 90d.")
@click.option("--rerouting", is_flag=True, help="Chinese goods still come through third countries.")
@click.option("--everyone", is_flag=True, help="The country sells to nobody abroad, not only not to the focal buyer.")
@click.option("--threshold", type=float, metavar="X", help="Unmet share from which on it is short.  [default: 0.1]")
@study_options()
def stress(
    scenario: str,
    cut: str,
    at: str,
    lasting: str,
    rerouting: bool,
    everyone: bool,
    threshold: float | None,
    replications: int,
    seed: int,
    commodities: tuple[str, ...],
    sets: tuple[str, ...],
    jobs: Jobs,
    as_json: bool,
    quiet: bool,
) -> int:
    """Cut off a country or a corridor and compare with the same futures without the cut.

    \b
    Example:
      simulator stress scenarios/baseline.yaml --cut CHN --at +18mo
      simulator stress scenarios/baseline.yaml --cut KAZ --at 2027-01-15 --for 6mo --commodity antimony
      simulator stress scenarios/baseline.yaml --cut "Middle Corridor" --at +90d --json

    All exports of the country to the focal buyer stop, China's through third countries too. Printed for each
    commodity: the probability to come through without a shortage, days until short and until recovered, unmet
    demand and tonnes lost against the uncut branch. China cut on the deadline for a year is the yardstick cutoff.

    Ctrl-C prints what the pairs of futures already finished say: exit code 130.
    """
    began = time.monotonic()
    stopped: PartialStress | None = None
    with progress(quiet=quiet) as shown:
        shown.begin(Path(scenario).name, 2 * replications)
        from simulator.analysis import stress as analysis

        loaded, _ = taken_in(scenario, sets, commodities, verb="stress", quiet=quiet)
        try:
            found = analysis.stress(
                loaded,
                cut=cut,
                at=at,
                lasting=lasting,
                rerouting=rerouting,
                everyone=everyone,
                threshold=analysis.THRESHOLD if threshold is None else threshold,
                replications=replications,
                seed=seed,
                commodities=commodities,
                jobs=jobs,
                progress=shown.told,
            )
        except analysis.PartialStress as error:
            if error.stress is None:
                raise
            stopped, found = error, error.stress
    from simulator.report.stress_document import stress_document
    from simulator.report.stress_text import stress_text

    return answer(found, stopped, document=stress_document, text=stress_text, as_json=as_json, began=began, jobs=jobs)
