"""The scenarios that come with the program, for where no folder ``scenarios`` is at hand."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from simulator.scenario.tree import LIBRARY

_SUFFIXES = (".yaml", ".yml")


def shipped() -> Path:
    """Return the folder that holds the shipped ``scenarios`` and ``tests/baselines``.

    A wheel carries them in the package, under ``library``; in a clone it is the clone itself.
    """
    package = Path(os.path.realpath(str(resources.files("simulator"))))
    inside = package / "library"
    return inside if inside.is_dir() else package.parent


def elsewhere(name: str, folder: Path = Path()) -> Path | None:
    """Return the scenario file that a name stands for where it is no file of ``folder``; None where it is none at all.

    A word alone, ``baseline``, stands for ``scenarios/baseline.yaml``: that of the folder, or the shipped one. What is
    written ``scenarios/...`` is the shipped one where the folder has no ``scenarios``.
    """
    asked = Path(name)
    if not asked.parts or asked.is_absolute() or os.path.exists(folder / asked):
        return None
    if len(asked.parts) == 1 and asked.suffix not in _SUFFIXES:
        asked = Path(LIBRARY, f"{name}.yaml")
        if os.path.isfile(folder / asked):
            return folder / asked
    elif asked.parts[0] != LIBRARY or os.path.isdir(folder / LIBRARY):
        return None
    there = shipped() / asked
    return there if os.path.isfile(there) else None


def at_hand(folder: str) -> Path:
    """Return a folder of the project: the one here, or the shipped one where there is no folder ``scenarios`` here."""
    here = Path(folder)
    return here if here.is_dir() or os.path.isdir(LIBRARY) else shipped() / folder


def shipped_names() -> list[str]:
    """Return the names by which the shipped scenarios are asked for."""
    return sorted(path.stem for path in (shipped() / LIBRARY).glob("*.yaml"))
