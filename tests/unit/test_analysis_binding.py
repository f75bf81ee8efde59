"""What stands in the way: by ``nminus1`` the stage that can spare its largest supplier least, whoever that is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.analysis.binding import binding
from simulator.analysis.worths import Spared, Worth
from simulator.scenario import load, resolve
from simulator.scenario.case import Case

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"


@pytest.fixture(scope="module")
def case() -> Case:
    return resolve(load(BASELINE), ["gallium"])


def worth(ratio: list[list[float]]) -> Worth:
    """Use passes China at the mine, yet the world could do without it there; not so without Kazakhstan's refining."""
    n = len(ratio)
    none = np.zeros(n)
    return Worth(
        values={"met": none, "china_dependent_share": none + 0.9},
        met_at_start=np.zeros(n, dtype=bool),
        stages=("mine", "refinery"),
        china=np.tile([0.9, 0.1], (n, 1)),
        runner_up=np.zeros((n, 2)),
        runner_ups=("", ""),
        spared=Spared(np.array(ratio), (("CHN", "USA"), ("CHN", "KAZ")), np.tile([[0.3, 0.1], [0.2, 0.7]], (n, 1, 1))),
    )


def test_n_minus_1_looks_at_the_world_and_not_at_the_focal_use(case: Case) -> None:
    found = binding(case, "nminus1", "gallium", worth([[0.9, 0.4], [1.2, 0.5], [1.1, 0.6]]))
    assert (found.stage, found.country, found.share) == ("refinery", "KAZ", pytest.approx(0.7))
    assert (found.next_country, found.next_share) == ("CHN", pytest.approx(0.2))


def test_nothing_stands_in_the_way_where_every_stage_can_spare_its_largest(case: Case) -> None:
    assert binding(case, "nminus1", "gallium", worth([[1.2, 1.1], [1.5, 1.0]])).stage is None
