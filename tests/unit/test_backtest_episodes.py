"""Episodes of the past: the shipped ones, one of a user's own, and what is wrong with a bad one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.analysis.past.episode import load_episode, shipped_episodes
from simulator.analysis.past.series import series_id
from simulator.catalogue.observations import read_observations
from simulator.cli.main import cli
from simulator.errors import CatalogueError, InputError, UsageError

ROOT = Path(__file__).parents[2]
SHIPPED = shipped_episodes(str(ROOT / "scenarios/backtests"))

SCENARIO = """\
name: Bismuth as it might have gone
start: 2024-06-01
as_of: 2024-06-01
spin_up: 2023-09-01
review_days: 14
commodities: [bismuth]
events:
  - {id: licences, type: export_licensing, imposer: CHN, target: ALL, commodities: [bismuth], announced: 2024-06-15,
     at: 2024-07-15}
target: {deadline: +3mo}
"""
HEADER = "commodity,measure,origin,destination,period_start,period_end,value,unit,source,quality"
ROWS = (
    "bismuth,exports,CHN,WLD,2024-03-01,2024-03-31,400,t,customs,reported",
    "bismuth,exports,CHN,WLD,2024-04-01,2024-04-30,420,t,customs,reported",
    "bismuth,exports,CHN,WLD,2024-05-01,2024-05-31,390,t,customs,reported",
    "bismuth,exports,CHN,WLD,2024-07-01,2024-07-31,500,t,customs,reported",
    "bismuth,exports,CHN,WLD,2024-08-01,2024-08-31,40,t,customs,reported",
    "bismuth,policy_event,CHN,WLD,2024-07-15,2024-07-15,1,flag,gazette,reported",
)


def own(folder: Path, *rows: str) -> tuple[Path, Path]:
    scenario, observations = folder / "my.yaml", folder / "my.csv"
    scenario.write_text(SCENARIO, "utf-8")
    observations.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return scenario, observations


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: Path(path).stem)
def test_a_shipped_episode_knows_only_what_was_known_before_it(path: str) -> None:
    episode = load_episode(path)
    case = episode.case
    assert case.as_of <= case.start
    assert episode.series
    assert set(episode.main) <= {item.id for item in episode.series}
    assert all(chain.base_year < case.as_of.year for chain in case.chains)
    assert all(seen.period_end < case.start for item in episode.series for seen in item.history)
    assert all(seen.period_start >= case.start for item in episode.series for seen in item.after)


def test_what_happened_after_the_start_moves_no_prediction(tmp_path: Path) -> None:
    """The case, its meters apart, and every level rest on rows before the start."""
    scenario, observations = own(tmp_path, *ROWS)
    before = load_episode(scenario, observations=observations)
    other = tmp_path / "other.csv"
    other.write_text(observations.read_text("utf-8").replace(",500,t", ",9,t").replace(",40,t", ",700,t"), "utf-8")
    after = load_episode(scenario, observations=other)
    assert before.case.sha256 == after.case.sha256
    assert [item.history for item in before.series] == [item.history for item in after.series]


def test_every_observation_is_predicted_or_left_out_with_a_reason() -> None:
    episode = load_episode(ROOT / "scenarios/backtests/antimony_2024.yaml")
    rows = [row for row, _ in read_observations(episode.observations) if row.episode.startswith("c_")]
    told = {item.id for item in (*episode.series, *episode.left_out)}
    assert {series_id(row) for row in rows} == told
    assert all(item.why for item in episode.left_out)


def test_a_users_episode_is_scored(tmp_path: Path) -> None:
    scenario, observations = own(tmp_path, *ROWS)
    run = CliRunner().invoke(
        cli,
        ["backtest", str(scenario), "--observations", str(observations), "--json", "--quiet", "--replications", "16"],
        standalone_mode=False,
    )
    document = json.loads(run.stdout)
    assert run.return_value == (0 if document["holds"] else 1)
    (episode,) = document["episodes"]
    (series,) = episode["series"]
    assert series["series"] == "bismuth/exports/CHN-WLD"
    assert [point["observed"] for point in series["observations"]] == [500, 40]
    # A rush before the licences, and next to nothing after them.
    rush, trough = (point["predicted"]["p50"] for point in series["observations"])
    assert trough < 0.3 * 400 < rush
    assert [item["series"] for item in episode["left_out"]] == ["bismuth/policy_event/CHN-WLD"]


@pytest.mark.parametrize(
    ("row", "phrase"),
    [
        (
            "bismuth,exports,CHN,WLD,2024-07-01,2024-07-31,much,t,customs,reported",
            "my.csv:2:47: 'much' is not a number",
        ),
        ("bismuth,exports,CHN,WLD,2024-07-31,2024-07-01,4,t,customs,reported", "before the period begins"),
        ("bismuth,exports,CHN,WLD,2024-07-01,July,4,t,customs,reported", "my.csv:2:36: 'July' is not a day"),
        ("bismuth,exports,XYZ,WLD,2024-07-01,2024-07-31,4,t,customs,reported", "'XYZ' is not a country code"),
        ("bismuth,exports,CHN,WLD,2024-07-01,2024-07-31,4,t,customs,sure", "'sure' is not a grade"),
        ("bismuth,exports,CHN,WLD,2024-07-01,2024-07-31,4,t", "8 cells where the header has 10"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(tmp_path: Path, row: str, phrase: str) -> None:
    scenario, observations = own(tmp_path, row)
    with pytest.raises(InputError) as caught:
        load_episode(scenario, observations=observations)
    assert phrase in str(caught.value)


def test_an_episode_without_observations_says_how_to_give_them(tmp_path: Path) -> None:
    scenario, _ = own(tmp_path)
    with pytest.raises(InputError, match="--observations FILE"):
        load_episode(scenario)


def test_observations_belong_to_one_episode() -> None:
    run = CliRunner().invoke(cli, ["backtest", "a.yaml", "b.yaml", "--observations", "c.csv"], standalone_mode=False)
    assert isinstance(run.exception, UsageError)


def test_bad_targets_are_refused_with_their_line(tmp_path: Path) -> None:
    scenario, observations = own(tmp_path, *ROWS)
    header = (ROOT / "scenarios/backtests/targets.csv").read_text("utf-8").splitlines()[0]
    row = "rush,,bismuth,exports,,CHN,WLD,share_of_all,2024-07-01,2024-07-31,,,,1,0,2,me"
    (tmp_path / "targets.csv").write_text(f"{header}\n{row}\n", "utf-8")
    with pytest.raises(InputError, match=r"targets.csv:2:1: 'share_of_all' is not a statistic"):
        load_episode(scenario, observations=observations)


def test_what_no_edition_gave_by_then_is_asked_for(tmp_path: Path) -> None:
    """US use of tungsten was withheld in every edition of 2024."""
    scenario, observations = own(tmp_path, *(row.replace("bismuth", "tungsten") for row in ROWS))
    scenario.write_text(scenario.read_text("utf-8").replace("[bismuth]", "[tungsten]"), "utf-8")
    with pytest.raises(CatalogueError, match=r"known on 2024-06-01: .*tungsten.* `backtest: opening: DIR`"):
        load_episode(scenario, observations=observations)
