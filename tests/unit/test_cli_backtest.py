"""``simulator backtest`` on the command line, stopped early."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from simulator.analysis.past import backtest as analysis
from simulator.cli.main import exit_code
from simulator.errors import InterruptedRun

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def test_an_interrupt_before_any_episode_is_scored_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> NoReturn:
        raise InterruptedRun("interrupted after 1,024 of 1,024 replications")

    monkeypatch.setattr(analysis, "run", interrupted)
    assert exit_code(["backtest", str(SCENARIOS / "backtests" / "antimony_2024.yaml"), "--quiet"]) == 130
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "error: interrupted after 1,024 of 1,024 replications; no episode of 1 is scored\n"
