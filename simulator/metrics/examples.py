"""Small traces written by hand, for examples and tests of metrics."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike

from simulator.domain.places import PARTNER_LABELS
from simulator.domain.traces import ChainTrace


def example_trace(
    *,
    days: ArrayLike,
    commodity: str = "gallium",
    stages: tuple[str, ...] = ("refinery",),
    origins: tuple[str, ...] = ("CHN", "USA"),
    runner_up: tuple[str, ...] = (),
    suppliers: tuple[str, ...] = (),
    projects: tuple[str, ...] = (),
    **arrays: ArrayLike,
) -> ChainTrace:
    """Return a trace with the arrays given and zeros elsewhere (ones for prices).

    >>> example_trace(days=[0, 90], consumed=[[0, 5], [0, 6]]).stock
    array([[0., 0.],
           [0., 0.]])
    """
    day = np.asarray(days, dtype=np.float64)
    given = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    n = max((len(values) for values in given.values()), default=1)
    last_axis = {
        "exposed_by_stage": len(stages),
        "runner_up_by_stage": len(stages),
        "world_output": len(stages),
        "world_demand": len(stages),
        "supplier_output": 2 * len(stages),
        "supplier_demand": 2 * len(stages),
        "by_partner": len(PARTNER_LABELS),
        "landed": len(origins),
        "project_output": len(projects),
        "project_accessible": len(projects),
    }
    words = {
        "commodity",
        "stages",
        "origins",
        "days",
        "delivery_days",
        "runner_up",
        "suppliers",
        "partners",
        "projects",
        "balance_error",
        "clipped",
        "lots",
    }
    filled = {
        item.name: np.full(
            (n, len(day), last_axis[item.name]) if item.name in last_axis else (n, len(day)),
            1.0 if item.name.startswith("price") else 0.0,
        )
        for item in fields(ChainTrace)
        if item.name not in words
    }
    assert given.keys() <= filled.keys(), f"not arrays of a trace: {given.keys() - filled.keys()}"
    return ChainTrace(
        commodity=commodity,
        stages=stages,
        origins=origins,
        days=day,
        delivery_days=day,
        partners=PARTNER_LABELS,
        runner_up=runner_up or ("",) * len(stages),
        suppliers=suppliers or ("",) * (2 * len(stages)),
        projects=projects,
        balance_error=np.zeros((n, len(stages))),
        clipped=np.zeros((n, len(stages))),
        lots=np.zeros(n, dtype=np.int64),
        **(filled | given),
    )
