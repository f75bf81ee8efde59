"""Sweeps: every combination is a run of its own, and what is finished is not run again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulator import Scenario, run
from simulator.analysis import sweep as analysis
from simulator.analysis.deadline import measured
from simulator.analysis.grids import grids_of
from simulator.analysis.sweep import PartialSweep, Sweep, sweep
from simulator.errors import InputError, InterruptedRun, UsageError
from simulator.report.document import text
from simulator.report.heatmap import heatmap
from simulator.report.sweep_document import sweep_csv, sweep_document
from simulator.report.sweep_store import FolderStore
from simulator.report.sweep_text import sweep_text

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
TRUCE = "events.us_ban_suspension.renewal_probability"
GRIDS = (f"{TRUCE}=0,1", "review_days=14,28")


@cache
def baseline() -> Scenario:
    return Scenario.load(BASELINE)


def swept(store: FolderStore | None = None, jobs: int = 1, grids: Any = GRIDS) -> Sweep:
    return sweep(baseline(), grids, replications=32, commodities=["gallium"], jobs=jobs, store=store)


def whole(found: Sweep) -> str:
    document = sweep_document(found, wall_s=0.0, jobs=1)
    return text({**document, "execution": None}) + sweep_csv(found)


@cache
def plain() -> Sweep:
    return swept()


def never(*_: Any, **__: Any) -> Iterator[Any]:
    raise AssertionError("nothing was to be simulated")


def test_a_combination_is_bit_for_bit_the_run_of_the_scenario_with_its_values() -> None:
    assert [point.values for point in plain().points] == [("0", "14"), ("0", "28"), ("1", "14"), ("1", "28")]
    for point in plain().points:
        sets = [f"{grid.path}={value}" for grid, value in zip(plain().grids, point.values, strict=True)]
        study = run(Scenario.load(BASELINE, sets), replications=32, commodities=["gallium"])
        assert point.sha256 == study.case.sha256
        assert point.measures == measured(study.case, study.outcome)
        (gallium,) = study.verdict.commodities
        known = {(item.commodity, item.measure): item.estimate for item in point.measures}
        assert known["gallium", "met/reliance"] == gallium.yardsticks["reliance"].probability
        assert known["headline", "expected_met/reliance"] == study.verdict.overall["reliance"].expected_met


def test_grids_given_in_python_are_those_of_the_command_line() -> None:
    assert grids_of({TRUCE: [0.0, 1], "review_days": (14, 28)}) == grids_of(GRIDS)
    assert grids_of([f"{TRUCE}=0:1:2"]) == grids_of([f"{TRUCE}=0,1"])


def test_workers_change_nothing() -> None:
    assert whole(swept(jobs=2)) == whole(plain())


def test_a_repeated_sweep_runs_nothing_and_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = swept(FolderStore(str(tmp_path)))
    assert (first.reused, len(list(tmp_path.iterdir()))) == (0, 4)
    monkeypatch.setattr(analysis, "run_many", never)
    again = swept(FolderStore(str(tmp_path)))
    assert again.reused == 4
    assert whole(first) == whole(again) == whole(plain())


def test_only_what_is_missing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept(FolderStore(str(tmp_path)))
    shutil.rmtree(sorted(tmp_path.iterdir())[0])
    asked = []

    def counting(wanted: Any, **options: Any) -> Iterator[Any]:
        asked.extend(wanted)
        return real(wanted, **options)

    real = analysis.run_many
    monkeypatch.setattr(analysis, "run_many", counting)
    assert whole(swept(FolderStore(str(tmp_path)))) == whole(plain())
    assert len(asked) == 1


def test_other_futures_do_not_meet_in_one_folder(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path))
    for seed in (0, 1):
        found = sweep(
            baseline(), ["review_days=14,28"], replications=16, seed=seed, commodities=["gallium"], store=store
        )
        assert found.reused == 0
    assert len(list(tmp_path.iterdir())) == 4


def test_an_interrupted_sweep_keeps_what_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: Any, **options: Any) -> Iterator[Any]:
        found = real(wanted, **options)
        yield next(found)
        raise InterruptedRun("interrupted")

    real = analysis.run_many
    monkeypatch.setattr(analysis, "run_many", interrupted)
    with pytest.raises(PartialSweep, match="1 of 4 combinations are finished") as stopped:
        swept(FolderStore(str(tmp_path)))
    assert stopped.value.exit_code == 130
    assert stopped.value.sweep.points == plain().points[:1]
    assert "1 of them finished" in sweep_text(stopped.value.sweep)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(analysis, "run_many", real)
    assert whole(swept(FolderStore(str(tmp_path)))) == whole(plain())


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda point: "{}", "schema is None"),
        (lambda point: text(point)[:200], "not a finished combination: not JSON, cut or changed"),
        (lambda point: text(point | {"results_id": "0" * 64}), "something other than this combination; choose another"),
        (lambda point: text(point | {"measures": point["measures"][:-1]}), "gallium/top_country_share is not there"),
        (lambda point: text(point | {"measures": [*point["measures"], point["measures"][0]]}), "stands there twice"),
        (lambda point: text(point).replace('"n": 32', '"n": 64'), "more futures than were asked for"),
        (lambda point: text(point).replace('"n": 32', '"n": "32"'), "measures.0.n: input should be a valid integer"),
        (lambda point: text(point).replace('"value": ', '"value": 1e999', 1), "not JSON|finite number"),
        (lambda point: text(point).replace('"headline"', '"tin"'), "other commodities than the scenario"),
    ],
)
def test_a_damaged_combination_is_refused(damage: Any, said: str, tmp_path: Path) -> None:
    swept(FolderStore(str(tmp_path)))
    file = sorted(tmp_path.iterdir())[0] / "deadline.json"
    file.write_text(damage(json.loads(file.read_text("utf-8"))), "utf-8")
    with pytest.raises(InputError, match=f"{re.escape(str(file))}: .*({said})"):
        swept(FolderStore(str(tmp_path)))


@pytest.mark.parametrize(
    ("grids", "said"),
    [
        ([f"{TRUCE.replace('sion', 'soin')}=0,1"], "did you mean 'us_ban_suspension'"),
        (["events.us_ban_suspension.renewal_probabilty=0,1"], "did you mean 'renewal_probability'"),
        (["inputs.demand_elastcity/gallium=0,1"], "did you mean 'demand_elasticity/gallium'"),
        ([f"{TRUCE}=0,1.5"], "a share lies between 0 and 1"),
        ([TRUCE], "write PATH=V1,V2"),
        ([f"{TRUCE}=0,,1"], "a value is empty"),
        ([f"{TRUCE}=0:1:1"], "N of 2 or more"),
        ([f"{TRUCE}=1,1"], "given twice"),
        ([f"{TRUCE}=1,1.0"], "are the same scenario"),
        ([f"{TRUCE}=1", f"{TRUCE}=0"], "two grids"),
        (["events.us_ban_suspension=1", f"{TRUCE}=0"], "change the same value"),
        ([f"{TRUCE}=0:1:1000", "review_days=0:1:1000"], "1,000,000 combinations"),
        ([f"{TRUCE}=0:1:1000000000"], "1,000,000,000 values; at most 100,000"),
        ([], "at least one grid"),
    ],
)
def test_a_wrong_grid_is_refused_before_anything_runs(
    grids: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "run_many", never)
    with pytest.raises(UsageError) as refused:
        swept(grids=grids)
    assert said in str(refused.value)


def test_the_heat_map_has_a_number_in_every_cell_and_the_same_bytes_each_time() -> None:
    first, second = (heatmap(plain(), ".svg", "reliance") for _ in range(2))
    assert first == second
    drawn = first.decode()
    for words in (TRUCE, "review_days", "gallium", "P(met reliance), %", "32 futures per cell, seed 0"):
        assert words in drawn
    assert drawn.count("(0-11)") == sum(
        item.measure == "met/reliance" and item.estimate.value == 0.0
        for point in plain().points
        for item in point.measures
    )
    assert heatmap(plain(), ".png", "reliance").startswith(b"\x89PNG")


def test_the_table_has_one_row_per_combination_commodity_and_measure() -> None:
    frame = plain().to_dataframe()
    assert list(frame.columns) == [TRUCE, "review_days", "commodity", "measure", "value", "low", "high", "n"]
    assert not frame.duplicated([TRUCE, "review_days", "commodity", "measure"]).any()
    shares = frame[frame.measure.str.startswith("met/")]
    assert ((shares.low <= shares.value) & (shares.value <= shares.high) & (shares.n == 32)).all()
