"""Ctrl-C, as a terminal sends it: what is finished is printed, stdout stays one document, exit code 130."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.test_analysis_explain import FEW, SCENARIOS

BEGUN = re.compile(r": ([\d,]+)/([\d,]+) replications")
EVERY_STEP = (
    "import sys\n"
    "from simulator.cli import progress\n"
    "progress.LINE_EVERY_S = 0.0\n"
    "from simulator.cli.main import main\n"
    "main(sys.argv[1:])\n"
)
OPTIONS = ("--jobs", "2", "--allow-outside")
VERBS = {
    "explain": ["--groups", "by-type", "--replications", "32"],
    "stress": ["--cut", "CHN", "--at", "+2mo", "--replications", "2048"],
    "sweep": ["--grid", "events.indium_scrap.output_t_per_year=0:400:40", "--replications", "32"],
    "sensitivity": ["--replications", "64", "--points", "32"],
    "solve": [
        "--lever", "events.indium_scrap.output_t_per_year:0:400", "--want", "china_exposed_share<=0.01",
        "--commodity", "indium", "--replications", "512",
    ],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("heeded_ctrl_c")
@pytest.mark.skipif(sys.platform == "win32", reason="a console sends Ctrl-C otherwise")
@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_prints_what_is_finished_as_one_document_and_leaves_with_130(verb: str, tmp_path: Path) -> None:
    file = tmp_path / "few.yaml"
    file.write_text(FEW.format(baseline=SCENARIOS / "baseline.yaml"))
    command = [sys.executable, "-c", EVERY_STEP, verb, str(file), *VERBS[verb], "--json", *OPTIONS]
    running = subprocess.Popen(
        command,
        cwd=SCENARIOS.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(SCENARIOS.parent)},
    )
    assert running.stderr is not None
    heard = []
    for line in running.stderr:
        heard.append(line)
        step = BEGUN.search(line)
        done, total = (int(number.replace(",", "")) for number in step.groups()) if step else (0, 1)
        if done >= total * 0.15:
            break
    os.killpg(running.pid, signal.SIGINT)
    printed, told = running.communicate(timeout=120)
    told = "".join(heard) + told
    assert running.returncode == 130, told
    assert "interrupted" in told
    assert "Traceback" not in told
    document = json.loads(printed)
    assert document["schema"] == f"simulator.{verb}/1"
    assert document.get("complete") is False or "error" in document, list(document)
