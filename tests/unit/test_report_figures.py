"""Figures say what they show, and are the same bytes for the same run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator import Result
from simulator.analysis.compare import compare
from simulator.errors import UsageError
from simulator.report.figures.differences import difference_rows
from simulator.report.figures.drivers import driver_data, in_words
from simulator.report.figures.fan import fan_data
from simulator.report.figures.first_met import first_met_of
from simulator.report.figures.flows import flow_data
from simulator.report.figures.months import month_data
from simulator.report.figures.style import figure_of, svg
from simulator.report.figures.survival import survival_data
from tests.support.kept import REPLICATIONS, banned, baseline, hostile

FIGURES: dict[str, Callable[[Result, Axes | None], Axes]] = {
    "fan": lambda result, ax: result.plot.fan("antimony", ax),
    "survival": lambda result, ax: result.plot.survival(ax=ax),
    "first_met": lambda result, ax: result.plot.first_met(ax=ax),
    "drivers": lambda result, ax: result.plot.drivers("gallium", ax),
    "flows": lambda result, ax: result.plot.flows("antimony", ax),
    "months": lambda result, ax: result.plot.months(ax),
    "differences": lambda result, ax: result.plot.differences(banned(), "china_dependent_share", ax),
}
SAID = {
    "fan": ("China-exposed, % of use", "Antimony: met in", "target", "deadline", "now", "median"),
    "survival": ("no shortage so far, % of futures", "months from start", "antimony", "gallium"),
    "first_met": ("not met yet, % of futures", "Time until reliance is first met", "deadline", "antimony"),
    "drivers": ("rank correlation", "Gallium: what moves it", "us ban suspension renewed"),
    "flows": ("declared origin", "stock, mixed", "use", "exposed", "now: ", "at the deadline: ", "t a year"),
    "months": (f"Short of use, % of {REPLICATIONS} futures", "antimony", "gallium"),
    "differences": ("Change of china dependent share, percentage points", "Baseline minus Ban of antimony"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_same_bytes_again_and_says_what_it_shows(name: str) -> None:
    text, again = (svg(figure_of(FIGURES[name](baseline(), None))) for _ in range(2))
    assert text == again
    assert [said for said in (*SAID[name], f"{REPLICATIONS} futures, seed 0") if said not in text] == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_on_the_axes_it_is_given_and_changes_no_setting(name: str) -> None:
    before = dict(mpl.rcParams)
    given = Figure().subplots()
    assert FIGURES[name](baseline(), given) is given
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("ask", ["fan", "survival", "first_met", "drivers", "flows"])
def test_a_commodity_that_was_not_run_is_named_with_those_that_were(ask: str) -> None:
    with pytest.raises(UsageError, match=r"'tungsten' is not in this run; it has .*gallium"):
        getattr(baseline().plot, ask)("tungsten")


def test_a_yardstick_that_is_not_watched_has_no_curve_and_the_curve_never_rises() -> None:
    with pytest.raises(
        UsageError, match="'cutoff' is not watched day by day in this run; known are reliance, complete"
    ):
        baseline().plot.first_met("antimony", yardstick="cutoff")
    shares = [item.value for item in first_met_of(baseline(), "antimony", "direct").not_yet]
    assert shares == sorted(shares, reverse=True)


def test_the_fan_holds_the_quantiles_of_the_share_that_is_judged() -> None:
    data, outcome = fan_data(baseline(), "antimony"), baseline().outcome
    chain = next(chain for chain in outcome.chains if chain.commodity == "antimony")
    series = chain.series["china_dependent_share"].astype(float)
    assert data.bands[2].tolist() == np.median(series, axis=0).tolist()
    assert (np.diff(data.bands, axis=0) >= 0).all()
    assert data.threshold == 0.5


def changed(result: Result, name: str, kind: str, table: dict[str, Any]) -> Result:
    """A result with some arrays of a commodity in the place of its own."""
    chains = tuple(
        replace(chain, **{kind: {**getattr(chain, kind), **table}}) if chain.commodity == name else chain
        for chain in result.outcome.chains
    )
    outcome = replace(result.outcome, chains=chains)
    return replace(result, outcome=outcome, verdict=replace(result.verdict, counted=outcome))


def test_survival_counts_first_shortages_and_never_rises() -> None:
    chain = next(chain for chain in baseline().outcome.chains if chain.commodity == "gallium")
    short = np.zeros_like(chain.series["unmet_share"])
    places = [i for i, day in enumerate(baseline().outcome.month_days) if day > 0]
    # A quarter of the futures is short in the third month alone, which counts from then on.
    short[: REPLICATIONS // 4, places[2]] = 0.5
    calm = changed(baseline(), "gallium", "values", {"unmet_share": np.zeros((REPLICATIONS, 3))})
    data = survival_data(changed(calm, "gallium", "series", {"unmet_share": short}), "gallium")
    values = [item.value for item in data.surviving]
    assert values[:3] == [1.0, 1.0, 1.0]
    assert set(values[3:]) == {0.75}
    assert data.at_risk.tolist()[-1] == REPLICATIONS * 3 // 4
    assert np.isinf(data.median)
    assert sorted(set(data.first.tolist()))[0] == data.months[3]


def test_a_driver_of_everything_is_found_and_unrelated_ones_are_noise() -> None:
    outcome = baseline().outcome
    deadline = outcome.moment("deadline")
    renewed = outcome.branches["suspension/us_ban_suspension/renewed"]
    shares = np.zeros((REPLICATIONS, len(outcome.moments)))
    shares[:, deadline] = np.where(renewed, 0.2, 0.8)
    data = driver_data(changed(baseline(), "gallium", "values", {"china_dependent_share": shares}), "gallium", 100)
    assert "us ban suspension renewed" in data.drivers[0].name
    assert data.drivers[0].correlation == pytest.approx(-1.0)
    assert sum(item.above_noise for item in data.drivers) <= 3
    assert not any("antimony" in item.name for item in data.drivers)
    assert all(item.low <= item.correlation <= item.high for item in data.drivers)
    shares[:, deadline] = 0.5
    assert (
        driver_data(changed(baseline(), "gallium", "values", {"china_dependent_share": shares}), "gallium").drivers
        == ()
    )


def test_an_opposite_branch_reads_as_one() -> None:
    assert in_words("not suspension/us_ban/renewed") == "us ban not renewed"


def test_flows_add_up_to_all_that_landed() -> None:
    data = flow_data(baseline(), "antimony")
    for moment in ("now", "deadline"):
        assert sum(getattr(band, moment).value for band in data.origins) == pytest.approx(1.0)
        assert sum(getattr(band, moment).value for band in data.provenance) == pytest.approx(1.0)
    assert len(data.origins) <= 6
    assert data.tonnes[0].value > 0


def test_months_run_from_start_to_deadline() -> None:
    data = month_data(baseline())
    assert set(data.commodities) == {"antimony", "gallium"}
    assert len(data.days) == 18
    assert all(0 <= cell.low <= cell.value <= cell.high <= 1 for row in data.short for cell in row)


def test_only_what_differs_is_drawn_as_a_difference() -> None:
    rows = difference_rows(compare(baseline(), banned()), "direct_china_share")
    assert [item.commodity for item, _ in rows] == ["antimony"]
    with pytest.raises(UsageError, match="'happiness' is not compared"):
        difference_rows(compare(baseline(), banned()), "happiness")


def test_a_name_is_never_read_as_a_formula_or_markup() -> None:
    text = svg(figure_of(hostile().plot.fan("gallium")))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text


def test_a_run_needs_no_matplotlib_and_nothing_of_a_notebook() -> None:
    code = (
        "import sys\nfrom simulator.cli.main import exit_code\n"
        "assert exit_code(['run', sys.argv[1], '--commodity', 'gallium', '--replications', '16', '--jobs', '1']) == 0\n"
        "from simulator import load, run\nimport simulator.cli.report\n"
        "run(sys.argv[1], replications=16, commodities=['gallium'])\n"
        "heavy = {'matplotlib', 'jinja2', 'IPython', 'ipywidgets', 'pandas', 'xarray'}\n"
        "assert not heavy & set(sys.modules), 'imported'"
    )
    baseline_file = str(Path(__file__).parents[2] / "scenarios" / "baseline.yaml")
    subprocess.run([sys.executable, "-c", code, baseline_file], check=True, capture_output=True)
