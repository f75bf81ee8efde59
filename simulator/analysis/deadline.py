"""What a scenario comes to at its deadline, in the few numbers that a study of many scenarios keeps of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from simulator.analysis.intervals import Estimate, known_mean_interval
from simulator.analysis.verdict import judge
from simulator.domain.traces import Trace
from simulator.metrics.outcome import KPIS, TABLES, YEAR_KPIS, Outcome, outcome

if TYPE_CHECKING:
    from simulator.scenario.case import Case

HEADLINES: Final = "headline"
"""Stands for the headline commodities together, where the others are named by commodity."""
MEANS: Final = (*KPIS, *(f"{name}_365d" for name in YEAR_KPIS), "top_country_share")
"""KPIs whose mean at the deadline is kept."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of a scenario at its deadline."""

    commodity: str
    """Catalogue name, ``commodity:stage`` for an end product, or ``headline`` for the headline list."""
    measure: str
    """``met/YARDSTICK`` for P(met), a KPI for its mean; of the headline list ``all_met/...``, ``expected_met/...``."""
    estimate: Estimate


def light_outcome(trace: Trace, case: Case) -> Outcome:
    """Reduce a block's trace to the moments alone: months are most of an outcome, and nobody asks for them here."""
    whole = outcome(trace, case, series=False)
    kept = (*MEANS, *TABLES)
    chains = tuple(
        replace(chain, met_days={}, distance={}, values={name: chain.values[name] for name in kept})
        for chain in whole.chains
    )
    return replace(whole, chains=chains)


def measured(case: Case, found: Outcome) -> tuple[Measured, ...]:
    """Return P(met) of every yardstick and the mean of every KPI at the deadline, with their intervals.

    The probabilities are those of ``judge``; a mean is over the replications that define it
    (``known_mean_interval``).
    """
    return tuple(_measured(case, found))


def _measured(case: Case, found: Outcome) -> Iterator[Measured]:
    verdict, deadline = judge(case, found), found.moment("deadline")
    for name, overall in verdict.overall.items():
        if overall.commodities:
            yield Measured(HEADLINES, f"expected_met/{name}", overall.expected_met)
            yield Measured(HEADLINES, f"all_met/{name}", overall.probability)
    judged = {item.commodity: item for item in (*verdict.commodities, *verdict.end_products)}
    for chain in found.chains:
        for name, yardstick in judged[chain.commodity].yardsticks.items():
            yield Measured(chain.commodity, f"met/{name}", yardstick.probability)
        for name in MEANS:
            yield Measured(
                chain.commodity, name, known_mean_interval(chain.values[name][:, deadline], weights=verdict.weights)
            )
