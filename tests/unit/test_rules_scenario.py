"""Rules in scenario files: how they merge, what is refused and where, and what a run says of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.analysis.study import run
from simulator.cli.main import cli
from simulator.errors import InputError, UsageError
from simulator.report.document import run_document
from simulator.report.terminal import terminal
from simulator.scenario import load, resolve
from simulator.scenario.rules import fireable_types

ROOT = Path(__file__).parents[2]
BASELINE = (ROOT / "scenarios" / "baseline.yaml").as_posix()
TIGHTEN = """
rules:
  - id: tighten
    actor: CHN
    when: {metric: direct_china_share, commodity: antimony, below: 0.5, for_reviews: 3}
    probability: 0.7
    then:
      - {id: licences, type: export_licensing, imposer: CHN, target: USA, commodities: [antimony], at: +30d}
"""


def scenario(folder: Path, text: str, name: str = "rules.yaml", extends: str = BASELINE) -> Path:
    file = folder / name
    file.write_text(f"name: Rules\nextends: {extends}\n{text}", "utf-8")
    return file


def test_rules_merge_by_id_and_null_deletes_one(tmp_path: Path) -> None:
    below = scenario(tmp_path, TIGHTEN)
    changed = load(scenario(tmp_path, "rules:\n  - {id: tighten, when: {below: 0.3}}\n", "over.yaml", below.name))
    (rule,) = changed.model.rules
    assert (rule.when.below, rule.when.for_reviews, rule.then[0].id) == (0.3, 3, "licences")
    assert changed.sha256 != load(below).sha256 != load(BASELINE).sha256
    gone = load(scenario(tmp_path, "rules:\n  - {id: tighten, when: null}\n", "gone.yaml", below.name))
    assert gone.model.rules == ()
    assert changed.origins["rules.tighten.when.below"].endswith("over.yaml:4")
    assert changed.origins["rules.tighten.then.licences.at"].endswith("rules.yaml:10")


def test_an_override_names_a_rule_and_what_it_sets_off_by_id(tmp_path: Path) -> None:
    file = scenario(tmp_path, TIGHTEN)
    sets = ["rules.tighten.probability=0.2", "rules.tighten.then.licences.approval_multiplier=0.5"]
    (rule,) = load(file, sets).model.rules
    assert rule.probability == 0.2
    assert rule.then[0].model_dump()["approval_multiplier"] == 0.5
    with pytest.raises(UsageError, match="did you mean 'tighten'"):
        load(file, ["rules.tigthen.probability=0.2"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "direct_china_share",
            "china_exposed_share",
            r"when.metric: 'china_exposed_share' is not accepted; write direct",
        ),
        ("below: 0.5", "below: 50", r"when.below: 50 is not a share"),
        ("below: 0.5, ", "", r"when: give one of `above` and `below`"),
        ("below: 0.5", "below: 0.5, above: 0.1", r"when.above: is given together with `below`"),
        ("metric: direct_china_share", "metric: origin_share", r"when.metric: 'origin_share' counts declared origins"),
        ("below: 0.5", "below: 0.5, origins: [KAZ]", r"when.metric: 'direct_china_share' takes no `origins`"),
        ("actor: CHN", "actor: RUS", r"then\[0\].imposer: 'CHN' is not the actor of the rule, RUS"),
        ("at: +30d", "at: 2026-05-01", r"then\[0\].at: '2026-05-01' cannot stand in a rule.* write \+30d"),
        ("at: +30d", "at: +30d, until: +10d", r"then\[0\].until: '\+10d' is not after `at`, \+30d"),
        ("probability: 0.7", "cooldown_days: 90", r"then\[0\].until: is missing; a rule that may fire again"),
        ("id: licences", "id: us_ban_2024", r"then\[0\].id: 'us_ban_2024' is already the id of an event"),
        (
            "type: export_licensing",
            "type: project",
            r"then\[0\].type: 'project' cannot be set off by a rule; .*export_ban",
        ),
        ("type: export_licensing", "type: export_licence", r"then\[0\].type: .* did you mean 'export_licensing'"),
        ("commodity: antimony", "commodity: antimon", r"when.commodity: .* did you mean 'antimony'"),
        (
            "for_reviews: 3",
            "for_review: 3",
            r"when.for_review: unknown field of a condition; did you mean 'for_reviews'",
        ),
        ("at: +30d", "at: +30d, stages: [oxid]", r"then\[0\].stages\[0\]: 'oxid' is not a stage of antimony"),
    ],
)
def test_a_faulty_rule_is_refused_where_it_is_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = TIGHTEN.replace(old, new)
    assert text != TIGHTEN
    with pytest.raises(InputError) as caught:
        load(scenario(tmp_path, text))
    assert re.search(r"rules\.yaml:\d+:\d+: rules\[0\]\." + message, str(caught.value)), caught.value


def test_a_run_without_what_a_rule_watches_is_refused_if_the_rule_acts_on_what_it_keeps(tmp_path: Path) -> None:
    text = TIGHTEN.replace("commodities: [antimony]", "commodities: [gallium]")
    watched = load(scenario(tmp_path, text))
    assert [rule.id for rule in resolve(watched, ["gallium", "antimony"]).rules] == ["tighten"]
    assert resolve(watched, ["tungsten"]).rules == ()
    with pytest.raises(UsageError, match=r"'tighten' watches antimony.* add --commodity antimony"):
        resolve(watched, ["gallium"])


def test_a_report_says_how_often_and_when_each_rule_fired(tmp_path: Path) -> None:
    always = TIGHTEN.replace("direct_china_share", "price_index").replace("below: 0.5", "above: 0")
    study = run(load(scenario(tmp_path, always)), replications=32, commodities=["antimony"])
    document = run_document(study)
    rule = document["rules"]["tighten"]
    assert 0.4 < rule["p"] < 0.95
    assert rule["ci"][0] < rule["p"] < rule["ci"][1]
    assert rule["first_day"]["p50"] == 11.0
    assert document["branches"]["rule/tighten/fired"]["p"] == rule["p"]
    assert re.search(r"tighten \(CHN\) in \d+ \(\d+-\d+\) %, half\s+of\s+them\s+by\s+2025-11-17", terminal(study))


def test_the_schema_offers_what_a_rule_can_set_off() -> None:
    schema = json.loads(CliRunner().invoke(cli, ["schema"]).output)
    offered = schema["$defs"]["Rule"]["properties"]["then"]["items"]["discriminator"]["mapping"]
    assert sorted(offered) == sorted(fireable_types())
    assert {"export_ban", "export_licensing", "suspension", "outage", "demand_shock"} <= set(offered)
    assert not {"project", "agreement", "corridor_closure"} & set(offered)


def test_the_readme_shows_rules_that_fire(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    (example,) = (text for text in examples if "rules:" in text)
    file = tmp_path / "example.yaml"
    file.write_text(example.replace("scenarios/", f"{ROOT.as_posix()}/scenarios/"), "utf-8")
    study = run(load(file), replications=32, commodities=["antimony"])
    for rule in study.verdict.rules.values():
        assert 0.0 < rule.fired.value < 1.0
