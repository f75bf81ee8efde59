from __future__ import annotations

import pickle
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np

from simulator.domain.target import Target
from simulator.domain.traces import ChainTrace, Trace
from simulator.metrics.examples import example_trace
from simulator.metrics.outcome import Outcome, joined, months_of, outcome

START = date(2025, 11, 6)


def case(horizon: date = date(2028, 5, 6)) -> Any:
    deadline = date(2027, 5, 6)
    return SimpleNamespace(
        start=START,
        spin_up=date(2024, 7, 1),
        deadline=deadline,
        horizon=horizon,
        focal="USA",
        chains=(SimpleNamespace(commodity="gallium", verdict_stage=0),),
        projects=(),
        instruments=(),
        observations=(),
        target=Target(deadline, ()),
        day=lambda when: (when - START).days,
    )


def trace(replications: list[int]) -> Trace:
    """Random but reproducible per replication: cumulative consumption and its China-exposed part."""
    days = np.arange(-493, 913, 14, dtype=np.float64)
    chains: list[ChainTrace] = []
    rates = np.stack([np.random.default_rng(k).random((4, len(days))) for k in replications])
    total = rates[:, 0].cumsum(axis=1)
    exposed = (rates[:, 0] * rates[:, 1]).cumsum(axis=1)
    landed = rates[:, :3].cumsum(axis=2).transpose(0, 2, 1)
    chains.append(
        example_trace(
            days=days,
            demanded=total * 1.01,
            consumed=total,
            exposed=exposed,
            origins=("CHN", "KAZ", "USA"),
            landed=landed,
            stock=rates[:, 3],
        )
    )
    flags = np.array([k % 2 == 0 for k in replications])
    return Trace(np.array(replications), tuple(chains), {"suspension/truce/renewed": flags})


def flat(result: Outcome) -> list[bytes]:
    return [
        array.tobytes()
        for chain in result.chains
        for table in (chain.values, chain.met, chain.series)
        for _, array in sorted(table.items())
    ]


def test_an_outcome_joined_from_blocks_has_the_bytes_of_one_block() -> None:
    whole = outcome(trace(list(range(12))), case())
    for cuts in ([[0], list(range(1, 12))], [[k] for k in range(12)], [list(range(5)), list(range(5, 12))]):
        parts = [outcome(trace(block), case()) for block in cuts]
        assert flat(joined(parts)) == flat(whole)
        assert joined(parts).branches["suspension/truce/renewed"].tolist() == [k % 2 == 0 for k in range(12)]


def test_an_outcome_survives_the_way_to_another_process() -> None:
    result = outcome(trace([0, 1]), case())
    assert flat(pickle.loads(pickle.dumps(result))) == flat(result)


def test_twelve_months_after_the_deadline_is_judged_only_if_simulated() -> None:
    assert outcome(trace([0]), case()).moments == ("start", "deadline", "later")
    assert outcome(trace([0]), case(date(2028, 5, 5))).moments == ("start", "deadline")


def test_months_begin_once_a_whole_window_lies_behind() -> None:
    months = [START + timedelta(days=day) for day in months_of(case())]
    assert months[0] == date(2024, 10, 1)
    assert months[-1] == date(2028, 5, 1)
    assert all(day.day == 1 for day in months)
