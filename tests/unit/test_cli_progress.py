"""Progress of a log: when it says how long the rest takes, and how precisely."""

from __future__ import annotations

import pytest

from simulator.cli import progress


def test_no_time_left_is_guessed_before_a_tenth_of_the_work_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 90.0, 120.0, 600.0])
    monkeypatch.setattr("simulator.cli.progress.time.monotonic", lambda: next(clock))
    lines = progress.Lines()
    lines.begin("S", 1_000)
    lines.told(3, 1_000, "")
    lines.told(400, 1_000, "")
    lines.told(1_000, 1_000, "")
    early, later, last = capsys.readouterr().err.splitlines()[1:]
    assert early.startswith("S: 3/1,000 replications")
    assert "left" not in early
    assert later.endswith("about 3 min left")
    assert last.endswith("600.0 s")
