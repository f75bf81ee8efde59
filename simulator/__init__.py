"""Ensemble simulator of critical-mineral supply: how does an independence target hold up?

``from simulator import Scenario, compare, run`` is the Python entry. Names are imported when first used, so
that ``simulator --help`` need not wait for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.analysis.compare import compare as compare
    from simulator.analysis.study import Study as Study
    from simulator.analysis.study import run as run
    from simulator.scenario import Scenario as Scenario

__version__ = "0.1.0"

_PUBLIC = {
    "Scenario": "simulator.scenario",
    "Study": "simulator.analysis.study",
    "compare": "simulator.analysis.compare",
    "run": "simulator.analysis.study",
}
"""Public name -> module that defines it."""

__all__ = ["Scenario", "Study", "__version__", "compare", "run"]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
