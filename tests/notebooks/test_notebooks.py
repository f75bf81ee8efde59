"""The shipped notebooks run, tell what they computed, and are what their scripts say."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))
REPLICATIONS = 16
TITLES = (
    "1. The claim and the baseline",
    "2. Bans, licences and snap-back",
    "3. What the C5 and Asian memoranda buy",
    "4. Stress test and stockpile sizing",
    "5. Write your own instrument and scenario",
    "6. Reading the evidence: data grades and backtests",
)


def with_parameters(notebook: nbformat.NotebookNode, source: str) -> nbformat.NotebookNode:
    """The notebook with a cell after its parameters that gives them other values."""
    place = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(source))
    return notebook


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folders a notebook reads and writes, so that running one leaves the tree alone."""
    place = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "scenarios", place / "scenarios")
    (place / "notebooks").mkdir()
    return place / "notebooks"


def test_there_are_six_with_their_titles() -> None:
    assert [jupytext.read(script).cells[0].source.splitlines()[0] for script in SCRIPTS] == [f"# {t}" for t in TITLES]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_notebook_is_its_script_and_holds_no_output(script: Path) -> None:
    """``jupytext --sync notebooks/*.py`` makes them equal again."""
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    ours, theirs = (
        [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in one.cells]
        for one in (jupytext.read(script), notebook)
    )
    assert ours == theirs
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []
    last = notebook.cells[-1].source
    assert last.startswith("## Questions to try")
    assert last.count("\n* ") >= 3


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_notebook_runs_and_tells_what_it_computed(
    script: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("IPYTHONDIR", str(workplace.parent / "ipython"))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the suite's own would keep a kernel from showing figures
    with warnings.catch_warnings():
        # Of the libraries that carry messages to the kernel; the kernel's own warnings are asserted below.
        warnings.simplefilter("ignore")
        from nbclient import NotebookClient

        notebook = with_parameters(jupytext.read(script), f"replications = {REPLICATIONS}")
        folder = {"metadata": {"path": str(workplace)}}
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    errors = [text for output in outputs if output.get("name") == "stderr" for text in own_words(output.text)]
    assert errors == []
    kinds = {kind for output in outputs for kind in output.get("data", ())}
    assert {"text/html", "text/markdown"} <= kinds
    assert {"image/svg+xml", "image/png"} & kinds, "no figure"
    told = [output.data["text/markdown"] for output in outputs if "text/markdown" in output.get("data", ())]
    assert not any("nan" in text.split() for text in told)
    if script.stem.startswith("01"):
        assert "application/vnd.jupyter.widget-view+json" in kinds


def own_words(text: str) -> list[str]:
    """What a cell wrote to stderr, without what the kernel says of its own transport when it starts."""
    return [line for line in text.splitlines() if line.strip() and "[IPKernelApp]" not in line]
