from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.errors import InterruptedRun, UsageError
from simulator.experiment.blocks import run_case
from simulator.experiment.many import Wanted, run_many
from simulator.metrics.outcome import outcome
from simulator.scenario import load, resolve
from simulator.scenario.case import Case

LIBRARY = Path(__file__).parents[2] / "scenarios"


@cache
def case(name: str) -> Case:
    return resolve(load(LIBRARY / f"{name}.yaml"), ["antimony"])


def exposed(trace: Any, case: Case) -> Any:
    return outcome(trace, case).chains[0].values["china_exposed_share"]


def branches(trace: Any, case: Case) -> Any:
    return trace.replications


def stops_at_the_full_ban(trace: Any, case: Case) -> Any:
    if "ban" in case.name.lower():
        raise KeyboardInterrupt
    return exposed(trace, case)


def wanted() -> list[Wanted]:
    return [Wanted(case("baseline"), 48, 3), Wanted(case("export_ban_full"), 32, 3), Wanted(case("baseline"), 32, 4)]


def run(reduce: Any = exposed, items: list[Wanted] | None = None, **options: Any) -> dict[int, bytes]:
    found = run_many(wanted() if items is None else items, reduce=reduce, **options)
    return {position: np.concatenate(parts).tobytes() for position, parts in found}


def test_each_case_comes_to_what_a_run_of_its_own_comes_to() -> None:
    for item, found in zip(wanted(), run().values(), strict=True):
        alone = run_case(
            item.case, outcome=partial(exposed, case=item.case), replications=item.replications, seed=item.seed
        )
        assert np.concatenate(alone.parts).tobytes() == found


def test_workers_change_neither_bytes_nor_order() -> None:
    assert list(run(jobs=2).items()) == list(run().items())


def test_a_single_case_is_split_over_workers() -> None:
    item = Wanted(case("baseline"), 160)
    (parts,) = (parts for _, parts in run_many([item], reduce=branches, jobs=2))
    assert len(parts) > 1
    assert np.concatenate(parts).tolist() == list(range(160))


def test_given_values_of_an_input_replace_its_points_and_no_other() -> None:
    own = case("baseline")
    names = [item.name for item in own.inputs if "antimony" in item.name]

    from simulator.experiment.points import input_values

    points = input_values(own.inputs, 32, 3)
    same = {name: points[name] for name in names}
    shifted = {name: np.full(32, next(item.high for item in own.inputs if item.name == name)) for name in names}
    as_run = run(items=[Wanted(own, 32, 3)])
    assert run(items=[Wanted(own, 32, 3, same)]) == as_run
    assert run(items=[Wanted(own, 32, 3, shifted)]) != as_run


def test_progress_counts_replications_of_all_cases() -> None:
    told: list[int] = []
    run(progress=lambda done, total, _: told.append(done) or None)
    assert told[0] == 0
    assert told == sorted(told)
    assert told[-1] == 112


def test_what_was_finished_comes_before_the_interruption() -> None:
    found: list[int] = []

    def collect() -> None:
        for position, _ in run_many(wanted(), reduce=stops_at_the_full_ban):
            found.append(position)  # an interrupted extend would keep nothing

    with pytest.raises(InterruptedRun, match="interrupted"):
        collect()
    assert 0 in found
    assert 1 not in found


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (lambda: Wanted(case("baseline"), 40), "multiple of 16"),
        (lambda: Wanted(case("baseline"), 32, inputs={"no such": np.zeros(32)}), "no uncertain input"),
        (lambda: Wanted(case("baseline"), 32, inputs={case("baseline").inputs[0].name: np.zeros(3)}), "32 values"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(item: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        list(run_many([item()], reduce=exposed))


def test_cases_may_differ_in_name_only() -> None:
    items = [Wanted(case("baseline"), 32), Wanted(replace(case("baseline"), name="other"), 32)]
    first, second = run(items=items).values()
    assert first == second
