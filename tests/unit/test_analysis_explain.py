"""Attribution: what adds up exactly, what cannot matter is not said to, and no run is made twice."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis import explain as analysis
from simulator.analysis.coalitions import Game, Shelf
from simulator.analysis.contributions import Contribution, contributions
from simulator.analysis.contributors import STOCKPILE, Contributor, contributors_of, units_of, with_only
from simulator.analysis.costs import costs
from simulator.analysis.explain import Attribution, PartialAttribution, explain
from simulator.analysis.grouping import groups_of, partner_group, problems
from simulator.analysis.intervals import Estimate
from simulator.analysis.shapley import sampled_orders, sampled_values, shapley_values
from simulator.analysis.study import run
from simulator.analysis.worths import MEASURES, Worth, Worths
from simulator.errors import InputError, InterruptedRun, UsageError
from simulator.report.document import text
from simulator.report.explain_document import explain_document
from simulator.report.explain_text import explain_text
from simulator.scenario import Scenario, load, resolve
from simulator.scenario.groups_file import read_groups

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FEW = """
name: Two metals
extends: {baseline}
question: What does each of a few events do?
spin_up: 2025-06-01
commodities: [indium, magnesium_metal]
catalogue: {{agreements: none, projects: none}}
events:
  - {{id: indium_ban, type: export_ban, imposer: CHN, target: USA, commodities: [indium], at: +10d}}
  - {{id: korean_outage, type: outage, country: KOR, commodities: [indium], at: +20d, until: +120d}}
  - {{id: paper_ban, type: export_ban, imposer: CHN, target: USA, commodities: [indium], at: +10d, covered_share: 0}}
  - id: indium_scrap
    type: recycling
    country: USA
    commodity: indium
    stage: refinery
    at: +5d
    output_t_per_year: 40
  - {{id: magnesium_ban, type: export_ban, imposer: CHN, target: USA, commodities: [magnesium_metal], at: +10d}}
target: {{deadline: +4mo, list_rule: {{at_least: 1}}, criteria: [{{yardstick: reliance, max_share: 0.12}}]}}
"""
GROUPS = {
    "bans": ("indium_ban", "magnesium_ban"),
    "outage": ("korean_outage",),
    "scrap": ("indium_scrap",),
    "paper": ("paper_ban",),
}
N = 32


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    file = tmp_path_factory.mktemp("few") / "few.yaml"
    file.write_text(FEW.format(baseline=SCENARIOS / "baseline.yaml"))
    return load(file)


_made: dict[int, Attribution] = {}


@pytest.fixture
def found(few: Scenario) -> Attribution:
    if not _made:
        _made[0] = explain(few, groups=GROUPS, replications=N)
    return _made[0]


def game(players: int, n: int, seed: int) -> Callable[[int], np.ndarray]:
    """A random game in n futures, without any structure."""
    worths = np.random.default_rng(seed).normal(size=(1 << players, n)) + np.arange(1 << players)[:, None] % 7
    return lambda coalition: worths[coalition]


def by_definition(worth: Callable[[int], np.ndarray], players: int) -> list[Fraction]:
    """Mean marginal over every order, as Shapley wrote it."""
    sums = [Fraction(0)] * players
    mean = cache(lambda coalition: Fraction(math.fsum(worth(coalition).tolist())) / len(worth(0)))
    for order in itertools.permutations(range(players)):
        coalition = 0
        for player in order:
            sums[player] += mean(coalition | 1 << player) - mean(coalition)
            coalition |= 1 << player
    return [one / math.factorial(players) for one in sums]


@pytest.mark.parametrize("players", [1, 2, 5])
def test_values_are_the_mean_over_all_orders_and_sum_to_the_whole_to_the_last_bit(players: int) -> None:
    worth = game(players, 16, players)
    values = shapley_values(worth, players)
    assert [one.exact for one in values] == by_definition(worth, players)
    whole = Fraction(math.fsum(worth((1 << players) - 1).tolist())) - Fraction(math.fsum(worth(0).tolist()))
    assert sum(one.exact for one in values) == whole / 16


def test_sampled_orders_come_within_their_error_and_still_sum_to_the_whole() -> None:
    players, worth = 8, game(8, 16, 3)
    exact = [float(one.exact) for one in shapley_values(worth, players)]
    orders = sampled_orders(players, 128, 0)
    assert all(sorted(order) == list(range(players)) for order in orders)
    sampled = sampled_values(worth, players, orders)
    assert sum(one.exact for one in sampled) == sum(one.exact for one in shapley_values(worth, players))
    for one, truth in zip(sampled, exact, strict=True):
        error = float(one.by_order.std(ddof=1)) / math.sqrt(len(one.by_order))
        assert abs(float(one.exact) - truth) < 4 * error
    assert max(abs(float(one.exact) - truth) for one, truth in zip(sampled, exact, strict=True)) > 0


def test_a_player_that_adds_nothing_gets_nothing_and_two_alike_get_the_same() -> None:
    base = game(4, 16, 5)
    values = shapley_values(lambda coalition: base(coalition & 0b0111), 4)
    assert values[3].exact == 0
    alike = shapley_values(lambda coalition: np.full(4, float(coalition.bit_count() ** 2)), 3)
    assert {one.exact for one in alike} == {Fraction(3)}


def test_groups_and_levers_with_their_interaction_sum_to_the_difference_from_the_empty_scenario(
    found: Attribution,
) -> None:
    checked = 0
    for commodity in ("indium", "magnesium_metal", "headline"):
        for measure in {item.measure for item in found.contributions if item.commodity == commodity}:
            (whole,) = found.of(commodity, measure, "difference")
            (rest,) = found.of(commodity, measure, "interaction")
            levers = found.of(commodity, measure, "lever")
            assert sum(item.exact for item in found.of(commodity, measure, "group")) == whole.exact
            assert sum((item.exact for item in levers), rest.exact) == whole.exact
            shown = sum(item.estimate.value for item in (*levers, rest))
            assert shown == pytest.approx(whole.estimate.value, rel=1e-12, abs=1e-12)
            checked += whole.exact != 0
    assert checked > 8
    (everyone,) = found.of("headline", "expected_met", "difference")
    assert found.listed == ("indium",)
    (by_rule,) = found.of("headline", "list_met", "difference")
    assert by_rule.exact == everyone.exact, "of a list of one, one is enough"
    assert everyone.exact == found.of("indium", "met", "difference")[0].exact < 0


def test_what_is_found_with_everything_and_with_one_left_out_is_what_runs_of_their_own_find(
    few: Scenario, found: Attribution, tmp_path: Path
) -> None:
    def dependent(scenario: Scenario) -> np.ndarray:
        outcome = run(scenario, replications=N).outcome
        (chain,) = (chain for chain in outcome.chains if chain.commodity == "indium")
        return np.asarray(chain.values["china_dependent_share"][:, outcome.moment("deadline")])

    file = tmp_path / "without.yaml"
    file.write_text(f"extends: {few.path}\nevents:\n  - {{id: indium_ban, type: null}}\n")
    whole, rest = dependent(few), dependent(load(file))
    (shown,) = found.of("indium", "china_dependent_share", "with")
    assert shown.estimate.value == pytest.approx(whole.mean(), abs=1e-12)
    (ban,) = (item for item in found.of("indium", "china_dependent_share", "lever") if item.who == "indium_ban")
    assert ban.estimate.value == pytest.approx((whole - rest).mean(), abs=1e-12)
    assert ban.estimate.value != 0.0


def test_what_cannot_matter_is_within_its_interval_of_zero_and_what_touches_nothing_is_not_named(
    found: Attribution,
) -> None:
    paper = [item for item in found.contributions if item.who in ("paper", "paper_ban")]
    assert paper
    assert all(item.estimate.low <= 0.0 <= item.estimate.high and item.exact == 0 for item in paper)
    (met,) = (item for item in found.of("indium", "met", "lever") if item.who == "paper_ban")
    assert met.estimate.high > 0.0, "that no future of few changed does not prove that none would"
    assert {item.commodity for item in found.contributions if item.who == "magnesium_ban"} <= {
        "magnesium_metal",
        "headline",
    }
    acting = [item for item in found.contributions if item.who == "indium_ban" and item.distinct]
    assert acting, "a ban that acts is told from one that does not"


def test_few_groups_are_sampled_as_well_when_asked_and_agree_with_all_coalitions(
    few: Scenario, found: Attribution
) -> None:
    sampled = explain(few, groups=GROUPS, replications=N, commodities=["indium"], exact_up_to=1, orders=8)
    for measure in ("met", "china_dependent_share", "unmet_t"):
        truth = {item.who: item for item in found.of("indium", measure, "group")}
        values = sampled.of("indium", measure, "group")
        assert all(item.orders == 8 for item in values)
        assert sum(item.exact for item in values) == sampled.of("indium", measure, "difference")[0].exact
        for item in values:
            assert item.estimate.low <= truth[item.who].estimate.value <= item.estimate.high


def test_no_run_is_made_twice_and_groups_that_share_no_commodity_need_no_joint_run(found: Attribution) -> None:
    # Indium: 4 groups are 16 coalitions, of which all one-out and both ends; the baseline's licence is a fifth lever.
    # Magnesium: one ban, so two runs.
    touching = [item for item in found.contributors if "indium" in item.commodities]
    groups = [group for group in found.groups if {item.id for item in touching} & set(group.members)]
    singles = sum(len(group.members) > 1 and len({item.id for item in touching} & set(group.members)) > 1
                  for group in found.groups)  # fmt: skip
    assert len(groups) == 5
    assert singles == 0
    assert found.runs == found.runs_needed == 2**5 + 2
    assert found.runs_avoided > found.runs_needed


def test_any_number_of_workers_gives_the_same_bytes(few: Scenario, found: Attribution) -> None:
    again = explain(few, groups=GROUPS, replications=N, jobs=2)
    assert text(explain_document(again)) == text(explain_document(found))


def test_the_text_tells_the_list_the_groups_and_the_runs(found: Attribution) -> None:
    printed = explain_text(found)
    assert max(map(len, printed.splitlines())) <= 124
    for words in ("Groups of the file", "By commodity", "indium_ban", "34 runs of one commodity needed"):
        assert words in printed


def test_stopped_early_it_says_what_the_finished_runs_say(few: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: list[object], **options: object) -> object:
        running = real(wanted, **options)
        for _ in range(20):
            yield next(running)
        raise InterruptedRun("interrupted")

    real = analysis.run_many
    monkeypatch.setattr(analysis, "run_many", interrupted)
    with pytest.raises(PartialAttribution) as stopped:
        explain(few, groups=GROUPS, replications=16)
    part = stopped.value.attribution
    assert part is not None
    assert not part.complete
    assert part.of("indium", "met", "with")
    assert not part.of("indium", "met", "interaction"), "not every lever has been left out yet"
    assert f"(stopped: {part.runs} of {part.runs_needed} runs)" in " ".join(explain_text(part).split())
    assert stopped.value.exit_code == 130


def test_partners_fall_into_six_groups_and_every_contributor_of_the_baseline_into_one() -> None:
    case = resolve(load(SCENARIOS / "baseline.yaml"))
    contributors = contributors_of(case)
    groups = groups_of(contributors, "by-partner", case.focal)
    assert [group.name for group in groups] == ["C5", "Asian partners", "USA", "China", "Russia", "others"]
    assert sorted(name for group in groups for name in group.members) == sorted(item.id for item in contributors)
    members = {group.name: group.members for group in groups}
    assert "USA_KAZ_MOU_2025" in members["C5"]
    assert "USA_JPN_FRAMEWORK_2025" in members["Asian partners"]
    assert "us_ban_suspension" in members["China"], "a truce is the act of whose controls it lifts"
    assert STOCKPILE in members["USA"]
    assert partner_group("DEU", "EUU") == "EUU"


def test_a_contributor_touches_what_it_names_and_a_deal_what_its_plants_make() -> None:
    case = resolve(load(SCENARIOS / "baseline.yaml"))
    touched = {item.id: item.commodities for item in contributors_of(case)}
    assert touched["us_ban_suspension"] == ("gallium", "germanium", "antimony", "graphite")
    assert touched["USA_THA_2025"] == (), "no plant of Thailand is in the record"
    assert "gallium" in touched["USA_KAZ_MOU_2025"]
    empty = with_only(case, ("gallium",), ())
    assert (empty.instruments, empty.projects, empty.rules) == ((), (), ())
    assert [chain.commodity for chain in empty.chains] == ["gallium"]


def test_a_rule_ties_what_it_watches_to_what_it_acts_on(tmp_path: Path) -> None:
    file = tmp_path / "rule.yaml"
    ban = "{id: gallium_ban, type: export_ban, imposer: CHN, target: USA, commodities: [gallium], at: +30d}"
    watched = "{metric: direct_china_share, commodity: antimony, below: 0.4}"
    file.write_text(
        f"name: rule\nextends: {SCENARIOS / 'baseline.yaml'}\ncommodities: [gallium, antimony, indium]\n"
        f"rules:\n  - {{id: answer, actor: CHN, when: {watched}, then: [{ban}]}}\n"
    )
    case = resolve(load(file))
    assert units_of(case) == (("gallium", "antimony"), ("indium",))
    (rule,) = (item for item in contributors_of(case) if item.kind == "rule")
    assert (rule.id, rule.country, rule.commodities) == ("answer", "CHN", ("gallium",))


PARTS = (
    Contributor("deal", "agreement", "KAZ", ("gallium",), 10.0),
    Contributor("other_deal", "agreement", "KAZ", ("gallium",), None),
    Contributor("plant", "project", "AUS", ("gallium",), None),
)


def test_an_id_counts_before_its_country_and_what_is_not_named_is_the_rest() -> None:
    groups = groups_of(PARTS, {"mine": ["deal"], "theirs": ["C5"]}, "USA")
    assert [(group.name, group.members) for group in groups] == [
        ("mine", ("deal",)), ("theirs", ("other_deal",)), ("rest", ("plant",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "phrase"),
    [
        ({"a": ["deel"]}, "did you mean 'deal'"),
        ({"a": ["deal"], "b": ["deal"]}, "stands in 'a' already"),
        ({"a": ["FRA"]}, "nothing in this scenario is FRA's; countries with something are AUS, KAZ"),
        ({"rest": ["deal"]}, "choose another name"),
        ("by-partners", "give by-partner, by-type or a mapping"),
    ],
)
def test_wrong_groups_are_refused_with_the_fix(asked: str | dict[str, list[str]], phrase: str) -> None:
    with pytest.raises(UsageError, match=phrase):
        groups_of(PARTS, asked, "USA")


@pytest.mark.parametrize(
    ("content", "phrases"),
    [
        ("a: [deel]\nb: [plant, 7]\n", ("groups.yaml:2:12: b[1]: 7 is not a name",)),
        ("a: [deel]\nb: [plant, deal]\nc:\n  - deal\n",
         ("groups.yaml:1:5: a: 'deel'", "did you mean 'deal'", "groups.yaml:4:5: c: 'deal' stands in 'b' already")),
        ("a: deal\n", ("groups.yaml:1:4: a: a group is a list",)),
        ("- a\n", ("groups are a mapping",)),
        ("", ("the file is empty; write groups",)),
    ],
)  # fmt: skip
def test_a_file_of_groups_is_refused_with_every_place(tmp_path: Path, content: str, phrases: tuple[str, ...]) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text(content)
    with pytest.raises(InputError) as refused:
        read_groups(file, lambda groups: problems(PARTS, groups))
    for phrase in phrases:
        assert phrase in str(refused.value)


def test_a_file_of_groups_is_read(tmp_path: Path) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text("deals: [deal, other_deal]\nplants: [AUS]\n")
    found = read_groups(file, lambda groups: problems(PARTS, groups))
    assert found == {"deals": ("deal", "other_deal"), "plants": ("AUS",)}


def test_what_does_not_fit_is_refused_before_anything_runs(few: Scenario) -> None:
    with pytest.raises(UsageError, match="did you mean 'reliance'"):
        explain(few, yardstick="relience", replications=16)
    with pytest.raises(UsageError, match="even number"):
        explain(few, orders=3, replications=16)
    with pytest.raises(UsageError, match="multiple of 16"):
        explain(few, replications=10)


def test_money_counts_for_deals_that_can_touch_the_list_and_a_gain_of_nil_has_no_upper_price() -> None:
    deals = (
        Contributor("sb", "agreement", "TJK", ("antimony",), 40.0),
        Contributor("silent", "agreement", "TJK", ("antimony",), None),
        Contributor("other", "agreement", "TJK", ("gallium",), 900.0),
    )
    game = Game(None, deals, groups_of(deals, "by-partner", "USA"), (("antimony",),), (), 6)  # type: ignore[arg-type]  # the case is not asked
    points = Estimate(0.02, -0.01, 0.04, 64)
    (cost,) = costs(
        game, [Contribution("headline", "expected_met", "deals", "C5", Fraction(1, 50), points)], ["antimony"]
    )
    assert (cost.money_usd_m, cost.without_money) == (40.0, 1)
    rate = cost.usd_m_per_point
    assert (rate.value, rate.low, rate.high) == (20.0, 10.0, math.inf)


def test_an_end_product_is_moved_by_what_touches_its_commodity() -> None:
    base = resolve(load(SCENARIOS / "baseline.yaml"), ["ree_light"])
    case = with_only(base, ("ree_light",), ("magnet_licensing_2025", "USA_MP_NDPR"))
    contributors = contributors_of(case)
    game = Game.of(case, contributors, groups_of(contributors, "by-partner", "USA"), exact_up_to=6, orders=4, seed=0)
    assert game.unit("ree_light:permanent_magnet") == ("ree_light",)
    shelf = Shelf()
    for key in game.runs():
        worth = float(len(key.kept)) * np.arange(1.0, 17.0)
        one = Worth(dict.fromkeys((item.name for item in MEASURES), worth), worth > 0, (), worth, worth, ())
        shelf.put(key, Worths({"ree_light": one, "ree_light:permanent_magnet": one}, ()))
    found = list(contributions(game, shelf, ()))
    magnets = [item for item in found if item.commodity == "ree_light:permanent_magnet" and item.part == "group"]
    assert {item.who for item in magnets} == {"China", "USA"}
    assert {float(item.exact) for item in magnets if item.measure == "exposed_t"} == {8.5}


def test_commodities_that_filled_a_corridor_are_simulated_together() -> None:
    case = resolve(load(SCENARIOS / "baseline.yaml"))
    apart = units_of(case)
    assert all(len(unit) == 1 for unit in apart)
    together = units_of(case, ("Middle Corridor",))
    (shared,) = (unit for unit in together if len(unit) > 1)
    assert len(shared) > 2
    assert sorted(name for unit in together for name in unit) == sorted(name for unit in apart for name in unit)


def test_a_corridor_found_full_is_said_and_what_was_run_apart_is_not_used(
    few: Scenario, found: Attribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first_full(parts: list[Worths]) -> Worths:
        joined.append(len(parts))
        one = real(parts)
        return replace(one, bound=("Middle Corridor",)) if len(joined) == 1 else one

    joined: list[int] = []
    real = analysis.joined_worths
    monkeypatch.setattr(analysis, "joined_worths", first_full)
    again = explain(few, groups=GROUPS, replications=16)
    assert again.bound == ("Middle Corridor",)
    assert again.complete
    assert "Full in some future, so its users were simulated together: Middle Corridor." in explain_text(again)
    assert len(joined) == 1 + again.runs // 2, "begun anew, with both commodities in every run"
