"""Reports of runs so long that series are kept of their first futures alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulator
from simulator import Result
from simulator.analysis import conditioning
from simulator.cli.main import exit_code
from simulator.metrics import outcome
from simulator.report import run_arrays
from simulator.report.figures.contrast import contrast
from simulator.report.figures.fan import fan_data, fans
from simulator.report.figures.flows import flow_data
from simulator.report.figures.months import month_data
from simulator.report.figures.style import figure_of, svg
from simulator.report.figures.survival import survival_data
from simulator.report.page.blocks import Table
from simulator.report.page.verdict_part import status_section

SCENARIOS = Path(__file__).parents[2] / "scenarios"
N, KEPT = 64, 32


@pytest.fixture(params=["baseline.yaml", "observed/nowcast_2026_07.yaml"])
def long(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Result:
    """A run of which half of the futures have series, counted alike and weighted."""
    for module in (outcome, run_arrays):
        monkeypatch.setattr(module, "SERIES_MOST", KEPT)
    monkeypatch.setattr(conditioning, "LEAST_EFFECTIVE", 4)
    return simulator.run(SCENARIOS / request.param, replications=N, commodities=["gallium"])


def test_a_long_run_has_its_page_its_tables_and_its_figures(long: Result, tmp_path: Path) -> None:
    folder = long.save(tmp_path / "runs")
    words = [f"--{kind}={tmp_path / kind}" for kind in ("html", "markdown", "csv")]
    assert exit_code(["report", str(folder), *words, "--quiet"]) == 0
    assert f"Short of use, % of {KEPT} futures" in (tmp_path / "html").read_text("utf-8")
    for figure in (long.plot.fan, long.plot.flows):
        figure("gallium")
    contrast({"one": long, "other": long}, "gallium")


def test_the_line_under_a_figure_names_the_futures_drawn(long: Result) -> None:
    some, of = f"the first {KEPT} of {N}", f"{N} futures"
    told = {
        "fan": (long.plot.fan("gallium"), f": {some} futures, seed 0"),
        "fans": (fans([long, long], "gallium"), f": {some} futures, seed 0"),
        "survival": (long.plot.survival(), f": {some} futures, seed 0"),
        "months": (long.plot.months(), f": {some} futures, seed 0"),
        "contrast": (contrast({"one": long, "other": long}, "gallium"), f"{some} paired futures, seed 0"),
        "flows": (long.plot.flows("gallium"), f": {of} (landings of the first {KEPT}), seed 0"),
        "first_met": (long.plot.first_met(), f": {of}, seed 0"),
        "drivers": (long.plot.drivers("gallium"), f": {of}, seed 0"),
    }
    for figure, (drawn, line) in told.items():
        assert line in svg(figure_of(drawn)), figure
    table = status_section([long]).blocks[0]
    assert isinstance(table, Table)
    assert f"{of} (shortages: the first {KEPT})" in table.caption


def test_what_is_shown_by_month_is_of_the_futures_with_series(long: Result) -> None:
    assert fan_data(long, "gallium").n.max() == KEPT
    assert survival_data(long, "gallium").surviving[-1].n == KEPT
    assert month_data(long).short[0][0].n == KEPT
    assert flow_data(long, "gallium").tonnes[0].n == KEPT


def test_tables_by_month_name_the_futures_with_series(long: Result) -> None:
    months = long.to_dataframe(level="series")
    assert sorted(set(months["replication"])) == list(range(KEPT))
    by_month = long.to_xarray()["china_exposed_share_by_month"]
    assert by_month.sizes["replication"] == N
    assert np.isnan(by_month[KEPT:]).all()
    assert not np.isnan(by_month[:KEPT]).all()
