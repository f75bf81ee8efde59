"""Every scenario of the library moves what its file says it moves, on the same random futures as the file it names.

A direction is the mean of paired differences over several seeds, with its interval over the randomisations of each. A
measure rises if the 95 % interval lies above zero. What it must not do (``holds``, ``never_rises``, ``never_falls``) is
asked of so many measures that some would seem to move by chance: there the interval is wide enough for all of them
together to hold with 95 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

from simulator import Scenario, Study, run
from simulator.analysis.compare import Comparison, compare
from simulator.analysis.intervals import Estimate
from simulator.instruments.base import Instrument
from simulator.scenario import load
from simulator.scenario.expectations import OVERALL, Expectations

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
N = 128
SEEDS = (0, 1, 2)
RANDOMISATIONS = 16
HEADLINE = ("gallium", "antimony", "ree_heavy", "yttrium", "bismuth")
"""The commodities counted in ``expected_met``: headline ones that miss the target at the start."""
LIBRARY = tuple(path.stem for path in sorted(SCENARIOS.glob("*.yaml")) if load(path).model.directions)
WANTED = {
    *("c5_only", "asia_only", "allies_only", "c5_offtake_lost", "counter_offers", "dumping", "price_floor_bloc"),
    *("licensing_squeeze", "extraterritorial_rule", "japan_dual_use", "middle_corridor_closed", "myanmar_halt"),
    *("russia_transit_closed", "china_transit_closed", "vault_stockpile", "dfars_2027", "recycling_push"),
    *("enforcement_crackdown", "perfect_storm", "everything_works"),
}
REPEATED = {
    "perfect_storm": (
        *("licensing_squeeze", "extraterritorial_rule", "japan_dual_use", "myanmar_halt"),
        *("middle_corridor_closed", "c5_offtake_lost"),
    ),
    "everything_works": ("price_floor_bloc", "vault_stockpile", "recycling_push"),
}
"""Scenarios that put events of other files together."""


def directions(name: str) -> Expectations:
    found = load(SCENARIOS / f"{name}.yaml").model.directions
    assert found is not None
    return found


def measures(expected: Expectations) -> Iterator[tuple[str, str]]:
    """Each direction with each of its measures."""
    for direction in ("rises", "falls", "holds", "never_rises", "never_falls"):
        for measure in getattr(expected, direction):
            yield direction, measure


def touched(name: str) -> frozenset[str]:
    """Commodities that the directions of a scenario need."""
    wanted = {measure for _, measure in measures(directions(name))} | {s.measure for s in directions(name).surprises}
    named = {measure.partition("/")[2].partition(":")[0] for measure in wanted} - {""}
    counted = HEADLINE if any(measure == OVERALL for _, measure in measures(directions(name))) else ()
    return frozenset({*named, *counted})


def wanted_of(file: str) -> tuple[str, ...]:
    """Commodities to run of a file that others are compared with: all that any of them needs."""
    return tuple(sorted({c for name in LIBRARY if directions(name).against == file for c in touched(name)}))


@cache
def reference(file: str, seed: int) -> Study:
    return run(SCENARIOS / file, replications=N, commodities=wanted_of(file), seed=seed)


@cache
def comparisons(name: str) -> tuple[Comparison, ...]:
    """A scenario against its reference, by seed."""
    touches, file, against = sorted(touched(name)), SCENARIOS / f"{name}.yaml", directions(name).against
    return tuple(
        compare(reference(against, seed), run(file, replications=N, commodities=touches, seed=seed)) for seed in SEEDS
    )


def change(name: str, measure: str) -> Estimate:
    """Scenario minus reference, of one measure, over the seeds."""
    return pooled([difference(found, measure) for found in comparisons(name)])


def pooled(items: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates of the same thing, with the interval that follows from theirs."""
    value = float(np.mean([item.value for item in items]))
    half = float(np.sqrt(np.sum([(item.high - item.low) ** 2 / 4 for item in items]))) / len(items)
    half *= wider(0.05, len(items)) / wider(0.05, 1)
    return Estimate(value, value - half, value + half, sum(item.n for item in items))


def wider(chance: float, seeds: int) -> float:
    """Standard errors that a true zero is beyond, on either side, with this ``chance``."""
    return float(student.isf(chance / 2.0, seeds * (RANDOMISATIONS - 1)))


def unmoved() -> int:
    """How often the library says that something does not move, or not one way."""
    return sum(direction not in ("rises", "falls") for name in LIBRARY for direction, _ in measures(directions(name)))


def difference(found: Comparison, measure: str) -> Estimate:
    """Other minus reference, of one measure, at one seed."""
    if measure == OVERALL:
        return found.overall["reliance"].expected_met.difference
    metric, _, product = measure.partition("/")
    item = next(item for item in (*found.commodities, *found.end_products) if item.commodity == product)
    return (item.yardsticks["reliance"] if metric == "met" else item.kpis[metric]).difference


def goes(direction: str, change: Estimate, *, alone: bool = False) -> bool:
    """Whether a measure does; looked at ``alone``, what it must not do is asked as strictly as the rest."""
    beyond = 1.0
    if not alone and direction not in ("rises", "falls"):
        beyond = wider(0.05 / unmoved(), len(SEEDS)) / wider(0.05, len(SEEDS))
    half = (change.high - change.low) / 2.0 * beyond
    up, down = change.value > half, change.value < -half
    return {"rises": up, "falls": down, "holds": not up and not down, "never_rises": not up, "never_falls": not down}[
        direction
    ]


def test_the_library_is_complete_and_every_file_of_it_can_fail() -> None:
    """A scenario that only says what does not happen would pass if its events did nothing."""
    assert set(LIBRARY) == WANTED
    quiet = {
        name for name in LIBRARY if not {"rises", "falls"} & {direction for direction, _ in measures(directions(name))}
    }
    assert quiet == {"middle_corridor_closed"}, "a closure that other ways make up for"


def test_a_direction_tells_a_rise_from_a_fall_and_from_chance() -> None:
    """Negative control of the yardstick itself."""
    rise, fall, chance = (Estimate(v, v - 0.1, v + 0.1, N) for v in (0.2, -0.2, 0.05))
    assert 50 < unmoved() < 500
    assert goes("rises", Estimate(0.11, 0.01, 0.21, N))
    assert goes("never_rises", Estimate(0.11, 0.01, 0.21, N)), "one of so many may seem to move"
    three = pooled([rise, rise, rise])
    assert three.value == pytest.approx(0.2)
    assert (three.high - three.low) / 2 == pytest.approx(0.1 / np.sqrt(3), rel=0.1)
    assert [goes("rises", item) for item in (rise, fall, chance)] == [True, False, False]
    assert [goes("falls", item) for item in (rise, fall, chance)] == [False, True, False]
    assert [goes("holds", item) for item in (rise, fall, chance)] == [False, False, True]
    assert [goes("never_rises", item) for item in (rise, fall, chance)] == [False, True, True]
    assert [goes("never_falls", item) for item in (rise, fall, chance)] == [True, False, True]


@pytest.mark.parametrize("name", LIBRARY)
def test_the_scenario_moves_what_its_file_says(name: str) -> None:
    wrong = [
        f"{measure} {direction}: {moved.value:+.4f} [{moved.low:+.4f}, {moved.high:+.4f}]"
        for direction, measure in measures(directions(name))
        if not goes(direction, moved := change(name, measure))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in LIBRARY if directions(name).surprises])
def test_a_surprise_is_still_one(name: str) -> None:
    """What was expected and does not hold stays in the file with its reason; once it holds it is a direction."""
    for item in directions(name).surprises:
        assert item.because
        moved = change(name, item.measure)
        assert not goes(item.expected, moved, alone=True), f"{item.measure} {item.expected} after all: {moved}"


@pytest.mark.parametrize("name", LIBRARY)
def test_the_scenario_is_judged_on_the_same_gaps_as_the_baseline(name: str) -> None:
    """No file of the library moves the state at the start so far that another list of commodities counts."""
    if OVERALL in {measure for _, measure in measures(directions(name))}:
        for found in comparisons(name):
            assert set(found.overall["reliance"].commodities) <= set(HEADLINE)


@pytest.mark.parametrize("name", REPEATED)
def test_a_collection_repeats_the_events_of_the_files_it_names(name: str) -> None:
    """The format layers files one on another, so a collection copies events; a copy must not go its own way."""
    whole = {event.id: event for event in load(SCENARIOS / f"{name}.yaml").model.events}
    base = {event.id: event for event in load(SCENARIOS / "baseline.yaml").model.events}
    for file in REPEATED[name]:
        own = {e.id: e for e in load(SCENARIOS / f"{file}.yaml").model.events if base.get(e.id) != e}
        assert own
        assert {id_: whole[id_] for id_ in own} == own, file


def test_the_readme_lists_every_scenario_with_its_question_and_what_it_expects() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for path in sorted(SCENARIOS.glob("*.yaml")):
        model = load(path).model
        assert f"| `{path.stem}` | {model.question} | {model.expected.strip()} |\n" in readme, path.stem


@cache
def nothing() -> Study:
    """The baseline without any plan or deal: what ran on the day of the summit, and no more."""
    alone = Scenario.load(SCENARIOS / "c5_only.yaml", ["catalogue.partners=[ATA]"])
    return run(alone, replications=N, commodities=HEADLINE)


@pytest.mark.parametrize(
    ("name", "gains"),
    [
        ("c5_only", ("gallium",)),
        ("asia_only", ("ree_heavy",)),
        ("allies_only", ("ree_heavy",)),
    ],
)
def test_a_group_of_partners_buys_less_exposure_than_nobody(name: str, gains: tuple[str, ...]) -> None:
    """What its plants make displaces Chinese material, and nothing of the other headline gaps gets worse."""
    found = compare(nothing(), run(SCENARIOS / f"{name}.yaml", replications=N, commodities=HEADLINE))
    assert found.overall["reliance"].expected_met.difference.high >= 0.0
    for item in found.commodities:
        moved = item.kpis["china_exposed_share"].difference
        assert not goes("rises", moved), item.commodity
        if item.commodity in gains:
            assert goes("falls", moved), f"{item.commodity}: {moved}"


def test_no_event_of_the_library_is_left_without_a_source_or_a_reason() -> None:
    """An event either names its source, or its file says that it is a hypothesis or assumed."""
    for name in LIBRARY:
        text = (SCENARIOS / f"{name}.yaml").read_text("utf-8")
        events: tuple[Instrument, ...] = load(SCENARIOS / f"{name}.yaml").model.events
        known = {event.id for event in load(SCENARIOS / "baseline.yaml").model.events}
        bare = [event.id for event in events if event.id not in known and not event.source]
        assert not bare or "hypothes" in text or "assumed" in text, f"{name}: {bare}"


def test_the_baseline_lies_between_the_perfect_storm_and_everything_that_works() -> None:
    for best, worst in zip(comparisons("everything_works"), comparisons("perfect_storm"), strict=True):
        assert np.isclose(*(found.overall["reliance"].expected_met.reference for found in (best, worst)))
    assert goes("rises", change("everything_works", OVERALL))
    assert goes("never_rises", change("perfect_storm", OVERALL))
