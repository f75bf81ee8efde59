"""``simulator solve`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.cli.main import exit_code

RECYCLING = str(Path(__file__).parents[2] / "scenarios" / "recycling_push.yaml")
SCRAP = "events.antimony_scrap.output_t_per_year"
SMALL = ("--commodity", "antimony", "--replications", "16", "--steps", "4", "--jobs", "1")

Captured = pytest.CaptureFixture[str]


def test_the_document_holds_answer_interval_and_check(capsys: Captured) -> None:
    words = ["solve", RECYCLING, "--lever", f"{SCRAP}:0:20000:10", "--want", "reliance>=0.4", *SMALL, "--json"]
    assert exit_code([*words, "--set", "events.antimony_scrap.at=+1mo"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "simulator.solve/1"
    assert (document["reachable"], document["complete"], document["check_seed"]) == (True, True, 1)
    answer = document["answer"]
    assert answer["value"] >= 0.4
    assert answer["cost"] == 10 * float(answer["values"][SCRAP])
    assert 0 <= answer["confidence"] <= 1
    assert answer["fresh"]["n"] == 16
    assert len(document["answer_ci"]) == 2
    assert document["falls"] == []


def test_out_of_reach_is_an_answer(capsys: Captured) -> None:
    words = ["solve", RECYCLING, "--lever", f"{SCRAP}:0:10", "--want", "reliance>=1", *SMALL]
    assert exit_code([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["reachable"], document["answer"]) == (False, None)
    assert document["best"]["ci"][0] <= document["best"]["value"] <= document["best"]["ci"][1]


@pytest.mark.parametrize(
    ("lever", "want", "said"),
    [
        (f"{SCRAP}:0:10", "reliance>0.8", "write YARDSTICK>=P"),
        (f"{SCRAP}:0", "reliance>=0.8", "write PATH:LO:HI"),
        ("events.antimony_scarp.at:+1d:+30d", "reliance>=0.8", "did you mean 'antimony_scrap'"),
        ("events.antimony_scarp.at:+1d:+30d", "reliance>=0.8", "--lever events.antimony_scarp.at=+1d: "),
    ],
)
def test_what_is_not_understood_is_a_usage_error(lever: str, want: str, said: str, capsys: Captured) -> None:
    assert exit_code(["solve", RECYCLING, "--lever", lever, "--want", want, *SMALL, "--quiet"]) == 2
    assert said in capsys.readouterr().err
