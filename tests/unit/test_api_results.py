"""Results as a notebook uses them: tables, datasets, what a cell shows, what is missing and how to get it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from simulator import Scenario, run, stress, sweep
from simulator.analysis import compare as analysis
from simulator.api import notebook
from simulator.api.comparisons import Compared, compare
from simulator.errors import NotComparableError, UsageError
from simulator.report.figures.style import figure_of, svg
from tests.support.kept import COMMODITIES, REPLICATIONS, SCENARIOS, banned, baseline, hostile


class Balanced(HTMLParser):
    """Fails on an element that is not closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def elements(html: str) -> list[str]:
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return parser.seen


def test_a_result_shows_its_verdict_in_a_sentence_and_a_table() -> None:
    html = baseline()._repr_html_()
    assert elements(html).count("table") == 1
    for said in (
        "simulated futures",
        "antimony",
        "gallium",
        "failing",
        "binding stage",
        "64 futures, seed 0",
    ):
        assert said in html
    assert repr(baseline()).count("\n") == 0
    assert "64 replications, seed 0" in repr(baseline())
    assert "Headline commodities" in baseline().summary()


@pytest.mark.parametrize(
    "show",
    [lambda: hostile()._repr_html_(), lambda: compare(hostile(), hostile())._repr_html_()],
    ids=["run", "compare"],
)
def test_no_name_becomes_markup_in_a_notebook(show: Callable[[], str]) -> None:
    html = show()
    assert "script" not in elements(html)
    assert "&lt;script&gt;" in html


def test_every_level_is_a_tidy_table_of_the_same_numbers() -> None:
    result = baseline()
    kpi = result.to_dataframe()
    chain = result.outcome.chains[0]
    rows = kpi[(kpi.commodity == chain.commodity) & (kpi.moment == "deadline")]
    deadline = result.outcome.moment("deadline")
    assert rows.unmet_share.tolist() == chain.values["unmet_share"][:, deadline].tolist()
    assert rows.met_reliance.tolist() == chain.met["reliance"][:, deadline].tolist()
    assert rows.replication.tolist() == list(range(REPLICATIONS))
    assert str(rows.day.iloc[0].date()) == "2027-05-06"
    assert len(kpi) == len(result.outcome.chains) * REPLICATIONS * len(result.outcome.moments)

    series = result.to_dataframe("series")
    by_month = series[series.commodity == chain.commodity].groupby("month").china_exposed_share.median()
    assert by_month.tolist() == pytest.approx(np.median(chain.series["china_exposed_share"], axis=0).tolist())

    verdict = result.to_dataframe("verdict")
    row = verdict[(verdict.commodity == "antimony") & (verdict.yardstick == "reliance")].iloc[0]
    known = next(item for item in result.verdict.commodities if item.commodity == "antimony")
    assert (row.p, row.low, row.high) == tuple(
        getattr(known.yardsticks["reliance"].probability, name) for name in ("value", "low", "high")
    )
    assert verdict[verdict.commodity == "headline"].of.iloc[0] == 2
    assert row.p_exposed_max <= row.p <= row.p_exposed_min
    assert row.distance == known.yardsticks["reliance"].distance.mean.value
    with pytest.raises(UsageError, match="level='kpis' is not known; write verdict, kpi, series, agreement"):
        result.to_dataframe("kpis")  # type: ignore[arg-type]


def test_a_dataset_has_named_axes_and_units() -> None:
    data = baseline().to_xarray()
    assert dict(data.sizes) == {"replication": 64, "commodity": 2, "moment": 3, "month": len(data.month)}
    chosen = data.price_index.sel(commodity="gallium", moment="deadline")
    chain = next(chain for chain in baseline().outcome.chains if chain.commodity == "gallium")
    assert chosen.values.tolist() == chain.values["price_index"][:, 1].tolist()
    assert data.days_of_cover.attrs["units"] == "days"
    assert data.attrs["scenario_sha256"] == baseline().case.sha256
    assert float(data.met_reliance.sel(commodity="gallium", moment="deadline").mean()) == 0.0


@pytest.mark.parametrize(
    ("library", "ask"),
    [
        ("pandas", lambda: baseline().to_dataframe("kpi")),
        ("pandas", lambda: baseline().to_dataframe("verdict")),
        ("xarray", lambda: baseline().to_xarray()),
    ],
)
def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(
    library: str, ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    baseline()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UsageError, match=rf"needs {library}: python -m pip install 'oresight\[analysis\]'"):
        ask()


def test_a_figure_is_what_a_cell_shows_of_the_axes() -> None:
    ax = baseline().plot.fan("antimony")
    ax.set_title("Mine")
    shown = ax._repr_svg_()  # type: ignore[attr-defined]
    assert "Mine" in shown
    assert shown == svg(figure_of(ax))


def compared() -> Compared:
    return compare(baseline(), banned())


def test_a_comparison_is_the_paired_one_by_name() -> None:
    pair = compared()["Ban of antimony"]
    known = analysis.compare(baseline(), banned())
    assert pair == known
    assert repr(compared()) == "<Compared 'Ban of antimony' against 'Baseline': 64 paired futures>"
    frame = compared().to_dataframe()
    row = frame[(frame.commodity == "antimony") & (frame.measure == "direct_china_share")].iloc[0]
    assert row.difference == pytest.approx(row.other - row.reference)
    assert row.low <= row.difference <= row.high < 0
    assert "antimony" in elements_text(compared()._repr_html_())
    assert "Ban of antimony against Baseline" in compared().summary()
    with pytest.raises(UsageError, match="'ban' is not compared; known are 'Ban of antimony'"):
        compared()["ban"]


def elements_text(html: str) -> str:
    elements(html)
    return html


def test_scenarios_are_run_on_the_futures_of_the_first_result_and_named_by_what_they_change() -> None:
    base = Scenario.load(SCENARIOS / "baseline.yaml")
    milder = base.with_set("events.us_ban_suspension.renewal_probability", 0.0)
    found = compare(baseline(), milder, base.without_event("myanmar_halt_2024"), base)
    assert list(found.results) == [
        "Baseline",
        "Baseline us_ban_suspension.renewal_probability=0",
        "Baseline without myanmar_halt_2024",
        "Baseline (2)",
    ]
    assert {len(item.outcome.replications) for item in found.results.values()} == {REPLICATIONS}
    assert {item.commodity for item in found.results["Baseline (2)"].outcome.chains} == set(COMMODITIES)
    assert found["Baseline (2)"].identical
    assert not found.identical


def test_names_may_be_given() -> None:
    found = compare({"now": baseline(), "ban": banned()})
    assert found["ban"].reference == "now"
    assert "ban against now" in found.summary()


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(UsageError, match="nothing to compare with"):
        compare(baseline())
    with pytest.raises(UsageError, match="give either one mapping"):
        compare({"a": baseline()}, banned())
    with pytest.raises(NotComparableError, match="replications 64 and 16"):
        compare(baseline(), hostile())


@pytest.mark.parametrize("measure", ["reliance", "direct", "unmet", "price", "exposed", "cover"])
def test_scenarios_are_drawn_over_time_beside_each_other(measure: str) -> None:
    ax = compared().plot.over_time("antimony", measure)
    text = svg(figure_of(ax))
    assert text == svg(figure_of(compared().plot.over_time("antimony", measure)))
    assert "Ban of antimony" in text
    assert "64 paired futures" in text
    assert ("target" in text) == (measure in ("reliance", "direct"))


def test_the_figures_of_a_comparison_say_what_they_can_draw() -> None:
    with pytest.raises(UsageError, match="'happiness' is not drawn over time; known are reliance"):
        compared().plot.over_time("antimony", "happiness")
    with pytest.raises(UsageError, match="'tungsten' is not in this run"):
        compared().plot.reliance("tungsten")
    assert "Change of" in svg(figure_of(compared().plot.differences("direct_china_share")))


def test_the_other_verbs_show_as_their_reports() -> None:
    base = Scenario.load(SCENARIOS / "baseline.yaml")
    cut = stress(base, cut="CHN", at="+18mo", replications=16, commodities=["antimony"])
    swept = sweep(
        base,
        {"events.us_ban_suspension.renewal_probability": [0, 1]},
        replications=16,
        commodities=["antimony"],
    )
    for found, begins in (
        (cut, "<Stress of 'Baseline': CHN cut from 2027-05-06"),
        (swept, "<Sweep of 'Baseline': 2 of 2"),
    ):
        assert repr(found).startswith(begins)
        assert "pre" in elements(found._repr_html_())
        assert found.summary().startswith("Baseline")
        assert len(found.to_dataframe()) > 0


class Display:
    """What IPython offers for an output that changes."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def __call__(self, item: Any, *, display_id: bool) -> Display:
        assert display_id
        self.update(item)
        return self

    def update(self, item: Any) -> None:
        self.shown.append(item.data)


def test_a_bar_shows_in_a_notebook_alone_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    display = Display()
    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(notebook, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(notebook, "_BETWEEN_S", 0.0)
    asked: dict[str, Any] = {"replications": 32, "commodities": ["gallium"]}
    run(SCENARIOS / "baseline.yaml", **asked)
    assert display.shown == []
    monkeypatch.setattr(notebook, "in_notebook", lambda: True)
    run(SCENARIOS / "baseline.yaml", progress=False, **asked)
    assert display.shown == []
    run(Scenario.load(SCENARIOS / "baseline.yaml", ["name=<b>"]), **asked)
    assert len(display.shown) > 2
    assert elements(display.shown[1]) == ["label", "progress"]
    assert "&lt;b&gt;" in display.shown[1]
    assert display.shown[-1] == ""


def test_a_run_takes_a_precision_a_cut_off_and_the_range_over_inputs() -> None:
    result = run(
        SCENARIOS / "baseline.yaml", commodities=["magnesium_metal"], replications=512, precision=0.2, cutoff=True,
        input_range=True,
    )  # fmt: skip
    assert result.precision is not None
    assert result.precision.reached
    assert result.replications == 512
    (item,) = result.verdict.commodities
    assert 0.0 <= item.yardsticks["cutoff"].probability.value <= 1.0
    assert result.input_range is not None
    assert result.input_range.commodities["magnesium_metal"].keys() == item.yardsticks.keys() - {"cutoff"}
    frame = result.to_dataframe("kpi")
    known = frame.met_cutoff.notna()
    assert set(frame.moment[known]) == {"deadline"}, "of any other moment nothing is known"
    chain, deadline = result.outcome.chains[0], result.outcome.moment("deadline")
    assert frame.met_cutoff[known].tolist() == chain.met["cutoff"][:, deadline].tolist()
    assert int(result.to_xarray().met_cutoff.notnull().sum()) == 512
