"""Published ways to say whether an economy is independent, and the user's own; each gives a yes or no per future."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.target import BRANCHED, PUBLISHED, Criterion, Target
from simulator.domain.traces import ChainTrace
from simulator.metrics.concentration import top_country_share
from simulator.metrics.dependence import china_dependent_share
from simulator.metrics.direct import direct_china_share
from simulator.metrics.n_minus_1 import n_minus_1
from simulator.metrics.registry import Compute, Metric, metrics
from simulator.metrics.unmet import unmet_share
from simulator.metrics.windows import Windows

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """One published way to measure independence."""

    name: str
    measure: Compute
    """Metric that is held against the criterion's threshold."""
    counts_unmet: bool
    """Unmet demand above the criterion's share fails it too."""
    short: str
    """What is measured, in a few words."""
    definition: str
    """When it is met, in a sentence without the threshold."""
    formula: str
    """What is compared, over the window; symbols are explained."""
    source: str
    """Who says so."""

    @property
    def default(self) -> Criterion:
        """The criterion used where the scenario's target does not name the yardstick."""
        return PUBLISHED[self.name]


_DESIGN: Final = "The claim under test, as this simulator reads it"
_ITEMS: Final = (
    Yardstick(
        "reliance",
        china_dependent_share,
        True,
        "China-exposed share of consumption with withheld tonnes",
        "Of what the focal economy uses, or would have used but for Chinese controls, so little passed China at any "
        "modelled stage, whatever origin was declared; and so little of its demand goes unmet.",
        "(E + W) / (C + min(W, D - C)) and (D - C) / D; E consumed with China at any stage, W withheld by Chinese "
        "controls less what later licences make up for, C consumed, D demanded, tonnes in the window",
        f"{_DESIGN}: a majority of use no longer depends on China; fill rate as in Silver, Pyke and Thomas (2017)",
    ),
    Yardstick(
        "complete",
        china_dependent_share,
        True,
        "the same",
        "The claim read at its weakest: reliance with a threshold at which it is nearly complete.",
        "as reliance",
        f"{_DESIGN}: 'complete reliance' is a share above nine tenths",
    ),
    Yardstick(
        "direct",
        direct_china_share,
        False,
        "declared China share of imports",
        "Customs statistics show so little of imports with declared origin China.",
        "L_CHN / sum of L_o over foreign origins o; L landed by declared origin, tonnes in the window",
        "U.S. Geological Survey (2026), Mineral Commodity Summaries, import sources",
    ),
    Yardstick(
        "crma65",
        top_country_share,
        False,
        "largest third country at any stage",
        "No single third country has more than so large a share of supply at any modelled stage.",
        "max over stages s and third countries k of T_sk / T_s; T tonnes landed by declared origin at the judged "
        "stage, consumed by country passed before it, in the window",
        "Regulation (EU) 2024/1252 (Critical Raw Materials Act), article 5(1)(b)",
    ),
    Yardstick(
        "nminus1",
        n_minus_1,
        False,
        "world supply over demand without the largest supplier and its demand",
        "The world's other producers make as much as the world's other buyers need, at every modelled stage, without "
        "the largest foreign supplier and its own demand.",
        "min over stages s of (Q_s - Q_sk) / (D_s - D_sk); Q made, D needed, k the foreign country that makes most, "
        "tonnes in the window",
        "International Energy Agency (2025), Global Critical Minerals Outlook 2025: N-1 supply and N-1 demand",
    ),
    Yardstick(
        "cutoff",
        unmet_share,
        False,
        "unmet share of demand in the year after China stops everything on the deadline",
        "China stops all deliveries to the focal economy on the deadline, through third countries too; in the year "
        "that follows so little of demand goes unmet.",
        "(D - C) / D in the same futures with the cut; D demanded, C consumed, tonnes in the year from the deadline",
        "Stress test of this simulator, `simulator stress --cut CHN`; fill rate as in Silver, Pyke and Thomas (2017)",
    ),
)
_ALL: Final = {item.name: item for item in _ITEMS}
YARDSTICKS: Final = {name: item for name, item in _ALL.items() if name not in BRANCHED}
"""Every published yardstick that a run judges by itself, by name, the headline first."""
ON_REQUEST: Final = {name: item for name, item in _ALL.items() if name in BRANCHED}
"""Those that take a branch of their own."""


def published(criterion: Criterion) -> Yardstick | None:
    """Return the published yardstick of a criterion; None for one of the user's own."""
    return None if criterion.metric is not None else _ALL[criterion.yardstick]


def criteria(target: Target, *, branched: bool = False) -> tuple[Criterion, ...]:
    """Return one criterion per yardstick: the target's own, or the default; then those of the user's own.

    ``complete`` follows the target's ``reliance`` in everything but the share. Yardsticks that take a branch of
    their own are left out unless ``branched``, and come last where the target names them.
    """
    own = {criterion.yardstick: criterion for criterion in target.criteria}
    if "reliance" in own:
        complete = YARDSTICKS["complete"].default
        own.setdefault("complete", replace(own["reliance"], yardstick="complete", threshold=complete.threshold))
    usual = [own.get(name, yardstick.default) for name, yardstick in YARDSTICKS.items()]
    users = [criterion for criterion in target.criteria if criterion.metric is not None]
    extra = [own[name] for name in ON_REQUEST if name in own] if branched else []
    return (*usual, *users, *extra)


def met(trace: ChainTrace, criterion: Criterion, windows: Windows) -> Flags:
    """Return (n, M) whether the criterion is met; of the windows all but the length is used, which it sets itself.

    A number that cannot be computed (nothing consumed, nothing imported) does not count as met: what
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
    return met_by(trace, (criterion,), windows)[criterion.yardstick]


def met_by(trace: ChainTrace, wanted: Iterable[Criterion], windows: Windows) -> Mapping[str, Flags]:
    """Return yardstick -> (n, M) whether it is met; what several of them measure is measured once."""
    known: dict[tuple[str, int], Floats] = {}

    def measured(name: str, compute: Compute, days: int) -> Floats:
        if (name, days) not in known:
            known[name, days] = compute(trace, windows.of_length(float(days)))
        return known[name, days]

    found: dict[str, Flags] = {}
    for criterion in wanted:
        yardstick = published(criterion)
        if yardstick is None:
            found[criterion.yardstick] = _meets_own(trace, criterion, measured)
            continue
        # Comparisons with nan are false, which is what we want of it.
        value = measured(yardstick.measure.__name__, yardstick.measure, criterion.window_days)
        flags = value >= criterion.threshold if criterion.at_least else value <= criterion.threshold
        if yardstick.counts_unmet:
            flags = flags & (measured("unmet_share", unmet_share, criterion.window_days) <= criterion.max_unmet_share)
        found[criterion.yardstick] = np.asarray(flags)
    return found


def _meets_own(trace: ChainTrace, criterion: Criterion, measured: Callable[[str, Compute, int], Floats]) -> Flags:
    known = metrics()[str(criterion.metric)]
    value = measured(known.name, known.compute, criterion.window_days)
    if known.axis:
        value = along_axis(trace, known, criterion, value)
    flags = value >= criterion.threshold if criterion.at_least else value <= criterion.threshold
    return np.asarray(flags.all(axis=2) if flags.ndim > 2 else flags)


def along_axis(trace: ChainTrace, known: Metric, criterion: Criterion, value: Floats) -> Floats:
    """Return the number of the origin, project or stage asked of (n, M); all of them (n, M, K) where none is named.

    What a chain has no origin or project of delivers nothing; of a stage it lacks nothing is known.
    """
    if criterion.of is None:
        return value
    names: tuple[str, ...] = getattr(trace, known.axis)
    if criterion.of in names:
        return np.ascontiguousarray(value[:, :, names.index(criterion.of)])
    return np.full(value.shape[:2], np.nan if known.axis == "stages" else 0.0)
