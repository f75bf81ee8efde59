"""Which uncertain inputs move the verdict?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from simulator.analysis.conditioning import refuse_weighted
from simulator.analysis.frames import dataframe
from simulator.analysis.influence import (
    Bar,
    Correlation,
    Discovery,
    Factor,
    SourcesOfBoth,
    Values,
    bar,
    correlations,
    deadline_values,
    discovery,
    factors,
    joined_values,
    longest_first,
    sources,
)
from simulator.analysis.input_designs import REPEATS, extremes, inputs_of, repeated, saltelli
from simulator.analysis.intervals import Estimate, known_mean_interval, probability
from simulator.errors import IncompleteError, UsageError
from simulator.experiment.blocks import Progress, refuse_odd_replications
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted, run_many
from simulator.experiment.points import RANDOMISATIONS
from simulator.instruments.fields import nearest
from simulator.metrics.outcome import KPIS, YEAR_KPIS
from simulator.metrics.yardsticks import YARDSTICKS
from simulator.scenario import load, resolve

if TYPE_CHECKING:
    import pandas as pd

    from simulator.domain.facts import UncertainInput
    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

METRICS: Final = (*KPIS, *(f"{name}_365d" for name in YEAR_KPIS), "top_country_share")
"""Metrics whose movement can be asked for."""
TOP: Final = 6
"""Factors of the Sobol indices besides all others: the inputs with the longest bars."""
BAR_FUTURES: Final = 256
"""Most futures at each end of a bar: the ends are paired, which takes most of the noise away."""
POINTS: Final = 64
"""Sets of input values of the designs."""


@dataclass(frozen=True, slots=True)
class CommoditySensitivity:
    """What moves the verdict on one commodity."""

    commodity: str
    name: str
    replications: int
    """Futures of the run behind correlations and circumstances."""
    metric: Estimate
    """Mean of the metric at the deadline."""
    met: Estimate
    """P(met at the deadline)."""
    correlations: tuple[Correlation, ...]
    """Inputs that can touch the commodity, strongest first."""
    metric_band: float
    """Absolute correlation with the metric that no input without influence passes, with probability 95 %."""
    met_band: float
    left_out: int
    """Inputs named for other commodities, or fixed by the scenario."""
    bars: tuple[Bar, ...]
    """Every input at its low and its high value, longest first; fewer when the study was stopped."""
    sources: SourcesOfBoth | None
    """None when the study was stopped before."""
    factors: tuple[Factor, ...]
    """Sobol indices; empty where not asked for, or stopped before."""
    discovery: Discovery | None
    """None where the metric is the same in all futures."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Which uncertain inputs move the verdict, commodity by commodity."""

    scenario: str
    sha256: str
    case: Case
    """The scenario, resolved for the first commodity."""
    metric_name: str
    yardstick: str
    commodities: tuple[CommoditySensitivity, ...]
    requested: tuple[str, ...]
    """Commodities asked for."""
    seed: int
    points: int
    """Sets of input values of each design."""
    simulated: int
    """Replications behind it all."""
    planned: int
    """Those it takes; more than ``simulated`` when the study was stopped."""

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is there."""
        return self.simulated == self.planned

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row per commodity, input and measure: value, 95 % interval and n."""
        for item in self.commodities:
            for name, measure, found in _estimates(item):
                yield {
                    "commodity": item.commodity,
                    "input": name,
                    "measure": measure,
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                }

    def to_dataframe(self) -> pd.DataFrame:
        """Return ``rows`` as a pandas table."""
        return dataframe(self.rows())


def _estimates(item: CommoditySensitivity) -> Iterator[tuple[str, str, Estimate]]:
    for one in item.correlations:
        yield one.source.name, "spearman/metric", one.metric
        yield one.source.name, "spearman/met", one.met
    for each in item.bars:
        yield each.source.name, "high_minus_low/metric", each.metric_difference
        yield each.source.name, "high_minus_low/met", each.met_difference
    if item.sources is not None:
        yield "all", "epistemic_share/metric", item.sources.metric.epistemic
        yield "all", "epistemic_share/met", item.sources.met.epistemic
    for factor in item.factors:
        yield factor.name, "sobol_first/metric", factor.metric_first
        yield factor.name, "sobol_total/metric", factor.metric_total
        yield factor.name, "sobol_first/met", factor.met_first
        yield factor.name, "sobol_total/met", factor.met_total


class PartialSensitivity(IncompleteError):
    """A study that stopped early, with what it had found; None where that is nothing."""

    def __init__(self, error: IncompleteError, found: Sensitivity | None) -> None:
        super().__init__(str(error))
        self.sensitivity = found
        self.exit_code = error.exit_code


@dataclass(frozen=True, slots=True)
class Subject:
    """One commodity with the inputs that can touch it."""

    case: Case
    inputs: tuple[UncertainInput, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study is asked to find, and with how much work."""

    yardstick: str
    metric: str
    sobol: bool
    points: int
    replications: int
    seed: int

    @property
    def bar_futures(self) -> int:
        """Futures at each end of a bar."""
        return min(self.replications, BAR_FUTURES)

    def price(self, inputs: int) -> int:
        """Return the replications that a commodity with so many inputs takes."""
        designs = 1 + (min(TOP, inputs) + 4 if self.sobol else 0)
        return self.replications + 2 * inputs * self.bar_futures + self.points * REPEATS * designs


def sensitivity(
    scenario: Scenario | str | os.PathLike[str],
    *,
    yardstick: str = "reliance",
    metric: str = "china_exposed_share",
    sobol: bool = False,
    points: int = POINTS,
    replications: int = 1024,
    seed: int = 0,
    commodities: Sequence[str] | None = None,
    jobs: Jobs = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Sensitivity:
    """Find which uncertain inputs move the verdict of a scenario.

    Of each commodity, by itself: rank correlations of the inputs that can touch it with the metric and with
    the target being met, every input at its low and its high value in the same futures, the shares of
    variance from inputs and from chance, and the circumstances under which the target is missed.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of a scenario file.
    yardstick
        Yardstick of the verdict.
    metric
        Metric at the deadline, one of ``METRICS``.
    sobol
        Whether to estimate Sobol indices of the inputs with the longest bars too.
    points
        Sets of input values behind variances and indices, a multiple of 16 of at least 32; each is run
        under 16 futures by chance.
    replications
        Random futures of the run, a positive multiple of 16; up to 256 of them stand at each end of a bar.
    seed
        Root seed.
    commodities
        Catalogue names; the headline commodities when None.
    jobs
        Worker processes; no result depends on it.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    progress
        Told (done, total, statistic) in replications of all together.

    Raises
    ------
    UsageError
        If a yardstick, metric or number does not fit: before anything runs.
    PartialSensitivity
        If the study was interrupted or a worker died; ``sensitivity`` holds what was found.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = load(scenario)
    plan = checked_plan(yardstick, metric, sobol, points, replications, seed, scenario.model.target.own_names())
    return study(scenario, subjects_of(scenario, commodities), plan, jobs=executor or jobs, progress=progress)


def study(
    scenario: Scenario, subjects: tuple[Subject, ...], plan: Plan, *, jobs: Jobs = 1, progress: Progress | None = None
) -> Sensitivity:
    """Carry out a plan: ``sensitivity`` once everything is resolved and checked."""
    under_way = _Study(scenario, subjects, plan, jobs, progress)
    try:
        under_way.run()
    except IncompleteError as error:
        raise PartialSensitivity(error, under_way.result() if under_way.runs else None) from error
    return under_way.result()


def subjects_of(scenario: Scenario, commodities: Sequence[str] | None) -> tuple[Subject, ...]:
    """Resolve a scenario for each commodity by itself: no number of one depends on another's being there."""
    if commodities is None or not commodities:
        commodities = [chain.commodity for chain in resolve(scenario).chains if chain.headline]
    cases = [resolve(scenario, [name]) for name in dict.fromkeys(commodities)]
    for case in cases:
        refuse_weighted(case, "sensitivity")
    return tuple(Subject(case, inputs_of(case)) for case in cases)


def checked_plan(
    yardstick: str, metric: str, sobol: bool, points: int, replications: int, seed: int, own: Sequence[str] = ()
) -> Plan:
    """Return the plan, or raise UsageError with what would be accepted; ``own`` are the scenario's own yardsticks."""
    refuse_odd_replications(replications)
    for kind, name, known in (("yardstick", yardstick, (*YARDSTICKS, *own)), ("metric", metric, METRICS)):
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
            raise UsageError(f"{name!r} is not a {kind} of sensitivity; {hint}")
    least = 2 * RANDOMISATIONS
    if points < least or points % RANDOMISATIONS:
        raise UsageError(f"points must be a multiple of {RANDOMISATIONS} from {least} on, not {points}")
    return Plan(yardstick, metric, sobol, points, replications, seed)


def price_text(plan: Plan, subjects: Sequence[Subject]) -> str:
    """Say how many replications a plan takes, and what the Sobol indices add."""
    whole = sum(plan.price(len(subject.inputs)) for subject in subjects)
    without = sum(replace(plan, sobol=False).price(len(subject.inputs)) for subject in subjects)
    added = f"the Sobol indices take {whole - without:,} of them" if plan.sobol else "--sobol would add "
    if not plan.sobol:
        added += f"{sum(replace(plan, sobol=True).price(len(each.inputs)) for each in subjects) - whole:,}"
    return f"{whole:,} replications in all; {added}"


class _Study:
    """A study under way: a run per commodity, then bars and sources of variance, then indices of the longest bars."""

    def __init__(
        self,
        scenario: Scenario,
        subjects: tuple[Subject, ...],
        plan: Plan,
        jobs: Jobs,
        progress: Progress | None,
    ) -> None:
        self.scenario, self.subjects, self.plan = scenario, subjects, plan
        self.jobs, self.progress = jobs, progress
        self.planned = sum(plan.price(len(subject.inputs)) for subject in subjects)
        self.simulated = 0
        self.runs: list[Values] = []
        self.designs: list[list[Values]] = [[] for _ in subjects]
        """Per commodity: the design of the sources, then low and high of each input."""
        self.indices: list[list[Values]] = [[] for _ in subjects]

    def run(self) -> None:
        """Simulate everything; what is finished stays when it is stopped."""
        plan = self.plan
        for values in self._simulated([Wanted(item.case, plan.replications, plan.seed) for item in self.subjects]):
            self.runs.append(values)
        self._fill(self.designs, [self._designs(subject) for subject in self.subjects])
        if plan.sobol:
            self._fill(self.indices, [self._saltelli(place) for place in range(len(self.subjects))])

    def _fill(self, shelves: list[list[Values]], wanted: Sequence[Sequence[Wanted]]) -> None:
        places = [place for place, items in enumerate(wanted) for _ in items]
        everything = [item for items in wanted for item in items]
        for place, values in zip(places, self._simulated(everything), strict=False):
            shelves[place].append(values)

    def _simulated(self, wanted: Sequence[Wanted]) -> Iterator[Values]:
        before = self.simulated

        def tell(done: int, total: int, statistic: str) -> None:
            if self.progress is not None:
                self.progress(before + done, self.planned, statistic)

        reduce = partial(deadline_values, metric=self.plan.metric, yardstick=self.plan.yardstick)
        for position, parts in run_many(wanted, reduce=reduce, jobs=self.jobs, progress=tell):
            self.simulated += wanted[position].replications
            yield joined_values(parts)

    def _designs(self, subject: Subject) -> list[Wanted]:
        plan = self.plan
        found = [repeated(subject.case, subject.inputs, plan.points, plan.seed)]
        for source in subject.inputs:
            found.extend(extremes(subject.case, source, plan.bar_futures, plan.seed))
        return found

    def _saltelli(self, place: int) -> tuple[Wanted, ...]:
        subject, plan = self.subjects[place], self.plan
        return saltelli(subject.case, subject.inputs, self._top(place), plan.points, plan.seed)

    def _bars(self, place: int) -> tuple[Bar, ...]:
        ends = self.designs[place][1:]
        found = [bar(*item) for item in zip(self.subjects[place].inputs, ends[0::2], ends[1::2], strict=False)]
        return longest_first(found)

    def _top(self, place: int) -> tuple[UncertainInput, ...]:
        return tuple(item.source for item in self._bars(place)[:TOP])

    def result(self) -> Sensitivity:
        """Return what there is so far."""
        return Sensitivity(
            scenario=self.scenario.name,
            sha256=self.scenario.sha256,
            case=self.subjects[0].case,
            metric_name=self.plan.metric,
            yardstick=self.plan.yardstick,
            commodities=tuple(self._commodity(place, values) for place, values in enumerate(self.runs)),
            requested=tuple(subject.case.chains[0].commodity for subject in self.subjects),
            seed=self.plan.seed,
            points=self.plan.points,
            simulated=self.simulated,
            planned=self.planned,
        )

    def _commodity(self, place: int, values: Values) -> CommoditySensitivity:
        subject, plan = self.subjects[place], self.plan
        ranked, metric_band, met_band = correlations(subject.case, subject.inputs, values, plan.seed)
        top = self._top(place)
        designs, indices = self.designs[place], self.indices[place]
        whole = bool(indices) and len(indices) == len(top) + 4
        return CommoditySensitivity(
            commodity=subject.case.chains[0].commodity,
            name=subject.case.chains[0].name,
            replications=len(values.met),
            metric=known_mean_interval(values.metric),
            met=probability(values.met),
            correlations=ranked,
            metric_band=metric_band,
            met_band=met_band,
            left_out=len(subject.case.inputs) - len(subject.inputs),
            bars=self._bars(place),
            sources=sources(designs[0], plan.points) if designs else None,
            factors=factors([source.name for source in top], indices, plan.points) if whole else (),
            discovery=discovery(subject.inputs, values, plan.seed),
        )
