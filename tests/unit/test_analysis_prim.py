"""PRIM against implementations that share nothing with ours, on a planted box."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.analysis.prim import Box, find_box, peeled

EMA: dict[str, object] = {
    # ema_workbench 2.5.3 (numpy 2.4.6, pandas 3.1.1, Python 3.11), run once, apart from the tests, on ``planted()``:
    # Prim(x, y, threshold=0.5, peel_alpha=0.05, mass_min=0.05, obj_function=LENIENT1).find_box().
    "coverage": (1.0, 0.978723, 0.960993, 0.946809, 0.929078, 0.921986, 0.914894, 0.900709, 0.897163, 0.890071),
    "density": (0.282, 0.290526, 0.300443, 0.311916, 0.322263, 0.336788, 0.351978, 0.364943, 0.382753, 0.400319),
    # The box of its trajectory with the largest Youden index: x1 above, x3 below; the others keep their whole range.
    "x1_above": 0.551423,
    "x3_below": 0.621175,
    "youden": 0.694038,
}


def planted() -> tuple[np.ndarray, np.ndarray]:
    """1,000 points of five inputs; what is asked for is frequent where x1 > 0.55 and x3 < 0.6, and rare elsewhere."""
    rng = np.random.default_rng(11)
    x = rng.random((1000, 5))
    inside = (x[:, 1] > 0.55) & (x[:, 3] < 0.6)
    return x, rng.random(1000) < np.where(inside, 0.85, 0.08)


def by_rows(x: np.ndarray, flags: np.ndarray) -> list[frozenset[int]]:
    """Peeling written with sets of points and nothing else: which points each box of the trajectory holds."""
    rows = set(range(len(x)))
    least = max(20, math.ceil(0.05 * len(x)))
    trajectory = [frozenset(rows)]
    while True:
        count = max(1, int(0.05 * len(rows)))
        choices = []
        for column in range(x.shape[1]):
            ranked = sorted(rows, key=lambda row: x[row, column])
            for gone in (ranked[:count], ranked[-count:]):
                kept = rows - set(gone)
                density = sum(flags[row] for row in kept) / len(kept)
                choices.append((density, len(kept), -len(choices), kept))
        density, size, _, kept = max(choices, key=lambda choice: choice[:3])
        if size < least:
            return trajectory
        rows = kept
        trajectory.append(frozenset(rows))


def youden(box: Box, x: np.ndarray, flags: np.ndarray) -> float:
    inside = box.holds(x)
    return float(inside[flags].mean() - inside[~flags].mean())


def test_peeling_holds_the_same_points_as_an_implementation_of_its_own_at_every_step() -> None:
    x, flags = planted()
    ours = [frozenset(np.flatnonzero(box.holds(x)).tolist()) for box in peeled(x, flags)]
    assert ours == by_rows(x, flags)
    assert len(ours) > 50


def test_the_trajectory_and_the_box_are_those_of_ema_workbench_but_for_how_a_twentieth_is_rounded() -> None:
    x, flags = planted()
    boxes = list(peeled(x, flags))
    # It takes away a twentieth rounded up, ours rounded down: after ten steps 373 points against 366.
    for box, coverage, density in zip(boxes, EMA["coverage"], EMA["density"], strict=False):  # type: ignore[arg-type]
        inside = box.holds(x)
        assert inside[flags].mean() == pytest.approx(coverage, abs=0.005)
        assert flags[inside].mean() == pytest.approx(density, abs=0.006)
    best = find_box(x, flags)
    assert best.limited == (1, 3)
    assert best.low[1] == pytest.approx(EMA["x1_above"], abs=0.02)
    assert best.high[3] == pytest.approx(EMA["x3_below"], abs=0.02)
    assert youden(best, x, flags) == pytest.approx(EMA["youden"], abs=0.01)
    assert best.low[1] == pytest.approx(0.55, abs=0.02)
    assert best.high[3] == pytest.approx(0.60, abs=0.02)
