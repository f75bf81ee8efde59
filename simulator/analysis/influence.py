"""What a study of inputs finds about one commodity, and the statistics that make it so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.input_designs import DUMMY, OTHERS, columns, dummies
from simulator.analysis.intervals import (
    Estimate,
    conditional_probability,
    known_mean_interval,
    probability,
    wilson,
)
from simulator.analysis.prim import find_box, quasi_p
from simulator.analysis.ranks import null_band, rank_correlations
from simulator.analysis.sobol import Sources, noise_floor, sobol_indices, sources_of_variance
from simulator.domain.facts import UncertainInput
from simulator.experiment.points import RANDOMISATIONS
from simulator.metrics.outcome import outcome

if TYPE_CHECKING:
    from simulator.domain.traces import Trace
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RARE: Final = 0.05
"""Share of futures below which the target being missed, or met, is too rare to look for its circumstances."""
RARE_FUTURES: Final = 16
Event = Literal["missed", "above_median"]


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The metric and the verdict at the deadline, per future."""

    metric: Floats
    met: Flags


def deadline_values(trace: Trace, case: Case, *, metric: str, yardstick: str) -> Values:
    """Reduce a block's trace to one commodity's metric and verdict at the deadline."""
    found = outcome(trace, case, series=False)
    deadline = found.moment("deadline")
    (chain,) = [item for item in found.chains if item.commodity == case.chains[0].commodity]
    return Values(chain.values[metric][:, deadline].copy(), chain.met[yardstick][:, deadline].copy())


def joined_values(parts: Sequence[Values]) -> Values:
    """Return the values of several blocks as one, in the order given."""
    return Values(np.concatenate([part.metric for part in parts]), np.concatenate([part.met for part in parts]))


@dataclass(frozen=True, slots=True)
class Correlation:
    """How the rank of one input goes with the result's, over all futures."""

    source: UncertainInput
    metric: Estimate
    """Spearman's correlation with the metric."""
    met: Estimate
    """With the target being met; ``nan`` where it always or never is."""
    beyond_noise: bool
    """Whether either passes the band of inputs without influence."""

    @property
    def strength(self) -> float:
        """The larger absolute correlation of the two that are known."""
        return max((abs(item.value) for item in (self.metric, self.met) if not math.isnan(item.value)), default=0.0)


def correlations(
    case: Case, inputs: Sequence[UncertainInput], values: Values, seed: int
) -> tuple[tuple[Correlation, ...], float, float]:
    """Return the correlations, strongest first, and the null band of the metric and of the verdict."""
    n = len(values.met)
    nobody = dummies(case, len(inputs), n, seed)
    known = ~np.isnan(values.metric)
    met = values.met.astype(np.float64)
    table = columns(inputs, n, seed)
    bands = null_band(nobody[known], values.metric[known], len(inputs)), null_band(nobody, met, len(inputs))
    pairs = zip(
        inputs, rank_correlations(table[known], values.metric[known]), rank_correlations(table, met), strict=True
    )
    # Comparisons with nan are false, which is what we want of it.
    found = [
        Correlation(source, one, two, abs(one.value) > bands[0] or abs(two.value) > bands[1])
        for source, one, two in pairs
    ]
    return (tuple(sorted(found, key=lambda item: -item.strength)), *bands)


@dataclass(frozen=True, slots=True)
class Bar:
    """An input at its low and at its high value, in the same futures."""

    source: UncertainInput
    metric_low: Estimate
    metric_high: Estimate
    metric_difference: Estimate
    """High minus low, paired."""
    met_low: Estimate
    met_high: Estimate
    met_difference: Estimate
    """High minus low, paired."""


def bar(source: UncertainInput, low: Values, high: Values) -> Bar:
    """Return what moving one input from its low to its high value does."""
    apart = high.met.astype(np.float64) - low.met
    difference = known_mean_interval(apart)
    if difference.low == difference.high:
        # That no future in a finite number changes, or every one does, does not make it certain.
        n, changed = len(apart), int(np.count_nonzero(apart))
        ends = wilson(changed, n)
        half = max(changed / n - ends[0], ends[1] - changed / n)
        difference = replace(difference, low=difference.value - half, high=difference.value + half)
    return Bar(
        source,
        known_mean_interval(low.metric),
        known_mean_interval(high.metric),
        known_mean_interval(high.metric - low.metric),
        probability(low.met),
        probability(high.met),
        replace(difference, low=max(-1.0, difference.low), high=min(1.0, difference.high)),
    )


def longest_first(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """Return bars by how much the verdict moves and how much the metric does, longest first.

    By the larger of the two absolute differences, each as a share of the largest among the bars; a metric that
    is not defined counts as not moved.
    """
    most = [
        max((_length(item) for item in items), default=0.0)
        for items in ([one.metric_difference for one in bars], [one.met_difference for one in bars])
    ]

    def share(one: Bar) -> float:
        lengths = _length(one.metric_difference), _length(one.met_difference)
        return max(length / whole if whole > 0.0 else 0.0 for length, whole in zip(lengths, most, strict=True))

    return tuple(sorted(bars, key=lambda one: -share(one)))


def _length(difference: Estimate) -> float:
    return 0.0 if math.isnan(difference.value) else abs(difference.value)


@dataclass(frozen=True, slots=True)
class SourcesOfBoth:
    """Epistemic and aleatory variance of the metric and of the verdict."""

    metric: Sources
    met: Sources


def sources(values: Values, points: int) -> SourcesOfBoth:
    """Return the sources of variance from futures that stand point by point."""
    tables = (array.astype(np.float64).reshape(points, -1) for array in (values.metric, values.met))
    return SourcesOfBoth(*(sources_of_variance(table) for table in tables))


@dataclass(frozen=True, slots=True)
class Factor:
    """Sobol indices of an input, of all others together, or of the dummy."""

    name: str
    metric_first: Estimate
    metric_total: Estimate
    met_first: Estimate
    met_total: Estimate


def factors(names: Sequence[str], designs: Sequence[Values], points: int) -> tuple[Factor, ...]:
    """Return the indices of the named inputs, of all others, and of the dummy, from a finished Saltelli design."""
    tables = []
    for arrays in ([item.metric for item in designs], [item.met.astype(np.float64) for item in designs]):
        table = np.stack(arrays).reshape(len(designs), points, -1)
        means = table.mean(axis=2)
        noise = 0.5 * (table[0].var(axis=1, ddof=1) + table[1].var(axis=1, ddof=1)) / table.shape[2]
        real = sobol_indices(means[0], means[1], means[2:-1], noise)
        floor = noise_floor(means[0], means[1], means[-1], noise)
        tables.append((real.first + floor.first, real.total + floor.total))
    (m1, mt), (v1, vt) = tables
    return tuple(Factor(*row) for row in zip((*names, OTHERS, DUMMY), m1, mt, v1, vt, strict=True))


@dataclass(frozen=True, slots=True)
class Limit:
    """One side of a scenario: the input is at least ``low`` and at most ``high``."""

    source: UncertainInput
    low: float
    """-inf where not limited."""
    high: float
    """+inf where not limited."""
    quasi_p: float
    """Probability that the limit makes the box so dense by accident, in the half that did not choose it."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Circumstances under which something happens to the target."""

    event: Event
    """``missed``; or ``above_median`` of the metric where the target is missed always, never or nearly so."""
    threshold: float
    """Median of the metric where that is the event; else ``nan``."""
    limits: tuple[Limit, ...]
    """All of them together; none where no circumstances were found."""
    base: Estimate
    """Share of futures in which it happens, all of them."""
    density: Estimate
    """Share of the futures in the box in which it happens, in the half that did not choose the box."""
    coverage: Estimate
    """Share of the futures in which it happens that lie in the box, in that half."""

    @property
    def convincing(self) -> bool:
        """Whether, in the other half, it happens more often in the box than the interval can put down to accident."""
        return bool(self.limits) and self.density.low > self.base.value


def discovery(inputs: Sequence[UncertainInput], values: Values, seed: int) -> Discovery | None:
    """Look for the circumstances under which the target is missed; None where nothing varies.

    The box is found in the futures of the even randomisations and judged in those of the odd ones.
    """
    missed = ~values.met
    event: Event = "missed"
    threshold = math.nan
    rare = min(missed.sum(), values.met.sum())
    if rare < max(RARE * len(missed), RARE_FUTURES):
        known = values.metric[~np.isnan(values.metric)]
        if known.size == 0 or known.min() == known.max():
            return None
        event, threshold = "above_median", float(np.median(known))
        missed = values.metric > threshold
    table = columns(inputs, len(missed), seed)
    learning = np.arange(len(missed)) % RANDOMISATIONS % 2 == 0
    box = find_box(table[learning], missed[learning])
    other, happened = table[~learning], missed[~learning]
    inside = box.holds(other)
    return Discovery(
        event=event,
        threshold=threshold,
        limits=tuple(
            Limit(
                inputs[column],
                float(box.low[column]),
                float(box.high[column]),
                quasi_p(box, column, other, happened),
            )
            for column in box.limited
        ),
        base=probability(missed),
        density=conditional_probability(happened, inside),
        coverage=conditional_probability(inside, happened),
    )
