"""The range of P(met | inputs) of a real scenario, at the first points of its own design."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.analysis.input_range import check_input_range
from simulator.analysis.study import run
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
