"""Published ways to say whether an economy is independent; each gives a value and a yes or no."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.target import Criterion, Target
from simulator.domain.traces import ChainTrace
from simulator.metrics.concentration import top_country_share
from simulator.metrics.dependence import china_dependent_share
from simulator.metrics.direct import direct_china_share
from simulator.metrics.registry import Compute
from simulator.metrics.unmet import unmet_share
from simulator.metrics.windows import Windows

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """One published way to measure independence."""

    name: str
    share: Compute
    """Metric that must not exceed the criterion's share."""
    counts_unmet: bool
    """Unmet demand above the criterion's share fails it too."""
    default: Criterion
    """Used where the scenario's target does not name the yardstick."""


_RELIANCE = Criterion("reliance")

YARDSTICKS: Final = {
    item.name: item
    for item in (
        Yardstick("reliance", china_dependent_share, True, _RELIANCE),
        # "Complete" reliance: nine tenths, the claim read at its weakest.
        Yardstick("complete", china_dependent_share, True, replace(_RELIANCE, yardstick="complete", max_share=0.90)),
        Yardstick("direct", direct_china_share, False, Criterion("direct")),
        # Regulation (EU) 2024/1252, article 5(1)(b).
        Yardstick("crma65", top_country_share, False, Criterion("crma65", max_share=0.65)),
    )
}
"""Every yardstick by name, the headline first."""


def criteria(target: Target) -> tuple[Criterion, ...]:
    """Return one criterion per yardstick: the target's own, or the default.

    ``complete`` follows the target's ``reliance`` in everything but the share.
    """
    own = {criterion.yardstick: criterion for criterion in target.criteria}
    if "reliance" in own:
        complete = YARDSTICKS["complete"].default
        own.setdefault("complete", replace(own["reliance"], yardstick="complete", max_share=complete.max_share))
    return tuple(own.get(name, yardstick.default) for name, yardstick in YARDSTICKS.items())


def met(trace: ChainTrace, criterion: Criterion, windows: Windows) -> Flags:
    """Return (n, M) whether the criterion is met; of the windows all but the length is used, which it sets itself.

    A share that cannot be computed (nothing consumed, nothing imported) does not count as met: what
    cannot be shown is not claimed.

    Examples
    --------
    A buyer that is starved of China's material is not independent of it:

    >>> from simulator.metrics.examples import example_trace
    >>> trace = example_trace(
    ...     days=[0, 90], demanded=[[0, 10], [0, 10]], consumed=[[0, 10], [0, 6]], exposed=[[0, 4], [0, 0]]
    ... )
    >>> met(trace, Criterion("reliance"), Windows((90.0,)))
    array([[ True],
           [False]])
    """
    yardstick = YARDSTICKS[criterion.yardstick]
    windows = replace(windows, length_days=float(criterion.window_days))
    # Comparisons with nan are false, which is what we want of it.
    flags = yardstick.share(trace, windows) <= criterion.max_share
    if yardstick.counts_unmet:
        flags &= unmet_share(trace, windows) <= criterion.max_unmet_share
    return np.asarray(flags)
