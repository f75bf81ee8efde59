"""Ensemble simulator of critical-mineral supply: how does an independence target hold up?

``from simulator import Scenario, compare, run`` is the Python entry. Names are imported when first used, so
that ``simulator --help`` need not wait for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.analysis.study import Study as Study
    from simulator.api.backtests import backtest as backtest
    from simulator.api.comparisons import compare as compare
    from simulator.api.evidence import evidence as evidence
    from simulator.api.evidence import grades as grades
    from simulator.api.results import OtherDataWarning as OtherDataWarning
    from simulator.api.results import Result as Result
    from simulator.api.results import load as load
    from simulator.api.results import run as run
    from simulator.api.verbs import explain as explain
    from simulator.api.verbs import sensitivity as sensitivity
    from simulator.api.verbs import solve as solve
    from simulator.api.verbs import stress as stress
    from simulator.api.verbs import sweep as sweep
    from simulator.instruments.base import EventDraws as EventDraws
    from simulator.instruments.base import Instrument as Instrument
    from simulator.instruments.base import register_instrument as register_instrument
    from simulator.scenario import Scenario as Scenario

__version__ = "0.1.0"

_PUBLIC = {
    "EventDraws": "simulator.instruments.base",
    "Instrument": "simulator.instruments.base",
    "OtherDataWarning": "simulator.api.results",
    "Result": "simulator.api.results",
    "Scenario": "simulator.scenario",
    "Study": "simulator.analysis.study",
    "backtest": "simulator.api.backtests",
    "compare": "simulator.api.comparisons",
    "evidence": "simulator.api.evidence",
    "explain": "simulator.api.verbs",
    "grades": "simulator.api.evidence",
    "load": "simulator.api.results",
    "register_instrument": "simulator.instruments.base",
    "run": "simulator.api.results",
    "sensitivity": "simulator.api.verbs",
    "solve": "simulator.api.verbs",
    "stress": "simulator.api.verbs",
    "sweep": "simulator.api.verbs",
}
"""Public name -> module that defines it."""

__all__ = [
    "EventDraws",
    "Instrument",
    "OtherDataWarning",
    "Result",
    "Scenario",
    "Study",
    "__version__",
    "backtest",
    "compare",
    "evidence",
    "explain",
    "grades",
    "load",
    "register_instrument",
    "run",
    "sensitivity",
    "solve",
    "stress",
    "sweep",
]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
