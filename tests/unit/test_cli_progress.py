"""Progress of a log: when it says how long the rest takes, and how precisely."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

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


def test_a_terminal_is_told_of_the_reading_until_the_work_begins() -> None:
    """Reading many files takes longer than a person waits for a sign; afterwards there is one bar."""
    screen = io.StringIO()
    with Progress(TextColumn("{task.fields[title]}"), console=Console(file=screen, force_terminal=True)) as shown:
        bars = progress.Bars(shown)
        bars.read("31 scenarios")
        assert "31 scenarios: reading" in screen.getvalue()
        bars.begin("31 scenarios", 496)
        (task,) = shown.tasks
        assert (task.fields["title"], task.total) == ("31 scenarios", 496)


def test_a_narrow_terminal_shows_units_rate_time_left_and_the_statistic() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, color_system=None)
    with progress.drawn(console) as shown:
        bars = progress.Bars(shown)
        bars.begin("our_works_in_dresden_under_a_full_ban_2027.yaml", 100_000)
        for done in (10_240, 20_480):
            bars.told(done, 100_000, "unit 20 of 98, expected to be met 0.61 +/- 0.02 of 5")
            time.sleep(0.01)
        shown.refresh()
    lines = re.sub(r"\x1b\[[\d?;]*[A-Za-z]", "", screen.getvalue()).replace("\r", "\n").split("\n")
    assert any(re.search(r"… .* 20480/100000 +[\d,.]+/s 0:\d\d:\d\d$", line) for line in lines)
    assert "  unit 20 of 98, expected to be met 0.61 +/- 0.02 of 5" in lines
    assert max(map(len, lines)) <= 80


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_its_first_sign_before_the_code_that_reads_is_there(tmp_path: Path) -> None:
    import pty

    watched, terminal = pty.openpty()
    code = (
        "import sys\n"
        "from simulator.cli.main import main\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'simulator.scenario': sys.exit('the code that reads is asked for')\n"
        "sys.meta_path.insert(0, Slow())\n"
        "main(['run', 'missing.yaml'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    told = b""
    try:
        while part := os.read(watched, 1024):
            told += part
    except OSError:  # Linux says so when the other end is closed
        pass
    process.wait(timeout=60)
    assert told.index(b"missing.yaml: reading") < told.index(b"the code that reads is asked for")
