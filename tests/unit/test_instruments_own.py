"""An instrument of a user's own works like a shipped one, without a change to the package."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from simulator import Instrument, Scenario, register_instrument, run
from simulator.errors import UsageError
from simulator.instruments import base
from simulator.scenario.schema import json_schema

ROOT = Path(__file__).parents[2]
RATIONING = {
    "id": "cold_winter",
    "type": "winter_rationing",
    "country": "TJK",
    "commodity": "antimony",
    "lost_share": 1.0,
}


@pytest.fixture
def own() -> Iterator[None]:
    """The user's instrument, for one test: other tests count the shipped ones."""
    before = dict(base._registered)
    from tests.support.winter_rationing import WinterRationing

    register_instrument(WinterRationing)
    yield
    base._registered.clear()
    base._registered.update(before)
    base.instrument_types.cache_clear()


def baseline() -> Scenario:
    return Scenario.load(ROOT / "scenarios" / "baseline.yaml")


@pytest.mark.usefixtures("own")
def test_it_is_checked_simulated_and_written_like_a_shipped_one(tmp_path: Path) -> None:
    cold = baseline().with_event(**RATIONING)
    kept = tmp_path / "cold.yaml"
    kept.write_text(cold.to_yaml(over=baseline()), "utf-8")
    assert Scenario.load(kept).sha256 == cold.sha256
    warm, without = (
        run(scenario, replications=64, commodities=["antimony"], jobs=jobs)
        for scenario, jobs in ((baseline(), 1), (cold, 1))
    )
    landed = [result.outcome.chains[0].values["china_exposed_share"].mean() for result in (warm, without)]
    assert landed[0] != landed[1]
    with pytest.raises(UsageError, match="did you mean 'lost_share'"):
        baseline().with_event(**{**RATIONING, "lost_shares": 1.0})
    assert "WinterRationing" in json_schema()["$defs"]


@pytest.mark.usefixtures("own")
def test_workers_import_it_and_come_to_the_same_bytes() -> None:
    cold = baseline().with_event(**RATIONING)
    alone, shared = (run(cold, replications=128, commodities=["antimony"], jobs=jobs) for jobs in (1, 2))
    for name, values in alone.outcome.chains[0].values.items():
        assert values.tobytes() == shared.outcome.chains[0].values[name].tobytes()


def test_unregistered_it_is_unknown() -> None:
    with pytest.raises(UsageError, match="'winter_rationing' is not known"):
        baseline().with_event(**RATIONING)
    assert "WinterRationing" not in json_schema()["$defs"]


def test_what_is_no_instrument_or_takes_anothers_name_is_refused() -> None:
    class Ban(Instrument):
        type: Literal["export_ban"] = "export_ban"

    class Nameless(Instrument):
        pass

    with pytest.raises(UsageError, match=r"'export_ban' is already an instrument, simulator\.instruments\.export_ban"):
        register_instrument(Ban)
    with pytest.raises(UsageError, match="needs its type as a default"):
        register_instrument(Nameless)
    with pytest.raises(UsageError, match="is not a class derived from"):
        register_instrument(dict)  # type: ignore[type-var]


def test_a_class_that_a_cell_defines_needs_one_process_and_the_error_says_how_to_have_more() -> None:
    code = (ROOT / "tests" / "support" / "winter_rationing.py").read_text("utf-8")
    code = code.replace("from __future__ import annotations\n", "") + (
        "from simulator import Scenario, run\n"
        "from simulator.errors import UsageError\n"
        f"cold = Scenario.load('scenarios/baseline.yaml').with_event(**{RATIONING!r})\n"
        "run(cold, replications=16, commodities=['antimony'])\n"
        "try:\n    run(cold, replications=128, commodities=['antimony'], jobs=2)\n"
        "except UsageError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "cannot see 'WinterRationing', which a cell defines" in done.stdout
    assert "%%writefile" in done.stdout
