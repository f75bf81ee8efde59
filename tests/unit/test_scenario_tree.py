"""A scenario names files of its own tree only, and nothing of any other file is seen."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from simulator.errors import InputError
from simulator.scenario import load, tree

Captured = pytest.CaptureFixture[str]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
SECRET = "root:x:0:0:the secret\n"


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "_allowed", False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a library of scenarios, and a private file beside the project."""
    root = tmp_path / "project"
    (root / "scenarios" / "own").mkdir(parents=True)
    (root / "scenarios" / "base.yaml").write_text("name: Base\n")
    (root / "shared.yaml").write_text("name: Shared\n")
    (tmp_path / "private.yaml").write_text(SECRET)
    return root


def over(folder: Path, extends: str, key: str = "extends") -> Path:
    file = folder / "own.yaml"
    file.write_text(f"name: Own\n{key}: {extends}\n")
    return file


@pytest.mark.parametrize(
    ("place", "extends"),
    [
        ("scenarios", "base.yaml"),
        ("scenarios/own", "../base.yaml"),
        ("scenarios/own", "../../shared.yaml"),
        (".", "scenarios/base.yaml"),
        ("scenarios", "../scenarios/base.yaml"),
    ],
)
def test_files_of_the_tree_may_be_extended(project: Path, place: str, extends: str) -> None:
    assert load(over(project / place, extends)).name == "Own"


def link_out(project: Path) -> str:
    (project / "scenarios" / "link.yaml").symlink_to(project.parent / "private.yaml")
    return "link.yaml"


def link_of_a_folder(project: Path) -> str:
    (project / "scenarios" / "up").symlink_to(project.parent)
    return "up/private.yaml"


@POSIX
@pytest.mark.parametrize(
    "extends",
    [
        lambda project: "../../private.yaml",
        lambda project: str(project.parent / "private.yaml"),
        lambda project: "/etc/passwd",
        lambda project: "own/../../../private.yaml",
        link_out,
        link_of_a_folder,
    ],
)
@pytest.mark.parametrize("key", ["extends", "observed"])
def test_a_file_outside_is_refused_and_nothing_of_it_is_shown(
    project: Path, extends: Callable[[Path], str], key: str
) -> None:
    file = over(project / "scenarios", extends(project), key)
    with pytest.raises(
        InputError, match=r"own.yaml:2:\d+: .* leads out of the scenario's tree .*--allow-outside"
    ) as told:
        load(file)
    assert "root:" not in str(told.value)


def test_outside_may_be_allowed(project: Path, capsys: Captured) -> None:
    file = over(project / "scenarios" / "own", "../../../more.yaml")
    (project.parent / "more.yaml").write_text("name: More\n")
    assert load(file, allow_outside=True).name == "Own"
    with pytest.raises(InputError, match="leads out"):
        load(file)
    assert exit_code(["validate", str(file)]) == 3
    assert exit_code(["validate", str(file), "--allow-outside"]) == 0
    assert exit_code(["validate", str(file)]) == 3, "the option holds for its own command only"


@POSIX
@pytest.mark.parametrize("key", ["extends", "observed"])
def test_a_pipe_is_refused_at_once(project: Path, key: str) -> None:
    os.mkfifo(project / "scenarios" / "pipe.yaml")
    told: list[str] = []

    def read() -> None:
        try:
            load(over(project / "scenarios", "pipe.yaml", key))
        except InputError as error:
            told.append(str(error))

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    reading.join(20)
    assert not reading.is_alive()
    assert "pipe" in told[0]
    with pytest.raises(InputError, match="is a pipe, device or socket, not a file"):
        load(project / "scenarios" / "pipe.yaml")


@POSIX
def test_a_ring_of_links_and_a_name_with_a_zero_byte_are_refused(project: Path) -> None:
    (project / "scenarios" / "ring.yaml").symlink_to("ring.yaml")
    for extends in ("ring.yaml", '"base\\0.yaml"'):
        with pytest.raises(InputError, match=r"own.yaml:2:\d+: extends"):
            load(over(project / "scenarios", extends))
