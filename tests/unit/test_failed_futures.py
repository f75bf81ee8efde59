"""Whatever is estimated from a run in which futures failed is estimated from its whole rounds of 16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulator
from simulator import Result
from simulator.analysis import conditioning, study
from simulator.analysis.compare import compare
from simulator.analysis.study import PartialStudy
from simulator.analysis.verdict import judge
from simulator.cli.main import exit_code
from simulator.metrics.outcome import selected
from simulator.report.delivery_document import agreement_documents, partner_documents
from simulator.report.figures.contrast import contrast
from simulator.report.figures.style import figure_of, svg
from simulator.report.page.figures_part import data_tables
from simulator.report.page.verdict_part import status_section, verdict_section
from simulator.report.tidy import tidy
from tests.support.faulty import fails_in

SCENARIOS = Path(__file__).parents[2] / "scenarios"
N = 64
FIGURES: dict[str, Callable[[Result], Any]] = {
    "fan": lambda result: result.plot.fan("gallium"),
    "survival": lambda result: result.plot.survival(),
    "first_met": lambda result: result.plot.first_met(),
    "drivers": lambda result: result.plot.drivers("gallium"),
    "flows": lambda result: result.plot.flows("gallium"),
    "months": lambda result: result.plot.months(),
    "differences": lambda result: result.plot.differences(result, "china_dependent_share"),
    "contrast": lambda result: contrast({"one": result, "other": result}, "gallium"),
}


def failing(scenario: str, replications: int, poison: set[int]) -> Result:
    """A run in which some futures fail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "run_cases", partial(study.run_cases, simulate=fails_in(*poison)))
        with pytest.raises(PartialStudy) as stopped:
            simulator.run(SCENARIOS / scenario, replications=replications, commodities=["gallium"])
    found = stopped.value.study
    assert [item.replication for item in found.failed] == sorted(poison)
    assert isinstance(found, Result)
    return found


@pytest.fixture(scope="module", params=["baseline.yaml", "observed/nowcast_2026_07.yaml"])
def runs(request: pytest.FixtureRequest) -> Any:
    """A run of which two futures failed, and a whole one cut to the rounds that this leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditioning, "LEAST_EFFECTIVE", 4)
        failed = failing(request.param, N, {21, 40})
        whole = simulator.run(SCENARIOS / request.param, replications=N, commodities=["gallium"])
        rounds = selected(whole.outcome, np.r_[0:16, 48:64])
        yield failed, replace(whole, outcome=rounds, verdict=judge(whole.case, rounds))


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_that_of_the_whole_rounds(runs: tuple[Result, Result], figure: str) -> None:
    failed, rounds = (svg(figure_of(FIGURES[figure](item))) for item in runs)
    assert failed == rounds


def test_tables_are_those_of_the_whole_rounds(runs: tuple[Result, Result]) -> None:
    failed, rounds = runs
    assert (failed.replications, failed.futures) == (N - 2, N - 32)
    assert tidy([failed, failed]) == tidy([rounds, rounds])
    assert data_tables([failed]) == data_tables([rounds])
    assert status_section([failed]) == status_section([rounds])
    assert verdict_section([failed]).blocks[-1] == verdict_section([rounds]).blocks[-1]
    for level in ("verdict", "agreement"):
        assert failed.to_dataframe(level=level).equals(rounds.to_dataframe(level=level))
    for document in (agreement_documents, partner_documents):
        assert document(failed) == document(rounds)
    assert repr(compare(failed, failed)) == repr(compare(rounds, rounds))


def test_what_is_kept_and_listed_future_by_future_is_all_that_finished(
    runs: tuple[Result, Result], tmp_path: Path
) -> None:
    failed, _ = runs
    finished = np.delete(np.arange(N), [21, 40]).tolist()
    assert sorted(set(failed.to_dataframe(level="kpi")["replication"])) == finished
    assert sorted(set(failed.to_dataframe(level="series")["replication"])) == finished
    again = simulator.load(failed.save(tmp_path))
    assert again.outcome.replications.tolist() == finished
    assert again.verdict.overall == failed.verdict.overall


def test_a_run_without_a_whole_round_has_its_report_and_no_interval(tmp_path: Path) -> None:
    failed = failing("baseline.yaml", 32, {3, 20})
    folder = failed.save(tmp_path / "runs")
    assert np.isnan(failed.verdict.commodities[0].yardsticks["direct"].probability.low)
    assert exit_code(["report", str(folder), f"--html={tmp_path / 'page'}", "--quiet"]) == 0
    told = (tmp_path / "page").read_text("utf-8")
    assert "2 of 32 replications failed. 15 others do not count" in told
