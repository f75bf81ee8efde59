"""A scenario means what its layers say, and every value can be traced to where it was given."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from simulator.errors import InputError, UsageError
from simulator.instruments.dates import Offset
from simulator.scenario import Scenario, load
from simulator.scenario.nodes import parse
from simulator.scenario.schema import json_schema

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))

BAN = "{id: ban, type: export_ban, imposer: CHN, target: USA, commodities: [gallium], at: 2026-12-01, leakage: 0.1}"
CUT = "{id: cut, type: outage, country: KAZ, commodities: antimony, at: +3mo, lost_share: {uniform: {low: 0, high: 1}}}"
BASE = f"name: Base\nreview_days: 7\nsources: [a, b]\ncatalogue: {{projects: none}}\nevents:\n- {BAN}\n- {CUT}\n"


@pytest.fixture
def layered(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Write the base and a file over it; load the latter."""

    def build(text: str, *sets: str) -> Scenario:
        (tmp_path / "base.yaml").write_text(BASE)
        (tmp_path / "top.yaml").write_text("extends: base.yaml\n" + text)
        return load(tmp_path / "top.yaml", sets)

    return build


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("ON", "ON"),
        ("y", "y"),
        ("12:30:45", "12:30:45"),
        ("1e3", 1000.0),
        ("1_000", "1_000"),
        ("0o17", 15),
        ("017", 17),
        ("2026-01-01", "2026-01-01"),
        ("true", True),
        ("~", None),
        ("'5'", "5"),
    ],
)
def test_scalars_follow_yaml_1_2_so_that_norway_is_no_boolean(text: str, value: object) -> None:
    node = parse(f"a: {text}", "x")
    assert node is not None
    found = node.plain()["a"]
    assert found == value
    assert type(found) is type(value)


def test_an_alias_stands_for_the_value_it_names() -> None:
    node = parse("a: &x [1, {b: 2}]\nc: *x\n", "x")
    assert node is not None
    assert node.plain() == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_shipped_scenario_is_valid_and_says_what_it_asks_and_expects(path: Path) -> None:
    model = load(path).model
    assert path.read_text().startswith("# yaml-language-server: $schema=./scenario.schema.json\n")
    assert model.question.endswith("?")
    assert model.expected
    assert model.sources


def test_mappings_merge_and_lists_replace(layered) -> None:  # type: ignore[no-untyped-def]
    model = layered("sources: [c]\ncatalogue: {agreements: none}\n").model
    assert (model.name, model.review_days, model.sources) == ("Base", 7, ("c",))
    assert (model.catalogue.projects, model.catalogue.agreements) == ("none", "none")


def test_null_deletes_a_key_so_that_the_default_returns(layered) -> None:  # type: ignore[no-untyped-def]
    model = layered("review_days: null\nsources: ~\n").model
    assert (model.review_days, model.sources) == (14, ())


def test_events_merge_by_id_and_keep_their_order(layered) -> None:  # type: ignore[no-untyped-def]
    new = "{id: new, type: outage, country: TJK, commodities: antimony, at: 2026-01-01}"
    events = layered(f"events:\n- {new}\n- {{id: ban, leakage: 0.3, until: 2027-01-01}}\n").model.events
    assert [event.id for event in events] == ["ban", "cut", "new"]
    assert (events[0].leakage, events[0].until, events[0].imposer) == (0.3, date(2027, 1, 1), "CHN")


def test_a_null_type_removes_an_event(layered) -> None:  # type: ignore[no-untyped-def]
    assert [event.id for event in layered("events: [{id: ban, type: null}]\n").model.events] == ["cut"]


def test_an_event_of_another_type_replaces_the_old_one_whole(layered) -> None:  # type: ignore[no-untyped-def]
    text = "events: [{id: ban, type: demand_shock, region: USA, commodities: gallium, at: 2026-01-01, factor: 2}]\n"
    assert layered(text).model.events[0].type == "demand_shock"


def test_one_distribution_replaces_another(layered) -> None:  # type: ignore[no-untyped-def]
    events = layered("events: [{id: cut, lost_share: {triangular: {low: 0, mode: 0.5, high: 1}}}]\n").model.events
    assert events[1].lost_share.range() == (0.0, 1.0)


def test_a_file_is_found_relative_to_the_file_that_extends_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "deep" / "top.yaml").write_text("extends: ../base.yaml\nname: Top\n")
    assert load(tmp_path / "deep" / "top.yaml").model.review_days == 7


def test_overrides_win_and_name_events_by_id(layered) -> None:  # type: ignore[no-untyped-def]
    scenario = layered(
        "review_days: 10\n",
        "review_days=21",
        "events.ban.probability=0.25",
        "events.cut.lost_share={normal: {mean: 0.5, sd: 0.1}}",
        "events.ban.commodities=[gallium, germanium]",
        "target.deadline=+24mo",
        "sources=null",
    )
    model = scenario.model
    assert (model.review_days, model.events[0].probability, model.sources) == (21, 0.25, ())
    assert model.events[0].commodities == ("gallium", "germanium")
    assert model.target.deadline == Offset(months=24)
    assert scenario.origins["events.ban.probability"] == "--set events.ban.probability=0.25"


def test_every_value_knows_its_file_and_line_or_that_it_is_the_default(layered, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    origins = layered("name: Top\nevents: [{id: ban, leakage: 0.3}]\n").origins
    assert origins["name"] == f"{tmp_path / 'top.yaml'}:2"
    assert origins["review_days"] == f"{tmp_path / 'base.yaml'}:2"
    assert origins["events.ban.leakage"] == f"{tmp_path / 'top.yaml'}:3"
    assert origins["events.ban.imposer"] == f"{tmp_path / 'base.yaml'}:6"
    assert origins["events.ban.commodities[0]"] == f"{tmp_path / 'base.yaml'}:6"
    assert origins["events.ban.target[0]"] == f"{tmp_path / 'base.yaml'}:6"
    assert origins["start"] == origins["events.ban.probability"] == "default"


def test_the_digest_depends_on_the_meaning_alone(layered, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    layered_one = layered("")
    flat = tmp_path / "flat.yaml"
    flat.write_text("# a comment\n" + BASE + "focal: 'USA'\n")
    assert load(flat).sha256 == layered_one.sha256
    assert load(flat, ["events.ban.leakage=0.1"]).sha256 == layered_one.sha256
    assert load(flat, ["events.ban.leakage=0.2"]).sha256 != layered_one.sha256


def test_a_month_offset_counts_calendar_months() -> None:
    assert Offset.parse("+18mo").after(date(2025, 11, 6)) == date(2027, 5, 6)
    assert Offset.parse("+1mo").after(date(2027, 1, 31)) == date(2027, 2, 28)
    assert Offset.parse("+90d").after(date(2025, 11, 6)) == date(2026, 2, 4)


def test_an_event_can_be_added_in_python(layered) -> None:  # type: ignore[no-untyped-def]
    base = layered("")
    more = base.with_event(
        type="export_ban", imposer="CHN", target="USA", commodities=["antimony"], at=date(2026, 11, 6)
    )
    assert [event.id for event in more.model.events] == ["ban", "cut", "export_ban_1"]
    assert len(base.model.events) == 2
    assert base.with_event(id="ban", leakage=0.9).model.events[0].leakage == 0.9
    with pytest.raises(UsageError, match="did you mean 'CHN'"):
        base.with_event(type="export_ban", imposer="China", target="USA", commodities=["antimony"], at="+12mo")


def test_the_example_of_the_design_is_a_scenario(tmp_path: Path) -> None:
    example = """\
name: Snap-back in November 2026
extends: baseline.yaml
question: Does the 18-month target survive if China lets its suspended bans return?
events:
  - id: snapback
    type: export_ban
    imposer: CHN
    target: USA
    commodities: [gallium, germanium, antimony]
    announced: 2026-11-10
    at: 2026-11-27
    probability: 0.35
target:
  deadline: +18mo
  criteria:
    - {yardstick: reliance, window_days: 90, max_share: 0.50, max_unmet_share: 0.05}
"""
    (tmp_path / "baseline.yaml").write_text(BASE)
    (tmp_path / "snapback.yaml").write_text(example)
    model = load(tmp_path / "snapback.yaml", ["events.snapback.probability=0.5"]).model
    assert model.events[-1].probability == 0.5
    assert [criterion.yardstick for criterion in model.target.criteria] == ["reliance"]


def test_the_exported_schema_is_up_to_date() -> None:
    stored = json.loads((ROOT / "scenarios" / "scenario.schema.json").read_text())
    assert stored == json_schema(), "run: simulator schema --write"


def test_every_field_of_the_file_format_has_a_description() -> None:
    schema = json_schema()
    own = [("scenario", schema)] + [(name, part) for name, part in schema["$defs"].items() if name[0].isupper()]
    kinds = {"Lognormal", "Triangular", "Uniform", "Normal", "Choice"}
    bare = [
        f"{name}.{key}"
        for name, part in own
        for key, field in part.get("properties", {}).items()
        if name not in kinds and key != "type" and "description" not in field
    ]
    assert bare == []


def test_a_frozen_scenario_cannot_be_changed(layered) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="frozen"):
        layered("").model.review_days = 3


def test_a_known_word_is_not_taken_for_a_file(tmp_path: Path) -> None:
    path = tmp_path / "top.yaml"
    path.write_text("name: X\nextends: [a]\n")
    with pytest.raises(InputError, match="is not the name of a scenario file"):
        load(path)
