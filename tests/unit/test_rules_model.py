"""Rules in the world: when they fire, what they see, and that what they set off is an ordinary event."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from simulator.domain.chain import Chain
from simulator.instruments.base import Instrument
from simulator.metrics.registry import metrics
from simulator.metrics.windows import Windows
from simulator.model.observations import Watch
from simulator.model.rules import Reaction
from simulator.scenario import load, resolve
from simulator.scenario.rules import Condition
from simulator.scenario.schema import Event
from tests.support import worlds
from tests.support.rules import ALWAYS, BAN, FIRST_REVIEW, NEVER, rule, ruled

N = 4
START = date(2025, 11, 6)


def chain(name: str = "antimony") -> Chain:
    return worlds.chain(name)


def events(*given: dict[str, Any]) -> tuple[Instrument, ...]:
    adapter: TypeAdapter[Instrument] = TypeAdapter(Event)
    return tuple(adapter.validate_python({"commodities": ["antimony"], **item}) for item in given)


def suspension_case(*extra: dict[str, Any]) -> tuple[Instrument, ...]:
    adapter: TypeAdapter[Instrument] = TypeAdapter(Event)
    truce = {"id": "truce", "type": "suspension", "at": "2025-11-01", "until": "2026-11-10", "suspends": "old_ban"}
    return (
        *events({**BAN, "id": "old_ban", "at": "2025-01-01"}),
        *(adapter.validate_python(item) for item in (truce, *extra)),
    )


SET_OFF: dict[str, tuple[dict[str, Any], ...]] = {
    "controls and shocks": (
        {**BAN, "until": "+200d", "announced": "+3d", "extraterritorial_share": 0.5},
        {"type": "export_licensing", "imposer": "CHN", "target": "ALL", "at": "+20d"},
        {"type": "outage", "country": "CHN", "at": "+15d", "lost_share": 0.6, "duration_days": 90.0},
        {"type": "demand_shock", "region": "USA", "at": "+40d", "until": "+300d", "factor": 1.4},
    ),
    "a suspension": (
        {"type": "suspension", "suspends": "old_ban", "at": "+100d", "until": "+400d", "renewed_for": "+60d",
         "renewal_probability": 0.5},
    ),
    "the end of one": ({"type": "suspension_end", "ends": "truce", "at": "+50d"},),
}  # fmt: skip


def dated(event: dict[str, Any], name: str) -> Instrument:
    """State what a rule sets off at the first review as an event of its own."""
    days = {
        field: (START + timedelta(days=FIRST_REVIEW + int(event[field][1:-1]))).isoformat()
        for field in ("announced", "at", "until")
        if field in event
    }
    about = {} if event["type"].startswith("suspension") else {"commodities": ["antimony"]}
    adapter: TypeAdapter[Instrument] = TypeAdapter(Event)
    return adapter.validate_python({"id": name, **about, **event, **days})


@pytest.mark.parametrize("kind", sorted(SET_OFF))
def test_what_a_rule_sets_off_equals_the_same_events_on_the_days_they_fall(kind: str) -> None:
    """A rule that must fire at the first review is a list of events dated from that review, to the last bit."""
    base = worlds.case([chain()], suspension_case())
    reacting = ruled(base, rule(ALWAYS, *SET_OFF[kind]))
    ordinary = tuple(dated(event, f"react_{i}") for i, event in enumerate(SET_OFF[kind]))
    scheduled = worlds.case([chain()], (*base.instruments, *ordinary))
    by_rule, by_date, nothing = (worlds.run(case, N) for case in (reacting, scheduled, base))
    assert by_rule.branches["rule/react/fired"].all()
    for k in range(N):
        assert worlds.replication_bytes(by_rule, k) == worlds.replication_bytes(by_date, k)
    assert any(worlds.replication_bytes(by_rule, k) != worlds.replication_bytes(nothing, k) for k in range(N))


def test_a_rule_that_never_fires_changes_no_bit() -> None:
    base = worlds.case([chain(), chain("gallium")], suspension_case())
    everything = (event for events in SET_OFF.values() for event in events)
    without, idle = worlds.run(base, N), worlds.run(ruled(base, rule(NEVER, *everything)), N)
    assert not idle.branches["rule/react/fired"].any()
    assert np.isinf(idle.rule_days["react"]).all()
    for k in range(N):
        assert worlds.replication_bytes(idle, k) == worlds.replication_bytes(without, k)


def test_a_condition_must_hold_at_as_many_reviews_in_a_row_as_the_rule_says() -> None:
    """Declared Chinese imports dry up after a ban and stay away: four reviews in a row come three reviews later."""
    base = worlds.case([chain()], events({**BAN, "id": "cut", "at": "2026-01-10"}))
    fall = {"metric": "direct_china_share", "below": 0.1, "lag_days": 0}
    soon, late = (worlds.run(ruled(base, rule({**fall, "for_reviews": k}, BAN)), N).rule_days["react"] for k in (1, 4))
    assert (soon > 65).all()
    np.testing.assert_array_equal(late, soon + 3 * 14)


def test_an_interruption_makes_the_count_begin_anew() -> None:
    model = worlds.case([chain()])
    reaction = Reaction(
        rule({"metric": "price_index", "above": 1.5, "for_reviews": 3}, BAN), model, worlds.draws_of(model, 1)
    )
    prices = [2.0, 2.0, 1.0, 2.0, 2.0, np.nan, 2.0, 2.0, 2.0, 2.0]
    fired = [bool(reaction.fires(14.0 * i, np.array([price]))[0]) for i, price in enumerate(prices)]
    assert fired.index(True) == 8
    assert sum(fired) == 1


def test_statistics_are_seen_late_and_prices_at_once() -> None:
    base = worlds.case([chain()], events({**BAN, "id": "cut", "at": "2026-01-10"}))
    fall = {"metric": "direct_china_share", "below": 0.2}
    prompt, usual = (
        worlds.run(ruled(base, rule({**fall, **lag}, BAN)), N).rule_days["react"] for lag in ({"lag_days": 0}, {})
    )
    fired = np.isfinite(prompt)
    assert fired.any()
    assert (usual[fired] >= prompt[fired] + 42).all()


@pytest.mark.parametrize("lag", [0.0, 28.0])
def test_an_observer_sees_the_metric_of_the_window_that_ended_a_lag_ago(lag: float) -> None:
    world = worlds.world(worlds.case([chain()], events({**BAN, "id": "cut", "at": "2026-01-10"})), N)
    # Windows of whole reviews: on other days the observer interpolates between reviews alone.
    when = {"commodity": "antimony", "above": 0.0, "lag_days": lag, "window_days": 84}
    names = ("direct_china_share", "unmet_share", "days_of_cover", "price_index")
    watches = {name: Watch(Condition.model_validate({**when, "metric": name}), world.chains[0]) for name in names}
    seen = {day: {name: watch.figure(day) for name, watch in watches.items()} for _, day in worlds.at_reviews(world)}
    trace = world.recorders[0].trace()
    days = [day for day in seen if day > 0 and {day - lag, day - lag - 84.0} <= set(trace.days)]
    assert len(days) > 10
    for name in names:
        wanted = metrics()[name](trace, Windows(tuple(day - lag for day in days), 84.0))
        np.testing.assert_allclose(np.stack([seen[day][name] for day in days], axis=1), wanted, rtol=1e-9, atol=1e-12)


def test_declared_origins_are_counted_as_customs_would() -> None:
    """Belgium's share of imports and its yearly tonnes; the United States' own oxide is no import."""
    world = worlds.world(worlds.case([worlds.still(chain())], inputs=worlds.CALM), N)
    terms = {"commodity": "antimony", "above": 0.0, "origins": "BEL", "lag_days": 0.0}
    share, tonnes = (
        Watch(Condition.model_validate({**terms, "metric": metric}), world.chains[0])
        for metric in ("origin_share", "landed_t_per_year")
    )
    c5 = Watch(Condition.model_validate({"metric": "c5_share", "commodity": "antimony", "above": 0}), world.chains[0])
    for _, day in worlds.at_reviews(world):
        figures = share.figure(day), tonnes.figure(day), c5.figure(day)
        if day > 0:
            break
    # The base year's flows: 100 t from Belgium, 150 t from China, 50 t at home.
    np.testing.assert_allclose(figures[0], 0.4, atol=0.03)
    np.testing.assert_allclose(figures[1], 100.0, rtol=0.15)
    np.testing.assert_array_equal(figures[2], 0.0)


def test_a_rule_fires_again_only_after_its_cooldown_and_when_all_it_set_off_is_over() -> None:
    shock = {"type": "demand_shock", "region": "USA", "at": "+10d", "until": "+100d", "factor": 2.0}

    def firings(**terms: Any) -> list[float]:
        world = worlds.world(ruled(worlds.case([chain()]), rule(ALWAYS, shock, **terms)), 1)
        change = world.rules.changes[0]
        return sorted({float(change.day[0]) - 10 for _ in worlds.at_reviews(world) if np.isfinite(change.day[0])})

    first = float(FIRST_REVIEW)
    assert firings() == [first]
    assert firings(cooldown_days=0.0)[:3] == [first, first + 112, first + 224]  # the first review 100 days later
    assert firings(cooldown_days=200.0)[:2] == [first, first + 210]


def test_a_rule_fires_only_between_its_days_and_in_the_futures_in_which_the_actor_reacts() -> None:
    base = worlds.case([chain()])
    late = worlds.run(ruled(base, rule(ALWAYS, BAN, at="2026-06-01", until="2026-07-01", probability=0.5)), 64)
    fired = late.branches["rule/react/fired"]
    assert 10 < fired.sum() < 54
    assert set(late.rule_days["react"][fired]) == {207.0}  # the first review of June 2026
    closed = worlds.run(ruled(base, rule(ALWAYS, BAN, at="2026-06-02", until="2026-06-15")), 4)
    assert not closed.branches["rule/react/fired"].any()


def passing(world_case: Any, on: float) -> Any:
    """Part of the focal buyer's claim on Chinese oxide that no ban stops, on a day."""
    world = worlds.world(world_case, N)
    world.env.run(until=on)
    market = world.chains[0].markets[2]
    return market.desks[0].passing[:, market.state.focal]


def test_a_rule_can_prolong_a_suspension() -> None:
    """The truce ends on day 369; a rule that suspends the ban anew beforehand keeps it away."""
    base = worlds.case([chain()], suspension_case())
    longer = {"type": "suspension", "suspends": "old_ban", "at": "+1d", "until": "+500d"}
    ends = (date(2026, 11, 10) - START).days
    np.testing.assert_array_equal(passing(base, ends - 0.5), 1.0)
    np.testing.assert_array_equal(passing(base, ends + 0.5), 0.0)
    np.testing.assert_array_equal(passing(ruled(base, rule(ALWAYS, longer)), ends + 0.5), 1.0)
    np.testing.assert_array_equal(passing(ruled(base, rule(ALWAYS, longer)), FIRST_REVIEW + 500.5), 0.0)


def test_of_two_suspensions_that_overlap_each_lifts_the_ban_while_it_lasts() -> None:
    shorter = {"type": "suspension", "suspends": "old_ban", "at": "+1d", "until": "+100d"}
    case = ruled(worlds.case([chain()], suspension_case()), rule(ALWAYS, shorter))
    np.testing.assert_array_equal(passing(case, FIRST_REVIEW + 100.5), 1.0)


def test_a_rule_can_end_a_suspension_before_its_time_and_for_good() -> None:
    renewing = suspension_case()
    renewing = (renewing[0], renewing[1].model_copy(update={"renewal_probability": 1.0}))
    base = worlds.case([chain()], renewing)
    revoke = rule(ALWAYS, {"type": "suspension_end", "ends": "truce", "at": "+50d"})
    np.testing.assert_array_equal(passing(ruled(base, revoke), FIRST_REVIEW + 49.5), 1.0)
    for day in (FIRST_REVIEW + 50.5, 600.5):
        np.testing.assert_array_equal(passing(base, day), 1.0)
        np.testing.assert_array_equal(passing(ruled(base, revoke), day), 0.0)


def test_retaliation_against_japan_reaches_the_united_states_through_its_refiners(tmp_path: Any) -> None:
    """Japan refines gallium from Chinese metal and sells it to the US: a ban on Japan alone cuts US supply."""
    file = tmp_path / "japan.yaml"
    baseline = (worlds.__file__.rsplit("tests", 1)[0] + "scenarios/baseline.yaml").replace("\\", "/")
    # Source: export_controls.csv CHN_JPN_DUALUSE_2026 (MOFCOM announcement 1/2026).
    file.write_text(
        f"name: Japan\nextends: {baseline}\nevents:\n"
        "  - {id: japan_2026, type: export_ban, imposer: CHN, target: JPN, commodities: [gallium], at: 2026-01-06}\n",
        "utf-8",
    )
    base, hit = (worlds.run(resolve(load(path), ["gallium"]), 16).chains[0] for path in (baseline, file))
    japan, days = base.origins.index("JPN"), base.days
    first, last = days[np.searchsorted(days, 180.0)], days[np.searchsorted(days, 540.0)]
    usual, left = (worlds.in_window(one.landed[:, :, japan], days, first, last) for one in (base, hit))
    assert left.mean() < 0.95 * usual.mean()
    assert left[np.argmin(left / usual)] < 0.8 * usual[np.argmin(left / usual)]  # where nobody else has metal to sell
    used, lost = (worlds.in_window(one.consumed, days, first, last) for one in (base, hit))
    assert lost.mean() < used.mean()
    kept, held = (worlds.in_window(one.withheld, days, first, last) for one in (base, hit))
    assert held.mean() > kept.mean()
