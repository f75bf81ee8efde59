"""``simulator stress`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.analysis import stress as analysis
from simulator.cli.main import exit_code
from simulator.errors import InterruptedRun

BASELINE = str(Path(__file__).parents[2] / "scenarios" / "baseline.yaml")
SMALL = ("--commodity", "antimony", "--replications", "32", "--jobs", "1", "--quiet")
ASKED = ("stress", BASELINE, "--cut", "CHN", "--at", "+18mo", *SMALL)

Captured = pytest.CaptureFixture[str]


def test_the_document_holds_every_measure_with_interval_and_n(capsys: Captured) -> None:
    assert exit_code([*ASKED, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "simulator.stress/1"
    assert document["cut"]["begins"] == document["deadline"] == "2027-05-06"
    assert (document["cutoff"]["is_yardstick"], document["cutoff"]["of"], document["complete"]) == (True, 1, True)
    (antimony,) = document["commodities"]
    for name in ("survives", "recovers", "cutoff", "cutoff_without"):
        assert antimony[name]["ci"][0] <= antimony[name]["p"] <= antimony[name]["ci"][1]
    for name in ("unmet_share", "unmet_difference", "lost_t_per_year"):
        assert antimony[name]["ci"][0] <= antimony[name]["value"] <= antimony[name]["ci"][1]
        assert antimony[name]["n"] == 32
    assert antimony["survival_days"]["watched_days"] == 366


def test_the_table_says_what_was_cut_and_what_short_means(capsys: Captured) -> None:
    assert exit_code([*ASKED, "--rerouting", "--for", "6mo", "--threshold", "0.2"]) == 0
    printed = capsys.readouterr().out
    assert "CHN sells nothing to USA, re-routing left open, from 2027-05-06 to 2027-11-06 (184 days)" in printed
    assert "Short: over 20 % of demand unmet" in printed
    assert "Yardstick cutoff" not in printed
    assert max(map(len, printed.splitlines())) <= 124


def test_ctrl_c_prints_the_pairs_that_are_finished(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: Any, **options: Any) -> Iterator[Any]:
        found = real(wanted, **options)
        for _ in range(2):
            yield next(found)
        raise InterruptedRun("interrupted")

    real = analysis.run_many
    monkeypatch.setattr(analysis, "PART", 16)
    monkeypatch.setattr(analysis, "run_many", interrupted)
    assert exit_code([*ASKED]) == 130
    printed = capsys.readouterr()
    assert "16 futures of 32 asked for (stopped)" in " ".join(printed.out.split())
    assert "16 of 32 pairs of futures are finished" in printed.err


def test_a_country_that_does_not_exist_is_refused(capsys: Captured) -> None:
    assert exit_code(["stress", BASELINE, "--cut", "China", "--at", "+18mo", *SMALL]) == 2
    assert "did you mean 'CHN'" in capsys.readouterr().err
