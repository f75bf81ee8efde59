"""Scenario discovery: under which values of the inputs does a thing happen? The patient rule induction method.

Peeling, pasting and the choice of a box follow Friedman and Fisher [1]_ and, for the use on futures, Bryant and
Lempert [2]_. The box is found on one half of the futures and judged on the other, so that coverage, density
and p-values are not made better by the search.

References
----------
.. [1] Friedman, J. H. and Fisher, N. I. (1999). Bump hunting in high-dimensional data. *Stat. Comput.* 9.
.. [2] Bryant, B. P. and Lempert, R. J. (2010). Thinking inside the box. *Technol. Forecast. Soc. Change* 77.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PEEL: Final = 0.05
"""Share of the futures in the box that one step takes away or adds."""
LEAST_SHARE: Final = 0.05
"""Smallest box, as a share of the futures."""
LEAST_FUTURES: Final = 20
"""Smallest box, in futures."""
SIGNIFICANT: Final = 0.05
"""Largest quasi-p value with which a limit is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Closed limits on inputs."""

    low: Floats
    """(k,) smallest values; -inf where not limited."""
    high: Floats
    """(k,) largest values; +inf where not limited."""

    def holds(self, inputs: Floats) -> Flags:
        """Return (n,) which of the (n, k) points lie in it."""
        return np.asarray(((inputs >= self.low) & (inputs <= self.high)).all(axis=1))

    @property
    def limited(self) -> tuple[int, ...]:
        """Inputs with a limit."""
        return tuple(np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high)).tolist())

    def without(self, column: int) -> Box:
        """Return the box with one input set free."""
        return self.with_limits(column, -math.inf, math.inf)

    def with_limits(self, column: int, low: float, high: float) -> Box:
        """Return the box with other limits of one input."""
        lows, highs = self.low.copy(), self.high.copy()
        lows[column], highs[column] = low, high
        return Box(lows, highs)


def everywhere(inputs: int) -> Box:
    """Return the box without limits."""
    return Box(np.full(inputs, -math.inf), np.full(inputs, math.inf))


def find_box(inputs: Floats, flags: Flags) -> Box:
    """Return the box that best tells the futures in which something happens from the others.

    Of the boxes met while peeling, the one with the largest difference between the share of the flagged
    futures inside it and that of the others (Youden's index); then pasted, then freed of every limit whose
    quasi-p value exceeds 5 %, the weakest first. A box without limits where there is none.

    Parameters
    ----------
    inputs
        (n, k) values.
    flags
        (n,) whether it happened.
    """
    boxes = list(peeled(inputs, flags))
    best = max(boxes, key=lambda box: _separation(box.holds(inputs), flags))
    best = pasted(best, inputs, flags)
    while best.limited:
        weakest = max(best.limited, key=lambda column: quasi_p(best, column, inputs, flags))
        if quasi_p(best, weakest, inputs, flags) <= SIGNIFICANT:
            break
        best = best.without(weakest)
    return best


def _separation(inside: Flags, flags: Flags) -> float:
    """Youden's index, 0 where one of the kinds is missing."""
    if flags.all() or not flags.any():
        return 0.0
    return float(inside[flags].mean() - inside[~flags].mean())


def peeled(inputs: Floats, flags: Flags) -> Iterator[Box]:
    """Yield ever smaller boxes: each time the twentieth is cut off whose loss leaves the densest rest.

    Of equally dense rests the larger one, then the first input; ends when the rest would be too small.
    """
    least = max(LEAST_FUTURES, math.ceil(LEAST_SHARE * len(flags)))
    box = everywhere(inputs.shape[1])
    while True:
        yield box
        inside = box.holds(inputs)
        found: tuple[float, int, Box] | None = None
        for candidate in _cuts(box, inputs, inside):
            kept = candidate.holds(inputs)
            size = int(kept.sum())
            if size >= least and (found is None or (flags[kept].mean(), size) > found[:2]):
                found = (float(flags[kept].mean()), size, candidate)
        if found is None:
            return
        box = found[2]


def _cuts(box: Box, inputs: Floats, inside: Flags) -> Iterator[Box]:
    """Yield the box less its lowest and its highest values of each input, equal values together."""
    for column in range(inputs.shape[1]):
        values = np.sort(inputs[inside, column])
        count = max(1, int(PEEL * len(values)))
        if len(values) <= count or values[0] == values[-1]:
            continue
        above = values[values > values[count - 1]]
        if above.size:
            yield box.with_limits(column, 0.5 * float(values[count - 1] + above[0]), float(box.high[column]))
        below = values[values < values[-count]]
        if below.size:
            yield box.with_limits(column, float(box.low[column]), 0.5 * float(values[-count] + below[-1]))


def pasted(box: Box, inputs: Floats, flags: Flags) -> Box:
    """Return the box with limits moved outward for as long as that makes it denser."""
    while True:
        inside = box.holds(inputs)
        now = flags[inside].mean() if inside.any() else 0.0
        wider = [(float(flags[one.holds(inputs)].mean()), one) for one in _pastes(box, inputs, inside)]
        best = max(wider, key=lambda item: item[0], default=None)
        if best is None or best[0] <= now:
            return box
        box = best[1]


def _pastes(box: Box, inputs: Floats, inside: Flags) -> Iterator[Box]:
    count = max(1, int(PEEL * inside.sum()))
    for column in box.limited:
        others = box.without(column).holds(inputs)
        values = np.sort(inputs[others, column])
        below = values[values < box.low[column]]
        if below.size:
            low = float(below[-count]) if below.size > count else -math.inf
            yield box.with_limits(column, low, float(box.high[column]))
        above = values[values > box.high[column]]
        if above.size:
            high = float(above[count - 1]) if above.size > count else math.inf
            yield box.with_limits(column, float(box.low[column]), high)


def quasi_p(box: Box, column: int, inputs: Floats, flags: Flags) -> float:
    """Return how probable it is that a limit makes the box as dense as it is by accident.

    P(X >= h) for X binomial with the n futures in the box, h of them flagged, at the density of the box with
    that input set free (Bryant and Lempert 2010, section 3.3). 1 where the box is empty.
    """
    inside = box.holds(inputs)
    n, hits = int(inside.sum()), int(flags[inside].sum())
    if n == 0:
        return 1.0
    free = float(flags[box.without(column).holds(inputs)].mean())
    return 1.0 if hits == 0 else float(bdtrc(hits - 1, n, free))
