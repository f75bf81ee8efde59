"""``simulator rerun``: simulate a kept run again from its manifest, and compare the bytes."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import json_option, quiet_option
from simulator.cli.progress import progress
from simulator.cli.workers import workers_options

if TYPE_CHECKING:
    from simulator.experiment.executors import Jobs


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", metavar="RUN_DIR")
@workers_options
@json_option
@quiet_option
def rerun(folder: str, jobs: Jobs, as_json: bool, quiet: bool) -> int:
    """Simulate a kept run again from its manifest alone, and compare the results byte by byte.

    \b
    Example:
      simulator run scenarios/baseline.yaml --commodity gallium --out runs
      simulator rerun runs/baseline-1a2b3c4d

    Exit code 0: the same bytes, or on another machine or with other libraries the same numbers to 1e-9;
    1: other results; 3: the folder is not a whole run directory. Futures of which nothing was kept,
    as they failed, are not compared.
    """
    with progress(quiet=quiet) as shown:
        from simulator.report.run_manifest import read_manifest

        manifest = read_manifest(Path(folder))
        shown.begin(os.path.basename(os.path.normpath(folder)), manifest.replications.requested)

        from simulator.report.rerun import rerun as repeated

        found = repeated(Path(folder), jobs=jobs, progress=shown.told)
    if as_json:
        from simulator.report.document import finite, text

        click.echo(
            text(
                finite(
                    {
                        "schema": "simulator.rerun/1",
                        "run_id": found.run_id,
                        "holds": found.holds,
                        "identical": found.identical,
                        "files": list(found.files),
                        "differing": list(found.differing),
                        "largest_relative_difference": found.largest_difference,
                        "largest_in": found.largest_in,
                        "elsewhere": list(found.elsewhere),
                        "not_kept": found.not_kept,
                        "failing": list(found.failing),
                        "execution": {"wall_s": round(found.study.wall_s, 3), "jobs": found.study.jobs},
                    }
                )
            ),
            nl=False,
        )
    else:
        from simulator.report.wording import counted

        click.echo(_told(found.identical, found.holds, len(found.files), found.largest_difference, found.largest_in))
        for line in found.elsewhere:
            click.echo(f"  not as it was: {line}")
        if found.not_kept:
            click.echo(f"  not compared: {counted(found.not_kept, 'future', 'futures')} of which nothing was kept")
        if found.failing:
            click.echo(f"  fails now: {', '.join(map(str, found.failing))}")
    return 0 if found.holds else 1


def _told(identical: bool, holds: bool, files: int, largest: float, where: str) -> str:
    if identical:
        return f"identical: all {files} files of results have the same bytes"
    size = "arrays that do not match" if math.isinf(largest) else f"a largest relative difference of {largest:.3g}"
    return f"{'equal within 1e-9' if holds else 'different'}: {size}, in {where}"
