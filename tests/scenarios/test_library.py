"""Every scenario of the library moves what its file says it moves, on the same random futures as the file it names.

A direction is a paired mean difference with its 95 % interval over the 16 randomisations: a measure rises if the
interval lies above zero, and holds if it does not lie on either side. Seeds are fixed, so a result is a fact of
this version and not of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator import Scenario, Study, run
from simulator.analysis.compare import Comparison, compare
from simulator.analysis.intervals import Estimate
from simulator.instruments.base import Instrument
from simulator.scenario import load
from simulator.scenario.expectations import OVERALL, Expectations

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
N = 128
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
def reference(file: str) -> Study:
    return run(SCENARIOS / file, replications=N, commodities=wanted_of(file))


@cache
def comparison(name: str) -> Comparison:
    study = run(SCENARIOS / f"{name}.yaml", replications=N, commodities=sorted(touched(name)))
    return compare(reference(directions(name).against), study)


def difference(found: Comparison, measure: str) -> Estimate:
    """Other minus reference, of one measure."""
    if measure == OVERALL:
        return found.overall["reliance"].expected_met.difference
    metric, _, product = measure.partition("/")
    item = next(item for item in (*found.commodities, *found.end_products) if item.commodity == product)
    return (item.yardsticks["reliance"] if metric == "met" else item.kpis[metric]).difference


def goes(direction: str, change: Estimate) -> bool:
    up, down = change.low > 0.0, change.high < 0.0
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
    assert [goes("rises", item) for item in (rise, fall, chance)] == [True, False, False]
    assert [goes("falls", item) for item in (rise, fall, chance)] == [False, True, False]
    assert [goes("holds", item) for item in (rise, fall, chance)] == [False, False, True]
    assert [goes("never_rises", item) for item in (rise, fall, chance)] == [False, True, True]
    assert [goes("never_falls", item) for item in (rise, fall, chance)] == [True, False, True]


@pytest.mark.parametrize("name", LIBRARY)
def test_the_scenario_moves_what_its_file_says(name: str) -> None:
    found = comparison(name)
    wrong = [
        f"{measure} {direction}: {change.value:+.4f} [{change.low:+.4f}, {change.high:+.4f}]"
        for direction, measure in measures(directions(name))
        if not goes(direction, change := difference(found, measure))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", [name for name in LIBRARY if directions(name).surprises])
def test_a_surprise_is_still_one(name: str) -> None:
    """What was expected and does not hold stays in the file with its reason; once it holds it is a direction."""
    for item in directions(name).surprises:
        assert item.because
        change = difference(comparison(name), item.measure)
        assert not goes(item.expected, change), f"{item.measure} {item.expected} after all: {change}"


@pytest.mark.parametrize("name", LIBRARY)
def test_the_scenario_is_judged_on_the_same_gaps_as_the_baseline(name: str) -> None:
    """No file of the library moves the state at the start so far that another list of commodities counts."""
    if OVERALL in {measure for _, measure in measures(directions(name))}:
        assert set(comparison(name).overall["reliance"].commodities) <= set(HEADLINE)


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
        change = item.kpis["china_exposed_share"].difference
        assert not goes("rises", change), item.commodity
        if item.commodity in gains:
            assert goes("falls", change), f"{item.commodity}: {change}"


def test_no_event_of_the_library_is_left_without_a_source_or_a_reason() -> None:
    """An event either names its source, or its file says that it is a hypothesis or assumed."""
    for name in LIBRARY:
        text = (SCENARIOS / f"{name}.yaml").read_text("utf-8")
        events: tuple[Instrument, ...] = load(SCENARIOS / f"{name}.yaml").model.events
        known = {event.id for event in load(SCENARIOS / "baseline.yaml").model.events}
        bare = [event.id for event in events if event.id not in known and not event.source]
        assert not bare or "hypothes" in text or "assumed" in text, f"{name}: {bare}"


def test_the_baseline_lies_between_the_perfect_storm_and_everything_that_works() -> None:
    best, worst = (comparison(name).overall["reliance"].expected_met for name in ("everything_works", "perfect_storm"))
    assert np.isclose(best.reference, worst.reference)
    assert goes("rises", best.difference)
    assert goes("never_rises", worst.difference)
    assert best.other > worst.other
