"""How far P(met) depends on inputs that nobody knows today: its range over sets of their values.

P(met) averages over two kinds of not knowing: what the uncertain inputs are, and what chance will bring. Here each of
``POINTS`` sets of input values, the first points of the run's own design, is simulated under ``REPEATS`` futures by
chance; the share of them that meets a yardstick estimates P(met | inputs).

Shares of so few futures scatter by themselves. Their spread is therefore drawn together around their mean until its
variance is what is left after the binomial one, so that quantiles are those of P(met | inputs) and not of its
estimates [1]_. Both are reported.

References
----------
.. [1] Louis, T. A. (1984). Estimating a population of parameter values using Bayes and empirical Bayes methods.
   *JASA* 79.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.conditioning import refuse_weighted
from simulator.analysis.deadline import light_outcome
from simulator.analysis.input_designs import inputs_of, repeated
from simulator.analysis.intervals import Estimate, quantile
from simulator.errors import UsageError
from simulator.experiment.many import run_many
from simulator.metrics.outcome import Outcome, assembled, joined

if TYPE_CHECKING:
    from simulator.analysis.verdict import Verdict
    from simulator.experiment.blocks import Progress
    from simulator.experiment.executors import Jobs
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

POINTS: Final = 64
"""Sets of input values: four of each of the 16 randomisations."""
REPEATS: Final = 32
"""Futures by chance under each."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Range of P(met | inputs) over the inputs."""

    p05: Estimate
    """5 % of input values give a lower probability; with an interval between order statistics."""
    p50: Estimate
    p95: Estimate
    raw: tuple[float, float]
    """5 and 95 % of the shares as they were found, chance included."""
    noise: float
    """Part of the shares' variance that chance alone accounts for, 0 to 1."""


@dataclass(frozen=True, slots=True)
class InputRange:
    """How far P(met) depends on the uncertain inputs."""

    points: int
    repeats: int
    inputs: int
    """Uncertain inputs that vary."""
    commodities: Mapping[str, Mapping[str, Spread]]
    """Commodity or end product -> yardstick -> range."""
    overall: Mapping[str, Spread]
    """Yardstick -> range of P(all headline commodities that count meet it); without those of which there are none."""


def spread_of(met: Flags) -> Spread:
    """Return the range of P(met | inputs) from flags (points, futures).

    >>> rng = np.random.default_rng(0)
    >>> same = spread_of(rng.random((64, 32)) < 0.5)  # chance alone
    >>> same.p95.value - same.p05.value < 0.5 * (same.raw[1] - same.raw[0])
    True
    """
    shares = np.asarray(met, dtype=np.float64).mean(axis=1)
    found = float(shares.var(ddof=1))
    chance = float((shares * (1.0 - shares)).mean()) / (met.shape[1] - 1)
    kept = np.sqrt(max(found - chance, 0.0) / found) if found > 0 else 1.0
    centre = float(shares.mean())
    drawn = np.clip(centre + kept * (shares - centre), 0.0, 1.0)
    raw = (float(np.quantile(shares, 0.05)), float(np.quantile(shares, 0.95)))
    noise = min(chance / found, 1.0) if found > 0 else 0.0
    return Spread(quantile(drawn, 0.05), quantile(drawn, 0.50), quantile(drawn, 0.95), raw, noise)


def input_range(
    case: Case, verdict: Verdict, *, seed: int, jobs: Jobs = 1, progress: Progress | None = None
) -> InputRange:
    """Simulate ``POINTS`` x ``REPEATS`` futures of a case and return the range of P(met | inputs).

    Parameters
    ----------
    case
        The case.
    verdict
        Its verdict, which says what commodities count.
    seed
        Root seed: the points are the first of a run with it.
    jobs
        Worker processes, or an executor; no result depends on it.
    progress
        Told (done, total, statistic).

    Raises
    ------
    UsageError
        If no input is uncertain, or observations weight the futures.
    IncompleteError
        If it was interrupted or a worker died.
    """
    check_input_range(case)
    varied = inputs_of(case)
    wanted = repeated(case, varied, POINTS, seed, REPEATS)
    found: Outcome | None = None
    for _, parts in run_many([wanted], reduce=light_outcome, assemble=assembled, jobs=jobs, progress=progress):
        found = joined(parts)
    assert found is not None, "one case was wanted"
    deadline = found.moment("deadline")
    met = {chain.commodity: {name: flags[:, deadline] for name, flags in chain.met.items()} for chain in found.chains}
    return InputRange(
        POINTS,
        REPEATS,
        len(varied),
        commodities={
            commodity: {name: spread_of(_by_point(flags)) for name, flags in each.items()}
            for commodity, each in met.items()
        },
        overall={
            name: spread_of(_by_point(_all([met[commodity][name] for commodity in overall.commodities])))
            for name, overall in verdict.overall.items()
            if overall.commodities and all(name in met[commodity] for commodity in overall.commodities)
        },
    )


def check_input_range(case: Case) -> None:
    """Refuse a case whose inputs are all known, or whose futures observations weight."""
    refuse_weighted(case, "the range over inputs")
    if not inputs_of(case):
        raise UsageError(f"{case.name}: no input is uncertain, so P(met) has no range over them")


def _by_point(flags: Flags) -> Flags:
    return flags.reshape(POINTS, REPEATS)


def _all(flags: Sequence[Flags]) -> Flags:
    return np.asarray(np.stack(flags, axis=1).all(axis=1))
