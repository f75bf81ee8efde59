"""The shape of the house: who may import whom, how long a file may be, what the tree must not hold."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "simulator"
FLOORS = (
    "errors",
    "domain",
    "catalogue",
    "instruments",
    "scenario",
    "model",
    "experiment",
    "metrics",
    "analysis",
    "report",
    "api",
    "widgets",
    "cli",
)
ONLY_USER = {"yaml": "scenario", "simpy": "model", "matplotlib": "report"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def floor_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(source: str) -> set[str]:
    """Dotted names a module imports, wherever in the file the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def faults(source: str, floor: str) -> list[str]:
    """Imports that a module on ``floor`` may not make."""
    found = []
    for name in sorted(imports_of(source)):
        parts = name.split(".")
        if name.startswith("."):
            found.append(f"{name}: relative")
        elif parts[0] == "simulator" and len(parts) > 1 and parts[1] in FLOORS:
            if FLOORS.index(parts[1]) > FLOORS.index(floor):
                found.append(f"{name}: above {floor}")
        elif ONLY_USER.get(parts[0], floor) != floor:
            found.append(f"{name}: only {ONLY_USER[parts[0]]} may")
    return found


def tree() -> Iterator[Path]:
    """Every file of the tree that is not a by-product of running it."""
    skip = {".git", ".venv", "venv", "runs", "build", "dist"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in skip and not f.endswith(("cache", "cache__", ".hypothesis")))
        yield from (Path(folder) / name for name in sorted(names) if name not in skip)  # a work tree's .git is a file


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_floor_and_below(path: Path) -> None:
    floor = floor_of(path)
    if floor in {"__init__", "__main__"}:
        return
    assert floor in FLOORS, f"{floor} has no place in the order of floors"
    assert faults(path.read_text("utf-8"), floor) == []


def test_the_check_of_imports_sees_what_it_forbids() -> None:
    assert faults("from simulator.report import terminal", "domain")
    assert faults("def f():\n    import simulator.cli.main", "model")
    assert faults("from simulator import cli", "analysis")
    assert faults("from . import draws", "domain")
    assert faults("import yaml", "cli")
    assert faults("from simpy.core import Environment", "experiment")
    assert faults("import matplotlib.figure", "analysis")
    assert not faults("import simpy, simulator.domain.draws", "model")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_has_one_subject_and_at_most_400_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    names = sys.stdlib_module_names - {"__main__"}
    taken = [path for path in MODULES if path.stem in names]
    assert taken == []


def test_the_tree_holds_no_path_of_a_machine() -> None:
    machine_path = re.compile(rb"(?<![\w.])/(?:home|root|Users|tmp|farm|work)/[A-Za-z0-9_.]")
    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tree()
        if (match := machine_path.search(path.read_bytes()))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "tests/requirements.lock"])
def test_a_lock_names_no_address_and_hashes_everything(name: str) -> None:
    lock = (ROOT / name).read_text("utf-8")
    assert "://" not in lock
    pins = re.findall(r"^[a-z0-9-]+==", lock, flags=re.M)
    entries = re.split(r"^(?=[a-z0-9-]+==)", lock, flags=re.M)[1:]
    assert len(pins) > 20
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_help_needs_no_numpy_and_little_processor_time() -> None:
    code = (
        "import resource, sys\n"
        "from simulator.cli.main import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "heavy = {'numpy', 'scipy', 'pydantic', 'rich', 'simpy', 'matplotlib', 'yaml'} & set(sys.modules)\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(sorted(heavy), used.ru_utime + used.ru_stime, sep='|', file=sys.stderr)\n"
    )
    if sys.platform == "win32":
        pytest.skip("no resource module")
    best = float("inf")
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        heavy, seconds = done.stderr.strip().splitlines()[-1].split("|")
        assert heavy == "[]"
        best = min(best, float(seconds))
    assert best < 0.2, f"{best:.3f} s of processor time"
