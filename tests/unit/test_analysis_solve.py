"""Searches for the smallest change: known roots, what falls on the way, and goals out of reach."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator import Scenario
from simulator.analysis import solve as analysis
from simulator.analysis.bisection import bisected
from simulator.analysis.cheapest import Place, cheapest, price
from simulator.analysis.goal import Goal, confidence, read_goal
from simulator.analysis.levers import Lever, check_levers, fitted, read_lever
from simulator.analysis.solve import PartialSolution, Solution, solve
from simulator.errors import InterruptedRun, UsageError
from simulator.report.document import text
from simulator.report.solve_document import solve_document
from simulator.report.solve_text import solve_text

RECYCLING = Path(__file__).parents[2] / "scenarios" / "recycling_push.yaml"
SCRAP = "events.antimony_scrap.output_t_per_year"
WANTED = Goal("reliance", True, 0.8, "antimony")
Floats = NDArray[np.float64]


def needs(seed: int, n: int = 256) -> Floats:
    """How far a lever of 64 steps must go in each future."""
    return np.random.default_rng(seed).uniform(0.0, 90.0, n)


@given(st.integers(0, 10_000), st.integers(1, 64), st.floats(0.05, 0.95))
def test_bisection_finds_the_root_of_a_response_that_rises(seed: int, steps: int, wanted: float) -> None:
    goal, needed = Goal("reliance", True, wanted, "antimony"), needs(seed)
    asked: list[int] = []

    def ask(places: Sequence[int]) -> Mapping[int, Floats]:
        asked.extend(places)
        return {step: (needed <= step).astype(float) for step in places}

    found = bisected(ask, steps, goal)
    truth = next((step for step in range(steps + 1) if (needed <= step).mean() >= wanted), None)
    assert found.answer == truth
    assert found.falls == ()
    assert len(asked) == len(set(asked)) <= 9 + 3 * 3
    ends = [math.inf if step is None else step for step in (found.hopeful, found.answer, found.safe)]
    assert ends == sorted(ends)
    if found.safe is not None:
        assert goal.estimate(found.scores[found.safe]).low >= wanted


def test_a_goal_to_stay_below_is_found_as_well() -> None:
    goal = Goal("unmet_share", False, 0.1, "antimony")
    level = np.random.default_rng(1).uniform(0.2, 0.4, 64)
    found = bisected(lambda places: {step: level * (1.0 - step / 64) for step in places}, 64, goal)
    assert found.answer == next(step for step in range(65) if (level * (1.0 - step / 64)).mean() <= 0.1)
    assert found.hopeful is not None
    assert found.safe is not None
    assert found.hopeful <= found.answer <= found.safe


def test_a_response_that_falls_is_reported_and_noise_is_not() -> None:
    needed = needs(2)

    def there_and_back(places: Sequence[int]) -> Mapping[int, Floats]:
        return {step: (needed <= min(step, 80 - step)).astype(float) for step in places}

    found = bisected(there_and_back, 64, Goal("reliance", True, 0.3, "antimony"))
    assert found.answer is not None
    assert found.falls
    assert all(item.difference.high < 0.0 for item in found.falls)

    wobble = np.random.default_rng(3).uniform(size=(65, 256)) < 0.5
    noisy = bisected(lambda places: {step: wobble[step].astype(float) for step in places}, 64, WANTED)
    assert noisy.falls == ()


def test_a_goal_out_of_reach_has_no_answer() -> None:
    found = bisected(lambda places: {step: (needs(4) <= step).astype(float) for step in places}, 32, WANTED)
    assert (found.answer, found.hopeful, found.safe) == (None, None, None)
    assert max(found.scores) == 32


@pytest.mark.parametrize("seed", range(4))
def test_the_cheapest_mix_is_that_of_trying_them_all(seed: int) -> None:
    levers = (Lever("a", 0.0, 10.0, 3.0, steps=16), Lever("b", 0.0, 10.0, 2.0, steps=16))
    needed = np.random.default_rng(seed).uniform(2.0, 14.0, 512)

    def scores(place: Place) -> Floats:
        gain = 2.0 * levers[0].value(place[0]) ** 0.9 + levers[1].value(place[1]) ** 0.8
        return (needed <= gain).astype(float)

    asked: list[tuple[int, int]] = []

    def ask(places: Sequence[Place], replications: int) -> Mapping[Place, Floats]:
        asked.append((len(places), replications))
        return {place: scores(place)[:replications] for place in places}

    found = cheapest(ask, levers, WANTED, 512)
    every = itertools.product(range(17), repeat=2)
    least = min(price(levers, place) for place in every if scores(place).mean() >= WANTED.wanted)
    assert found.answer is not None
    assert scores(found.answer).mean() >= WANTED.wanted
    assert price(levers, found.answer) <= 1.05 * least
    assert found.safe is not None
    sure = (p for p in itertools.product(range(17), repeat=2) if WANTED.estimate(scores(p)).low >= WANTED.wanted)
    assert price(levers, found.safe) <= 1.05 * min(price(levers, place) for place in sure)
    assert found.contested < found.screened == 36
    assert sum(count for count, replications in asked if replications == 512) < 17 * 17 / 4
    costs = [price(levers, place) for place in (found.answer, *found.runners_up)]
    assert costs == sorted(costs)


def test_no_mix_reaches_a_goal_out_of_reach() -> None:
    levers = (Lever("a", 0.0, 1.0, 1.0), Lever("b", 0.0, 1.0, 1.0))
    found = cheapest(lambda places, n: {place: np.zeros(n) for place in places}, levers, WANTED, 512)
    assert (found.answer, found.safe, found.runners_up) == (None, None, ())
    assert len(found.scores) == 1


def test_fresh_futures_are_as_sure_as_the_truth_allows() -> None:
    """Of goals that hold by nothing, the confidence is evenly spread: below 0.1 in a tenth of the checks."""
    rng = np.random.default_rng(5)
    sure = np.array([confidence(WANTED, (rng.uniform(size=1024) < 0.8).astype(float)) for _ in range(400)])
    for level in (0.1, 0.5, 0.9):
        assert abs((sure < level).mean() - level) < 4.0 * math.sqrt(level * (1 - level) / 400)
    assert confidence(WANTED, np.ones(64)) > 0.99 > 0.01 > confidence(WANTED, np.zeros(64))


@pytest.mark.parametrize(
    ("want", "said"),
    [
        ("reliance", "is not understood; put it in quotes, as in --want"),
        ("reliance=0.8", "is not understood"),
        ("relience>=0.8", "did you mean 'reliance'"),
        ("unmet_shar<=0.1", "did you mean 'unmet_share'"),
        ("reliance<=0.8", "a probability is wanted as reliance>=P"),
        ("reliance>=80", "at most 1"),
        ("reliance>=much", "'much' is not a number"),
        ("reliance>=nan", "'nan' is not a number"),
        ("expected_met>=0", "K above 0"),
        ("expected_met/reliant>=1", "'reliant' is no yardstick"),
        ("reliance/gallium>=0.5", "is neither a yardstick nor a KPI"),
        ("unmet_share<=0.1", "name it with --commodity"),
    ],
)
def test_a_goal_that_is_not_understood_says_what_is_accepted(want: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_goal(want, ["antimony", "gallium"], [])
    assert said in str(refused.value)


def test_goals_are_read_as_they_are_written() -> None:
    names = ["antimony", "gallium"]
    assert read_goal("reliance>=0.8", names, ["antimony"]) == WANTED
    assert read_goal("mine>=0.8", names, ["antimony"], ["reliance", "mine"]) == Goal("mine", True, 0.8, "antimony")
    assert read_goal(" reliance >= .8 ", names, []) == Goal("reliance", True, 0.8)
    assert read_goal("expected_met>=2", names, []) == Goal("expected_met/reliance", True, 2.0)
    assert read_goal("expected_met/direct>=1.5", names, ["gallium"]) == Goal("expected_met/direct", True, 1.5)
    assert read_goal("days_of_cover>=90", ["gallium"], []) == Goal("days_of_cover", True, 90.0, "gallium")


@pytest.mark.parametrize(
    ("levers", "said"),
    [
        (["review_days:7"], "write PATH:LO:HI"),
        (["7:14"], "write PATH:LO:HI"),
        (["review_days:7:7"], "both ends are the same"),
        (["events.a.at:+1d:3"], "one end is in days"),
        (["review_days:7:14:-1"], "must not be negative"),
        (["a:0:1", "a:0:2"], "given twice"),
        (["a:0:1:5", "b:0:1"], "give b a cost"),
        ([], "at least one lever"),
    ],
)
def test_a_lever_that_is_not_understood_says_what_is_accepted(levers: list[str], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_levers([read_lever(lever) for lever in levers])
    assert said in str(refused.value)


@cache
def recycling() -> Scenario:
    return Scenario.load(RECYCLING)


def test_a_lever_takes_the_steps_its_field_accepts() -> None:
    window = fitted(read_lever("target.criteria.0.window_days:30:90"), recycling(), 64)
    assert (window.whole, window.steps, window.text(1)) == (True, 60, "31")
    days = fitted(read_lever("events.antimony_scrap.at:+300d:+0d"), recycling(), 64)
    assert (days.text(0), days.text(64), days.price(64)) == ("+300d", "+0d", 0.0)
    costly = fitted(read_lever(f"{SCRAP}:1000:0:2.5"), recycling(), 10)
    assert (costly.text(3), costly.price(3)) == ("700", 750.0)


@pytest.mark.parametrize(
    ("lever", "said"),
    [
        ("events.antimony_scarp.output_t_per_year:0:1", "did you mean 'antimony_scrap'"),
        ("events.antimony_scrap.output_t_per_yaer:0:1", "did you mean 'output_t_per_year'"),
        (f"{SCRAP}:-1:10", "-1"),
        ("review_days:7:28", "is not a whole number"),
    ],
)
def test_a_lever_the_scenario_refuses_is_refused_before_anything_runs(
    lever: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> Iterator[Any]:
        raise AssertionError("nothing was to be simulated")

    monkeypatch.setattr(analysis, "run_many", never)
    with pytest.raises(UsageError) as refused:
        solve(recycling(), [lever], "reliance>=0.8", commodities=["antimony"])
    assert said in str(refused.value)


def solved(*levers: str, want: str = "reliance>=0.5", jobs: int = 1, **options: Any) -> Solution:
    early = recycling().with_values(("events.antimony_scrap.at=+1mo",))
    options = {"replications": 16, "steps": 4, "commodities": ["antimony"], **options}
    return solve(early, levers, want, jobs=jobs, **options)


def bytes_of(found: Solution) -> str:
    return text({**solve_document(found, wall_s=0.0, jobs=1), "execution": None})


@cache
def enough_scrap() -> Solution:
    return solved(f"{SCRAP}:0:20000")


def test_enough_scrap_frees_antimony_and_the_answer_is_checked_on_other_futures() -> None:
    found = enough_scrap()
    assert found.reachable
    assert found.answer is not None
    assert found.answer.estimate.value >= 0.5
    place = [item.values for item in found.tried].index(found.answer.values)
    assert all(item.estimate.value < 0.5 for item in found.tried[:place])
    assert found.answer.fresh is not None
    assert found.answer.confidence is not None
    assert 0.0 <= found.answer.confidence <= 1.0
    assert (found.seed, found.check_seed) == (0, 1)
    fresh = solved(f"{SCRAP}:0:20000", seed=1, check_seed=0)
    same = next(item for item in fresh.tried if item.values == found.answer.values)
    assert same.estimate == found.answer.fresh
    assert "Reached with" in solve_text(found)
    assert len(found.to_dataframe()) == len(found.tried)


def test_workers_change_nothing_in_a_search() -> None:
    assert bytes_of(solved(f"{SCRAP}:0:20000", jobs=2)) == bytes_of(enough_scrap())


def test_out_of_reach_is_said_with_the_best_that_was_reached() -> None:
    found = solved(f"{SCRAP}:0:100", want="reliance>=0.99")
    assert not found.reachable
    assert found.best is not None
    assert found.best.estimate.value < 0.99
    assert found.best.fresh is not None
    assert "Not reachable within bounds" in solve_text(found)
    assert solve_document(found, wall_s=0.0, jobs=1)["reachable"] is False


def test_a_lever_on_another_commodity_is_said_to_do_nothing() -> None:
    found = solved("events.gallium_scrap.output_t_per_year:0:5", want="unmet_share<=0")
    assert found.inert
    assert "No setting made any difference" in solve_text(found)


def test_several_levers_are_weighed_by_their_costs() -> None:
    found = solved(f"{SCRAP}:0:20000:1", "events.antimony_scrap.ramp_days:365:30:10", steps=2)
    assert found.answer is not None
    assert found.answer.cost is not None
    reaching = [item.cost for item in found.tried if item.cost is not None and item.estimate.value >= 0.5]
    assert found.answer.cost == min(reaching)
    assert "Cheapest found" in solve_text(found)


def test_an_interrupted_search_keeps_what_was_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: Any, **options: Any) -> Iterator[Any]:
        found = real(wanted, **options)
        yield next(found)
        yield next(found)
        raise InterruptedRun("interrupted")

    whole, real = enough_scrap(), analysis.run_many
    monkeypatch.setattr(analysis, "run_many", interrupted)
    with pytest.raises(PartialSolution, match="2 settings are finished") as stopped:
        solved(f"{SCRAP}:0:20000")
    assert stopped.value.exit_code == 130
    assert stopped.value.solution.tried == whole.tried[:2]
    assert "Stopped before" in solve_text(stopped.value.solution)


def test_the_check_needs_other_futures() -> None:
    with pytest.raises(UsageError, match="other futures"):
        solved(f"{SCRAP}:0:20000", check_seed=0)
