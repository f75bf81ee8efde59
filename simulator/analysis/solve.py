"""What it would take: the smallest change of named levers that brings a measure to a wanted level."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from simulator.analysis.bisection import Fall, bisected
from simulator.analysis.cheapest import Place, cheapest, price
from simulator.analysis.conditioning import refuse_weighted
from simulator.analysis.deadline import light_outcome
from simulator.analysis.frames import dataframe
from simulator.analysis.goal import Floats, Goal, confidence, open_commodities, read_goal, scores_of
from simulator.analysis.intervals import Estimate
from simulator.analysis.levers import Lever, check_levers, fitted, read_lever
from simulator.errors import IncompleteError, UsageError
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted, run_many
from simulator.metrics.outcome import assembled, joined
from simulator.metrics.yardsticks import criteria
from simulator.scenario import load, resolve

if TYPE_CHECKING:
    import pandas as pd

    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

STEPS: Final = 64
"""Steps between the ends of a lever, unless asked otherwise."""


class Rounds(Protocol):
    """Told of every round of a search."""

    def begin(self, title: str, replications: int) -> None:
        """Hear that a round begins, and of how many replications."""
        ...

    def told(self, done: int, total: int, statistic: str) -> None:
        """Hear how far it is."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """All levers at one place each, and what comes of it."""

    values: tuple[str, ...]
    """One value per lever, as ``--set`` takes it."""
    cost: float | None
    """Cost of the change, in the user's currency; None where a lever has no cost."""
    estimate: Estimate
    """What the goal asks for, on the futures of the search."""
    fresh: Estimate | None = None
    """The same on futures that took no part in the search."""
    confidence: float | None = None
    """How sure the fresh futures make one that the goal is really reached; see ``goal.confidence``."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The answer of a search."""

    scenario: str
    sha256: str
    case: Case
    goal: Goal
    counted: tuple[str, ...]
    """Commodities a goal about the headline list counts; empty where it is about one."""
    levers: tuple[Lever, ...]
    replications: int
    seed: int
    check_seed: int
    """Root seed of the fresh futures."""
    answer: Setting | None = None
    """Smallest or cheapest change whose estimate reaches the goal."""
    low: str | None = None
    """Of one lever: smallest value whose interval reaches the goal at all; None where none does."""
    high: str | None = None
    """Of one lever: smallest value whose whole interval reaches it; None where that lies beyond its end."""
    safe: Setting | None = None
    """Smallest or cheapest change simulated whose whole interval reaches the goal."""
    runners_up: tuple[Setting, ...] = ()
    """Next cheapest combinations of another mix."""
    best: Setting | None = None
    """The one nearest to the goal or farthest beyond it."""
    tried: tuple[Setting, ...] = ()
    """Everything simulated on all futures: along the lever, or by cost."""
    falls: tuple[tuple[str, str, Estimate], ...] = ()
    """Of one lever: value, larger value at which the measure is worse, paired difference."""
    complete: bool = True

    @property
    def reachable(self) -> bool:
        """Whether the goal is reached within the bounds."""
        return self.answer is not None

    @property
    def inert(self) -> bool:
        """Whether no setting made any difference."""
        return len({item.estimate for item in self.tried}) == 1 and len(self.tried) > 1

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row per setting tried: its values, cost, estimate and 95 % interval."""
        for item in self.tried:
            found = item.estimate
            values = {lever.path: value for lever, value in zip(self.levers, item.values, strict=True)}
            yield {
                **values,
                "cost": item.cost,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": found.n,
            }

    def to_dataframe(self) -> pd.DataFrame:
        """Return ``rows`` as a pandas table."""
        return dataframe(self.rows())


class PartialSolution(IncompleteError):
    """A search that stopped early, with what had been simulated."""

    def __init__(self, error: IncompleteError, finished: Solution) -> None:
        super().__init__(f"{error}; {len(finished.tried)} settings are finished")
        self.solution = finished
        self.exit_code = error.exit_code


@dataclass(slots=True)
class _Search:
    """Simulates settings of the levers, each once."""

    scenario: Scenario
    commodities: list[str] | None
    case: Case
    goal: Goal
    levers: tuple[Lever, ...]
    replications: int
    jobs: Jobs
    rounds: Rounds | None
    counted: tuple[str, ...] = ()
    known: dict[tuple[Place, int, int], Floats] = field(default_factory=dict)
    """(place, replications, seed) -> score of each future."""

    def ask(self, places: Sequence[Place], replications: int, seed: int, title: str) -> dict[Place, Floats]:
        """Return place -> scores, simulating those that are not known; the first place ever asked is the scenario."""
        missing = [place for place in places if (place, replications, seed) not in self.known]
        wanted = [Wanted(self._case(place), replications, seed) for place in missing]
        if self.rounds is not None and wanted:
            self.rounds.begin(title, replications * len(wanted))
        progress = None if self.rounds is None else self.rounds.told
        if wanted:
            for position, parts in run_many(
                wanted, reduce=light_outcome, assemble=assembled, jobs=self.jobs, progress=progress
            ):
                found = joined(parts)
                if not self.known:
                    self.counted = open_commodities(self.goal, self.case, found)
                scores = scores_of(self.goal, self.counted, found)
                self.known[missing[position], replications, seed] = scores
        return {place: self.known[place, replications, seed] for place in places}

    def _case(self, place: Place) -> Case:
        sets = [lever.override(step) for lever, step in zip(self.levers, place, strict=True)]
        return resolve(self.scenario.with_values(sets), self.commodities)

    def setting(self, place: Place, scores: Floats, fresh: Floats | None = None) -> Setting:
        """Return a place with its estimates."""
        costs = all(lever.cost is not None for lever in self.levers)
        return Setting(
            values=tuple(lever.text(step) for lever, step in zip(self.levers, place, strict=True)),
            cost=price(self.levers, place) if costs else None,
            estimate=self.goal.estimate(scores),
            fresh=None if fresh is None else self.goal.estimate(fresh),
            confidence=None if fresh is None else confidence(self.goal, fresh),
        )


def solve(
    scenario: Scenario | str | os.PathLike[str],
    levers: Sequence[str],
    want: str,
    *,
    replications: int = 1024,
    seed: int = 0,
    check_seed: int | None = None,
    steps: int = STEPS,
    commodities: Sequence[str] | None = None,
    jobs: Jobs = 1,
    executor: Executor | None = None,
    rounds: Rounds | None = None,
) -> Solution:
    """Find the smallest change of one lever, or the cheapest of several, that reaches a goal.

    All settings meet the same futures, so what differs between them is the levers' doing; the answer is then
    simulated on fresh futures, which did not choose it.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of a scenario file.
    levers
        ``PATH:LO:HI`` or, several together, ``PATH:LO:HI:COST`` each; see ``levers.FORM``.
    want
        The goal, such as ``reliance>=0.8``; see ``goal.ACCEPTED``.
    replications
        Futures per setting, a positive multiple of 16.
    seed
        Root seed of the search.
    check_seed
        Root seed of the fresh futures; ``seed + 1`` when None.
    steps
        Steps between the ends of a lever: the resolution of the answer.
    commodities
        Catalogue names to keep; exactly one makes a yardstick or KPI its own.
    jobs
        Worker processes; no result depends on it.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    rounds
        Told of every round.

    Raises
    ------
    UsageError
        If the goal or a lever is not understood or not the scenario's: before anything runs.
    PartialSolution
        If the search was interrupted or a worker died; ``solution`` holds what was simulated.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = load(scenario)
    if steps < 1:
        raise UsageError(f"a lever moves in at least 1 step, not {steps}")
    check_seed = seed + 1 if check_seed is None else check_seed
    if check_seed == seed:
        raise UsageError(f"the check must use other futures than the search; both have seed {seed}")
    kept = list(commodities) if commodities else None
    case = resolve(scenario, kept)
    refuse_weighted(case, "solve")
    goal = read_goal(
        want,
        [chain.commodity for chain in case.chains],
        kept or [],
        [item.yardstick for item in criteria(case.target)],
    )
    read = [read_lever(text) for text in levers]
    check_levers(read)
    moved = tuple(fitted(lever, scenario, steps) for lever in read)
    search = _Search(scenario, kept, case, goal, moved, replications, executor or jobs, rounds)
    start = Solution(scenario.name, scenario.sha256, case, goal, (), moved, replications, seed, check_seed)
    try:
        solution = _along(search, start) if len(moved) == 1 else _among(search, start)
    except IncompleteError as error:
        raise PartialSolution(error, _unfinished(search, start)) from error
    return solution


def _along(search: _Search, start: Solution) -> Solution:
    (lever,) = search.levers

    def ask(asked: Sequence[int]) -> Mapping[int, Floats]:
        title = "search" if search.known else "coarse grid"
        found = search.ask([(step,) for step in asked], search.replications, start.seed, title)
        return {place[0]: scores for place, scores in found.items()}

    found = bisected(ask, lever.steps, search.goal)
    scores: dict[Place, Floats] = {(step,): each for step, each in sorted(found.scores.items())}
    answer = None if found.answer is None else (found.answer,)
    safe = None if found.safe is None else (found.safe,)
    return replace(
        _checked(search, start, scores, answer, safe, ()),
        low=None if found.hopeful is None else lever.text(found.hopeful),
        high=None if found.safe is None else lever.text(found.safe),
        falls=tuple(_fall(lever, item) for item in found.falls),
    )


def _fall(lever: Lever, item: Fall) -> tuple[str, str, Estimate]:
    return lever.text(item.before), lever.text(item.after), item.difference


def _among(search: _Search, start: Solution) -> Solution:
    def ask(places: Sequence[Place], replications: int) -> Mapping[Place, Floats]:
        title = "screening" if replications < search.replications else "contest"
        return search.ask(places, replications, start.seed, title)

    found = cheapest(ask, search.levers, search.goal, search.replications)
    scores = {place: found.scores[place] for place in sorted(found.scores, key=lambda p: (price(search.levers, p), p))}
    return _checked(search, start, scores, found.answer, found.safe, found.runners_up)


def _checked(
    search: _Search,
    start: Solution,
    scores: Mapping[Place, Floats],
    answer: Place | None,
    safe: Place | None,
    others: Sequence[Place],
) -> Solution:
    """Return the solution with the settings it names simulated on fresh futures."""
    best = next(iter(scores))
    for place in scores:
        if search.goal.better(search.goal.estimate(scores[place]).value, search.goal.estimate(scores[best]).value):
            best = place
    named = list(dict.fromkeys(place for place in (answer, safe, *others) if place is not None)) or [best]
    fresh = search.ask(named, search.replications, start.check_seed, "check on fresh futures")

    def setting(place: Place | None) -> Setting | None:
        return None if place is None else search.setting(place, scores[place], fresh.get(place))

    runners = [setting(place) for place in others]
    return replace(
        start,
        counted=search.counted,
        answer=setting(answer),
        safe=setting(safe),
        runners_up=tuple(item for item in runners if item is not None),
        best=setting(best),
        tried=tuple(search.setting(place, each) for place, each in scores.items()),
    )


def _unfinished(search: _Search, start: Solution) -> Solution:
    """Return what stands so far: the settings simulated on all futures, without an answer."""
    full = {
        place: scores
        for (place, replications, seed), scores in sorted(search.known.items(), key=lambda item: item[0])
        if (replications, seed) == (search.replications, start.seed)
    }
    tried = tuple(search.setting(place, scores) for place, scores in full.items())
    return replace(start, counted=search.counted, tried=tried, complete=False)
