"""What one commodity goes through in the days of a cut-off and after, future by future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.intervals import Estimate, mean_interval, probability
from simulator.analysis.lifetimes import Lifetime, lifetime
from simulator.metrics.windows import at, last, share

if TYPE_CHECKING:
    from simulator.analysis.cut import Cut
    from simulator.domain.traces import ChainTrace, Trace
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

YEAR_DAYS: Final = 365.0
LASTING_DAYS: Final = 56
"""Supply is back once no review in so many days is short."""
MOST_UNMET: Final = 0.10
"""Largest unmet share of demand over the cut's first year that meets the ``cutoff`` yardstick."""


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """Demand and use of one commodity of some futures, on the days watched."""

    commodity: str
    """Catalogue name, or ``commodity:stage`` for an end product."""
    demanded: Floats
    """(n, D) cumulative tonnes."""
    consumed: Floats
    """(n, D) cumulative tonnes."""
    stock: Floats
    """(n, D) focal industry stock, tonnes."""
    landed: Floats
    """(n, D, O) cumulative landings by declared origin, tonnes."""


Supplies = tuple[Supply, ...]


def supplies(trace: Trace, case: Case) -> Supplies:
    """Reduce a block's trace to the days that the case wants watched, each of which it holds."""
    days = [float(case.day(day)) for day in case.watched]
    return tuple(_supply(chain, days) for chain in trace.chains)


def _supply(chain: ChainTrace, days: Sequence[float]) -> Supply:
    return Supply(
        chain.commodity,
        at(chain.demanded, chain.days, days),
        at(chain.consumed, chain.days, days),
        last(chain.stock, chain.days, days),
        at(chain.landed, chain.days, days),
    )


def assembled_supplies(parts: Sequence[Supplies], case: Case) -> Supplies:
    """Return the supplies of parts of a case's commodities, in their order, as one of all."""
    return tuple(item for part in parts for item in part)


def joined_supplies(parts: Sequence[Supplies]) -> Supplies:
    """Return the futures of several blocks as one, in the order given."""
    return tuple(
        replace(
            items[0],
            demanded=np.concatenate([item.demanded for item in items]),
            consumed=np.concatenate([item.consumed for item in items]),
            stock=np.concatenate([item.stock for item in items]),
            landed=np.concatenate([item.landed for item in items]),
        )
        for items in zip(*parts, strict=True)
    )


@dataclass(frozen=True, slots=True)
class StressedCommodity:
    """One commodity with and without the cut, in the same futures."""

    commodity: str
    identical: bool
    """The cut changes nothing of demand, use, stock and landings in any future, bit for bit."""
    survives: Estimate
    """P(never short during the cut)."""
    survives_without: Estimate
    """The same without the cut."""
    survival: Lifetime
    """Days from the cut to the first review interval in which it runs short; beyond where it lasts through the cut."""
    recovers: Estimate
    """P(back within the days watched after the cut)."""
    recovery: Lifetime
    """Days from the cut's end to the first of ``LASTING_DAYS`` in which it is not short, or no shorter than without
    the cut; 0 where it never was short of it."""
    unmet_share: Estimate
    """Mean share of demand unmet during the cut."""
    unmet_share_without: Estimate
    unmet_difference: Estimate
    """Mean of with - without over futures."""
    lost_t_per_year: Estimate
    """Tonnes a year unmet during the cut beyond those unmet without it."""
    cutoff: Estimate
    """P(unmet share over the year from the cut's first day at most ``MOST_UNMET``)."""
    cutoff_without: Estimate
    """The same without the cut."""
    cutoff_met: Flags
    """(n,) whether ``cutoff`` is met."""

    def measures(self) -> Mapping[str, Estimate]:
        """Return every measure by name; quantiles of times as ``survival_days_p50``."""
        return {
            "survives": self.survives,
            "survives_without": self.survives_without,
            **{f"survival_days_{name}": item for name, item in self.survival.quantiles.items()},
            "recovers": self.recovers,
            **{f"recovery_days_{name}": item for name, item in self.recovery.quantiles.items()},
            "unmet_share": self.unmet_share,
            "unmet_share_without": self.unmet_share_without,
            "unmet_difference": self.unmet_difference,
            "lost_t_per_year": self.lost_t_per_year,
            "cutoff": self.cutoff,
            "cutoff_without": self.cutoff_without,
        }


def stressed(case: Case, cut: Cut, without: Supply, under: Supply, threshold: float) -> StressedCommodity:
    """Compare a commodity's supply without and under a cut.

    Unmet demand is that of ``metrics.unmet``: ``1 - (C(t) - C(s)) / (D(t) - D(s))`` over [s, t).

    Parameters
    ----------
    case
        Either branch.
    cut
        The cut.
    without, under
        The commodity in the same futures.
    threshold
        Unmet share of demand in a review interval above which it is short.
    """
    days = np.array([float(case.day(day)) for day in case.watched])
    begins, ends = float(case.day(cut.begins)), float(case.day(cut.ends))
    whole, year = (begins, ends), (begins, begins + YEAR_DAYS)
    years = (ends - begins) / 365.25
    alone, cut_unmet = _unmet(without, days, whole), _unmet(under, days, whole)
    lost = (_missing(under, days, whole) - _missing(without, days, whole)) / years
    lasts = _first_short(under, days, whole, threshold)
    back = _back(under, without, days[days >= ends], days, threshold)
    met = _unmet(under, days, year) <= MOST_UNMET
    return StressedCommodity(
        commodity=under.commodity,
        identical=all(
            np.array_equal(getattr(without, name), getattr(under, name))
            for name in ("demanded", "consumed", "stock", "landed")
        ),
        survives=probability(np.isinf(lasts)),
        survives_without=probability(np.isinf(_first_short(without, days, whole, threshold))),
        survival=lifetime(lasts, ends - begins),
        recovers=probability(np.isfinite(back)),
        recovery=lifetime(back, float(days[-1]) - ends),
        unmet_share=mean_interval(cut_unmet),
        unmet_share_without=mean_interval(alone),
        unmet_difference=mean_interval(cut_unmet - alone),
        lost_t_per_year=mean_interval(lost),
        cutoff=probability(met),
        cutoff_without=probability(_unmet(without, days, year) <= MOST_UNMET),
        cutoff_met=met,
    )


def _missing(item: Supply, days: Floats, span: tuple[float, float]) -> Floats:
    """(n,) tonnes unmet between two days watched."""
    first, end = np.searchsorted(days, span)
    demanded = item.demanded[:, end] - item.demanded[:, first]
    return np.asarray(demanded - (item.consumed[:, end] - item.consumed[:, first]))


def _unmet(item: Supply, days: Floats, span: tuple[float, float]) -> Floats:
    """(n,) share of demand unmet between two days watched; ``nan`` where there is no demand."""
    first, end = np.searchsorted(days, span)
    return share(_missing(item, days, span), item.demanded[:, end] - item.demanded[:, first])


def _by_interval(item: Supply) -> Floats:
    """(n, D - 1) share of demand unmet from each day watched to the next; 0 where there is no demand."""
    demanded = np.diff(item.demanded, axis=1)
    return np.nan_to_num(share(demanded - np.diff(item.consumed, axis=1), demanded))


def _first_short(item: Supply, days: Floats, span: tuple[float, float], threshold: float) -> Floats:
    """(n,) days from the span's first to the first interval that is short; ``inf`` where none in it is."""
    first, end = np.searchsorted(days, span)
    short = _by_interval(item)[:, first:end] > threshold
    found = days[first + np.argmax(short, axis=1)] - span[0]
    return np.where(short.any(axis=1), found, np.inf)


def _back(under: Supply, without: Supply, after: Floats, days: Floats, threshold: float) -> Floats:
    """(n,) days from the first of ``after`` until supply is back for good measure; ``inf`` where it is not."""
    unmet = _by_interval(under)
    short = (unmet > threshold) & (unmet > _by_interval(without))
    first = int(np.searchsorted(days, after[0]))
    found = np.full(len(short), np.inf)
    # Backwards, so that the earliest day that qualifies is the one that stays.
    for place in range(len(after) - 2, -1, -1):
        if after[-1] - after[place] < LASTING_DAYS:
            continue
        end = place + int(np.searchsorted(after[place:] - after[place], LASTING_DAYS))
        calm = ~short[:, first + place : first + end].any(axis=1)
        found[calm] = after[place] - after[0]
    return found
