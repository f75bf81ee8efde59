"""A person's way through notebook 01: JupyterLab in a real browser, run all, move a control, see the answer change.

Chromium is the system's, driven by Playwright; nothing is downloaded. Screenshots are kept under ``pytest``'s temporary
folder, or in the folder that ``ORESIGHT_SCREENSHOTS`` names, to be looked at.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
import pytest

from tests.notebooks.test_notebooks import ROOT, with_parameters

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE_MS = 60_000
"""Longest wait for one thing to show: a busy machine is slow, a broken page never gets there."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab over a copy of notebook 01, of nobody's settings but the test's."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    (tmp_path / "notebooks").mkdir()
    notebook = with_parameters(jupytext.read(ROOT / "notebooks" / "01_claim_and_baseline.py"), "replications = 32")
    nbformat.write(notebook, tmp_path / "notebooks" / "01.ipynb")
    token, port = secrets.token_hex(16), _free_port()
    home = tmp_path / "home"
    (home / "labconfig").mkdir(parents=True)
    # Nobody is to be asked for news from the network.
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (home / "labconfig" / "page_config.json").write_text(json.dumps(quiet), "utf-8")
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTERLAB_SETTINGS_DIR": str(home),
        "JUPYTERLAB_WORKSPACES_DIR": str(home),
        "IPYTHONDIR": str(home),
        "JUPYTER_TOKEN": token,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={tmp_path}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with (tmp_path / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api?token={token}", server, tmp_path / "lab.log")
        yield f"{address}/lab/tree/notebooks/01.ipynb?token={token}&reset"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        assert server.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(log.read_text("utf-8", "replace")[-2000:])


@pytest.mark.skipif(CHROMIUM is None, reason="NO BROWSER: install chromium (apt-get install chromium) to run this test")
def test_a_control_of_the_panel_moves_the_figure_and_the_verdict(lab: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    shots = Path(os.environ.get("ORESIGHT_SCREENSHOTS", tmp_path))
    shots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(PATIENCE_MS)
        try:
            faults: list[str] = []
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.goto(lab)
            page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
            page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for()
            page.screenshot(path=shots / "opened.png")
            page.locator(".lm-MenuBar-item", has_text="Run").click()
            page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
            panel = page.locator(".oresight-what-if")
            panel.wait_for(state="attached")
            panel.scroll_into_view_if_needed()
            verdict = panel.locator(".widget-html", has_text="simulated futures").first
            expect(verdict).to_contain_text("Nothing is changed yet", timeout=PATIENCE_MS)
            expect(verdict).to_contain_text("Preview of 32 futures")
            figure = panel.locator("svg[role=img]")
            before = (figure.inner_html(), verdict.inner_text())
            panel.screenshot(path=shots / "before.png")

            # By keyboard alone: the number takes the focus, and each stop of the arrow keys is an answer.
            number = panel.get_by_label("renewal probability")
            number.focus()
            for _ in range(3):
                page.keyboard.press("ArrowDown")
            expect(number).to_have_value("0.65")
            expect(verdict).to_contain_text("Change on the same futures", timeout=PATIENCE_MS)
            expect(panel.locator("[role=status]")).to_have_text("", timeout=PATIENCE_MS)
            after = (figure.inner_html(), verdict.inner_text())
            assert before[0] != after[0], "the figure did not change"
            assert before[1] != after[1], "the verdict did not change"
            panel.screenshot(path=shots / "keyboard.png")

            # By mouse: the slider beside it does the same when it is released.
            track = number.locator("xpath=../..").locator(".noUi-base").bounding_box()
            assert track is not None
            page.mouse.click(track["x"] + 0.2 * track["width"], track["y"] + track["height"] / 2)
            expect(number).to_have_value("0.2")
            expect(panel.locator("[role=status]")).to_have_text("", timeout=PATIENCE_MS)
            assert verdict.inner_text() != after[1], "the slider changed nothing"
            page.mouse.move(0, 0)
            panel.screenshot(path=shots / "after.png")

            panel.get_by_role("button", name="Copy as YAML").press("Enter")
            text = panel.get_by_label("YAML")
            expect(text).to_be_visible()
            assert "renewal_probability: 0.2" in text.input_value()
            assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
            page.screenshot(path=shots / "page.png")
            assert faults == []
        finally:
            browser.close()
