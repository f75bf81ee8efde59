"""What can never happen to projects and to ties of output, whatever a scenario does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.domain.changes import AlignmentChange, OfftakeChange, SetbackChange, SupportChange
from simulator.model.chain_world import in_lag_order
from simulator.model.gates import start_days
from simulator.model.new_capacity import outlets
from simulator.model.offtake import Levers, Plant, plant_ties, producer_ties, settle
from tests.support import worlds

Floats = NDArray[np.float64]
N = 64
MODEL = worlds.case([worlds.chain("antimony")])
STAGES = in_lag_order(MODEL.chains[0].stages)
DAYS = st.integers(-400, 1200).map(float)
SHARES = st.floats(0.0, 1.0, allow_subnormal=False)
GATES = st.sampled_from(["exploration", "resource", "feasibility", "financing", "construction", "commissioning"])


def somewhere(draw: st.DrawFn, **terms: Any) -> dict[str, Any]:
    """Day, mask and target of a change, different in each replication."""
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    usual = {
        "event_id": draw(st.sampled_from(["a", "b", "c"])),
        "day": draw(DAYS) + seed.integers(0, 200, N),
        "mask": seed.uniform(size=N) < draw(SHARES),
        "countries": ("ALL",),
        "commodities": ("ALL",),
    }
    return usual | terms


@st.composite
def supports(draw: st.DrawFn) -> SupportChange:
    odds, duration, ratio = draw(SHARES), draw(st.floats(0.3, 1.0)), draw(st.floats(1.0, 9.0))
    terms = {"financing_odds": odds, "duration_factor": duration, "odds_ratio": ratio}
    wait, bound = draw(st.floats(0.5, 1.0)), draw(st.booleans())
    terms = somewhere(draw, **terms, wait_factor=wait, financed=bound, focal_offtake=draw(SHARES))
    return SupportChange(**terms, until=terms["day"] + draw(st.sampled_from([0.0, 90.0, 900.0, np.inf])))


@st.composite
def setbacks(draw: st.DrawFn) -> SetbackChange:
    terms = somewhere(draw, financing_odds_factor=draw(SHARES), hazard_factor=draw(st.floats(1.0, 20.0)))
    return SetbackChange(**terms, until=terms["day"] + draw(st.sampled_from([0.0, 90.0, 900.0, np.inf])))


@st.composite
def offtakes(draw: st.DrawFn, buyers: tuple[str, ...] = ("CHN", "USA", "EUU", "JPN", "RUS")) -> OfftakeChange:
    share, buyer = np.full(N, draw(SHARES)), draw(st.sampled_from(buyers))
    terms = somewhere(draw, share=share, buyer=buyer)
    log_odds = draw(st.sampled_from([None, -2.0, 0.0, 5.0]))
    return OfftakeChange(
        **terms,
        until=terms["day"] + draw(st.sampled_from([30.0, 400.0, np.inf])),
        log_odds=None if log_odds is None else np.full(N, log_odds),
        log_odds_per_owned=draw(st.floats(0.0, 5.0)),
    )


@given(gate=GATES, deals=st.lists(supports(), max_size=3), slumps=st.lists(setbacks(), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_a_setback_never_brings_a_start_forward(
    gate: Any, deals: list[SupportChange], slumps: list[SetbackChange]
) -> None:
    project = worlds.project(gate=gate, announced="2026-02-01" if gate == "construction" else None)
    calm = start_days(project, MODEL, worlds.draws_of(MODEL, N), Levers(supports=tuple(deals)))
    hit = start_days(project, MODEL, worlds.draws_of(MODEL, N), Levers(tuple(deals), tuple(slumps)))
    assert (hit >= calm).all()


@given(gate=GATES, deals=st.lists(supports(), max_size=3), one=supports())
@settings(max_examples=60, deadline=None)
def test_support_never_delays_a_start_nor_loses_a_project(gate: Any, deals: list[SupportChange], one: Any) -> None:
    """An alignment is support: more of it never lowers the odds."""
    project = worlds.project(gate=gate)
    less, more = (
        start_days(project, MODEL, worlds.draws_of(MODEL, N), Levers(supports=tuple(chosen)))
        for chosen in (deals, [*deals, one])
    )
    assert (more <= less + 1e-9).all()


@given(
    signed=st.lists(offtakes(), max_size=3),
    deal=st.lists(supports(), max_size=2),
    rival=offtakes(("CHN", "RUS", "EUU")),
    terms=st.tuples(SHARES, SHARES, SHARES),
    country=st.sampled_from(["TJK", "BEL", "USA", "CHN"]),
    day=DAYS,
)
@settings(max_examples=80, deadline=None)
def test_a_bid_never_raises_what_the_focal_buyer_could_have_of_new_output(
    signed: Any, deal: Any, rival: Any, terms: tuple[float, float, float], country: str, day: float
) -> None:
    """Nor what goes to it; and outlets share out every tonne, once, whatever is tied.

    A bid for good: one that ends may have kept out a later tie to somebody else, which would have lasted longer.
    """
    stage, draws, china = STAGES[2], worlds.draws_of(MODEL, N), terms[0]
    rival = replace(rival, until=np.full(N, np.inf))
    plant = Plant("plant", country, "antimony", china)
    focal = stage.buyers.index("USA")
    could, goes = [], []
    for offers in (signed, [*signed, rival]):
        sold_to = outlets(stage, plant, "USA", np.full(N, terms[1]), terms[2])
        levers = Levers(supports=tuple(deal), offtakes=tuple(offers))
        sold_to.ties = settle(plant_ties(plant, stage, "USA", levers, draws), sold_to.loose)
        for ready in (True, False, np.arange(N) % 2 == 0):
            sold = sold_to.at(day, ready)
            assert sold.sum(axis=1) == pytest.approx(1.0, abs=1e-9)
            assert (sold >= 0).all()
        could.append(sold_to.open_to_focal(day, True))
        goes.append(sold_to.at(day, True)[:, focal])
    # An earlier bid by the same day may take room that a later tie to the focal buyer would have had, never give it.
    assert (could[1] <= could[0] + 1e-9).all()
    assert (goes[1] <= goes[0] + 1e-9).all()


@given(asked=st.lists(offtakes(), min_size=1, max_size=4), stage=st.sampled_from([0, 1, 2]), day=DAYS)
@settings(max_examples=60, deadline=None)
def test_ties_of_running_output_move_custom_and_make_none(asked: list[OfftakeChange], stage: int, day: float) -> None:
    """The same total, nobody's custom negative, owned and home custom untouched."""
    where, draws = STAGES[stage], worlds.draws_of(MODEL, N)
    held = 0.1 * where.flows / where.output[:, None]
    where = replace(where, committed=held)
    for ties in producer_ties("antimony", where, "USA", Levers(offtakes=tuple(asked)), draws, 365.25):
        custom = ties.custom(day)
        assert custom.sum(axis=1) == pytest.approx(ties.flows.sum(), rel=1e-9)
        assert (custom >= (ties.flows - ties.loose)[None, :] * (1 - 1e-9)).all()


@given(asked=st.lists(offtakes(), min_size=2, max_size=4), calm=st.floats(-3.0, 0.0))
@settings(max_examples=40, deadline=None)
def test_an_alignment_never_makes_an_owner_accept(asked: list[OfftakeChange], calm: float) -> None:
    draws, plant = worlds.draws_of(MODEL, N), Plant("plant", "TJK", "antimony", 0.2)
    everywhere = {"event_id": "x", "day": np.full(N, -1e3), "mask": np.ones(N, dtype=bool), "until": np.full(N, 1e5)}
    accords = AlignmentChange(**everywhere, country="TJK", offer_log_odds=calm, closure_factor=1.0)
    plain, aligned = (
        plant_ties(plant, STAGES[0], "USA", Levers(offtakes=tuple(asked), alignments=chosen), draws)
        for chosen in ((), (accords,))
    )
    for before, after in zip(plain, aligned, strict=True):
        assert (after.share <= before.share).all()
