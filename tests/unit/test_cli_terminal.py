from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import pytest

from simulator.analysis.intervals import Estimate
from simulator.analysis.study import Study, run
from simulator.cli.main import SUBCOMMANDS, cli
from simulator.report.document import run_document, text
from simulator.report.layout import WIDTH
from simulator.report.terminal import groups, sentence, terminal
from simulator.report.wording import spread

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"


@pytest.fixture(scope="module")
def study() -> Study:
    return run(BASELINE, replications=32, commodities=("gallium", "germanium", "beryllium", "ree_light"))


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_of_the_help_exists(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert isinstance(command, click.Command)


def test_the_table_groups_what_counts_apart_from_what_does_not(study: Study) -> None:
    grouped = {title: [item.commodity for item in items] for title, items in groups(study)}
    assert "gallium" in grouped["Headline commodities"]
    assert "beryllium" in grouped["Met at the start, not counted"]
    assert grouped["Graded C or outside the headline, not counted"] == ["germanium"]
    assert grouped["End products, markets of their own"] == ["ree_light:permanent_magnet"]
    assert sum(len(names) for names in grouped.values()) == 5


def test_every_commodity_has_its_row_and_nothing_is_cut(study: Study) -> None:
    lines = terminal(study).splitlines()
    first, then = (part.splitlines() for part in terminal(study).split("\nBy reliance: "))
    assert sum(line.startswith("gallium ") for line in then) == 2
    assert not any(line.startswith("beryllium ") for line in then), "what was met at the start is not asked again"
    for name in ("gallium", "germanium", "beryllium", "ree_light", "permanent_magnet"):
        assert sum(line.startswith(name + " ") for line in first) == 1
    assert max(map(len, lines)) <= WIDTH
    assert not any(line != line.rstrip() for line in lines)


def test_the_report_says_what_it_rests_on(study: Study) -> None:
    report = terminal(study)
    assert "at most 50 % and unmet demand at most 5 % over 90 days" in " ".join(report.split())
    for part in (study.case.sha256[:12], study.case.data_sha256[:12], "seed 0", "32 replications", "graded assumed"):
        assert part in " ".join(report.split())


def test_the_document_says_of_every_yardstick_what_it_is_and_when_it_is_met(study: Study) -> None:
    document = run_document(study)
    for name, meaning in document["yardsticks"].items():
        assert min(len(meaning[key]) for key in ("definition", "formula", "source")) > 5
        assert meaning["deadline"] == "2027-05-06"
        for item in document["commodities"]:
            found = item["yardsticks"][name]
            assert found["threshold"] == meaning["threshold"]
            assert {"p", "ci", "n", "first_met", "distance", "identified", "by_branch"} <= found.keys()
            assert ("survival" in found["first_met"]) == (name == "reliance")
            assert found["first_met"]["p_ever"]["p"] >= found["p"]
            assert found["distance"]["unit"] == "t/yr"
    overall = document["overall"]["reliance"]
    assert overall["list_rule"]["rule"] == "all"
    assert overall["list_rule"]["p"] == overall["p"] == overall["at_least"][-1]
    assert sum(overall["weights"].values()) == pytest.approx(1.0)


def test_an_interrupted_run_says_so_in_its_verdict(study: Study) -> None:
    partial = replace(study, requested=1024)
    assert "Stopped early: 32 of 1,024 replications." in " ".join(sentence(partial).split())
    assert run_document(partial)["complete"] is False


def test_colour_is_only_used_when_asked_for(study: Study) -> None:
    assert "\x1b[" in terminal(study, colour=True)
    assert "\x1b" not in terminal(study)


def test_the_document_has_no_number_that_json_lacks(study: Study) -> None:
    written = text(run_document(study))
    assert "NaN" not in written
    assert "Infinity" not in written


def test_a_place_in_the_table_that_chance_decided_is_named(study: Study) -> None:
    def with_start(estimate: Estimate) -> Study:
        items = [
            replace(item, yardsticks={name: replace(y, at_start=estimate) for name, y in item.yardsticks.items()})
            for item in study.verdict.commodities
        ]
        return replace(study, verdict=replace(study.verdict, commodities=tuple(items)))

    doubtful = " ".join(terminal(with_start(Estimate(0.51, 0.44, 0.58, 32))).split())
    assert "may count it otherwise: gallium 51 (44-58) %" in doubtful
    assert "germanium 51" not in doubtful  # grade C is not counted either way
    assert "count it otherwise" not in terminal(with_start(Estimate(0.9, 0.8, 1.0, 32)))


def test_the_table_shows_the_share_that_reliance_judges(study: Study) -> None:
    (gallium,) = (item for item in study.verdict.commodities if item.commodity == "gallium")
    row = next(line for line in terminal(study).splitlines() if line.startswith("gallium "))
    judged = spread(gallium.kpis["china_dependent_share"]["deadline"])
    plain = spread(gallium.kpis["china_exposed_share"]["deadline"])
    assert judged in row[row.index(plain) + len(plain) :]
