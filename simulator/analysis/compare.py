"""Two scenarios on the same random futures: what differs, by how much, and in how many futures for the better.

Replication ``k`` of both has the same draws and the same uncertain inputs, so the difference of a future is
the scenario's doing alone. Intervals are Student's t over the 16 randomisations of the paired differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import Estimate, known_mean_interval, wilson
from simulator.analysis.study import Study
from simulator.analysis.verdict import CommodityVerdict
from simulator.errors import NotComparableError
from simulator.metrics.outcome import KPIS, YEAR_KPIS, ChainOutcome
from simulator.metrics.registry import Better, metrics
from simulator.metrics.yardsticks import criteria

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]

MEASURES: Final = (*KPIS, *(f"{name}_365d" for name in YEAR_KPIS))
"""KPIs compared, at the deadline."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure in two scenarios, future by future."""

    better: Better
    """Direction in which the focal economy is better off."""
    unit: str
    reference: float
    """Mean over futures in the reference (a probability for yes or no); futures defined in both alone."""
    other: float
    """The same in the other scenario."""
    difference: Estimate
    """Mean of other - reference over pairs; ``n`` counts the pairs in which both are defined."""
    improvement: Estimate
    """Share of pairs in which the other scenario is better, ties counted half; ``nan`` where neither way is better."""
    tied: float
    """Share of pairs without a difference."""

    @property
    def differs(self) -> bool:
        """Whether any pair differs."""
        return self.tied < 1.0


@dataclass(frozen=True, slots=True)
class CommodityDifference:
    """One commodity at the deadline in two scenarios."""

    commodity: str
    name: str
    grade: str
    headline: bool
    end_product: bool
    identical: bool
    """Every number is the same in every future that counts: at the deadline, other moments and month by month."""
    yardsticks: Mapping[str, Difference]
    """Yardstick -> difference of P(met)."""
    kpis: Mapping[str, Difference]
    """KPI -> difference of its mean."""

    @property
    def differs(self) -> bool:
        """Whether any pair differs at the deadline in any measure."""
        return any(item.differs for item in (*self.yardsticks.values(), *self.kpis.values()))


@dataclass(frozen=True, slots=True)
class OverallDifference:
    """One yardstick over the headline commodities that missed it at the reference's start."""

    commodities: tuple[str, ...]
    expected_met: Difference
    """Number of them that meet it at the deadline."""
    all_met: Difference
    """Whether all of them do."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the other scenario changes against the reference."""

    reference: str
    """Name of the first scenario."""
    reference_sha256: str
    other: str
    """Name of the second."""
    other_sha256: str
    replications: int
    """Pairs of futures that count."""
    overall: Mapping[str, OverallDifference]
    """Yardstick -> difference over the headline commodities; without those of which there are none."""
    commodities: tuple[CommodityDifference, ...]
    end_products: tuple[CommodityDifference, ...]
    unmatched: tuple[str, ...]
    """Commodities that only one of the two simulates."""

    @property
    def identical(self) -> bool:
        """Whether every number of every commodity is the same in every future."""
        return not self.unmatched and all(item.identical for item in (*self.commodities, *self.end_products))


def compare(a: Study, b: Study) -> Comparison:
    """Compare two studies on common random numbers; the first is the reference.

    Where observations weight the futures of the reference, they weight the pairs: what was observed was observed in
    the world of the reference, and the other scenario is what might be instead.

    Parameters
    ----------
    a, b
        Studies of the same seed, replications, calendar, yardsticks and data.

    Returns
    -------
    Comparison
        Differences ``b - a``, all zero and ``identical`` for a scenario against itself.

    Raises
    ------
    NotComparableError
        If their futures are not the same futures, or they are judged by different measures.
    """
    _check(a, b)
    ours = {item.commodity: item for item in a.counted.chains}
    theirs = {item.commodity: item for item in b.counted.chains}
    verdicts = [item for item in (*a.verdict.commodities, *a.verdict.end_products) if item.commodity in theirs]
    deadline = a.counted.moment("deadline")
    same = {name: _same(ours[name], theirs[name]) for name in ours if name in theirs}
    items = tuple(
        _commodity(item, ours[item.commodity], theirs[item.commodity], deadline, a.weights, same=same[item.commodity])
        for item in verdicts
    )
    return Comparison(
        reference=a.case.name,
        reference_sha256=a.case.sha256,
        other=b.case.name,
        other_sha256=b.case.sha256,
        replications=a.futures,
        overall=dict(_overall(a, ours, theirs, same)),
        commodities=tuple(item for item in items if not item.end_product),
        end_products=tuple(item for item in items if item.end_product),
        unmatched=tuple(name for name in {**ours, **theirs} if name not in ours or name not in theirs),
    )


def check_comparable(a: Case, b: Case) -> None:
    """Refuse cases whose futures or measures would not be the same, naming everything that differs."""
    pairs = (
        ("start", a.start, b.start),
        ("deadline", a.deadline, b.deadline),
        ("focal buyer", a.focal, b.focal),
        ("data", a.data_sha256[:12], b.data_sha256[:12]),
        ("yardsticks", _criteria(a), _criteria(b)),
    )
    apart = [f"{name} {one} and {other}" for name, one, other in pairs if one != other]
    if b.observations and a.observations != b.observations:
        apart.append("the second is weighted by observations that the first is not; name it first, as the reference")
    if not {chain.commodity for chain in a.chains} & {chain.commodity for chain in b.chains}:
        apart.append("no commodity in common")
    _refuse(a, b, apart)


def _check(a: Study, b: Study) -> None:
    check_comparable(a.case, b.case)
    pairs = (("seed", a.seed, b.seed), ("replications", a.replications, b.replications))
    apart = [f"{name} {one:,} and {other:,}" for name, one, other in pairs if one != other]
    if not apart and not np.array_equal(a.outcome.replications, b.outcome.replications):
        apart.append("other replications were finished")
    _refuse(a.case, b.case, apart)


def _refuse(a: Case, b: Case, apart: list[str]) -> None:
    if apart:
        raise NotComparableError(f"{a.name!r} and {b.name!r} are not comparable: {'; '.join(apart)}")


def _criteria(case: Case) -> str:
    return ", ".join(
        f"{item.yardstick} {item.threshold:g}/{item.max_unmet_share:g} over {item.window_days} d"
        + (f" of {item.metric} {item.of or ''}".rstrip() if item.metric else "")
        + (f" by {item.deadline}" if item.deadline else "")
        for item in criteria(case.target)
    )


def _commodity(
    verdict: CommodityVerdict,
    a: ChainOutcome,
    b: ChainOutcome,
    deadline: int,
    weights: Floats | None,
    *,
    same: bool,
) -> CommodityDifference:
    known = metrics()
    kpis = {}
    for name in MEASURES:
        measure = known[name.removesuffix("_365d")]
        kpis[name] = _difference(
            a.values[name][:, deadline],
            b.values[name][:, deadline],
            measure.better,
            measure.unit,
            same=same,
            weights=weights,
        )
    return CommodityDifference(
        commodity=verdict.commodity,
        name=verdict.name,
        grade=verdict.grade,
        headline=verdict.headline,
        end_product=verdict.end_product,
        identical=same,
        yardsticks={
            name: _difference(
                a.met[name][:, deadline], b.met[name][:, deadline], "higher", "1", most=1.0, same=same, weights=weights
            )
            for name in a.met
            if name in b.met
        },
        kpis=kpis,
    )


def _overall(
    a: Study, ours: Mapping[str, ChainOutcome], theirs: Mapping[str, ChainOutcome], same: Mapping[str, bool]
) -> Iterator[tuple[str, OverallDifference]]:
    deadline = a.counted.moment("deadline")
    for name, verdict in a.verdict.overall.items():
        open_ones = tuple(item for item in verdict.commodities if item in theirs and name in theirs[item].met)
        if not open_ones:
            continue
        no_change = all(same[item] for item in open_ones)
        counts = [
            np.sum(np.stack([chains[item].met[name][:, deadline] for item in open_ones], axis=1), axis=1, dtype=float)
            for chains in (ours, theirs)
        ]
        most = float(len(open_ones))
        full = [(count == most).astype(float) for count in counts]
        yield (
            name,
            OverallDifference(
                commodities=open_ones,
                expected_met=_difference(
                    counts[0], counts[1], "higher", "commodities", most=most, same=no_change, weights=a.weights
                ),
                all_met=_difference(full[0], full[1], "higher", "1", most=1.0, same=no_change, weights=a.weights),
            ),
        )


def _same(a: ChainOutcome, b: ChainOutcome) -> bool:
    """Whether two outcomes are equal number by number, undefined ones included."""
    tables: tuple[tuple[Arrays, Arrays], ...] = ((a.values, b.values), (a.met, b.met), (a.series, b.series))
    return np.array_equal(a.lots, b.lots) and all(
        one.keys() == other.keys() and all(_equal(values, other[name]) for name, values in one.items())
        for one, other in tables
    )


def _equal(a: NDArray[np.generic], b: NDArray[np.generic]) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _difference(
    reference: NDArray[np.generic],
    other: NDArray[np.generic],
    better: Better,
    unit: str,
    *,
    most: float = np.inf,
    same: bool = False,
    weights: Floats | None = None,
) -> Difference:
    """Compare (n,) values pair by pair.

    Parameters
    ----------
    most
        Largest difference a future can show; finite for what is counted.
    same
        The two cannot differ in any future, drawn or not.
    weights
        (n,) weights of the pairs; all count alike where not given.
    """
    a, b = np.asarray(reference, dtype=np.float64), np.asarray(other, dtype=np.float64)
    apart = b - a
    known = ~np.isnan(apart)
    if not known.any():
        nothing = Estimate(np.nan, np.nan, np.nan, 0)
        return Difference(better, unit, np.nan, np.nan, nothing, nothing, 1.0)
    estimate = known_mean_interval(apart, weights=weights)
    if not same and np.isfinite(most):
        estimate = widened(estimate, apart[known], most)
    gain = {"higher": apart, "lower": -apart, "neither": np.full_like(apart, np.nan)}[better]
    # Half for a tie; comparisons with what is not defined stay undefined.
    won = np.where(np.isnan(gain), np.nan, 0.5 + 0.5 * np.sign(gain))
    improvement = known_mean_interval(won, weights=weights)
    if not same:
        improvement = widened(improvement, won[known], 1.0)
    return Difference(
        better=better,
        unit=unit,
        reference=_mean(a[known], known, weights),
        other=_mean(b[known], known, weights),
        difference=estimate,
        improvement=_within(improvement, 0.0, 1.0),
        tied=_mean(apart[known] == 0.0, known, weights),
    )


def _mean(values: NDArray[Any], known: NDArray[np.bool_], weights: Floats | None) -> float:
    return float(values.mean() if weights is None else np.average(values, weights=weights[known]))


def widened(estimate: Estimate, apart: Floats, most: float) -> Estimate:
    """Cut an interval of counted things at what is possible; where it has no width, take Wilson's of the changes.

    That no future in a finite number changes, or every one does, does not make it certain.
    """
    low, high = estimate.low, estimate.high
    if low == high:
        n, changed = len(apart), int(np.count_nonzero(apart))
        ends = wilson(changed, n)
        half = most * max(changed / n - ends[0], ends[1] - changed / n)
        low, high = estimate.value - half, estimate.value + half
    return _within(replace(estimate, low=low, high=high), -most, most)


def _within(estimate: Estimate, low: float, high: float) -> Estimate:
    """Cut an interval at what the quantity can be; one that is not known stays so."""
    return replace(estimate, low=float(np.clip(estimate.low, low, high)), high=float(np.clip(estimate.high, low, high)))
