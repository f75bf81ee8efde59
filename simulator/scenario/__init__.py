"""Scenario files: ``load`` reads and checks one, ``resolve`` looks its names up and gives the ``Case`` to run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.scenario.case import Case as Case
    from simulator.scenario.loader import Scenario as Scenario
    from simulator.scenario.loader import load as load
    from simulator.scenario.resolution import resolve as resolve

_PUBLIC = {
    "Case": "simulator.scenario.case",
    "Scenario": "simulator.scenario.loader",
    "load": "simulator.scenario.loader",
    "resolve": "simulator.scenario.resolution",
}
"""Public name -> module; imported when first used, so that workers need not import the file format."""

__all__ = ["Case", "Scenario", "load", "resolve"]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
