"""The register of metrics: each is one file in this folder, found by its presence."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.domain.traces import ChainTrace
from simulator.metrics.windows import Windows

Floats = NDArray[np.float64]
Compute = Callable[[ChainTrace, Windows], Floats]
Better = Literal["lower", "higher", "neither"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A pure function of a chain's trace, with what a reader of its values must know."""

    name: str
    unit: str
    better: Better
    """Direction in which the focal buyer is better off."""
    axis: str
    """What a last axis after (replication, window) runs over: ``stages``, ``origins``, ``projects``; "" for none."""
    compute: Compute

    def __call__(self, trace: ChainTrace, windows: Windows) -> Floats:
        """Values of shape (n, windows) or (n, windows, axis)."""
        return self.compute(trace, windows)


_REGISTER: dict[str, Metric] = {}


def metric(*, unit: str, better: Better, axis: str = "") -> Callable[[Compute], Compute]:
    """Register a function of (trace, windows) as the metric of its name."""

    def register(compute: Compute) -> Compute:
        name = compute.__name__
        assert name not in _REGISTER, f"two metrics are named {name}"
        _REGISTER[name] = Metric(name, unit, better, axis, compute)
        return compute

    return register


@cache
def metrics() -> Mapping[str, Metric]:
    """Every metric by name, in alphabetical order."""
    import simulator.metrics as folder

    for module in pkgutil.iter_modules(folder.__path__):
        import_module(f"{folder.__name__}.{module.name}")
    return MappingProxyType(dict(sorted(_REGISTER.items())))
