"""What bytes may depend on besides scenario, data and seed: the program's own text, libraries, the processor."""

from __future__ import annotations

import platform
from functools import cache
from hashlib import sha256
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import numpy as np

from simulator import __version__

LIBRARIES: Final = ("numpy", "scipy", "simpy", "pydantic", "PyYAML")
COMPUTING: Final = ("domain", "catalogue", "instruments", "scenario", "model", "experiment", "metrics")
"""Parts of the package on whose text the numbers of a run depend; the tables of the catalogue are among them."""


@cache
def code_digest() -> str:
    """Return the digest of every module and table that numbers depend on.

    A version number stays while the program is worked on, so it alone must not decide whether what was
    finished earlier may be joined with what is simulated now.
    """
    digest = sha256()
    for part in COMPUTING:
        _add(resources.files("simulator").joinpath(part), part, digest)
    return digest.hexdigest()


def _add(folder: Any, name: str, digest: Any) -> None:
    for entry in sorted(folder.iterdir(), key=lambda item: str(item.name)):
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                _add(entry, path, digest)
        elif entry.name.endswith((".py", ".csv")):
            content = entry.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{path}\0{len(content)}\0".encode() + content)


@cache
def _environment() -> tuple[tuple[str, Any], ...]:
    found = {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "libraries": {name.lower(): _version(name) for name in LIBRARIES},
        "cpu_features": _cpu_features(),
    }
    return tuple(found.items())


def environment() -> dict[str, Any]:
    """Return what bytes may depend on: versions and the processor features NumPy found."""
    return dict(_environment())


def versions() -> dict[str, str]:
    """Return what has to be the same on every machine of a run, by name; processor features are not among it."""
    libraries: dict[str, str] = environment()["libraries"]
    # Releases of one minor version of Python compute alike, and pickles pass between them.
    python = ".".join(environment()["python"].split(".")[:2])
    return {"oresight": __version__, "program text": code_digest()[:12], "python": python, **libraries}


def differing(theirs: dict[str, str]) -> list[str]:
    """Return, ready for a message, which versions of another machine are not this one's."""
    ours = versions()
    return [f"{name} {theirs.get(name, 'none')} (here {ours[name]})" for name in ours if theirs.get(name) != ours[name]]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _cpu_features() -> list[str]:
    configuration: Any = np.show_config(mode="dicts")
    simd = configuration.get("SIMD Extensions", {})
    return sorted([*simd.get("baseline", []), *simd.get("found", [])])
