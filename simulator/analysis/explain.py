"""Attribution: what each group of events, deals and projects adds to the verdict, and what each takes away if left out.

The scenario without any event, agreement, project, rule or stockpile programme is where counting begins. Between it
and the scenario stand coalitions of groups; every one of them meets the same random futures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from simulator.analysis.binding import Binding, binding
from simulator.analysis.coalitions import Game, Key, Shelf
from simulator.analysis.conditioning import refuse_weighted
from simulator.analysis.contributions import LIST, LIST_MEASURES, Contribution, contributions
from simulator.analysis.contributors import Contributor, contributors_of, with_only
from simulator.analysis.costs import Cost, costs
from simulator.analysis.frames import dataframe
from simulator.analysis.grouping import BY_PARTNER, Group, groups_of
from simulator.analysis.study import HEADLINE
from simulator.analysis.verdict import USUALLY
from simulator.analysis.worths import Worths, assembled_worths, joined_worths, worths
from simulator.errors import IncompleteError, UsageError
from simulator.experiment.blocks import Progress, refuse_odd_replications
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted, run_many
from simulator.instruments.fields import nearest
from simulator.metrics.yardsticks import ON_REQUEST, criteria
from simulator.scenario import load, resolve

if TYPE_CHECKING:
    import pandas as pd

    from simulator.scenario.case import Case
    from simulator.scenario.loader import Scenario

EXACT_UP_TO: Final = 6
"""Groups at most whose coalitions are all simulated: 64 of them."""
ORDERS: Final = 64
"""Sampled orders of more groups than that."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the verdict of a scenario can be put down to."""

    scenario: str
    sha256: str
    case: Case
    yardstick: str
    grouping: str
    """How contributors are grouped: ``by-partner``, ``by-type`` or ``own``."""
    contributors: tuple[Contributor, ...]
    groups: tuple[Group, ...]
    listed: tuple[str, ...]
    """Headline commodities that missed the target at the start: the list."""
    met_at_start: tuple[str, ...]
    """Headline commodities left out of it."""
    contributions: tuple[Contribution, ...]
    costs: tuple[Cost, ...]
    """What the deals of groups, and single deals, cost per point of P(met), where money is named."""
    bindings: tuple[Binding, ...]
    """Stage and country that stand in the way, commodity by commodity."""
    bound: tuple[str, ...]
    """Shared corridors that were full in some future, with everything or with nothing; their commodities were
    simulated together."""
    seed: int
    replications: int
    """Futures behind every number."""
    runs: int
    """Runs of one commodity finished."""
    runs_needed: int
    """Those it takes; more than ``runs`` when it was stopped."""
    runs_avoided: int
    """Those that simulating every coalition of the whole scenario would take beyond them."""

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is there."""
        return self.runs == self.runs_needed

    def of(self, commodity: str, measure: str, part: str) -> tuple[Contribution, ...]:
        """Return the contributions of one kind to one measure of a commodity, or of the list."""
        return tuple(
            item
            for item in self.contributions
            if (item.commodity, item.measure, item.part) == (commodity, measure, part)
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row per contribution: value, 95 % interval and n; what cannot touch a commodity has none."""
        for item in self.contributions:
            found = item.estimate
            yield {
                "commodity": item.commodity,
                "measure": item.measure,
                "part": item.part,
                "who": item.who,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "n": found.n,
                "orders": item.orders,
            }

    def to_dataframe(self) -> pd.DataFrame:
        """Return ``rows`` as a pandas table."""
        return dataframe(self.rows())


class PartialAttribution(IncompleteError):
    """An attribution that stopped early, with what its finished runs say; None where that is nothing."""

    def __init__(self, error: IncompleteError, found: Attribution | None) -> None:
        super().__init__(str(error))
        self.attribution = found
        self.exit_code = error.exit_code


def explain(
    scenario: Scenario | str | os.PathLike[str],
    *,
    groups: str | Mapping[str, Sequence[str]] = BY_PARTNER,
    yardstick: str = HEADLINE,
    replications: int = 1024,
    seed: int = 0,
    commodities: Sequence[str] | None = None,
    jobs: Jobs = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
    exact_up_to: int = EXACT_UP_TO,
    orders: int = ORDERS,
) -> Attribution:
    """Say what each group and each single event, deal and project adds to the verdict.

    Parameters
    ----------
    scenario
        A loaded scenario, or the path of a scenario file.
    groups
        ``by-partner``, ``by-type``, or group -> ids of events, agreements, projects and rules, countries or ``C5``;
        what stands in none is the group ``rest``.
    yardstick
        Yardstick of the verdict.
    replications
        Random futures of every run, a positive multiple of 16.
    seed
        Root seed.
    commodities
        Catalogue names to keep; all of the scenario's when None.
    jobs
        Worker processes; no result depends on it.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    progress
        Told (done, total, statistic) in replications of all runs together.
    exact_up_to
        Groups at most that touch a commodity whose coalitions are all counted; of more, orders are sampled.
    orders
        Sampled orders, an even number of at least 4.

    Raises
    ------
    UsageError
        If a group, yardstick or number does not fit: before anything runs.
    PartialAttribution
        If it was interrupted or a worker died; ``attribution`` holds what the finished runs say.
    """
    if isinstance(scenario, (str, os.PathLike)):
        scenario = load(scenario)
    case = resolve(scenario, list(commodities) if commodities else None)
    refuse_weighted(case, "explain")
    check_asked(case, yardstick, replications, orders)
    contributors = contributors_of(case)
    asked = Asked(
        case=case,
        contributors=contributors,
        groups=groups_of(contributors, groups, case.focal),
        grouping=groups if isinstance(groups, str) else "own",
        yardstick=yardstick,
        replications=replications,
        seed=seed,
        exact_up_to=exact_up_to,
        orders=orders,
    )
    return attribute(scenario, asked, jobs=executor or jobs, progress=progress)


@dataclass(frozen=True, slots=True)
class Asked:
    """An attribution with everything resolved and checked."""

    case: Case
    contributors: tuple[Contributor, ...]
    groups: tuple[Group, ...]
    grouping: str
    yardstick: str
    replications: int
    seed: int
    exact_up_to: int = EXACT_UP_TO
    orders: int = ORDERS

    def game(self, shared: Sequence[str] = ()) -> Game:
        """Return the runs it takes; commodities that share a corridor named are simulated together."""
        return Game.of(
            self.case,
            self.contributors,
            self.groups,
            shared=shared,
            exact_up_to=self.exact_up_to,
            orders=self.orders,
            seed=self.seed,
        )


def check_asked(case: Case, yardstick: str, replications: int, orders: int) -> None:
    """Refuse what does not fit before anything runs."""
    refuse_odd_replications(replications)
    known = tuple(item.yardstick for item in criteria(case.target))
    if yardstick not in known:
        if yardstick in ON_REQUEST:
            raise UsageError(f"{yardstick!r} takes a branch of its own, which `simulator stress` makes, not explain")
        near = nearest(yardstick, known)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
        raise UsageError(f"{yardstick!r} is not a yardstick of this scenario; {hint}")
    if orders < 4 or orders % 2:
        raise UsageError(f"orders must be an even number of at least 4, not {orders}")


def attribute(scenario: Scenario, asked: Asked, *, jobs: Jobs = 1, progress: Progress | None = None) -> Attribution:
    """Carry out what was asked: ``explain`` once everything is resolved and checked."""
    work = _Work(scenario, asked, jobs, progress)
    try:
        work.run()
    except IncompleteError as error:
        raise PartialAttribution(error, work.result()) from error
    found = work.result()
    assert found is not None
    return found


class _Work:
    """An attribution under way: with everything and with nothing first, then what lies between."""

    def __init__(self, scenario: Scenario, asked: Asked, jobs: Jobs, progress: Progress | None) -> None:
        self.scenario, self.asked, self.jobs, self.progress = scenario, asked, jobs, progress
        self.game = asked.game()
        self.shelf = Shelf()
        self.bound: tuple[str, ...] = ()

    def run(self) -> None:
        """Simulate everything; what is finished stays when it is stopped.

        That a shared corridor was full is known only once all commodities have been simulated together: then
        those that use it are run together, and what was run apart is dropped.
        """
        bound = self._simulate()
        if bound:
            self.bound = bound
            self.game, self.shelf = self.asked.game(bound), Shelf()
            self._simulate()

    def _simulate(self) -> tuple[str, ...]:
        asked, game = self.asked, self.game
        everything = frozenset(item.id for item in game.contributors)
        all_commodities = tuple(chain.commodity for chain in asked.case.chains)
        ends = [with_only(asked.case, all_commodities, kept) for kept in (everything, frozenset[str]())]
        between = [key for key in game.runs() if key.kept and key.kept != game.touching(key.unit)]
        wanted = [Wanted(case, asked.replications, asked.seed) for case in ends]
        wanted += [game.wanted(key, asked.replications, asked.seed) for key in between]
        reduce = partial(worths, yardstick=asked.yardstick)
        running = run_many(wanted, reduce=reduce, assemble=assembled_worths, jobs=self.jobs, progress=self.progress)
        for position, parts in running:
            found = joined_worths(parts)
            if position >= len(ends):
                self.shelf.put(between[position - len(ends)], found)
                continue
            if found.bound and not self.bound and len(game.units) > 1:
                return found.bound
            self._put_end(found, everything=position == 0)
        return ()

    def _put_end(self, found: Worths, *, everything: bool) -> None:
        for unit in self.game.units:
            self.shelf.put(Key(unit, self.game.touching(unit) if everything else frozenset()), found)

    def result(self) -> Attribution | None:
        """Return what there is so far; None before the scenario itself and the empty one are finished."""
        game, shelf, asked = self.game, self.shelf, self.asked
        ends = [(Key(unit, game.touching(unit)), Key(unit, frozenset())) for unit in game.units]
        if any(full not in shelf or empty not in shelf for full, empty in ends):
            return None
        headline = [chain.commodity for chain in asked.case.chains if chain.headline]
        full = {
            name: shelf.worth(Key(unit, game.touching(unit)), name)
            for unit in game.units
            for name in shelf.commodities(Key(unit, game.touching(unit)))
        }
        met = tuple(name for name in headline if full[name].met_at_start.mean() >= USUALLY)
        listed = tuple(name for name in headline if name not in met)
        found = tuple(contributions(game, shelf, listed))
        needed = game.runs()
        return Attribution(
            scenario=self.scenario.name,
            sha256=self.scenario.sha256,
            case=asked.case,
            yardstick=asked.yardstick,
            grouping=asked.grouping,
            contributors=game.contributors,
            groups=game.groups,
            listed=listed,
            met_at_start=met,
            contributions=found,
            costs=costs(
                game, [one for one in found if (one.commodity, one.measure) == (LIST, LIST_MEASURES[0])], listed
            ),
            bindings=tuple(binding(asked.case, asked.yardstick, name, worth) for name, worth in full.items()),
            bound=self.bound,
            seed=asked.seed,
            replications=asked.replications,
            runs=sum(len(key.unit) for key in needed if key in shelf),
            runs_needed=sum(len(key.unit) for key in needed),
            runs_avoided=game.naive() - sum(len(key.unit) for key in needed),
        )
