"""What else a run can be asked for: the range of P(met | inputs), and a precision, of a real scenario."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.analysis.input_range import check_input_range
from simulator.analysis.study import PartialStudy, run
from simulator.errors import UsageError
from simulator.report.document import run_document
from simulator.report.terminal import terminal
from simulator.scenario import load, resolve

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"


def test_the_range_stands_beside_every_verdict_and_holds_the_average() -> None:
    study = run(BASELINE, replications=64, commodities=("magnesium_metal",), with_input_range=True)
    document = run_document(study)
    found = document["commodities"][0]["yardsticks"]["reliance"]["p_given_inputs"]
    assert (document["input_range"]["points"], document["input_range"]["repeats"]) == (64, 32)
    assert 0.0 <= found["p05"]["value"] <= found["p50"]["value"] <= found["p95"]["value"] <= 1.0
    assert found["raw_p05_p95"][0] <= found["p05"]["value"] + 1e-12
    assert "P(met) given the inputs" in terminal(study)
    assert "p_given_inputs" not in str(run_document(run(BASELINE, replications=16, commodities=("magnesium_metal",))))


def test_without_an_uncertain_input_there_is_no_range() -> None:
    case = resolve(load(BASELINE), ["gallium"])
    with pytest.raises(UsageError, match="no input is uncertain"):
        check_input_range(replace(case, inputs=()))


def test_a_precision_that_is_interrupted_keeps_the_futures_it_has() -> None:
    """Stopped as the second look's futures begin: the first 512 are there, of those that look was to have."""
    told: list[int] = []

    def stop(done: int, total: int, statistic: str) -> None:
        if told and done < told[-1]:
            raise KeyboardInterrupt
        told.append(done)

    with pytest.raises(PartialStudy, match=r"interrupted after 512 of 1,024 replications") as caught:
        run(BASELINE, replications=2048, commodities=("bismuth",), precision=0.001, progress=stop)
    assert caught.value.exit_code == 130
    study = caught.value.study
    assert study is not None
    assert (study.replications, study.requested, study.complete) == (512, 1024, False)
