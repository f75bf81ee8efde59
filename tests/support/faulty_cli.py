"""The command line with a model that misbehaves: ``python -m tests.support.faulty_cli run SCENARIO ...``.

``FAULT`` says what happens to the block that holds replication ``FAULT_AT`` (or, where that is not set, to every
block): ``raise``, ``die``, ``hang``, ``slow``.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import Any

from simulator.model import simulate


def model(case: Any, draws: Any, replications: Any) -> Any:
    """The shipped model, with a fault."""
    at = os.environ.get("FAULT_AT")
    if at is None or int(at) in replications:
        fault = os.environ["FAULT"]
        if fault == "raise":
            raise ArithmeticError("tonnes appeared from nowhere")
        if fault == "die":
            os._exit(9)
        if fault == "hang":
            time.sleep(3600)
        if fault == "slow":
            time.sleep(float(os.environ.get("FAULT_S", "1")))
    return simulate(case, draws, replications)


def main() -> None:
    from simulator.analysis import study
    from simulator.cli.main import main as command_line
    from simulator.experiment import many

    # By its importable name: where this file is the program, workers know it under another.
    from tests.support.faulty_cli import model as importable

    study.run_cases = partial(study.run_cases, simulate=importable)
    many.run_cases = partial(many.run_cases, simulate=importable)
    command_line(sys.argv[1:])


if __name__ == "__main__":
    main()
