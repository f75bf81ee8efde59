"""What a rule can never do: tell neighbours in a block apart, touch what it does not name, or fire by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scenario.case import Case
from tests.support import worlds
from tests.support.rules import BAN, rule, ruled

N = 8
SHOCK = {"type": "demand_shock", "region": "USA", "at": "+10d", "until": "+100d", "factor": 1.5}
LICENCES = {"type": "export_licensing", "imposer": "CHN", "target": "ALL", "at": "+20d", "until": "+150d"}
OUTAGE = {"type": "outage", "country": "CHN", "at": {"uniform": {"low": 5, "high": 90}}, "until": "+300d"}
ANSWERS = {"ban": {**BAN, "until": "+200d", "announced": "+0d"}, "shock": SHOCK, "licences": LICENCES, "outage": OUTAGE}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """A figure and a threshold that some futures pass and others do not."""
    metric, low, high = draw(
        st.sampled_from(
            [("price_index", 0.9, 2.0), ("direct_china_share", 0.4, 0.7), ("days_of_cover", 20.0, 60.0),
             ("unmet_share", 0.0, 0.2)]
        )
    )  # fmt: skip
    return {
        "metric": metric,
        draw(st.sampled_from(["above", "below"])): draw(st.floats(low, high, allow_subnormal=False)),
        "for_reviews": draw(st.integers(1, 5)),
        "lag_days": draw(st.sampled_from([0.0, 45.0])),
    }


def reacting(when: dict[str, Any], answers: list[str], cooldown: float | None) -> Case:
    base = worlds.case([worlds.chain("antimony"), worlds.chain("gallium")])
    return ruled(base, rule(when, *(ANSWERS[name] for name in answers), probability=0.7, cooldown_days=cooldown))


@settings(max_examples=6, deadline=None)
@given(conditions(), st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=4, unique=True), st.booleans())
def test_a_future_reacts_the_same_alone_and_in_a_block(when: dict[str, Any], answers: list[str], again: bool) -> None:
    """Whether and when a rule fires in one future does not depend on those computed beside it."""
    case = reacting(when, answers, 60.0 if again else None)
    block = worlds.run(case, N)
    for chosen in (np.array([3]), np.array([6, 1])):
        alone = worlds.run(case, chosen)
        for row, k in enumerate(chosen):
            assert worlds.replication_bytes(alone, row) == worlds.replication_bytes(block, int(k))
            assert alone.rule_days["react"][row] == block.rule_days["react"][k]


@settings(max_examples=6, deadline=None)
@given(conditions(), st.sampled_from(sorted(ANSWERS)))
def test_a_rule_leaves_other_commodities_and_futures_without_it_alone(when: dict[str, Any], answer: str) -> None:
    """Gallium does not notice antimony's rule, and antimony does not where it did not fire."""
    case = reacting(when, [answer], None)
    quiet, block = worlds.run(ruled(case), N), worlds.run(case, N)
    for k in range(N):
        before, after = worlds.replication_bytes(quiet, k), worlds.replication_bytes(block, k)
        same = {name for name in before if before[name] == after[name]}
        assert same >= {name for name in before if name[0] == "gallium"}
        assert np.isfinite(block.rule_days["react"][k]) or same == set(before)
