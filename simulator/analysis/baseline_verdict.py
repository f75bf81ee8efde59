"""Whether a scenario's numbers moved against its baseline, future by future, and whether it matters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from simulator.analysis.baselines import DIGITS, Baseline, Kpi
from simulator.analysis.intervals import Estimate, known_mean_interval
from simulator.experiment.points import RANDOMISATIONS

Floats = NDArray[np.float64]
Verdict = Literal["regressed", "improved", "changed", "inconclusive", "equivalent", "identical"]

VERDICTS: Final[tuple[Verdict, ...]] = (
    "regressed",
    "improved",
    "changed",
    "inconclusive",
    "equivalent",
    "identical",
)
"""In the order of a report: what needs a decision first."""
PASSING: Final[tuple[Verdict, ...]] = ("equivalent", "identical")
ALPHA: Final = 0.01
"""Chance of any false alarm among the numbers of a scenario."""


@dataclass(frozen=True, slots=True)
class KpiVerdict:
    """One number against its baseline."""

    kpi: str
    unit: str
    baseline: float
    """Mean over the pairs of futures in which both are defined."""
    now: float
    difference: Estimate
    """Mean of now - baseline over the pairs; the level of the interval is ``level``."""
    level: float
    """1 - alpha of Holm's step, so that the interval excludes 0 where the change is significant."""
    materiality: float
    verdict: Verdict
    undefined: int
    """Futures in which only one of the two is defined."""
    needed: int
    """Replications that would decide an inconclusive verdict, about; 0 otherwise."""

    @property
    def passed(self) -> bool:
        """Whether nothing moved as far as can be told."""
        return self.verdict in PASSING


@dataclass(frozen=True, slots=True)
class Check:
    """One scenario against its baseline."""

    scenario: str
    """Short name: the file's, without its ending."""
    file: str
    """Path of the scenario."""
    replications: int
    """Pairs of futures; 0 when it was not compared."""
    seed: int
    kpis: tuple[KpiVerdict, ...]
    refused: str = ""
    """Why it could not be compared; empty when it was."""

    @property
    def passed(self) -> bool:
        """Whether it was compared and nothing moved."""
        return not self.refused and all(item.passed for item in self.kpis)

    @property
    def still(self) -> bool:
        """Whether every number of every future is the same."""
        return not self.refused and all(item.verdict == "identical" for item in self.kpis)

    @property
    def moved(self) -> tuple[KpiVerdict, ...]:
        """Numbers that do not pass, worst verdict first."""
        failed = [item for item in self.kpis if not item.passed]
        return tuple(sorted(failed, key=lambda item: VERDICTS.index(item.verdict)))

    def counts(self) -> dict[Verdict, int]:
        """Verdict -> how many numbers have it, without those of which there are none."""
        found = [item.verdict for item in self.kpis]
        return {verdict: found.count(verdict) for verdict in VERDICTS if verdict in found}


def verdicts(kept: Baseline, now: Baseline) -> tuple[KpiVerdict, ...]:
    r"""Judge every number of a scenario against its baseline on the same random futures.

    With :math:`d_k` the difference of future k and :math:`\bar d_r` its mean in randomisation r of R = 16, the test
    is Student's: :math:`t = \bar d / (s / \sqrt{R})` with R - 1 degrees of freedom, where s is the standard
    deviation of the :math:`\bar d_r`. The p-values of a scenario are ordered and the k-th smallest of m is held
    against alpha / (m - k + 1), until one exceeds it [1]_; intervals are of the level of that step. Met or not is
    treated likewise, not by McNemar's test, which takes futures as independent, and quasi-random ones are not.

    A change that is significant is ``changed`` where its interval lies within +-materiality, otherwise ``improved``
    or ``regressed`` by the number's own direction. One that is not is ``equivalent`` within and ``inconclusive``
    beyond. ``identical`` is no further apart than the last digit kept.

    References
    ----------
    .. [1] Holm, S. (1979). A simple sequentially rejective multiple test procedure. *Scand. J. Statist.* 6, 65-70.
    """
    pairs = [(old, new.values) for old, new in zip(kept.kpis, now.kpis, strict=True)]
    apart = [_apart(old.values, new) for old, new in pairs]
    rejected, levels = holm([_p_value(difference) for difference in apart], ALPHA)
    return tuple(
        _judged(old, new, difference, significant, level)
        for (old, new), difference, significant, level in zip(pairs, apart, rejected, levels, strict=True)
    )


def holm(p_values: Sequence[float], alpha: float) -> tuple[list[bool], list[float]]:
    """Return which hypotheses Holm's procedure rejects, and the level of the interval that says the same of each.

    >>> holm([0.2, 0.001, 0.004], 0.01)
    ([False, True, True], [0.99, 0.9966666666666667, 0.995])
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    rejected, levels = [False] * len(p_values), [0.0] * len(p_values)
    step = 0.0
    going = True
    for rank, place in enumerate(order):
        if going:
            step = alpha / (len(p_values) - rank)
            going = p_values[place] <= step
        rejected[place], levels[place] = going, 1.0 - step
    return rejected, levels


def _apart(old: Floats, new: Floats) -> Floats:
    """(n,) differences; 0 where two values differ by no more than a unit of the last digit kept."""
    unit = 10.0 ** (1 - DIGITS)
    same = np.isclose(new, old, rtol=unit, atol=unit / 10.0, equal_nan=False)
    return np.where(same, 0.0, new - old)


def _p_value(apart: Floats) -> float:
    """Two-sided p of the mean difference; 1 where nothing differs or too little is known."""
    if not np.nan_to_num(apart).any():
        return 1.0
    estimate = known_mean_interval(apart, 0.5)  # of which the half-width is t(0.75) standard errors
    if math.isnan(estimate.low):
        return 1.0
    half = estimate.high - estimate.value
    if half == 0.0:
        return 0.0
    error = half / float(stdtrit(RANDOMISATIONS - 1, 0.75))
    return float(2.0 * stdtr(RANDOMISATIONS - 1, -abs(estimate.value) / error))


def _judged(old: Kpi, new: Floats, apart: Floats, significant: bool, level: float) -> KpiVerdict:
    known = ~np.isnan(apart)
    undefined = int((np.isnan(old.values) != np.isnan(new)).sum())
    if known.any():
        means = float(old.values[known].mean()), float(new[known].mean())
        difference = known_mean_interval(apart, level)
    else:
        means, difference = (math.nan, math.nan), Estimate(math.nan, math.nan, math.nan, 0)
    found = KpiVerdict(
        old.name, old.unit, *means, difference, level, old.materiality, "identical", undefined=undefined, needed=0
    )
    if undefined:
        return replace(found, verdict="changed")
    if not known.any() or not apart[known].any():
        return found
    within = max(-difference.low, difference.high) <= old.materiality  # False where there is no interval
    if significant:
        return replace(found, verdict="changed" if within else _direction(old, difference.value))
    if within:
        return replace(found, verdict="equivalent")
    return replace(found, verdict="inconclusive", needed=_needed(difference, old.materiality, len(apart)))


def _direction(kpi: Kpi, change: float) -> Verdict:
    if kpi.better == "neither":
        return "changed"
    return "improved" if (change > 0) == (kpi.better == "higher") else "regressed"


def _needed(difference: Estimate, materiality: float, replications: int) -> int:
    """Replications at which the interval, narrowing with their root, leaves out 0 or lies within the band."""
    size = abs(difference.value)
    half = difference.high - difference.value
    if math.isnan(half):
        return 0
    target = max(size, materiality - size)
    rounds = math.ceil(replications * (half / target) ** 2 / RANDOMISATIONS)
    return max(rounds * RANDOMISATIONS, replications + RANDOMISATIONS)
