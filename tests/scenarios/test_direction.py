"""The shipped scenarios differ from the baseline in the direction common sense says.

All comparisons are paired: replication k of two scenarios meets the same outages, transits, gates and
licences, so what differs is the scenario. A probability may still rise by chance, because an instrument tips
single futures over a threshold either way; the allowance for that is computed, not chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from simulator import Scenario, Study, run
from simulator.catalogue.inputs import commodities
from simulator.experiment.points import input_values
from simulator.experiment.streams import BlockDraws
from simulator.metrics.outcome import ChainOutcome
from simulator.model.surroundings import Surroundings
from simulator.model.world import World
from simulator.scenario import resolve

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
N = 64
NAMES = ("baseline", "export_ban_full", "promises_kept", "no_deals", "snapback_2026", "nowcast")
SUSPENDED = ("gallium", "germanium", "antimony")
Z = float(ndtri(0.99))
"""One-sided 1 % for each commodity: about twenty are looked at together."""


@pytest.fixture(scope="module")
def studies() -> Mapping[str, Study]:
    return {name: run(SCENARIOS / f"{name}.yaml", replications=N, jobs=1) for name in NAMES}


def chains(study: Study) -> dict[str, ChainOutcome]:
    return {chain.commodity: chain for chain in study.outcome.chains}


def headline(study: Study) -> list[str]:
    return [item.commodity for item in study.verdict.commodities if item.headline]


def met(study: Study, commodity: str) -> NDArray[np.bool_]:
    """(n,) whether reliance is met at the deadline."""
    return np.asarray(chains(study)[commodity].met["reliance"][:, study.outcome.moment("deadline")])


def value(study: Study, commodity: str, kpi: str, moment: str = "deadline") -> NDArray[np.float64]:
    return np.asarray(chains(study)[commodity].values[kpi][:, study.outcome.moment(moment)])


def mean_unmet(study: Study, *names: str) -> float:
    """Mean unmet share at the deadline over replications and commodities."""
    chosen = names or tuple(chains(study))
    return float(np.mean([np.nanmean(value(study, commodity, "unmet_share")) for commodity in chosen]))


def expected_met(study: Study) -> float:
    return study.verdict.overall["reliance"].expected_met.value


def paired_gain(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[float, float]:
    """Change of a probability on common random numbers, and how large one chance alone can make it.

    Of the futures that change sides, each goes up or down like a fair coin if nothing changed (McNemar), so
    the change has standard deviation ``sqrt(changed) / n``.
    """
    change = after.astype(float) - before.astype(float)
    return float(change.mean()), Z * float(np.sqrt(np.abs(change).sum())) / change.size


def same_bytes(first: ChainOutcome, second: ChainOutcome) -> bool:
    """Whether two outcomes agree bit for bit in everything recorded but the deals, which differ by scenario."""
    shared = [name for name in first.values if name in second.values]
    assert not {name for name in first.values.keys() ^ second.values.keys() if not name.startswith("agreement/")}
    return all(first.values[name].tobytes() == second.values[name].tobytes() for name in shared) and all(
        first.series[name].tobytes() == second.series[name].tobytes() for name in first.series
    )


def test_the_noise_allowance_would_catch_a_real_rise() -> None:
    """Negative control of the yardstick itself: ten futures that all change upward are not noise, ten mixed are."""
    before = np.zeros(N, dtype=bool)
    after = before.copy()
    after[:10] = True
    gain, noise = paired_gain(before, after)
    assert gain > noise
    before[5:10], after[5:10] = True, False
    gain, noise = paired_gain(before, after)
    assert gain <= noise


def test_all_scenarios_judge_the_same_commodities(studies: Mapping[str, Study]) -> None:
    """Expected numbers compare only if the list of commodities not met at the start is the same."""
    lists = {study.verdict.overall["reliance"].commodities for study in studies.values()}
    assert len(lists) == 1
    assert lists.pop()


# ---------------------------------------------------------------- China stops everything


def test_a_full_ban_lowers_the_expected_number_met(studies: Mapping[str, Study]) -> None:
    assert expected_met(studies["export_ban_full"]) < expected_met(studies["baseline"])


def test_a_full_ban_makes_no_headline_commodity_independent(studies: Mapping[str, Study]) -> None:
    """A starved buyer is not an independent one: what is withheld counts as reliance."""
    for commodity in headline(studies["baseline"]):
        gain, noise = paired_gain(met(studies["baseline"], commodity), met(studies["export_ban_full"], commodity))
        assert gain <= noise, f"{commodity}: P(met) rises by {gain:.3f} under a ban, noise {noise:.3f}"


def test_a_full_ban_raises_unmet_demand(studies: Mapping[str, Study]) -> None:
    """On the whole, and strictly where China is upstream of nearly everything or was the largest supplier."""
    free, banned = studies["baseline"], studies["export_ban_full"]
    assert mean_unmet(banned) > mean_unmet(free)
    for commodity in ("gallium", "antimony", "ree_heavy", "yttrium", "graphite", "ree_light:permanent_magnet"):
        assert mean_unmet(banned, commodity) > mean_unmet(free, commodity), commodity


def test_after_a_full_ban_customs_sees_nothing_from_china(studies: Mapping[str, Study]) -> None:
    """By the deadline at most a lot that was long at sea still lands; a year later nothing does."""
    free, banned = studies["baseline"], studies["export_ban_full"]
    for commodity in chains(free):
        assert np.nanmedian(value(banned, commodity, "direct_china_share")) == 0.0, commodity
        assert np.nanmax(value(banned, commodity, "direct_china_share", "later")) == 0.0, commodity
        assert np.nanmedian(value(free, commodity, "direct_china_share", "later")) > 0.0, commodity


def test_a_ban_that_lets_everything_leak_equals_no_ban_bit_for_bit() -> None:
    """Negative control: leakage 1 leaves no trace, leakage 0 does."""
    base = Scenario.load(SCENARIOS / "baseline.yaml")
    terms = {
        "id": "ban",
        "type": "export_ban",
        "imposer": "CHN",
        "target": "USA",
        "commodities": "ALL",
        "at": "2026-12-01",
    }
    wanted = ("bismuth", "magnesium_metal")  # one under licence, one without any control
    free = chains(run(base, replications=16, commodities=wanted))
    leaky = chains(run(base.with_event(**terms, leakage=1.0), replications=16, commodities=wanted))
    tight = chains(run(base.with_event(**terms, leakage=0.0), replications=16, commodities=wanted))
    for commodity in wanted:
        assert same_bytes(leaky[commodity], free[commodity]), commodity
        assert not same_bytes(tight[commodity], free[commodity]), commodity


# ---------------------------------------------------------------- every promise kept


def test_kept_promises_raise_the_expected_number_met(studies: Mapping[str, Study]) -> None:
    assert expected_met(studies["promises_kept"]) > expected_met(studies["baseline"])


def test_kept_promises_harm_no_headline_commodity(studies: Mapping[str, Study]) -> None:
    """Graphite aside: promised plants for spherical graphite bid for flake that no promised mine brings in time."""
    for commodity in set(headline(studies["baseline"])) - {"graphite"}:
        loss, noise = paired_gain(met(studies["promises_kept"], commodity), met(studies["baseline"], commodity))
        assert loss <= noise, f"{commodity}: P(met) falls by {loss:.3f} if promises are kept, noise {noise:.3f}"


def test_kept_promises_do_not_raise_unmet_demand_on_the_whole(studies: Mapping[str, Study]) -> None:
    """More plants, and none of them later than announced, feed the same demand."""
    assert mean_unmet(studies["promises_kept"]) <= mean_unmet(studies["baseline"])


# ---------------------------------------------------------------- no deals


def test_fewer_deals_never_raise_the_odds_of_any_commodity(studies: Mapping[str, Study]) -> None:
    """Not even by chance: a deal acts on the gates of projects and on nothing else."""
    with_deals, without = studies["baseline"], studies["no_deals"]
    assert expected_met(without) <= expected_met(with_deals)
    for commodity in chains(with_deals):
        assert met(without, commodity).mean() <= met(with_deals, commodity).mean(), commodity


def test_deals_since_october_2025_only_ever_bring_output_forward() -> None:
    """They must do something, or the scenario without them would ask nothing; but never delay a plant."""
    starts = []
    for name in ("baseline", "no_deals"):
        case = resolve(Scenario.load(SCENARIOS / f"{name}.yaml"))
        world = World(Surroundings(case, BlockDraws(0, np.arange(N), input_values(case.inputs, N, 0))))
        starts.append(
            {(c.chain.commodity, p.plant.id): p.start for c in world.chains for m in c.markets for p in m.projects}
        )
    with_deals, without = starts
    assert with_deals.keys() == without.keys()
    assert all((with_deals[key] <= without[key]).all() for key in with_deals)
    assert any((with_deals[key] < without[key]).any() for key in with_deals)


# ---------------------------------------------------------------- the suspensions end


def test_a_snapback_does_not_lower_unmet_demand(studies: Mapping[str, Study]) -> None:
    free, snapped = studies["baseline"], studies["snapback_2026"]
    assert mean_unmet(snapped) > mean_unmet(free)
    for commodity in SUSPENDED:
        saved = value(free, commodity, "unmet_share") - value(snapped, commodity, "unmet_share")
        assert saved.mean() <= Z * saved.std(ddof=1) / np.sqrt(N), commodity


def test_a_snapback_takes_gallium_germanium_and_antimony_out_of_customs_statistics(
    studies: Mapping[str, Study],
) -> None:
    """In no future does China's declared share rise; where the truce held in the baseline, it falls to nothing."""
    free, snapped = studies["baseline"], studies["snapback_2026"]
    held = free.outcome.branches["suspension/us_ban_suspension/renewed"]
    assert 0 < held.sum() < N
    for commodity in SUSPENDED:
        before, after = (value(study, commodity, "direct_china_share") for study in (free, snapped))
        assert (after <= before).all()
        assert (after[held] < before[held]).all()


def test_a_snapback_changes_nothing_where_the_truce_would_have_ended_anyway(studies: Mapping[str, Study]) -> None:
    ended = ~studies["baseline"].outcome.branches["suspension/us_ban_suspension/renewed"]
    for commodity in chains(studies["baseline"]):
        before, after = (value(studies[name], commodity, "unmet_share") for name in ("baseline", "snapback_2026"))
        assert (before[ended] == after[ended]).all(), commodity


# ---------------------------------------------------------------- what became known by July 2026


def test_the_nowcast_starts_from_the_same_world(studies: Mapping[str, Study]) -> None:
    """Later knowledge changes no past: up to the start the two runs agree bit for bit."""
    base, now = studies["baseline"], studies["nowcast"]
    past = np.array(base.outcome.month_days) <= 0.0
    assert past.sum() >= 12
    for commodity, chain in chains(base).items():
        other = chains(now)[commodity]
        for name, values in chain.values.items():
            start = base.outcome.moment("start")
            assert values[:, start].tobytes() == other.values[name][:, start].tobytes(), (commodity, name)
        for name in ("china_exposed_share", "direct_china_share", "unmet_share", "price_index"):
            assert chain.series[name][:, past].tobytes() == other.series[name][:, past].tobytes(), (commodity, name)


def test_the_nowcast_moves_only_commodities_of_which_something_became_known(studies: Mapping[str, Study]) -> None:
    """Without a plant, known then or now, and without a new control, a commodity's futures are untouched."""
    base, now = studies["baseline"], studies["nowcast"]
    planned = {project.commodity for study in (base, now) for project in study.case.projects}
    known = {event.id: event for event in base.case.instruments}
    new = [event for event in now.case.instruments if known.get(event.id) != event and event.type != "agreement"]
    controlled = {name for event in new for name in getattr(event, "commodities", ())}
    assert "uranium" in controlled
    quiet = set(commodities()) - planned - controlled
    assert {"rhenium", "beryllium", "manganese", "tantalum", "tellurium"} <= quiet
    for commodity in quiet:
        assert same_bytes(chains(base)[commodity], chains(now)[commodity]), commodity
    assert not all(same_bytes(chains(base)[name], chains(now)[name]) for name in chains(base))
