"""What a scenario's baseline holds: a few headline numbers of every future, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.conditioning import refuse_weighted
from simulator.analysis.deadline import light_outcome
from simulator.catalogue.tables import TABLES, table_sha256
from simulator.experiment.blocks import Progress
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted, run_many
from simulator.metrics.outcome import ChainOutcome, Outcome, assembled, joined
from simulator.metrics.registry import Better, metrics
from simulator.scenario.resolution import resolve

if TYPE_CHECKING:
    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

Floats = NDArray[np.float64]

COMMODITIES: Final = ("gallium", "antimony", "ree_heavy", "yttrium")
"""Headline commodities a baseline watches; those of them that the scenario has."""
MATERIALITY: Final[Mapping[str, float]] = {
    "met/reliance": 0.02,
    "china_exposed_share": 0.01,
    "unmet_share": 0.01,
    "days_of_cover": 2.0,
    "price_index": 0.05,
}
"""Measure at the deadline -> least change of its mean that matters, in its unit; an assumption, to be edited in the
file of a baseline. ``met/reliance`` is 1 in a future that meets the yardstick and 0 in one that does not."""
REPLICATIONS: Final = 128
"""Futures of a new baseline."""
DIGITS: Final = 9
"""Significant digits to which values are kept."""
MODEL_NUMBERS: Final = (
    "behaviour", "evidence_parameters", "input_posteriors", "input_priors", "model_parameters", "observation_errors",
)  # fmt: skip
"""Tables whose numbers are the model's (elasticities, lags, priors). A change of theirs is a change of the model, to be
judged; a change of any other table makes other data, with which nothing can be compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Kpi:
    """One number at the deadline in every future."""

    name: str
    """``commodity/measure``."""
    unit: str
    better: Better
    """Direction in which the focal buyer is better off."""
    materiality: float
    """Least change of the mean that matters, in ``unit``."""
    values: Floats
    """(n,) in replication order, to ``DIGITS`` digits; nan where a future does not define it."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The numbers of one scenario, and what they rest on."""

    name: str
    """Name of the scenario."""
    sha256: str
    """Digest of the resolved scenario."""
    tables: Mapping[str, str]
    """Table of facts -> first digits of its digest; without ``MODEL_NUMBERS``."""
    commodities: tuple[str, ...]
    seed: int
    replications: int
    kpis: tuple[Kpi, ...]


def baseline_case(scenario: Scenario) -> Case:
    """Resolve a scenario for a baseline: with the watched commodities it has, or its first ones where it has none."""
    names = [chain.commodity for chain in resolve(scenario).chains]
    watched = [name for name in COMMODITIES if name in names]
    case = resolve(scenario, watched or names[: len(COMMODITIES)])
    refuse_weighted(case, "baseline")
    return case


def facts() -> dict[str, str]:
    """Table -> first 12 digits of its SHA-256, for every table whose change makes other data."""
    return {name: table_sha256(name)[:12] for name in TABLES if name not in MODEL_NUMBERS}


def kpi_names(case: Case) -> tuple[str, ...]:
    """Return the names of the numbers a baseline of a case holds, in order."""
    return tuple(f"{chain.commodity}/{measure}" for chain in case.chains for measure in MATERIALITY)


def baseline_of(case: Case, found: Outcome, seed: int) -> Baseline:
    """Return what a run came to as a baseline."""
    deadline = found.moment("deadline")
    kpis = []
    for chain in found.chains:
        if ":" in chain.commodity:  # an end product is a market of its own
            continue
        for measure, materiality in MATERIALITY.items():
            kpis.append(_kpi(chain, measure, materiality, deadline))
    return Baseline(
        name=case.name,
        sha256=case.sha256,
        tables=facts(),
        commodities=tuple(chain.commodity for chain in case.chains),
        seed=seed,
        replications=len(found.replications),
        kpis=tuple(kpis),
    )


def simulated_baselines(
    wanted: Sequence[Wanted], *, jobs: Jobs = 1, progress: Progress | None = None
) -> Iterator[tuple[int, Baseline]]:
    """Simulate cases over one pool of workers and yield (position, baseline) in order.

    Raises
    ------
    IncompleteError
        If it was interrupted or a worker died, after every finished one has been yielded.
    """
    for position, parts in run_many(wanted, reduce=light_outcome, assemble=assembled, jobs=jobs, progress=progress):
        item = wanted[position]
        yield position, baseline_of(item.case, joined(parts), item.seed)


def why_apart(kept: Baseline, case: Case) -> str:
    """Return why a baseline cannot be held against a case: another scenario, other data or measures; "" if it can."""
    reasons = []
    if kept.name != case.name:
        reasons.append(f"it is of the scenario {kept.name!r}")
    elif kept.sha256 != case.sha256:
        reasons.append("the scenario has changed since")
    now = facts()
    changed = sorted(name for name in {**kept.tables, **now} if kept.tables.get(name) != now.get(name))
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        reasons.append(f"it rests on other data ({', '.join(f'{name}.csv' for name in changed[:3])}{more})")
    if tuple(kpi.name for kpi in kept.kpis) != kpi_names(case):
        reasons.append("it holds other measures")
    return "; ".join(reasons)


def _kpi(chain: ChainOutcome, measure: str, materiality: float, deadline: int) -> Kpi:
    name = f"{chain.commodity}/{measure}"
    if measure.startswith("met/"):
        return Kpi(name, "1", "higher", materiality, chain.met[measure.removeprefix("met/")][:, deadline].astype(float))
    known = metrics()[measure]
    return Kpi(name, known.unit, known.better, materiality, _rounded(chain.values[measure][:, deadline]))


def _rounded(values: Floats) -> Floats:
    return np.array([float(f"{value:.{DIGITS}g}") for value in values])
