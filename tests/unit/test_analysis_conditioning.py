"""Weights by what was observed: closed forms, the toy whose posterior is known, and what a run does with them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import simulator
from simulator.analysis import conditioning as subject
from simulator.analysis.conditioning import covariance, gaussian_log_likelihood, normalised
from simulator.analysis.intervals import (
    conditional_probability,
    effective_size,
    known_mean_interval,
    mean_interval,
    probability,
    quantile,
    quantiles_of,
    wilson,
)
from simulator.analysis.solve import solve
from simulator.analysis.stress import stress
from simulator.catalogue.observation_errors import error_models
from simulator.cli.main import exit_code
from simulator.domain.observations import Observation
from simulator.errors import InputError, TooFewReplicationsError, UsageError
from simulator.scenario import load

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NOWCAST = SCENARIOS / "nowcast.yaml"
OBSERVED = SCENARIOS / "observed" / "nowcast_2026_07.yaml"
HEAD = "commodity,measure,origin,destination,period_start,period_end,value,unit,source,quality"


def figure(month: int, value: float = 1.0) -> Observation:
    first = date(2026, month, 1)
    return Observation("gallium", "price_index", first, date(2026, month, 28), value, "1", "test", "reported")


def test_the_effective_size_is_n_over_one_plus_the_squared_coefficient_of_variation() -> None:
    weights = np.random.default_rng(1).gamma(2.0, size=500)
    variation = weights.std() / weights.mean()
    assert effective_size(weights) == pytest.approx(500 / (1 + variation**2))
    assert effective_size(np.ones(500)) == pytest.approx(500)
    assert effective_size([0.0, 3.0, 0.0]) == 1.0


def test_for_a_normal_prior_and_one_figure_the_effective_share_is_the_closed_form() -> None:
    """Prior N(0, 1), a figure y with error s: E[w]^2 / E[w^2] has a closed form in s and y."""
    draws, s, y = np.random.default_rng(2).standard_normal(400_000), 0.8, 1.1
    weights = normalised(gaussian_log_likelihood([y - draws], np.array([[s * s]])))
    once, twice = 1 + s * s, 2 + s * s
    expected = s * math.sqrt(twice) / once * math.exp(-y * y / once + y * y / twice)
    assert effective_size(weights) / len(draws) == pytest.approx(expected, rel=0.02)


def test_the_weighted_futures_are_the_conjugate_posterior() -> None:
    """A normal mean with two figures of correlated errors: the posterior is known, and weights reproduce it."""
    rng = np.random.default_rng(3)
    prior_mean, prior_sd, n = 2.0, 1.5, 200_000
    theta = rng.normal(prior_mean, prior_sd, n)
    errors = np.array([[0.5, 0.3], [0.3, 0.9]])
    seen = np.array([3.1, 2.4])
    weights = normalised(gaussian_log_likelihood([value - theta for value in seen], errors))
    precision = np.linalg.inv(errors)
    variance = 1 / (1 / prior_sd**2 + precision.sum())
    mean = variance * (prior_mean / prior_sd**2 + precision.sum(axis=0) @ seen)
    tolerance = 4 * math.sqrt(variance / effective_size(weights))
    assert np.average(theta, weights=weights) == pytest.approx(mean, abs=tolerance)
    assert np.average((theta - mean) ** 2, weights=weights) == pytest.approx(variance, rel=0.03)
    # Negative control: errors taken for independent would claim more than the two figures know.
    alone = normalised(gaussian_log_likelihood([value - theta for value in seen], np.diag(np.diag(errors))))
    assert np.average((theta - mean) ** 2, weights=alone) < 0.93 * variance


def test_one_observation_weighs_by_its_error_and_the_bias_of_the_model() -> None:
    model = error_models()["price_index"]
    given = np.array([1.0, 2.0, 4.0])
    one = figure(1)
    spread = covariance(model, [one])[0, 0]
    assert spread == pytest.approx(model.figure["reported"] ** 2 + model.scatter_month**2 + model.bias**2)
    weights = normalised(gaussian_log_likelihood([np.log(1.0) - np.log(given)], np.array([[spread]])))
    assert weights[1] / weights[0] == pytest.approx(math.exp(-0.5 * math.log(2) ** 2 / spread))
    assert weights[2] / weights[0] == pytest.approx(math.exp(-0.5 * math.log(4) ** 2 / spread))


def test_a_dozen_figures_of_one_series_are_not_a_dozen_proofs() -> None:
    """The lasting bias is common to them: their information stays bounded by it."""
    model = error_models()["price_index"]
    year = [figure(month) for month in range(1, 13)]
    information = np.linalg.inv(covariance(model, year)).sum()
    assert information < 2 / model.bias**2
    assert information > 1 / covariance(model, year[:1])[0, 0]


def test_a_source_that_states_its_error_is_taken_at_its_word() -> None:
    model = error_models()["price_index"]
    assert model.own_variance(replace(figure(1), sd=0.3)) == pytest.approx(0.09 + model.scatter_month**2)


def test_months_average_out_their_scatter_but_not_the_bias() -> None:
    model = error_models()["imports"]
    year = replace(figure(1), period_start=date(2026, 1, 1), period_end=date(2026, 12, 31))
    own = model.own_variance(year) - model.figure["reported"] ** 2
    assert own == pytest.approx(model.scatter_month**2 / 12, rel=0.01)


def test_equal_weights_change_nothing_but_the_interval_of_the_jackknife() -> None:
    rng = np.random.default_rng(4)
    values, flags, given, ones = rng.normal(size=320), rng.random(320) < 0.3, rng.random(320) < 0.5, np.ones(320)
    assert mean_interval(values, weights=ones).low == pytest.approx(mean_interval(values).low)
    assert probability(flags, weights=ones).high == pytest.approx(probability(flags).high)
    assert conditional_probability(flags, given, weights=ones).value == conditional_probability(flags, given).value
    assert quantiles_of(values, (0.05, 0.5, 0.9), ones) == pytest.approx(quantiles_of(values, (0.05, 0.5, 0.9)))
    assert quantile(values, 0.5, weights=ones).value == pytest.approx(quantile(values, 0.5).value)
    assert (probability(flags, weights=ones).n, probability(flags, weights=ones).ess) == (320, pytest.approx(320))


def test_a_weight_of_nothing_leaves_a_future_out() -> None:
    values = np.arange(64.0)
    weights = np.where(values < 32, 2.0, 0.0)
    assert mean_interval(values, weights=weights).value == pytest.approx(15.5)
    assert mean_interval(values, weights=weights).n == 32
    undefined = np.where(values < 32, values, np.nan)
    assert known_mean_interval(undefined, weights=np.ones(64)).value == pytest.approx(15.5)
    assert quantiles_of(values, (0.5,), weights)[0] == pytest.approx(15.5)


def test_where_all_agree_the_interval_is_wilsons_of_the_effective_number() -> None:
    weights = np.random.default_rng(5).gamma(0.5, size=512)
    never = probability(np.zeros(512, dtype=bool), weights=weights)
    assert (never.value, never.low) == (0.0, 0.0)
    assert never.high == pytest.approx(wilson(0.0, effective_size(weights))[1])
    assert never.high > probability(np.zeros(512, dtype=bool)).high


def test_weighted_intervals_cover_as_often_as_they_say() -> None:
    """Importance sampling of a normal mean and a probability: the jackknife's intervals hold the truth in 95 %."""
    rng = np.random.default_rng(6)
    trials, covered, shares = 800, 0, 0
    truth = 0.8  # posterior mean of N(0, 1) given y = 1 with error 0.5
    below = 0.5 * (1 + math.erf((0.5 - truth) / math.sqrt(0.2) / math.sqrt(2)))
    for _ in range(trials):
        theta = rng.standard_normal(1024)
        weights = normalised(gaussian_log_likelihood([1.0 - theta], np.array([[0.25]])))
        mean, share = mean_interval(theta, weights=weights), probability(theta < 0.5, weights=weights)
        covered += mean.low < truth < mean.high
        shares += share.low < below < share.high
    half = 3.9 * math.sqrt(0.95 * 0.05 / trials)
    assert 0.95 - half < covered / trials < 0.95 + half
    assert 0.95 - half < shares / trials < 0.95 + half


def test_infinite_times_have_weighted_quantiles() -> None:
    times = np.array([1.0, 2.0, np.inf, np.inf])
    assert quantiles_of(times, (0.0, 0.9), np.ones(4)).tolist() == [1.0, np.inf]


@pytest.fixture
def observed(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str) -> Path:
        path = tmp_path / "seen.csv"
        path.write_text("\n".join((HEAD, *lines)) + "\n", "utf-8")
        return path

    return write


CHEAP = "indium,price_index,,,2025-11-01,2026-06-30,{},ratio,test,estimated"
DEAR = CHEAP.format(4)


def test_a_run_counts_the_futures_by_what_was_observed(
    observed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The futures are the same; a high price makes the dear ones count, and everything reported is weighted."""
    monkeypatch.setattr(subject, "LEAST_EFFECTIVE", 4)
    base = simulator.run(NOWCAST, replications=64, commodities=["indium"])
    seen = simulator.run(NOWCAST, replications=64, commodities=["indium"], observed=observed(DEAR))
    assert np.array_equal(base.outcome.chains[0].values["price_index"], seen.outcome.chains[0].values["price_index"])
    assert seen.weights is not None
    assert seen.weights.mean() == pytest.approx(1.0)
    (fit,) = seen.verdict.conditioning.fits
    (predicted,) = seen.outcome.predicted.values()
    assert fit.before[1] == pytest.approx(np.median(predicted))
    assert fit.after[1] > fit.before[1]
    dear, all_alike = (item.verdict.commodities[0] for item in (seen, base))
    assert dear.kpis["price_index"]["start"].p50 > all_alike.kpis["price_index"]["start"].p50
    met = seen.outcome.chains[0].met["reliance"][:, seen.outcome.moment("deadline")]
    assert dear.yardsticks["reliance"].probability.value == pytest.approx(np.average(met, weights=seen.weights))


def test_too_few_effective_replications_is_an_error_that_says_how_many_to_ask_for(
    observed: Callable[..., Path],
) -> None:
    with pytest.raises(TooFewReplicationsError) as caught:
        simulator.run(NOWCAST, replications=64, commodities=["indium"], observed=observed(CHEAP.format(9)))
    text = str(caught.value)
    assert "effective replications of 64, and 64 are the least a verdict can rest on" in text
    asked = int(text.split("--replications ")[1].split(" ")[0])
    assert asked % 16 == 0
    assert asked > 64
    assert "without indium price index, 2025-11-01 to 2026-06-30" in text
    assert caught.value.exit_code == 2


def test_the_weighted_nowcast_is_the_same_for_any_number_of_workers_and_says_what_weighted_it(
    observed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(subject, "LEAST_EFFECTIVE", 8)
    command = ["run", str(OBSERVED), "--commodity", "gallium", "--replications", "128", "--quiet"]
    texts = []
    for jobs in ("1", "2"):
        assert exit_code([*command, "--jobs", jobs, "--json", "--out", str(tmp_path / jobs)]) == 0
        document = json.loads(capsys.readouterr().out)
        del document["execution"]
        texts.append(json.dumps(document))
    assert texts[0] == texts[1]
    found = document["conditioning"]
    assert (found["observations"], found["left_out"], found["up_to"]) == (3, 21, "2025-12-31")
    assert 8 <= found["ess"] < 128
    yardstick = document["commodities"][0]["yardsticks"]["reliance"]
    assert (yardstick["n"], yardstick["ess"]) == (128, pytest.approx(found["ess"]))
    (folder,) = (tmp_path / "1").iterdir()
    assert (folder / "kpis.csv").read_text().startswith("replication,commodity,moment,weight,")
    again = simulator.load(folder)
    assert again.verdict.conditioning.ess == pytest.approx(found["ess"])
    assert exit_code(["rerun", str(folder), "--quiet"]) == 0
    assert exit_code(["report", str(folder), "--html", str(tmp_path / "page.html"), "--quiet"]) == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Weighted by what was observed" in page
    capsys.readouterr()
    assert exit_code([*command, "--jobs", "1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Weighted by 3 observations up to 2025-12-31 (21 of other commodities left out): the 128 futures" in told


def test_observations_of_other_commodities_alone_weigh_nothing(
    observed: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    line = DEAR.replace("indium", "bismuth")
    command = ["run", str(NOWCAST), "--observed", str(observed(line)), "--commodity", "indium", "--replications", "16"]
    assert exit_code([*command, "--quiet", "--jobs", "1"]) == 0
    assert "None of the scenario's observations is of the commodities of this run" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            DEAR.replace("2026-06-30", "2026-08-01"),
            "is after what is known, as_of 2026-07-31; move it, such as",
        ),
        (DEAR.replace("2025-11-01", "2024-01-01"), "is before the model's clock begins, on 2024-07-01"),
        (DEAR.replace("ratio", "USD"), "'USD' is not a unit of price_index; 1, ratio, percent"),
        (DEAR.replace("price_index", "price"), "'price' cannot weigh futures; imports, import_share"),
        (DEAR.replace(",,,2025", ",CHN,,2025"), "price_index has no origin; leave it empty"),
        (DEAR.replace(",,,2025", ",,JPN,2025"), "'JPN' is not the focal buyer, USA"),
        (DEAR.replace("indium", "indum"), "'indum' is not a commodity; did you mean 'indium'?"),
        ("indium,import_share,,,2025-11-01,2026-06-30,20,percent,s,reported", "needs one origin, not WLD"),
        ("indium,import_share,CHN,,2025-11-01,2026-06-30,120,percent,s,reported", "1.2 cannot be import_share"),
    ],
)
def test_an_observation_that_cannot_be_held_against_the_futures_is_told_with_its_line(
    observed: Callable[..., Path], line: str, told: str
) -> None:
    path = observed(line)
    with pytest.raises(InputError) as caught:
        load(NOWCAST, (), path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{path}:2:1: observed[0]")


def test_the_same_figure_twice_is_told(observed: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"already given by observed\[0\]; keep one of them"):
        load(NOWCAST, (), observed(DEAR, DEAR.replace(",4,", ",5,")))


def test_a_scenario_names_its_observations_beside_it_and_rests_on_what_they_say(tmp_path: Path) -> None:
    scenario = load(OBSERVED)
    assert len(scenario.model.observed) == 24
    assert scenario.origins["observed[0].value"].endswith("2026_07.csv:2")
    copy = tmp_path / "same.csv"
    copy.write_text((OBSERVED.parent / "2026_07.csv").read_text())
    assert scenario.with_observed(copy).sha256 == scenario.sha256
    copy.write_text(copy.read_text().replace(",25,", ",24,"))
    assert scenario.with_observed(copy).sha256 != scenario.sha256
    assert load(OBSERVED, ["observed=[]"]).document.keys() == load(NOWCAST).document.keys()


def test_commands_that_count_all_futures_alike_refuse_observations() -> None:
    with pytest.raises(UsageError, match=r"stress counts all futures alike.*--set observed=\[\]"):
        stress(OBSERVED, cut="CHN", at="+18mo", replications=16, commodities=["gallium"])
    with pytest.raises(UsageError, match="solve counts all futures alike"):
        solve(OBSERVED, ["events.us_ban_suspension.renewal_probability:0:1"], "reliance>=0.5", commodities=["gallium"])
