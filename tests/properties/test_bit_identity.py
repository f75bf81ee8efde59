"""A replication is the same bytes however it is computed: alone, in any block, by any number of workers."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.traces import Trace
from simulator.experiment.blocks import run_case
from simulator.instruments.agreement import Agreement
from simulator.instruments.base import Instrument
from simulator.instruments.demand_shock import DemandShock
from simulator.instruments.distributions import Uniform
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_licensing import ExportLicensing
from simulator.instruments.outage import Outage
from simulator.instruments.project import Project
from simulator.instruments.suspension import Suspension
from simulator.metrics.outcome import outcome
from simulator.scenario import load, resolve
from simulator.scenario.case import Case
from tests.support import worlds
from tests.support.contents import leaves

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
EVERYTHING: tuple[Instrument, ...] = (
    ExportLicensing(
        id="licences",
        imposer="CHN",
        target=("ALL",),
        commodities=("antimony",),
        at=date(2024, 1, 1),
        established=True,
    ),
    ExportBan(
        id="ban",
        imposer="CHN",
        target=("USA",),
        commodities=("antimony", "gallium"),
        announced=date(2025, 12, 1),
        at=Uniform.model_validate({"uniform": {"low": 60.0, "high": 200.0}}),
        leakage=0.05,
        probability=0.6,
    ),
    Suspension(id="truce", at=date(2026, 7, 1), until=date(2026, 12, 1), suspends=("ban",), renewal_probability=0.5),
    Outage(
        id="strike",
        country="TJK",
        commodities=("antimony",),
        at=Uniform.model_validate({"uniform": {"low": 0.0, "high": 400.0}}),
        duration_days=60.0,
    ),
    DemandShock(id="boom", region="USA", commodities=("ALL",), at=date(2026, 3, 1), factor=1.3, probability=0.4),
    Project(
        id="smelter",
        country="BEL",
        commodity="antimony",
        stage="oxide",
        capacity_t_per_year=40.0,
        at=Uniform.model_validate({"uniform": {"low": 0.0, "high": 600.0}}),
        probability=0.5,
    ),
    Agreement(id="accord", kind="offtake", partners=("TJK",), commodities=("antimony",), at=date(2025, 10, 1)),
)


def eventful(commodities: tuple[str, ...] = ("antimony",), events: tuple[Instrument, ...] = EVERYTHING) -> Case:
    """Everything at once: controls, truce, shocks, projects by gates, closures, scrap and random transit."""
    ways = {c: worlds.lane(c, d, 2 * d, closures=1.0) for c, d in (("CHN", 25.0), ("BEL", 20.0), ("USA", 3.0))}
    projects = tuple(
        worlds.project(f"mine-{c}", commodity=c, gate="construction", announced="2026-06-01") for c in commodities
    )
    return worlds.case([worlds.chain(c, lanes=ways, secondary=10.0) for c in commodities], events, projects=projects)


@pytest.fixture(scope="module")
def small() -> tuple[Case, Trace]:
    """The eventful world in one block of 1,024."""
    model = eventful()
    return model, worlds.run(model, 1024)


@pytest.fixture(scope="module")
def real() -> tuple[Case, Trace]:
    """A commodity of the catalogue with four stages and many producers, in one block of 64."""
    model = resolve(load(BASELINE), ["ree_heavy"])
    return model, worlds.run(model, 64)


def assert_same(whole: Trace, part: Trace, rows: Any, **options: Any) -> None:
    """Replication ``rows[i]`` of the whole run is row ``i`` of the part, to the last bit."""
    for i, k in enumerate(rows):
        expected = worlds.replication_bytes(whole, int(k), **options)
        found = worlds.replication_bytes(part, i, **options)
        wrong = [name for name, value in found.items() if value != expected[name]]
        assert not wrong, f"replication {k} differs in {wrong}"
        for branch, mask in part.branches.items():
            assert mask[i] == whole.branches[branch][k], branch


def test_the_events_of_the_small_world_take_effect(small: tuple[Case, Trace]) -> None:
    """Otherwise sameness under events would mean nothing."""
    chain = small[1].chains[0]
    assert 0.4 < small[1].branches["event/ban/happens"].mean() < 0.8
    assert (chain.landed[:, -1, -1] > 0).any(), "nothing is re-routed"
    assert (chain.project_output[:, -1] > 0).any(axis=0).all(), "a project never produces"
    assert chain.price_world.max() > 1.1


@pytest.mark.parametrize("k", [0, 1, 15, 517, 1023])
def test_a_replication_alone_equals_itself_among_1024(small: tuple[Case, Trace], k: int) -> None:
    model, whole = small
    assert_same(whole, worlds.run(model, np.array([k])), [k])


def test_a_block_of_three_equals_the_same_three_among_1024(small: tuple[Case, Trace]) -> None:
    model, whole = small
    rows = np.array([516, 517, 518])
    assert_same(whole, worlds.run(model, rows), rows)


def test_a_queue_older_than_the_model_is_the_same_in_any_block() -> None:
    """Fast licences: few replications draw the longest lag, so blocks differ in theirs."""
    calm = {"licence_lag_months": (0.4, 0.5, 0.6)}
    chain = worlds.still(worlds.chain("antimony"))
    model = worlds.case([chain], EVERYTHING[:1], inputs=calm)
    whole = worlds.run(model, 64)
    for k in range(8):
        assert_same(whole, worlds.run(model, np.array([k])), [k])


def test_a_licence_suspended_in_some_futures_only_is_the_same_in_any_block() -> None:
    """The queue runs on while nobody in a block needs a licence: alone, a replication may be nobody."""
    events = (
        ExportLicensing(id="licences", imposer="CHN", target=("ALL",), commodities=("antimony",), at=date(2025, 3, 1)),
        Suspension(
            id="truce", at=date(2025, 12, 6), until=date(2026, 3, 6), suspends=("licences",), renewal_probability=0.5
        ),
    )
    model = eventful(events=events)
    whole = worlds.run(model, 32)
    for k in (0, 1, 2, 3, 17, 30):
        assert_same(whole, worlds.run(model, np.array([k])), [k])


@settings(max_examples=8)
@given(st.sets(st.integers(0, 1023), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_any_scattered_set_in_any_order_equals_itself_among_1024(
    small: tuple[Case, Trace], chosen: set[int], shuffle: Any
) -> None:
    model, whole = small
    rows = sorted(chosen)
    shuffle.shuffle(rows)
    assert_same(whole, worlds.run(model, np.array(rows)), rows)


def test_the_first_256_of_1024_equal_a_run_of_256(small: tuple[Case, Trace]) -> None:
    model, whole = small
    assert_same(whole, worlds.run(model, 256), range(256))


@pytest.mark.parametrize("rows", [[0], [37], [63], [10, 11, 12], [1, 5, 8, 9, 40, 62]], ids=str)
def test_a_real_commodity_is_the_same_in_any_block(real: tuple[Case, Trace], rows: list[int]) -> None:
    model, whole = real
    assert_same(whole, worlds.run(model, np.array(rows)), rows)


def test_one_worker_and_two_give_the_same_bytes() -> None:
    model = eventful()
    options = {"outcome": partial(outcome, case=model), "replications": 128, "block_size": 64, "seed": 7}
    one, two = (run_case(model, jobs=jobs, **options) for jobs in (1, 2))
    assert two.jobs == 2
    assert list(leaves(one.parts)) == list(leaves(two.parts))
    other = run_case(model, jobs=1, **(options | {"seed": 8}))
    assert list(leaves(one.parts)) != list(leaves(other.parts))


def test_an_instrument_on_one_commodity_leaves_another_untouched() -> None:
    both = eventful(("antimony", "gallium"), events=EVERYTHING[:1])
    ban = ExportBan(id="only", imposer="CHN", target=("ALL",), commodities=("gallium",), at=date(2026, 1, 1))
    banned = replace(both, instruments=(*both.instruments, ban))
    before, after = worlds.run(both, 32), worlds.run(banned, 32)
    for k in range(32):
        first, second = (worlds.replication_bytes(trace, k) for trace in (before, after))
        assert all(second[name] == value for name, value in first.items() if name[0] == "antimony")
    assert (before.chains[1].landed[:, -1, 0] > after.chains[1].landed[:, -1, 0]).all()


def test_a_commodity_alone_equals_itself_in_the_full_run() -> None:
    full = worlds.run(eventful(("antimony", "gallium")), 32)
    alone = worlds.run(eventful(("gallium",)), 32)
    for k in range(32):
        whole, part = (worlds.replication_bytes(trace, k) for trace in (full, alone))
        assert all(whole[name] == value for name, value in part.items())


def test_every_real_commodity_alone_equals_itself_in_the_full_run() -> None:
    """No shared constraint binds in the baseline, so nothing of one commodity may reach another."""
    full = worlds.run(resolve(load(BASELINE)), 16)
    names = {trace.commodity.partition(":")[0] for trace in full.chains}
    assert len(names) == 20
    for name in sorted(names):
        alone = worlds.run(resolve(load(BASELINE), [name]), 16)
        for trace in alone.chains:
            twin = next(other for other in full.chains if other.commodity == trace.commodity)
            for field in fields(trace):
                mine, theirs = getattr(trace, field.name), getattr(twin, field.name)
                if isinstance(mine, np.ndarray):
                    assert mine.tobytes() == theirs.tobytes(), f"{name}: {field.name}"


def test_events_that_never_happen_equal_no_events() -> None:
    """A world with every event at probability 0 is the world without events, bit for bit."""
    never = tuple(event.model_copy(update={"probability": 0.0}) for event in EVERYTHING)
    silent, quiet = worlds.run(eventful(events=never), 32), worlds.run(eventful(events=()), 32)
    lively = worlds.run(eventful(), 32)
    # The user's own project stands in the list of projects even where it never starts.
    for k in range(32):
        hidden = ["project_output", "project_accessible"]
        a, b, c = (worlds.replication_bytes(t, k, without=hidden) for t in (silent, quiet, lively))
        assert a == b
        assert a != c
