"""Calibration: a toy whose posterior is known, cross-validation that does not peek, and the table that comes out."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis.calibration import study as subject
from simulator.analysis.calibration.design import ROLES, is_global, positions, values
from simulator.analysis.calibration.emulator import medians
from simulator.analysis.calibration.posterior import (
    FREEDOM,
    Range,
    Trial,
    chosen,
    correlations,
    leave_one_out,
    loss,
    marginal,
    trials,
    weigh,
)
from simulator.analysis.calibration.study import calibrate, load_episodes
from simulator.analysis.intervals import effective_size
from simulator.catalogue.inputs import CALIBRATED, Position, calibrated, inputs
from simulator.cli.main import exit_code
from simulator.domain.sampling import three_point
from simulator.errors import IncompleteError
from simulator.report.calibration_table import HEAD, rows, table_text
from simulator.scenario import load, resolve

ROOT = Path(__file__).parents[2]
GALLIUM = str(ROOT / "scenarios" / "backtests" / "gallium_germanium_2023.yaml")
GRAPHITE = str(ROOT / "scenarios" / "backtests" / "graphite_2023.yaml")
BASELINE = ROOT / "scenarios" / "baseline.yaml"


def test_nothing_is_lost_inside_the_range_and_little_more_far_outside() -> None:
    outside = Range(1.0, 3.0).distance(np.array([1.0, 2.9, 4.0, 23.0, math.nan]))
    assert outside.tolist()[:4] == [0.0, 0.0, 1.0, 20.0]
    lost = loss(outside)
    assert lost[:2].tolist() == [0.0, 0.0]
    assert lost[2] == pytest.approx(0.5 * (FREEDOM + 1) * math.log1p(1 / FREEDOM))
    assert lost[3] < 12  # a normal kernel would take 200
    assert lost[4] == lost[3]  # a prediction that is not there costs as much as the worst


def test_the_posterior_of_a_toy_is_the_one_integration_gives() -> None:
    """Uniform prior on 0 to 1, one target seen through noise: weights against numerical integration of the kernel."""
    rng = np.random.default_rng(1)
    n = 200_000
    theta, noise = rng.random(n), rng.normal(0.0, 0.1, n)
    target = Range(0.6, 0.8)
    found = weigh([loss(target.distance(theta + noise))])
    grid, steps = np.linspace(0.0005, 0.9995, 1000), np.linspace(-0.5, 0.5, 2001)
    density = np.exp(-(steps**2) / 0.02)
    kernel = np.array([(np.exp(-loss(target.distance(point + steps))) * density).sum() for point in grid])
    mean = float((grid * kernel).sum() / kernel.sum())
    spread = math.sqrt(float(((grid - mean) ** 2 * kernel).sum() / kernel.sum()))
    tolerance = 4 * spread / math.sqrt(found.ess)
    assert np.average(theta, weights=found.weights) == pytest.approx(mean, abs=tolerance)
    known = marginal("toy", theta, found, 16)
    inside = np.cumsum(kernel) / kernel.sum()
    assert (known.low, known.median, known.high) == pytest.approx(np.interp((0.05, 0.5, 0.95), inside, grid), abs=0.01)
    assert known.learnt
    # Negative control: a target that every point meets teaches nothing.
    assert not marginal("toy", theta, weigh([loss(Range(-9.0, 9.0).distance(theta))])).learnt


def test_the_power_of_the_kernel_is_one_that_predicts_what_is_left_out() -> None:
    """Three episodes that agree are learnt from in full; three that contradict each other leave the prior."""
    rng = np.random.default_rng(2)
    theta = rng.random(20_000)

    def seen(low: float) -> list[np.ndarray]:
        return [loss(Range(low, low + 0.1).distance(theta + rng.normal(0.0, 0.02, theta.size)))]

    def tried(losses: dict[str, list[np.ndarray]]) -> tuple[Trial, ...]:
        return trials(losses, losses)

    agreeing = tried({name: seen(0.45) for name in "abc"})
    assert chosen(agreeing).power == 1.0
    assert all(one.left_out > other.left_out for one, other in pairwise(agreeing))
    contrary = tried({"a": seen(0.05), "b": seen(0.85)})
    assert chosen(contrary).power == 0.0
    assert contrary[-1].left_out == pytest.approx(np.mean(list(contrary[-1].by_episode.values())))
    assert math.isnan(tried({"alone": seen(0.4)})[0].left_out)
    assert chosen(tried({"alone": seen(0.4)})).power == 1.0


def test_too_few_points_cannot_carry_a_posterior() -> None:
    theta = np.random.default_rng(3).random(4000)
    harsh = {name: [loss(Range(0.999, 1.0).distance(theta)) for _ in range(40)] for name in "ab"}
    found = chosen(trials(harsh, harsh))
    assert found.power < 1
    assert found.ess >= 100
    weighed = weigh(harsh["a"], 0.5)
    assert weighed.weights.mean() == pytest.approx(1.0)
    assert weighed.ess == pytest.approx(effective_size(weighed.weights))


def test_a_target_missed_in_every_future_does_not_decide_the_rest() -> None:
    theta = np.random.default_rng(3).random(20_000)
    useful = loss(Range(0.2, 0.4).distance(theta))
    hopeless = loss(Range(50.0, 50.1).distance(theta * 0.01))
    alone, both = weigh([useful]), weigh([useful, hopeless])
    assert np.average(theta, weights=both.weights) == pytest.approx(np.average(theta, weights=alone.weights), abs=0.01)


def test_two_inputs_known_by_their_sum_are_correlated() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.random(50_000), rng.random(50_000)
    found = weigh([loss(Range(0.95, 1.05).distance(a + b))])
    assert correlations({"a": a, "b": b}, found)[("a", "b")] < -0.7


def test_cross_validation_never_sees_the_episode_it_leaves_out() -> None:
    rng = np.random.default_rng(5)
    losses = {name: [rng.random(256) for _ in range(3)] for name in ("one", "two", "three")}
    before = leave_one_out(losses)
    losses["two"] = [np.full(256, np.nan) for _ in range(3)]
    after = leave_one_out(losses)
    assert np.array_equal(before["two"].weights, after["two"].weights)
    assert not np.array_equal(before["one"].weights, after["one"].weights, equal_nan=True)
    assert np.array_equal(leave_one_out({"only": losses["one"]})["only"].weights, np.ones(256))


def test_one_point_is_one_set_of_parameters_in_every_episode() -> None:
    """Global inputs share the value, inputs by commodity their position in the commodity's own prior."""
    (graphite, gallium) = (item.case for item in load_episodes([GRAPHITE, GALLIUM]))
    one, other = (positions(case.inputs, 64, 7) for case in (graphite, gallium))
    assert set(one) == set(ROLES) == set(CALIBRATED)
    assert all(np.array_equal(one[role], other[role]) for role in ROLES)
    given = values(graphite.inputs, one)
    by_name = {item.name: item for item in graphite.inputs}
    for name in ("demand_elasticity/graphite", "demand_elasticity/gallium", "reroute_share/ALL"):
        item, place = by_name[name], one[name.partition("/")[0]]
        expected = three_point(place, item.low, item.median, item.high, item.minimum, item.maximum)
        assert np.array_equal(given[name], expected)
    assert not any(name.startswith(("demand_growth", "capacity_level", "truce_renewal")) for name in given)
    assert is_global("reroute_share")
    assert not is_global("demand_elasticity")


def test_the_positions_fill_the_prior_evenly_and_no_two_are_tied() -> None:
    case = resolve(load(BASELINE, ["catalogue.inputs=prior"]))
    places = positions(case.inputs, 1024, 0)
    table = np.stack([places[role] for role in ROLES], axis=1)
    assert abs(table.mean(axis=0) - 0.5).max() < 0.01
    apart = np.corrcoef(table.T) - np.eye(len(ROLES))
    assert np.abs(apart).max() < 0.15


def test_calibration_is_the_same_for_any_number_of_workers_and_starts_from_the_priors() -> None:
    (episode,) = load_episodes([GRAPHITE])
    assert episode.scenario.model.catalogue.inputs == "prior"
    one, two = (calibrate([episode], replications=64, jobs=jobs) for jobs in (1, 2))
    assert table_text(one) == table_text(two)
    assert repr(one.fits) == repr(two.fits)
    assert [item["role"] for item in rows(one)] == list(ROLES)
    assert table_text(one).startswith(",".join(HEAD))


def test_a_stopped_calibration_concludes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One parameter set for all episodes needs all of them."""
    episodes = load_episodes([GRAPHITE, GALLIUM])
    real = subject.simulate

    def stops(item: object, *rest: object, **more: object) -> object:
        if item is episodes[1]:
            raise IncompleteError("a worker died")
        return real(item, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(subject, "simulate", stops)
    with pytest.raises(subject.PartialCalibration, match="a worker died; 1 of 2 episodes were finished"):
        calibrate(episodes, replications=32)


def test_the_emulator_gives_the_median_of_what_parameters_give_and_not_the_luck() -> None:
    """A quadratic truth under skewed noise: the median comes back, which the mean is not."""
    rng = np.random.default_rng(6)
    places = {name: rng.random(6000) for name in "abc"}
    truth = 1.0 + 2.0 * places["a"] - 3.0 * (places["b"] - 0.5) ** 2 + places["a"] * places["c"]
    noise = rng.exponential(1.0, 6000) - math.log(2)  # median 0, mean 0.31
    fitted = medians(places, truth + noise)
    assert abs((fitted - truth).mean()) < 0.06
    assert np.corrcoef(fitted, truth)[0, 1] > 0.99
    gaps = np.where(rng.random(6000) < 0.2, np.nan, truth)
    assert np.abs(medians(places, gaps) - truth).mean() < 0.02
    assert np.array_equal(medians(places, np.full(6000, 2.0)), np.full(6000, 2.0))
    few = {name: item[:8] for name, item in places.items()}
    assert np.array_equal(medians(few, np.arange(8.0)), np.full(8, 3.5))


def test_points_are_not_preferred_for_their_luck() -> None:
    """Where chance alone meets a target, weighing by futures would learn from it, and by parameters does not."""
    rng = np.random.default_rng(7)
    places = {"a": rng.random(4000), "b": rng.random(4000)}
    noise = rng.normal(0.0, 1.0, 4000)
    target = Range(0.9, 1.1)
    by_luck = weigh([loss(target.distance(noise))])
    by_parameters = weigh([loss(target.distance(medians(places, noise)))])
    assert by_luck.ess < 0.6 * 4000
    assert by_parameters.ess > 0.8 * 4000
    assert not marginal("a", places["a"], by_parameters).learnt


def test_a_posterior_takes_the_place_of_the_prior_and_tells_of_it() -> None:
    prior = next(item for item in inputs("prior") if item.name == "hoarding_multiple/ALL")
    found = calibrated(prior, Position(0.5, 0.8, 0.95, "simulator calibrate: test"))
    assert (found.low, found.high) == (pytest.approx(prior.median), pytest.approx(prior.high))
    assert prior.median < found.median < prior.high
    assert found.quality == "derived"
    assert found.note.startswith(f"prior {prior.low:g} / {prior.median:g} / {prior.high:g}")
    assert calibrated(prior, None) is prior
    own = replace(prior, source="own data: our survey")
    assert calibrated(own, Position(0.5, 0.8, 0.95, "x")) is own


def test_scenarios_take_the_posterior_unless_they_ask_for_the_prior() -> None:
    posterior, prior = inputs(), inputs("prior")
    learnt = {row["role"] for row in _shipped() if row["learnt"] == "yes"}
    moved = {a.name.partition("/")[0] for a, b in zip(posterior, prior, strict=True) if a != b}
    assert moved == learnt
    assert resolve(load(BASELINE), ["gallium"]).inputs == posterior
    assert resolve(load(BASELINE, ["catalogue.inputs=prior"]), ["gallium"]).inputs == prior
    assert all(item.low <= item.median <= item.high for item in posterior)


def _shipped() -> tuple[dict[str, str], ...]:
    from simulator.catalogue.tables import shipped

    return tuple(dict(row) for row in shipped("input_posteriors"))


def test_the_shipped_posterior_names_every_calibrated_input_once() -> None:
    assert [row["role"] for row in _shipped()] == list(CALIBRATED)
    for row in _shipped():
        assert 0 <= float(row["low"]) <= float(row["median"]) <= float(row["high"]) <= 1
        assert row["learnt"] in ("yes", "no")
        assert row["quality"] == "derived"


def test_the_command_writes_the_table_and_says_whether_it_is_the_shipped_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "posterior.csv"
    command = ["calibrate", GRAPHITE, "--replications", "64", "--jobs", "1", "--quiet"]
    assert exit_code([*command, "--write", str(file)]) == 0
    assert "Calibration targets, misses first" in capsys.readouterr().out
    assert file.read_text().splitlines()[0] == ",".join(HEAD)
    assert exit_code([*command, "--json", "--check"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "simulator.calibrate/1"
    assert document["differs_from_shipped"]
    assert {item["target"] for item in document["targets"]} >= {"graphite_front_loading", "graphite_trough"}
    assert document["targets_met"]["of"] == len(document["targets"])
