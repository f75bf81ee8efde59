"""Two scenarios future by future: differences, their intervals, and in how many futures it got better."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import date
from functools import cache

import numpy as np
import pytest

from simulator.analysis.compare import Comparison, compare
from simulator.analysis.intervals import mean_interval, wilson
from simulator.analysis.study import Study
from simulator.analysis.verdict import judge
from simulator.errors import NotComparableError
from simulator.instruments.base import Instrument
from simulator.instruments.export_ban import ExportBan
from simulator.metrics.outcome import ChainOutcome, outcome
from simulator.scenario.case import Case
from tests.support import worlds

N = 64
DEADLINE = 1
"""Place of the deadline among the moments."""


def study(case: Case, n: int = N, seed: int = 0) -> Study:
    result = outcome(worlds.run(case, n, seed), case)
    return Study(None, case, result, judge(case, result), seed, n, 1, 0.0)  # type: ignore[arg-type]  # no file behind it


def case(*instruments: Instrument, commodities: tuple[str, ...] = ("antimony",)) -> Case:
    return worlds.case([worlds.chain(name) for name in commodities], instruments)


BAN = ExportBan(
    id="ban", imposer="CHN", target=("USA",), commodities=("antimony",), at=date(2026, 6, 1), probability=0.5
)


@cache
def pair() -> tuple[Study, Study]:
    both = ("antimony", "gallium")
    return study(case(commodities=both)), study(case(BAN, commodities=both))


def banned() -> Comparison:
    return compare(*pair())


def with_values(item: Study, name: str, values: np.ndarray) -> Study:
    """The study with other values of a KPI of its first commodity at the deadline."""
    chain = item.outcome.chains[0]
    changed = chain.values[name].copy()
    changed[:, DEADLINE] = values
    return with_chain(item, replace(chain, values={**chain.values, name: changed}))


def with_met(item: Study, flags: np.ndarray) -> Study:
    chain = item.outcome.chains[0]
    changed = chain.met["reliance"].copy()
    changed[:, DEADLINE] = flags
    return with_chain(item, replace(chain, met={**chain.met, "reliance": changed}))


def with_chain(item: Study, chain: ChainOutcome) -> Study:
    outcome = replace(item.outcome, chains=(chain, *item.outcome.chains[1:]))
    return replace(item, outcome=outcome, verdict=replace(item.verdict, counted=outcome))


def test_a_scenario_compared_with_itself_differs_nowhere() -> None:
    found = compare(study(case(BAN)), study(case(BAN)))
    assert found.identical
    for item in found.commodities:
        for difference in (*item.yardsticks.values(), *item.kpis.values()):
            apart, better = difference.difference, difference.improvement
            assert (apart.value, apart.low, apart.high) == (0.0, 0.0, 0.0)
            assert (better.value, better.low, better.high) == (0.5, 0.5, 0.5)
            assert difference.tied == 1.0
    assert all(item.expected_met.difference.value == 0.0 for item in found.overall.values())


def test_a_ban_on_one_commodity_leaves_the_other_identical() -> None:
    antimony, gallium = banned().commodities
    assert (antimony.commodity, antimony.identical, antimony.differs) == ("antimony", False, True)
    assert (gallium.commodity, gallium.identical, gallium.differs) == ("gallium", True, False)
    assert not banned().identical


def test_the_interval_is_that_of_the_paired_differences_over_the_randomisations() -> None:
    a, b = (item.outcome.chains[0].values["direct_china_share"][:, DEADLINE] for item in pair())
    found = banned().commodities[0].kpis["direct_china_share"]
    assert found.difference == mean_interval(b - a)
    assert found.difference.high < 0  # a ban lowers what customs statistics show
    assert (found.reference, found.other) == pytest.approx((a.mean(), b.mean()))


def test_improvement_goes_by_the_direction_of_the_measure_and_counts_a_tie_half() -> None:
    base = pair()[0]
    index = base.outcome.chains[0].values["hhi"][:, DEADLINE]
    change = np.array([-0.01, 0.0, 0.02, 0.0] * (N // 4))
    found = compare(base, with_values(base, "hhi", index + change)).commodities[0].kpis["hhi"]
    assert (found.improvement.value, found.tied) == (0.25 + 0.25, 0.5)
    cover = base.outcome.chains[0].values["days_of_cover"][:, DEADLINE]
    found = compare(base, with_values(base, "days_of_cover", cover - 1.0)).commodities[0].kpis["days_of_cover"]
    assert found.improvement.value == 0.0
    assert found.difference.value == pytest.approx(-1.0)


def test_a_future_in_which_a_share_is_not_defined_counts_in_no_pair() -> None:
    base = pair()[0]
    values = base.outcome.chains[0].values["hhi"][:, DEADLINE].copy() - 0.1
    values[:16] = np.nan
    found = compare(base, with_values(base, "hhi", values)).commodities[0].kpis["hhi"]
    assert found.difference.n == N - 16
    assert found.difference.value == pytest.approx(-0.1)
    assert found.improvement.value == 1.0


def test_a_randomisation_that_knows_nothing_leaves_no_interval() -> None:
    base = pair()[0]
    values = base.outcome.chains[0].values["hhi"][:, DEADLINE].copy()
    values[::16] = np.nan
    found = compare(base, with_values(base, "hhi", values)).commodities[0].kpis["hhi"]
    assert found.difference.value == 0.0
    assert np.isnan(found.difference.low)


def test_that_no_future_of_a_sample_changes_does_not_make_it_certain() -> None:
    base = pair()[0]
    nobody = with_met(base, np.zeros(N, dtype=bool))
    # Some other number differs, so that the two are not the same scenario.
    touched = with_values(nobody, "hhi", nobody.outcome.chains[0].values["hhi"][:, DEADLINE] + 0.1)
    found = compare(nobody, touched).commodities[0].yardsticks["reliance"]
    assert found.difference.value == 0.0
    assert found.difference.high == -found.difference.low == wilson(0, N)[1]
    everybody = compare(nobody, with_met(base, np.ones(N, dtype=bool))).commodities[0].yardsticks["reliance"]
    assert (everybody.difference.value, everybody.difference.high) == (1.0, 1.0)
    assert everybody.difference.low == pytest.approx(1.0 - wilson(0, N)[1])
    assert everybody.improvement.value == 1.0


def test_the_expected_number_met_counts_what_missed_at_the_start_of_the_reference() -> None:
    base, other = pair()
    wanted = base.verdict.overall["reliance"].commodities
    assert wanted == ("antimony", "gallium")
    found = compare(with_met(base, np.zeros(N, dtype=bool)), with_met(other, np.arange(N) % 2 == 0))
    overall = found.overall["reliance"]
    assert overall.commodities == wanted
    assert overall.expected_met.difference.value == 0.5


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (lambda: study(case(), seed=1), "seed"),
        (lambda: study(case(), n=32), "replications"),
        (lambda: study(replace(case(), deadline=date(2027, 4, 6))), "deadline"),
        (lambda: study(replace(case(), data_sha256="1" * 64)), "data"),
        (lambda: study(case(commodities=("gallium",))), "no commodity in common"),
    ],
)
def test_studies_that_do_not_share_their_futures_are_refused(other: object, word: str) -> None:
    assert callable(other)
    with pytest.raises(NotComparableError, match=word) as error:
        compare(study(case()), other())
    assert error.value.exit_code == 5


def test_a_commodity_of_one_alone_is_named_and_not_compared() -> None:
    found = compare(pair()[0], study(case()))
    assert [item.commodity for item in found.commodities] == ["antimony"]
    assert found.unmatched == ("gallium",)
    assert not found.identical


def test_a_comparison_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        banned().replications = 1  # type: ignore[misc]
