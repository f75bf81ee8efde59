"""Offtake shifts, counter-offers and alignments: what each does, and that without it nothing is left of it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from simulator.domain.chain import Project
from simulator.domain.traces import ChainTrace
from simulator.instruments.agreement import Agreement
from simulator.instruments.base import Instrument
from simulator.instruments.counter_offer import CounterOffer
from simulator.instruments.dates import Offset
from simulator.instruments.diplomatic_alignment import DiplomaticAlignment
from simulator.instruments.offtake_shift import OfftakeShift
from simulator.instruments.project import Project as OwnPlant
from simulator.model.surroundings import Surroundings
from simulator.model.world import World
from simulator.scenario.rules import Rule
from tests.support import worlds

Floats = NDArray[np.float64]
N = 16
START = date(2025, 11, 6)
ONE = ("antimony",)


def traced(*events: Instrument, projects: tuple[Project, ...] = (), **terms: Any) -> ChainTrace:
    return worlds.run(worlds.case([worlds.chain("antimony")], events, projects=projects, **terms), N).chains[0]


@cache
def calm(*projects: Project) -> ChainTrace:
    """The same without any event."""
    return traced(projects=projects)


def same(one: ChainTrace, other: ChainTrace) -> bool:
    return all(
        np.array_equal(value, getattr(other, item.name))
        for item in fields(one)
        if isinstance(value := getattr(one, item.name), np.ndarray)
    )


def landed(trace: ChainTrace, origin: str) -> Floats:
    """(n,) tonnes landed from an origin in the second year after the start."""
    end, begin = (int(np.searchsorted(trace.days, day)) for day in (720.0, 360.0))
    series = trace.landed[:, :, trace.origins.index(origin)]
    return np.asarray(series[:, end] - series[:, begin])


def shift(**terms: Any) -> OfftakeShift:
    usual = {"id": "shift", "at": START, "country": "BEL", "commodities": ONE, "buyer": "EUU", "share": 1.0}
    return OfftakeShift.model_validate(usual | terms)


def bid(**terms: Any) -> CounterOffer:
    usual = {"id": "bid", "at": START, "bidder": "CHN", "countries": ["TJK"], "commodities": ONE, "premium": 1000.0}
    return CounterOffer.model_validate(usual | terms)


def alignment(**terms: Any) -> DiplomaticAlignment:
    return DiplomaticAlignment.model_validate({"id": "accords", "at": START, "country": "TJK"} | terms)


PLANT = worlds.project(gate="construction", announced="2026-02-01", stage="oxide", kind="refinery", country="BEL")
EVENTS = [
    shift(),
    shift(id="p", country=None, projects=["plant"]),
    bid(countries=["BEL"]),
    alignment(country="BEL"),
]


# ---------------------------------------------------------------- direct effects


def test_a_shift_takes_running_output_from_the_focal_buyer() -> None:
    """What it still gets is spot trade in what the tied buyer left."""
    free, tied = landed(calm(), "BEL"), landed(traced(shift()), "BEL")
    assert (tied < free).all()
    assert tied.mean() < 0.15 * free.mean()
    half = landed(traced(shift(share=0.5)), "BEL")
    assert half.mean() / free.mean() == pytest.approx(0.5, abs=0.15)


def test_a_shift_ends() -> None:
    ended = traced(shift(until=date(2026, 3, 1)))
    assert landed(ended, "BEL").mean() == pytest.approx(landed(calm(), "BEL").mean(), rel=0.05)


def test_a_shift_to_the_focal_buyer_brings_it_more() -> None:
    """Of Belgium's output the European part goes to the USA, as far as its orders reach."""
    assert landed(traced(shift(buyer="USA")), "BEL").mean() > 1.2 * landed(calm(), "BEL").mean()


def test_a_shift_of_a_project_leaves_running_producers_alone() -> None:
    case = worlds.case([worlds.chain("antimony")], [shift(country=None, projects=["plant"])], projects=[PLANT])
    world = World(Surroundings(case, worlds.draws_of(case, N)))
    oxide = world.chains[0].markets[-1]
    assert oxide.ties == []
    assert (oxide.projects[0].sold_to.at(500.0, True)[:, oxide.stage.regions.index("EUU")] == 1.0).all()


def test_a_bid_nobody_can_refuse_takes_what_is_free_and_one_without_premium_nothing() -> None:
    taken, refused = traced(bid(countries=["BEL"])), traced(bid(countries=["BEL"], premium=0.0))
    assert (landed(taken, "BEL") < landed(calm(), "BEL")).all()
    assert landed(taken, "BEL").mean() < 0.2 * landed(calm(), "BEL").mean()
    assert same(refused, calm())


def test_an_agreement_signed_before_a_bid_keeps_its_share() -> None:
    def accessible(*events: Instrument) -> Floats:
        return traced(*events, projects=(PLANT,), project_dates="promised").project_accessible[:, -1, 0]

    terms = {"partners": ["BEL"], "commodities": ONE, "projects": ["plant"], "focal_offtake_share": 0.4}
    deal = Agreement.model_validate({"id": "deal", "at": date(2025, 10, 1)} | terms)
    late = deal.model_copy(update={"at": date(2025, 12, 1)})
    offer = bid(countries=["BEL"], projects=["plant"])
    made = traced(offer, projects=(PLANT,), project_dates="promised").project_output[:, -1, 0]
    assert accessible(deal, offer) == pytest.approx(0.4 * made, rel=0.05)
    assert (accessible(late, offer) < 1e-9 * made).all()


def test_an_aligned_country_accepts_a_rivals_bid_less_often() -> None:
    def accepted(*events: Instrument) -> float:
        case = worlds.case([worlds.chain("antimony")], events)
        world = World(Surroundings(case, worlds.draws_of(case, 1024)))
        return float((world.chains[0].markets[0].ties[0].ties[0].share > 0).mean())

    offer = bid(premium=0.3, at=date(2026, 1, 1))
    assert accepted(offer) == pytest.approx(0.5, abs=0.07)
    assert accepted(offer, alignment(offer_log_odds=-2.0)) == pytest.approx(1 / (1 + np.exp(2.0)), abs=0.05)
    assert accepted(offer, alignment(offer_log_odds=-2.0, at=date(2026, 2, 1))) == accepted(offer)
    assert accepted(offer, alignment(offer_log_odds=-2.0, country="KAZ")) == accepted(offer)


def test_an_alignment_shortens_what_is_ahead_of_its_projects() -> None:
    free, aligned = (traced(*e, projects=(PLANT,)).project_output[:, -1, 0] for e in ((), (alignment(country="BEL"),)))
    assert (aligned >= free).all()
    assert (aligned > free).any()


def test_a_tie_to_the_focal_buyer_ends_with_its_deal() -> None:
    """What the focal buyer could have of a plant in the second year falls back to what it is free to compete for."""
    plant = replace(PLANT, focal_accessible=0.3)

    def could(**terms: Any) -> Floats:
        deal = Agreement(id="deal", at=START, partners=("BEL",), commodities=ONE, projects=("plant",), **terms)
        trace = traced(deal, projects=(plant,))
        begin, end = (int(np.searchsorted(trace.days, day)) for day in (543.0, 899.0))
        return np.asarray(trace.project_accessible[:, end, 0] - trace.project_accessible[:, begin, 0])

    ends = {"until": date(2026, 3, 1)}
    assert could(focal_offtake_share=1.0).sum() > 2 * could().sum()
    assert (could(focal_offtake_share=1.0, **ends) == could(**ends)).all()


def test_an_own_plant_closes() -> None:
    terms = {"country": "BEL", "commodity": "antimony", "stage": "oxide", "capacity_t_per_year": 30.0, "ramp_type": 0}
    stays = OwnPlant.model_validate({"id": "own", "at": START, **terms})
    made, cut = (traced(own).project_output for own in (stays, stays.model_copy(update={"until": date(2026, 6, 1)})))
    by_closing = int(np.searchsorted(traced().days, 207.0))
    assert (cut[:, :by_closing] == made[:, :by_closing]).all()
    assert (cut[:, -1] < made[:, -1] / 2).all()
    assert (cut[:, by_closing + 2 :] == cut[:, -1:]).all()


def test_ways_across_an_aligned_country_close_less_often_and_never_on_new_days() -> None:
    """One in two closures is spared; elsewhere none is, and none before the country joins."""
    lane = replace(worlds.lane("TUR", 20.0, closures=6.0), crosses=("DEU",))

    def shut(country: str, at: date = date(2020, 1, 1)) -> Floats:
        case = worlds.case([worlds.chain("antimony")], [alignment(country=country, closure_factor=0.5, at=at)])
        return World(Surroundings(case, worlds.draws_of(case, 256))).corridors.shut(lane, "antimony")[0].T

    usual, calmer, late = shut("KAZ"), shut("DEU"), shut("DEU", START)
    assert np.isfinite(calmer).sum() / np.isfinite(usual).sum() == pytest.approx(0.5, abs=0.05)
    for few, many in zip(calmer, usual, strict=True):
        assert set(few[np.isfinite(few)]) <= set(many)
    assert np.isfinite(calmer).sum() < np.isfinite(late).sum() < np.isfinite(usual).sum()
    assert (shut("TUR") == calmer).all()


def test_a_memorandum_alone_adds_no_tonne() -> None:
    """Without a project there is nothing it could move; a project far from output stays far from it."""
    memo = Agreement(id="memo", at=START, partners=("ALL",), commodities=("ALL",))
    assert same(traced(memo), calm())
    mine = worlds.project("mine", gate="exploration")
    model = worlds.case([worlds.chain("antimony")], [memo], projects=[mine])
    trace = worlds.run(model, 64).chains[0]
    by_deadline = trace.project_output[:, np.searchsorted(trace.days, model.day(model.deadline))]
    assert (by_deadline == 0).all()


def test_a_bid_that_a_rule_sets_off_is_settled_when_it_fires() -> None:
    """Output goes to the bidder after that, not before; a rule that never fires changes no bit."""

    def reacting(above: float) -> ChainTrace:
        rule = Rule.model_validate(
            {
                "id": "rival",
                "actor": "CHN",
                "when": {"metric": "price_index", "commodity": "antimony", "above": above},
                "then": [bid(countries=["BEL"], at=Offset.parse("+30d"))],
            }
        )
        return worlds.run(replace(worlds.case([worlds.chain("antimony")]), rules=(rule,)), N).chains[0]

    fired = reacting(0.01)
    assert landed(fired, "BEL").mean() < 0.2 * landed(calm(), "BEL").mean()
    assert np.array_equal(fired.landed[:, fired.days <= 0], calm().landed[:, fired.days <= 0])
    assert same(reacting(1e6), calm())


# ---------------------------------------------------------------- without it, nothing


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.type}-{event.id}")
def test_an_event_that_never_happens_leaves_no_trace(event: Instrument) -> None:
    never = event.model_copy(update={"probability": 0.0})
    assert same(traced(never, projects=(PLANT,)), calm(PLANT))
    assert not same(traced(event, projects=(PLANT,)), calm(PLANT))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.type}-{event.id}")
def test_other_commodities_keep_every_bit(event: Instrument) -> None:
    def other(*events: Instrument) -> ChainTrace:
        return worlds.run(worlds.case([worlds.chain("antimony"), worlds.chain("tungsten")], events), 4).chains[1]

    assert same(other(event.model_copy(update={"commodities": ONE})), other())


def test_a_replication_alone_equals_it_in_a_block() -> None:
    halves = [event.model_copy(update={"probability": 0.5}) for event in EVENTS]
    model = worlds.case([worlds.chain("antimony")], [*halves, bid(id="fair", premium=0.3)], projects=[PLANT])
    block = worlds.run(model, N)
    for k in (3, 8):
        alone = worlds.run(model, np.array([k]))
        assert worlds.replication_bytes(alone, 0) == worlds.replication_bytes(block, k)


# ---------------------------------------------------------------- what a file may say


def test_a_shift_names_a_country_or_projects_and_one_buyer() -> None:
    for wrong in ({"country": None}, {"projects": ["plant"]}, {"buyer": "ALL"}, {"buyer": "BEL"}, {"share": 1.2}):
        with pytest.raises(ValidationError):
            shift(**wrong)


def test_an_agreement_that_ties_output_names_buyer_share_and_projects() -> None:
    terms = {"id": "deal", "at": START, "partners": ["TJK"], "commodities": ONE}
    buyer, share = {"offtaker": "JPN"}, {"offtake_share": 0.5}
    for wrong in (buyer | {"projects": ["x"]}, share, buyer | share):
        with pytest.raises(ValidationError):
            Agreement.model_validate(terms | wrong)
