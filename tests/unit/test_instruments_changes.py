"""What each instrument does to a block of futures."""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from simulator.domain.changes import CapacityChange, ControlChange, DemandChange, OutageChange, SupportChange
from simulator.instruments.agreement import Agreement
from simulator.instruments.base import EventDraws, Instrument, instrument_types
from simulator.instruments.demand_shock import DemandShock
from simulator.instruments.export_ban import ExportBan
from simulator.instruments.export_licensing import ExportLicensing
from simulator.instruments.names import commodity_names
from simulator.instruments.outage import Outage
from simulator.instruments.project import Project
from simulator.instruments.suspension import Suspension

START, HORIZON = date(2025, 11, 6), date(2028, 5, 6)
N = 4_000


class NamedUniforms:
    """Uniforms that depend on the cause and the replication alone."""

    n = N

    def uniform(self, cause: str, width: int) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(cause.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).random((self.n, width))

    def input(self, name: str) -> NDArray[np.float64]:
        assert name == "truce_renewal/ALL"
        return np.linspace(0.5, 0.95, self.n)


def changes_of(instrument: Instrument) -> list:  # type: ignore[type-arg]
    return list(instrument.changes(EventDraws(NamedUniforms(), instrument.id, START, HORIZON)))


def ban(**fields: object) -> ExportBan:
    usual = {"id": "ban", "imposer": "CHN", "target": "USA", "commodities": ["gallium"], "at": "2026-12-01"}
    return ExportBan.model_validate(usual | fields)


def test_a_ban_without_end_is_one_change_on_its_day_in_every_future() -> None:
    (begin,) = changes_of(ban(announced="2026-11-01", leakage=0.1, stages=["refined_high_purity"]))
    assert isinstance(begin, ControlChange)
    assert (begin.active, begin.kind, begin.imposer, begin.targets) == (True, "ban", "CHN", ("USA",))
    assert (begin.day == 390).all()
    assert begin.mask.all()
    assert begin.announced is not None
    assert (begin.announced == 360).all()
    assert (begin.leakage == 0.1).all()
    assert begin.stages == ("refined_high_purity",)


def test_a_ban_with_an_end_is_lifted_in_the_futures_in_which_it_began() -> None:
    begin, end = changes_of(ban(until="2027-01-01", probability=0.35))
    assert (begin.active, end.active) == (True, False)
    assert (end.day - begin.day == 31).all()
    np.testing.assert_array_equal(begin.mask, end.mask)


def test_an_event_of_probability_p_happens_in_a_share_p_of_the_futures() -> None:
    half_width = 4 * np.sqrt(0.35 * 0.65 / N)
    assert changes_of(ban(probability=0.35))[0].mask.mean() == pytest.approx(0.35, abs=half_width)
    assert not changes_of(ban(probability=0))[0].mask.any()


def test_raising_a_probability_only_adds_futures_in_which_the_event_happens() -> None:
    rare, likely = (changes_of(ban(probability=p))[0].mask for p in (0.2, 0.6))
    assert (likely | ~rare).all()
    assert likely.sum() > rare.sum()


def test_a_day_given_by_a_distribution_is_a_whole_day_of_its_own_in_each_future() -> None:
    (begin,) = changes_of(ban(at={"lognormal": {"median": 300, "p90": 500}}))
    np.testing.assert_array_equal(begin.day, np.floor(begin.day))
    assert np.median(begin.day) == pytest.approx(300, rel=0.05)
    assert np.quantile(begin.day, 0.9) == pytest.approx(500, rel=0.05)


def test_a_ban_whose_drawn_end_comes_before_its_beginning_does_not_happen() -> None:
    begin, end = changes_of(ban(at={"uniform": {"low": 0, "high": 100}}, until="+50d"))
    np.testing.assert_array_equal(begin.mask, begin.day < 50)
    np.testing.assert_array_equal(end.mask, begin.mask)


def test_all_commodities_means_every_one_of_the_catalogue() -> None:
    (begin,) = changes_of(ban(commodities="ALL"))
    assert begin.commodities == commodity_names()
    assert len(begin.commodities) == 20


def test_values_outside_what_a_share_can_be_are_cut() -> None:
    (begin,) = changes_of(ban(leakage={"normal": {"mean": 0.1, "sd": 0.5}}))
    assert begin.leakage.min() == 0.0
    assert begin.leakage.max() == 1.0


def test_licensing_carries_coverage_approval_and_whether_its_queue_is_old() -> None:
    fields = {"id": "lic", "imposer": "CHN", "target": "ALL", "commodities": ["antimony"], "at": "2024-09-15"}
    terms = {"covered_share": 0.7, "approval_multiplier": 0.5, "established": True}
    (begin,) = changes_of(ExportLicensing.model_validate(fields | terms))
    assert (begin.kind, begin.covered_share, begin.approval_multiplier, begin.established) == (
        "licence",
        0.7,
        0.5,
        True,
    )
    assert (begin.day == -417).all()


def suspension(name: str, **fields: object) -> Suspension:
    usual = {"id": name, "at": "2025-11-09", "until": "2026-11-27", "suspends": ["ban"]}
    return Suspension.model_validate(usual | fields)


def test_a_suspension_without_renewal_lets_its_controls_return_everywhere() -> None:
    begin, end = changes_of(suspension("s"))
    assert (begin.active, end.active) == (True, False)
    assert begin.suspends == ("ban",)
    assert end.mask.all()
    assert (end.day == 386).all()


def test_a_renewed_suspension_keeps_its_controls_away() -> None:
    held = suspension("s", renewal_probability=0.8)
    _, end = changes_of(held)
    renewed = held.renewed(EventDraws(NamedUniforms(), "s", START, HORIZON))
    np.testing.assert_array_equal(end.mask, ~renewed)
    assert renewed.mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / N))


def test_suspensions_that_share_a_draw_are_renewed_in_the_same_futures() -> None:
    terms = {"renewal_probability": {"input": "truce_renewal/ALL"}, "renewal_draw": "truce"}
    first, second = (changes_of(suspension(name, **terms))[1].mask for name in ("a", "b"))
    np.testing.assert_array_equal(first, second)
    apart = changes_of(suspension("c", renewal_probability={"input": "truce_renewal/ALL"}))[1].mask
    assert (apart != first).any()


def test_each_renewal_ends_again_and_is_drawn_anew() -> None:
    _, first, second = changes_of(suspension("s", renewal_probability=0.5, renewed_for="+12mo"))
    assert (second.day - first.day == 365).all()
    assert not (first.mask & second.mask).any(), "what has returned cannot return again"
    assert (first.mask | second.mask).mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.1875 / N))


def test_controls_return_only_where_they_were_suspended() -> None:
    begin, end = changes_of(suspension("s", probability=0.5))
    np.testing.assert_array_equal(end.mask, begin.mask)
    assert 0 < begin.mask.sum() < N


def agreement(**fields: object) -> Agreement:
    usual = {"id": "mou", "at": "2025-11-06", "partners": ["KAZ"], "commodities": ["tungsten"]}
    return Agreement.model_validate(usual | fields)


def test_a_signature_adds_no_tonne_and_moves_the_odds_to_the_record_of_mous() -> None:
    (support,) = changes_of(agreement(kind="MOU"))
    assert isinstance(support, SupportChange)
    assert not isinstance(support, CapacityChange)
    assert support.financing_odds == pytest.approx(0.10)
    assert support.countries == ("KAZ",)


def test_commercial_deals_reach_money_more_often_than_memoranda() -> None:
    assert changes_of(agreement(kind="JV"))[0].financing_odds == pytest.approx(0.48)


def test_a_programme_for_every_commodity_counts_as_a_framework() -> None:
    assert changes_of(agreement(kind="loan", commodities="ALL", milestones=2))[0].financing_odds == pytest.approx(0.10)


def test_binding_money_passes_the_gate_of_the_projects_it_names_only() -> None:
    assert changes_of(agreement(kind="loan", milestones=2, projects=["KAZ_W_NKATPAR"]))[0].financing_odds == 1.0
    assert changes_of(agreement(kind="loan", milestones=2))[0].financing_odds == pytest.approx(0.48)


def test_a_partner_union_means_its_members() -> None:
    countries = changes_of(agreement(partners=["EUU", "JPN"]))[0].countries
    assert len(countries) == 28
    assert {"DEU", "JPN"} < set(countries)


def test_what_was_never_signed_supports_nothing() -> None:
    assert changes_of(agreement(milestones=0)) == []


def project(**fields: object) -> Project:
    usual = {"id": "plant", "country": "KAZ", "commodity": "gallium", "stage": "refined_high_purity"}
    return Project.model_validate(usual | fields)


def test_a_new_project_adds_its_capacity_from_its_day_on() -> None:
    (change,) = changes_of(project(capacity_t_per_year=15, at="+9mo", ramp_type=0, focal_offtake_share=0.4))
    assert isinstance(change, CapacityChange)
    assert (change.country, change.commodity, change.stage) == ("KAZ", "gallium", "refined_high_purity")
    assert (change.capacity == 15).all()
    assert (change.ramp_type, change.focal_offtake, change.china_offtake) == (0, 0.4, 0.0)


def test_a_new_project_must_say_what_and_how_much_it_makes() -> None:
    with pytest.raises(ValidationError, match="lacks capacity_t_per_year, at"):
        project()


@pytest.mark.parametrize("capacity", [-1, {"uniform": {"low": -5, "high": 5}}, {"choice": {"values": [1, -1]}}])
def test_tonnes_are_never_negative(capacity: object) -> None:
    with pytest.raises(ValidationError, match="an amount is 0 or more"):
        project(capacity_t_per_year=capacity, at="+9mo")


def test_an_outage_names_each_stage_and_lasts_until_its_end_or_its_length() -> None:
    fields = {"id": "o", "country": "MMR", "commodities": ["ree_heavy"], "at": "2026-01-01", "lost_share": 0.89}
    mine, separation = changes_of(
        Outage.model_validate(fields | {"stages": ["mine_ionic_clay", "separation"], "until": "2026-03-01"})
    )
    assert isinstance(mine, OutageChange)
    assert (mine.stage, separation.stage) == ("mine_ionic_clay", "separation")
    assert (mine.duration_days == 59).all()
    (short,) = changes_of(Outage.model_validate(fields | {"until": "2026-03-01", "duration_days": 10}))
    assert short.stage is None
    assert (short.duration_days == 10).all()
    (endless,) = changes_of(Outage.model_validate(fields))
    assert np.isinf(endless.duration_days).all()


def test_a_demand_shock_multiplies_demand_until_it_ends() -> None:
    fields = {"id": "d", "region": "JPN", "commodities": "antimony", "at": "+1mo", "until": "+2mo", "factor": 1.5}
    (change,) = changes_of(DemandShock.model_validate(fields))
    assert isinstance(change, DemandChange)
    assert (change.factor == 1.5).all()
    assert (change.day < change.until).all()


def test_every_file_of_an_instrument_is_found_under_its_own_name() -> None:
    for name, kind in instrument_types().items():
        assert kind.__module__ == f"simulator.instruments.{name}"
    assert set(instrument_types()) >= {
        "agreement",
        "demand_shock",
        "export_ban",
        "export_licensing",
        "outage",
        "project",
        "suspension",
    }


def test_an_instrument_draws_by_its_own_name_so_that_others_do_not_move_it() -> None:
    one = changes_of(ban(id="one", at={"uniform": {"low": 0, "high": 99}}))[0].day
    again = changes_of(
        ban(id="one", at={"uniform": {"low": 0, "high": 99}}, leakage={"uniform": {"low": 0, "high": 1}})
    )
    other = changes_of(ban(id="two", at={"uniform": {"low": 0, "high": 99}}))[0].day
    np.testing.assert_array_equal(one, again[0].day)
    assert (one != other).any()
